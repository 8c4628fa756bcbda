//! Shuttle over eight tasks and sixteen that do everything at once: more than loom can hold.
//!
//! The schedules are drawn, not enumerated; a failure prints the schedule that replays it, and the
//! seeds are fixed, so that a run can be repeated.

use dogpile_model_tests::explore::{Report, shuttle_pct, shuttle_random};
use dogpile_model_tests::proof::{Property, Size, Tool, shown, size};
use dogpile_model_tests::scenes::mix::a_mix;

const SEEDS: [u64; 2] = [0x0d09_911e, 0x5eed];

/// From each seed.
fn schedules() -> usize {
    match size() {
        Size::Short => 30_000,
        Size::Full => 100_000,
        Size::Nightly => 1_000_000,
    }
}

/// Whatever can happen to a task has happened to one, in one of these.
fn all_was_seen(reports: &[Report]) {
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
        let seen: usize = reports.iter().map(|report| report.seen(sign)).sum();
        assert!(seen > 0, "no execution shows {sign:?}");
    }
}

fn all_was_shown(reports: &[Report], scope: &str) {
    all_was_seen(reports);
    let executions = reports.iter().map(|report| report.executions).sum();
    let say = |property, sign| {
        let seen: usize = reports.iter().map(|report| report.seen(sign)).sum();
        shown(property, Tool::Shuttle, scope, executions, seen);
    };
    say(Property::NeverLeftBusy, "gave up");
    say(Property::NoLostWakeUp, "shared");
    say(Property::CancelledWakePassedOn, "left as the heir");
}

#[test]
fn random_schedules() {
    let reports = SEEDS.map(|seed| shuttle_random("8 tasks", seed, schedules(), a_mix::<8>));
    all_was_shown(&reports, "slot, 8 tasks, random");
}

#[test]
fn few_well_placed_preemptions() {
    let reports = SEEDS.map(|seed| shuttle_pct("8 tasks", seed, schedules(), a_mix::<8>));
    all_was_shown(&reports, "slot, 8 tasks, pct");
}

#[test]
fn twice_as_many_tasks() {
    let half = schedules() / 2;
    let reports = [
        shuttle_random("16 tasks", SEEDS[0], half, a_mix::<16>),
        shuttle_pct("16 tasks", SEEDS[1], half, a_mix::<16>),
    ];
    all_was_shown(&reports, "slot, 16 tasks, random and pct");
}
