//! Loom over what comes from outside: sets, deletions, invalidations, creators past their limit.

use dogpile_model_tests::explore::{Reach, Report, Scene, loom};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::scenes::{supersede, waiting};

/// Two threads: every execution, by both kits.
fn two(name: &str, swap: Scene, shadow: Scene) -> [Report; 2] {
    [
        loom(name, Reach::Unbounded, swap),
        loom(&format!("{name}, stale reads"), Reach::Unbounded, shadow),
    ]
}

#[test]
fn law_3_a_deletion_supersedes_the_creator() {
    for report in two(
        "delete against the end",
        supersede::delete_against_the_end::<LoomSwap>,
        supersede::delete_against_the_end::<LoomShadow>,
    ) {
        report
            .witness("superseded")
            .witness("outcome 1 begun before");
    }
}

#[test]
fn law_3_what_was_set_stays() {
    loom(
        "set against the end",
        Reach::Preemptions(3),
        supersede::set_against_the_end::<LoomSwap>,
    )
    .witness("outcome 1")
    .witness("outcome 9");
}

#[test]
fn a_soft_invalidation_marks_the_first_value() {
    for report in two(
        "soften against the first end",
        supersede::soften_against_the_first_end::<LoomSwap>,
        supersede::soften_against_the_first_end::<LoomShadow>,
    ) {
        report.witness("Ready(1, stale)").witness("Ready(2, stale)");
    }
}

#[test]
fn a_soft_invalidation_supersedes_a_refresh() {
    for report in two(
        "soften against a refresh",
        supersede::soften_against_a_refresh::<LoomSwap>,
        supersede::soften_against_a_refresh::<LoomShadow>,
    ) {
        report.witness("published true").witness("published false");
    }
}

#[test]
fn law_6_a_deletion_and_a_creator_that_goes_leave_nothing_busy() {
    for report in two(
        "delete against abandon",
        supersede::delete_against_abandon::<LoomSwap>,
        supersede::delete_against_abandon::<LoomShadow>,
    ) {
        report.witness("heir").witness("superseded");
    }
}

#[test]
fn law_5_a_late_begin_changes_nothing() {
    for report in two(
        "late begin",
        supersede::a_late_begin_changes_nothing::<LoomSwap>,
        supersede::a_late_begin_changes_nothing::<LoomShadow>,
    ) {
        report.witness("outcome 3 begun before");
    }
}

#[test]
fn law_5_nobody_waits_for_more_than_two_creations() {
    for report in two(
        "waited before",
        supersede::who_waited_is_patient::<LoomSwap>,
        supersede::who_waited_is_patient::<LoomShadow>,
    ) {
        report
            .witness("nobody creates yet")
            .witness("outcome 2 begun after");
    }
}

#[test]
fn law_6_relief_meets_the_end() {
    for report in two(
        "relief against the end",
        waiting::relief_against_the_end::<LoomSwap>,
        waiting::relief_against_the_end::<LoomShadow>,
    ) {
        report.witness("heir").witness("outcome 1");
    }
}

#[test]
fn law_1_one_relief_at_a_time() {
    for report in two(
        "two reliefs",
        waiting::one_relief_at_a_time::<LoomSwap>,
        waiting::one_relief_at_a_time::<LoomShadow>,
    ) {
        report
            .witness("heir 2; outcome 2 begun after")
            .witness("outcome 2 begun after; heir 2");
    }
}

#[test]
fn law_6_a_take_over_meets_the_end() {
    loom(
        "take over against the end",
        Reach::Preemptions(3),
        waiting::take_over_against_the_end::<LoomSwap>,
    )
    .witness("outcome 1 begun before")
    .witness("outcome 2 begun after");
}
