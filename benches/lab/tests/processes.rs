//! Stampedes of several processes on a real server, and what befalls them. What they promise is asked here;
//! how fast they are is what the laboratory is for.

mod common;

use common::{count, directory, figures};
use serde_json::Value;

/// Two processes of two threads, as many rounds.
fn stampede(rounds: &str, flags: &[&str]) -> Value {
    let fleet = [
        "stampede",
        "--backend",
        "redis",
        "--processes",
        "2",
        "--threads",
        "2",
    ];
    let figures = figures(&[&fleet[..], &["--rounds", rounds], flags].concat());
    assert_eq!(
        (count(&figures, "callers"), count(&figures, "hung")),
        (4, 0),
        "{figures}"
    );
    figures
}

#[test]
fn a_cold_key_has_one_creator_among_all_processes() {
    let directory = directory();
    let log = directory.path().join("log");
    let log = log.to_str().expect("UTF-8");
    let figures = stampede("2", &["--creator", "sleep:100ms", "--log", log]);
    let names: Vec<_> = figures
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
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
    ];
    assert_eq!(names, wanted);
    assert_eq!(
        (count(&figures, "creators"), count(&figures, "processes")),
        (1, 2)
    );
    assert_eq!((count(&figures, "errors"), count(&figures, "lost")), (0, 0));
    assert_eq!(figures["stored_by"], "creator");
    // Four look, two ask for the lease, one stores.
    assert!(count(&figures, "redis_commands") >= 7, "{figures}");
    let verdict = common::figures(&["check", log]);
    assert_eq!(verdict["agrees"], true);
    assert_eq!(verdict["dogpile"]["creators"], 1);
}

#[test]
fn a_stale_key_is_served_to_all_but_one_of_all_processes() {
    let figures = stampede("2", &["--mode", "stale", "--creator", "sleep:500ms"]);
    assert_eq!(
        (count(&figures, "creators"), count(&figures, "stale_served")),
        (1, 3)
    );
    assert_eq!(figures["stored_by"], "creator");
}

#[test]
fn a_killed_creator_is_succeeded_by_one_of_another_process() {
    let directory = directory();
    let log = directory.path().join("log");
    let log = log.to_str().expect("UTF-8");
    let flags = ["--fault", "kill-creator", "--lease", "500ms", "--log", log];
    let figures = stampede("2", &flags);
    assert_eq!(
        (count(&figures, "creators"), count(&figures, "lost")),
        (2, 2),
        "{figures}"
    );
    assert_eq!(count(&figures, "errors"), 0);
    assert_eq!(figures["stored_by"], "successor");
    let verdict = common::figures(&["check", log]);
    assert_eq!(
        (&verdict["agrees"], &verdict["dogpile"]["creators"]),
        (&true.into(), &2.into())
    );
}

#[test]
fn a_frozen_creator_is_refused_and_its_caller_has_its_value() {
    let figures = stampede("1", &["--fault", "freeze-creator", "--lease", "500ms"]);
    assert_eq!(
        (
            count(&figures, "creators"),
            count(&figures, "refused_commits")
        ),
        (2, 1)
    );
    assert_eq!(
        (count(&figures, "errors"), count(&figures, "lost")),
        (0, 0),
        "{figures}"
    );
    assert_eq!(figures["stored_by"], "successor");
}

#[test]
fn a_slow_creator_stays_the_only_one() {
    let figures = stampede("1", &["--fault", "slow-creator", "--lease", "500ms"]);
    assert_eq!(
        (count(&figures, "creators"), count(&figures, "errors")),
        (1, 0),
        "{figures}"
    );
}

#[test]
fn a_failing_creator_is_heard_of_in_every_process() {
    let figures = stampede("1", &["--fault", "fail-creator"]);
    assert!(count(&figures, "creators") <= 2, "{figures}");
    assert_eq!(count(&figures, "errors"), 4, "{figures}");
    assert_eq!(figures["stored_by"], Value::Null);
}

#[test]
fn a_hung_creator_is_succeeded_after_the_limit() {
    let flags = [
        "--fault",
        "hung-creator",
        "--lease",
        "500ms",
        "--creation-limit",
        "1s",
    ];
    let figures = stampede("2", &flags);
    assert_eq!(
        (count(&figures, "creators"), count(&figures, "lost")),
        (2, 1),
        "{figures}"
    );
    assert_eq!(figures["stored_by"], "successor");
}

/// Where values are kept, all are served those; else what they saw before the server went.
fn without_its_server(fault: &str, rounds: &str) {
    for (keep, served) in [("100", "served_from_kept"), ("0", "stale_served")] {
        let figures = stampede(
            rounds,
            &["--mode", "stale", "--fault", fault, "--keep-last", keep],
        );
        assert_eq!(count(&figures, served), 4, "{figures}");
        assert_eq!(count(&figures, "errors"), 0, "{figures}");
    }
}

#[test]
fn a_stopped_server_keeps_nobody_from_an_old_value() {
    without_its_server("stop-server", "2");
}

#[test]
fn a_frozen_server_keeps_nobody_from_an_old_value() {
    without_its_server("freeze-server", "1");
}
