//! A fault built into dogpile turns the figures red: what measures nothing would stay green.

mod common;

use common::{count, figures};

#[test]
fn two_winners_of_one_claim_are_seen() {
    let figures = figures(&[
        "stampede",
        "--threads",
        "16",
        "--creator",
        "sleep:200ms",
        "--rounds",
        "2",
        "--sabotage",
        "double-claim",
    ]);
    assert!(count(&figures, "creators") > 1, "{figures}");
}

#[test]
fn a_winner_that_does_not_look_again_is_seen() {
    let figures = figures(&[
        "stampede",
        "--threads",
        "64",
        "--creator",
        "sleep:1us",
        "--rounds",
        "200",
        "--sabotage",
        "no-relook",
    ]);
    assert!(count(&figures, "creators") > 1, "{figures}");
}

#[test]
fn a_waiter_that_is_not_woken_is_seen() {
    let figures = figures(&[
        "stampede",
        "--threads",
        "16",
        "--creator",
        "sleep:200ms",
        "--rounds",
        "2",
        "--bound",
        "3s",
        "--sabotage",
        "lose-wake",
    ]);
    assert!(count(&figures, "hung") > 0, "{figures}");
}

#[test]
fn winners_in_two_processes_are_seen() {
    let figures = figures(&[
        "stampede",
        "--backend",
        "redis",
        "--processes",
        "2",
        "--threads",
        "2",
        "--creator",
        "sleep:200ms",
        "--rounds",
        "1",
        "--sabotage",
        "double-claim",
    ]);
    assert!(count(&figures, "creators") > 1, "{figures}");
}

#[test]
fn two_winners_of_one_claim_are_seen_in_batches_too() {
    let figures = figures(&[
        "stampede",
        "--many",
        "20",
        "--threads",
        "16",
        "--creator",
        "sleep:200ms",
        "--rounds",
        "2",
        "--sabotage",
        "double-claim",
    ]);
    assert!(count(&figures, "creators") > 1, "{figures}");
    assert!(count(&figures, "duplicate_creations") > 0, "{figures}");
}
