//! Stampedes of several processes on a real server or in a folder, and what befalls them. What they promise is asked here;
//! how fast they are is what the laboratory is for.

mod common;

use common::{count, directory, figures};
use serde_json::Value;
use tempfile::TempDir;

/// What several processes can share. Whatever befalls a creator is the same in all of them.
const SHARED: [&str; 3] = ["redis", "memcached", "file"];

/// Two processes of two threads; flags are parted by spaces.
fn stampede(backend: &str, flags: &str) -> Value {
    logged(backend, flags, &[])
}

/// The same, with a log.
fn stampede_into(directory: &TempDir, backend: &str, flags: &str) -> (Value, Value) {
    let log = directory.path().join("log");
    let log = log.to_str().expect("UTF-8");
    let figures = logged(backend, flags, &["--log", log]);
    (figures, common::figures(&["check", log]))
}

fn logged(backend: &str, flags: &str, log: &[&str]) -> Value {
    let all = format!("stampede --backend {backend} --processes 2 --threads 2 {flags}");
    let all: Vec<&str> = all.split_whitespace().chain(log.iter().copied()).collect();
    let figures = figures(&all);
    assert_eq!(of(&figures, ["callers", "hung"]), [4, 0], "{figures}");
    figures
}

fn of<const N: usize>(figures: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| count(figures, name))
}

#[test]
fn a_cold_key_has_one_creator_among_all_processes() {
    for backend in SHARED {
        let flags = "--creator sleep:100ms --rounds 2";
        let (figures, verdict) = stampede_into(&directory(), backend, flags);
        let names: Vec<&String> = figures.as_object().expect("an object").keys().collect();
        let wanted = [
            "callers",
            "creators",
            "errors",
            "hung",
            "last_waiter_max_ms",
            "last_waiter_ms",
            "lost",
            "p50_ms",
            "p99_ms",
            "processes",
            "redis_commands",
            "refused_commits",
            "served_from_kept",
            "slowest_ms",
            "stale_served",
            "stored_by",
            "takeover_ms",
        ];
        assert_eq!(names, wanted);
        assert_eq!(of(&figures, ["creators", "processes"]), [1, 2]);
        assert_eq!(of(&figures, ["errors", "lost"]), [0, 0], "{figures}");
        assert_eq!(figures["stored_by"], "creator");
        match backend {
            // Four look, two ask for the lease, one stores.
            "redis" | "memcached" => assert!(count(&figures, "redis_commands") >= 7, "{figures}"),
            _ => assert_eq!(figures["redis_commands"], Value::Null),
        }
        assert_eq!(verdict["agrees"], true);
        assert_eq!(verdict["dogpile"]["creators"], 1);
    }
}

#[test]
fn each_of_several_keys_has_one_creator() {
    for backend in SHARED {
        let flags = "--keys 2 --creator sleep:100ms --rounds 2";
        let (figures, verdict) = stampede_into(&directory(), backend, flags);
        assert_eq!(of(&figures, ["creators", "errors"]), [1, 0], "{figures}");
        assert_eq!(verdict["agrees"], true);
        // Two keys in each of two rounds.
        assert_eq!(verdict["dogpile"]["creations"], 4, "{verdict}");
    }
}

#[test]
fn a_stale_key_is_served_to_all_but_one_of_all_processes() {
    for backend in SHARED {
        let figures = stampede(backend, "--mode stale --creator sleep:500ms --rounds 2");
        assert_eq!(of(&figures, ["creators", "stale_served"]), [1, 3]);
        assert_eq!(figures["stored_by"], "creator");
    }
}

#[test]
fn a_killed_creator_is_succeeded_by_one_of_another_process() {
    for backend in SHARED {
        let flags = "--fault kill-creator --creator sleep:500ms --lease 1s --rounds 2";
        let (figures, verdict) = stampede_into(&directory(), backend, flags);
        assert_eq!(of(&figures, ["creators", "lost", "errors"]), [2, 2, 0]);
        assert_eq!(figures["stored_by"], "successor");
        assert!(figures["takeover_ms"].is_f64(), "{figures}");
        assert_eq!(verdict["agrees"], true);
        assert_eq!(verdict["dogpile"]["creators"], 2);
    }
}

/// The kernel frees the lock of the dead, so nobody waits for the end of a lease.
#[test]
fn in_a_folder_a_killed_creator_is_succeeded_before_its_lease_ends() {
    let flags = "--fault kill-creator --creator sleep:50ms --lease 10m --creation-limit 10m";
    let figures = stampede("file", &format!("{flags} --rounds 1 --bound 30m"));
    assert_eq!(figures["stored_by"], "successor", "{figures}");
}

#[test]
fn a_frozen_creator_is_refused_and_its_caller_has_its_value() {
    for backend in SHARED {
        let flags = "--fault freeze-creator --creator sleep:500ms --lease 1s --rounds 1";
        let figures = stampede(backend, flags);
        assert_eq!(of(&figures, ["creators", "refused_commits"]), [2, 1]);
        assert_eq!(of(&figures, ["errors", "lost"]), [0, 0], "{figures}");
        assert_eq!(figures["stored_by"], "successor");
    }
}

#[test]
fn a_slow_creator_stays_the_only_one() {
    for backend in SHARED {
        let figures = stampede(backend, "--fault slow-creator --lease 1s --rounds 1");
        assert_eq!(of(&figures, ["creators", "errors"]), [1, 0], "{figures}");
    }
}

#[test]
fn a_failing_creator_is_heard_of_in_every_process() {
    for backend in SHARED {
        let figures = stampede(backend, "--fault fail-creator --rounds 1");
        assert!(count(&figures, "creators") <= 2, "{figures}");
        assert_eq!(count(&figures, "errors"), 4, "{figures}");
        assert_eq!(figures["stored_by"], Value::Null);
    }
}

#[test]
fn a_hung_creator_is_succeeded_after_the_limit() {
    for backend in SHARED {
        let flags = "--fault hung-creator --lease 500ms --creation-limit 1s --rounds 2";
        let figures = stampede(backend, flags);
        assert_eq!(of(&figures, ["creators", "lost"]), [2, 1], "{figures}");
        assert_eq!(figures["stored_by"], "successor");
    }
}

/// Where values are kept, all are served those; else what they saw before the server went.
fn without_its_server(flags: &str) {
    for (keep, served) in [(100, "served_from_kept"), (0, "stale_served")] {
        let figures = stampede("redis", &format!("--mode stale --keep-last {keep} {flags}"));
        assert_eq!(of(&figures, [served, "errors"]), [4, 0], "{figures}");
    }
    // It cannot be held between look and lease, so only who keeps what it saw is sure to be served.
    let figures = stampede(
        "memcached",
        &format!("--mode stale --keep-last 100 {flags}"),
    );
    let served = of(&figures, ["served_from_kept", "errors"]);
    assert_eq!(served, [4, 0], "{figures}");
}

#[test]
fn a_stopped_server_keeps_nobody_from_an_old_value() {
    without_its_server("--fault stop-server --rounds 2");
}

#[test]
fn a_frozen_server_keeps_nobody_from_an_old_value() {
    without_its_server("--fault freeze-server --rounds 1");
}
