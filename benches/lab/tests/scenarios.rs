//! Anyone's scenario files: every kind of key, arrival, caller, failure and fault.

mod common;

use common::{count, directory, figures, scenario};
use serde_json::Value;

const HEAD: &str = "name = \"test\"\nseed = 3\ncontenders = [\"dogpile\", \"plain\", \"mutex\"]\n";
const OPEN: &str = "[arrivals]\nkind = \"open\"\nrate = 2000\n";
const ZIPF: &str = "[keys]\nfrom = \"zipf\"\ncount = 50\nexponent = 1.0\nrequests = 1000\n";
const FRESH: &str = "[freshness]\nfresh = \"100ms\"\nstale = \"1s\"\n";
const SLEEP: &str = "[creator.work]\nkind = \"sleep\"\ntime = \"3ms\"\n";

fn run(parts: &[&str]) -> Value {
    let directory = directory();
    let log = directory.path().join("log");
    let log = log.to_str().expect("UTF-8");
    let path = scenario(&directory, &format!("{HEAD}{}", parts.concat()));
    let figures = figures(&["run", &path, "--log", log]);
    assert_eq!(common::figures(&["check", log])["agrees"], true);
    figures
}

fn each(figures: &Value) -> [&Value; 3] {
    [figures, &figures["plain"], &figures["mutex"]]
}

#[test]
fn threads_and_tasks_run_every_distribution() {
    let uniform = "[keys]\nfrom = \"uniform\"\ncount = 50\nrequests = 1000\n";
    let one = "[keys]\nfrom = \"one\"\nrequests = 1000\n";
    let trace = "[keys]\nfrom = \"trace\"\ntrace = \"web12\"\nrequests = 1000\n";
    for callers in ["[callers]\nthreads = 16\n", "[callers]\ntasks = 16\n"] {
        for keys in [ZIPF, uniform, one, trace] {
            let figures = run(&[keys, OPEN, callers, SLEEP, FRESH]);
            for one in each(&figures) {
                assert_eq!(count(one, "requests"), 1000, "{keys}{callers}{one}");
                assert_eq!(
                    (count(one, "errors"), count(one, "hung")),
                    (0, 0),
                    "{keys}{callers}{one}"
                );
            }
            assert_eq!(count(&figures, "duplicate_creations"), 0, "{keys}{callers}");
            assert_eq!(
                count(&figures["mutex"], "duplicate_creations"),
                0,
                "{keys}{callers}"
            );
        }
    }
}

#[test]
fn failing_and_panicking_creators_are_errors_and_never_hang_anyone() {
    let creator = "[creator]\nfailures = 0.2\npanics = 0.1\n[creator.work]\nkind = \"sleep\"\ntime = \"3ms\"\n";
    for callers in ["[callers]\nthreads = 16\n", "[callers]\ntasks = 16\n"] {
        let figures = run(&[ZIPF, OPEN, callers, creator, FRESH]);
        for one in each(&figures) {
            assert_eq!(
                (count(one, "requests"), count(one, "hung")),
                (1000, 0),
                "{callers}{one}"
            );
            assert!(count(one, "errors") > 0, "{callers}{one}");
        }
    }
}

#[test]
fn deletes_and_stalls_make_no_duplicates() {
    let faults = "[faults]\ndelete_every = 20\nstall_every = 30\nstall_for = \"20ms\"\n";
    for callers in ["[callers]\nthreads = 16\n", "[callers]\ntasks = 16\n"] {
        let figures = run(&[ZIPF, OPEN, callers, SLEEP, FRESH, faults]);
        for one in each(&figures) {
            assert_eq!(
                (count(one, "errors"), count(one, "hung")),
                (0, 0),
                "{callers}{one}"
            );
        }
        assert_eq!(
            count(&figures, "duplicate_creations"),
            0,
            "{callers}{figures}"
        );
    }
}

#[test]
fn a_call_beyond_the_bound_is_hung_and_ends_the_run() {
    let bound = "bound = \"50ms\"\n";
    let slow = "[creator.work]\nkind = \"sleep\"\ntime = \"400ms\"\n";
    let threads = "[callers]\nthreads = 4\n";
    let figures = run(&[bound, ZIPF, OPEN, threads, slow, FRESH]);
    assert!(count(&figures, "hung") > 0, "{figures}");
    assert!(count(&figures, "requests") < 1000, "{figures}");
}

#[test]
fn the_example_of_the_readme_runs() {
    let (_, rest) = include_str!("../README.md")
        .split_once("```toml\n")
        .expect("an example");
    let (example, _) = rest.split_once("```").expect("an end");
    let directory = directory();
    let figures = figures(&["run", &scenario(&directory, example)]);
    assert_eq!(
        (count(&figures, "requests"), count(&figures, "hung")),
        (5000, 0)
    );
}
