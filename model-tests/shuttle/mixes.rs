//! Shuttle over eight tasks that do everything at once: more than loom can hold.
//!
//! The schedules are drawn, not enumerated; a failure prints the schedule that replays it, and the
//! seeds are fixed, so that a run can be repeated.

use dogpile_model_tests::explore::{Report, shuttle_pct, shuttle_random};
use dogpile_model_tests::scenes::mix::a_mix;

const SEEDS: [u64; 2] = [0x0d09_911e, 0x5eed];

const SCHEDULES: usize = 100_000;

/// Whatever can happen to a task has happened to one.
fn all_was_seen(report: &Report) {
    for sign in [
        "settled",
        "shared",
        "superseded",
        "inherited",
        "bequeathed",
        "gave up",
        "came too late",
        "gave up too late",
        "left",
        "left as the heir",
        "took over",
        "too old",
    ] {
        report.witness(sign);
    }
}

#[test]
fn random_schedules() {
    for seed in SEEDS {
        all_was_seen(&shuttle_random("8 tasks", seed, SCHEDULES, a_mix::<8>));
    }
}

#[test]
fn few_well_placed_preemptions() {
    for seed in SEEDS {
        all_was_seen(&shuttle_pct("8 tasks", seed, SCHEDULES, a_mix::<8>));
    }
}
