//! Loom over what comes from outside: sets, deletions, invalidations, creators past their limit.

use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::proof::Property::{
    CancelledWakePassedOn, InvalidationTerminates, NeverLeftBusy, OneCreator, OneOutcomePerWaiter,
    SupersededNeverPublishes, VersionsNeverGoBack,
};
use dogpile_model_tests::scenes::{supersede, waiting};

use crate::{three, two};

#[test]
fn law_3_a_deletion_supersedes_the_creator() {
    two(
        "delete against the end",
        supersede::delete_against_the_end::<LoomSwap>,
        supersede::delete_against_the_end::<LoomShadow>,
    )
    .witness("superseded")
    .witness("outcome 1 begun before")
    .shows(SupersededNeverPublishes, "superseded")
    .shows(VersionsNeverGoBack, "superseded")
    .shows(OneOutcomePerWaiter, "superseded");
}

#[test]
fn law_3_what_was_set_stays() {
    three(
        "set against the end",
        supersede::set_against_the_end::<LoomSwap>,
        supersede::set_against_the_end::<LoomShadow>,
    )
    .witness("outcome 1")
    .witness("outcome 9")
    .shows(SupersededNeverPublishes, "outcome 9")
    .shows(VersionsNeverGoBack, "outcome 9")
    .shows(OneOutcomePerWaiter, "outcome 9");
}

#[test]
fn a_soft_invalidation_marks_the_first_value() {
    two(
        "soften against the first end",
        supersede::soften_against_the_first_end::<LoomSwap>,
        supersede::soften_against_the_first_end::<LoomShadow>,
    )
    .witness("Ready(1, stale)")
    .witness("Ready(2, stale)")
    .shows(InvalidationTerminates, "Ready(1, stale)");
}

#[test]
fn a_soft_invalidation_supersedes_a_refresh() {
    two(
        "soften against a refresh",
        supersede::soften_against_a_refresh::<LoomSwap>,
        supersede::soften_against_a_refresh::<LoomShadow>,
    )
    .witness("published true")
    .witness("published false")
    .shows(SupersededNeverPublishes, "published false");
}

#[test]
fn law_6_a_deletion_and_a_creator_that_goes_leave_nothing_busy() {
    two(
        "delete against abandon",
        supersede::delete_against_abandon::<LoomSwap>,
        supersede::delete_against_abandon::<LoomShadow>,
    )
    .witness("heir")
    .witness("superseded")
    .shows(NeverLeftBusy, "superseded");
}

#[test]
fn law_5_a_late_begin_changes_nothing() {
    two(
        "late begin",
        supersede::a_late_begin_changes_nothing::<LoomSwap>,
        supersede::a_late_begin_changes_nothing::<LoomShadow>,
    )
    .witness("outcome 3 begun before");
}

#[test]
fn law_5_nobody_waits_for_more_than_two_creations() {
    two(
        "waited before",
        supersede::who_waited_is_patient::<LoomSwap>,
        supersede::who_waited_is_patient::<LoomShadow>,
    )
    .witness("nobody creates yet")
    .witness("outcome 2 begun after")
    .shows(InvalidationTerminates, "outcome 2 begun after");
}

#[test]
fn law_6_relief_meets_the_end() {
    two(
        "relief against the end",
        waiting::relief_against_the_end::<LoomSwap>,
        waiting::relief_against_the_end::<LoomShadow>,
    )
    .witness("heir")
    .witness("outcome 1")
    .shows(SupersededNeverPublishes, "heir");
}

#[test]
fn law_1_one_relief_at_a_time() {
    two(
        "two reliefs",
        waiting::one_relief_at_a_time::<LoomSwap>,
        waiting::one_relief_at_a_time::<LoomShadow>,
    )
    .witness("heir 2; outcome 2 begun after")
    .witness("outcome 2 begun after; heir 2")
    .shows(OneCreator, "heir 2");
}

#[test]
fn law_6_a_take_over_meets_the_end() {
    three(
        "take over against the end",
        waiting::take_over_against_the_end::<LoomSwap>,
        waiting::take_over_against_the_end::<LoomShadow>,
    )
    .witness("outcome 1 begun before")
    .witness("outcome 2 begun after")
    .shows(OneCreator, "outcome 2 begun after");
}

#[test]
fn law_7_an_heir_that_leaves_passes_on() {
    three(
        "leaving heir",
        waiting::an_heir_that_leaves_passes_on::<LoomSwap>,
        waiting::an_heir_that_leaves_passes_on::<LoomShadow>,
    )
    .witness("directly")
    .witness("by the leaver")
    .shows(CancelledWakePassedOn, "by the leaver");
}

#[test]
fn law_6_the_last_leaver_ends_the_creation() {
    two(
        "last leaver",
        waiting::the_last_leaver_ends_the_creation::<LoomSwap>,
        waiting::the_last_leaver_ends_the_creation::<LoomShadow>,
    )
    .witness("ended by the leaver")
    .witness("ended by the creator")
    .shows(NeverLeftBusy, "ended by the leaver");
}
