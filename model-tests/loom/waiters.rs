//! Loom over those who wait, asleep in their own threads: nobody is forgotten.

use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::proof::Property::{
    FailureReachesWaiters, NoLostWakeUp, OneCreator, OneOutcomePerWaiter,
};
use dogpile_model_tests::scenes::waiting::{
    a_failure_reaches_each_waiter, a_leaver_takes_nobody_along, a_nudge_is_no_answer,
    a_stampede_creates_once, a_waker_may_use_the_slot, an_end_reaches_each_waiter,
};

use crate::{four, three, two};

#[test]
fn law_7_an_end_reaches_a_waiter() {
    two(
        "1 waiter",
        an_end_reaches_each_waiter::<LoomSwap, 2>,
        an_end_reaches_each_waiter::<LoomShadow, 2>,
    )
    .witness("too late")
    .witness("outcome 1 begun after")
    .shows(NoLostWakeUp, "outcome 1 begun after");
}

#[test]
fn law_7_an_end_reaches_two_waiters() {
    let both_sat = "outcome 1 begun after, outcome 1 begun after";
    three(
        "2 waiters",
        an_end_reaches_each_waiter::<LoomSwap, 3>,
        an_end_reaches_each_waiter::<LoomShadow, 3>,
    )
    .witness("too late, outcome")
    .shows(NoLostWakeUp, both_sat)
    .shows(OneOutcomePerWaiter, both_sat);
}

#[test]
fn law_7_an_end_reaches_three_waiters() {
    four("3 waiters", an_end_reaches_each_waiter::<LoomSwap, 4>)
        .witness("too late, outcome")
        .shows(NoLostWakeUp, "outcome");
}

#[test]
fn law_5_a_failure_reaches_those_who_wait() {
    let both_sat = "outcome 1 begun after, outcome 1 begun after";
    three(
        "2 waiters for a failure",
        a_failure_reaches_each_waiter::<LoomSwap, 3>,
        a_failure_reaches_each_waiter::<LoomShadow, 3>,
    )
    .witness("too late, outcome")
    .shows(FailureReachesWaiters, both_sat)
    .shows(NoLostWakeUp, both_sat);
}

#[test]
fn law_1_two_calls_create_once() {
    two(
        "stampede of 2",
        a_stampede_creates_once::<LoomSwap, 2>,
        a_stampede_creates_once::<LoomShadow, 2>,
    )
    .witness("created, shared")
    .witness("shared, created")
    .witness("found")
    .shows(OneCreator, "shared")
    .shows(NoLostWakeUp, "shared");
}

#[test]
fn law_1_three_calls_create_once() {
    three(
        "stampede of 3",
        a_stampede_creates_once::<LoomSwap, 3>,
        a_stampede_creates_once::<LoomShadow, 3>,
    )
    .witness("created, shared, shared")
    .shows(OneCreator, "created, shared, shared");
}

#[test]
fn law_1_four_calls_create_once() {
    four("stampede of 4", a_stampede_creates_once::<LoomSwap, 4>)
        .witness("created, shared, shared")
        .shows(OneCreator, "created, shared, shared");
}

#[test]
fn law_7_a_leaver_takes_nobody_along() {
    three(
        "leaver against the end",
        a_leaver_takes_nobody_along::<LoomSwap>,
        a_leaver_takes_nobody_along::<LoomShadow>,
    )
    .witness("outcome 1")
    .shows(NoLostWakeUp, "outcome 1");
}

#[test]
fn law_7_a_nudge_is_no_answer() {
    three(
        "nudge against the end",
        a_nudge_is_no_answer::<LoomSwap>,
        a_nudge_is_no_answer::<LoomShadow>,
    )
    .witness("outcome 1")
    .shows(NoLostWakeUp, "outcome 1");
}

#[test]
fn a_waker_may_use_the_slot_that_wakes_it() {
    two(
        "curious waker, told",
        a_waker_may_use_the_slot::<LoomSwap, false>,
        a_waker_may_use_the_slot::<LoomShadow, false>,
    )
    .witness("outcome 1");
    two(
        "curious waker, heir",
        a_waker_may_use_the_slot::<LoomSwap, true>,
        a_waker_may_use_the_slot::<LoomShadow, true>,
    )
    .witness("heir 2");
}
