//! Stampedes: one creator, nobody hung, the stale value for everyone else.

mod common;

use common::{count, figures};

#[test]
fn a_cold_key_has_one_creator_however_many_threads_ask() {
    let figures = figures(&[
        "stampede",
        "--threads",
        "32",
        "--creator",
        "sleep:100ms",
        "--rounds",
        "3",
    ]);
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
        "last_waiter_ms",
        "p50_ms",
        "p99_ms",
        "stale_served",
    ];
    assert_eq!(names, wanted);
    assert_eq!(
        (count(&figures, "creators"), count(&figures, "callers")),
        (1, 32)
    );
    assert_eq!((count(&figures, "errors"), count(&figures, "hung")), (0, 0));
    assert_eq!(count(&figures, "stale_served"), 0);
}

#[test]
fn a_stale_key_is_served_to_all_but_the_creator() {
    let arguments = [
        "stampede",
        "--threads",
        "16",
        "--creator",
        "sleep:500ms",
        "--mode",
        "stale",
        "--rounds",
        "3",
    ];
    let figures = figures(&arguments);
    assert_eq!(
        (count(&figures, "creators"), count(&figures, "stale_served")),
        (1, 15)
    );
    assert_eq!((count(&figures, "errors"), count(&figures, "hung")), (0, 0));
}

#[test]
fn tasks_stampede_as_threads_do() {
    for mode in ["cold", "stale"] {
        let arguments = [
            "stampede",
            "--async",
            "--tasks",
            "500",
            "--creator",
            "sleep:100ms",
            "--mode",
            mode,
            "--rounds",
            "2",
        ];
        let figures = figures(&arguments);
        assert_eq!(
            (count(&figures, "creators"), count(&figures, "callers")),
            (1, 500),
            "{mode}"
        );
        assert_eq!(
            (count(&figures, "errors"), count(&figures, "hung")),
            (0, 0),
            "{mode}"
        );
    }
}

#[test]
fn the_database_can_be_stampeded_too() {
    let figures = figures(&[
        "stampede",
        "--threads",
        "16",
        "--creator",
        "sqlite",
        "--rounds",
        "3",
    ]);
    assert_eq!(count(&figures, "creators"), 1);
}

#[test]
fn a_plain_cache_lets_others_create_too() {
    let figures = figures(&[
        "stampede",
        "--threads",
        "16",
        "--creator",
        "sleep:200ms",
        "--rounds",
        "1",
        "--contenders",
        "dogpile,plain,mutex",
    ]);
    assert_eq!(count(&figures, "creators"), 1);
    assert_eq!(count(&figures["mutex"], "creators"), 1);
    assert!(count(&figures["plain"], "creators") > 1);
}
