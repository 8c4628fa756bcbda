//! Stampedes of batches: each key has one creator, however the batches overlap and whatever their orders are.

mod common;

use common::{count, directory, figures, refusal};
use serde_json::Value;

fn of<const N: usize>(figures: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| count(figures, name))
}

/// Two rounds of batches of 100 keys; flags are parted by spaces. What the log says has to be the same.
fn stampede(flags: &str) -> Value {
    let directory = directory();
    let log = directory.path().join("log");
    let log = log.to_str().expect("UTF-8");
    let all = format!("stampede --many 100 --creator sleep:50ms --rounds 2 {flags} --log {log}");
    let figures = figures(&all.split_whitespace().collect::<Vec<_>>());
    let verdict = common::figures(&["check", log]);
    assert_eq!(verdict["agrees"], true, "{flags}: {verdict}");
    figures
}

#[test]
fn law_1_each_key_of_cold_batches_has_one_creator() {
    for backend in ["memory", "file", "redis"] {
        let figures = stampede(&format!("--backend {backend} --threads 16"));
        assert_eq!(of(&figures, ["callers", "keys", "batch"]), [16, 150, 100]);
        assert_eq!(
            of(&figures, ["creators", "creations"]),
            [1, 300],
            "{figures}"
        );
        let wrong = ["duplicate_creations", "errors", "hung"];
        assert_eq!(of(&figures, wrong), [0; 3], "{figures}");
    }
}

#[test]
fn law_1_each_key_of_stale_batches_is_created_by_one_at_a_time() {
    for backend in ["memory", "file", "redis"] {
        let figures = stampede(&format!("--backend {backend} --threads 16 --mode stale"));
        let wrong = ["duplicate_creations", "errors", "hung"];
        assert_eq!(of(&figures, wrong), [0; 3], "{figures}");
        assert!(count(&figures, "creations") >= 300, "{figures}");
    }
}

#[test]
fn law_1_law_7_batches_in_opposite_orders_over_two_processes_end_and_create_once() {
    for backend in ["file", "redis"] {
        let figures = stampede(&format!("--backend {backend} --processes 2 --threads 4"));
        assert_eq!(of(&figures, ["callers", "keys", "processes"]), [8, 150, 2]);
        assert_eq!(
            of(&figures, ["creators", "creations"]),
            [1, 300],
            "{figures}"
        );
        let wrong = ["duplicate_creations", "errors", "hung"];
        assert_eq!(of(&figures, wrong), [0; 3], "{figures}");
    }
}

#[test]
fn what_goes_with_no_batch_is_refused() {
    let refused = refusal(&["stampede", "--many", "10", "--contenders", "dogpile,plain"]);
    assert!(refused.contains("keys.batch"), "{refused}");
    let refused = refusal(&["stampede", "--many", "0"]);
    assert!(refused.contains("must be from 1"), "{refused}");
    refusal(&["stampede", "--many", "10", "--keys", "10"]);
}
