//! Loom over those who wait: nobody is forgotten, and nothing inherited is lost.

use dogpile_model_tests::explore::{Reach, loom};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::proof::{Property, Tool, shown};
use dogpile_model_tests::scenes::waiting::{
    a_leaver_takes_nobody_along, a_nudge_is_no_answer, a_stampede_creates_once,
    a_waker_may_use_the_slot, an_end_reaches_each_waiter, an_heir_that_leaves_passes_on,
    the_last_leaver_ends_the_creation,
};

#[test]
fn law_7_an_end_reaches_a_waiter() {
    for report in [
        loom(
            "1 waiter",
            Reach::Unbounded,
            an_end_reaches_each_waiter::<LoomSwap, 2>,
        ),
        loom(
            "1 waiter, stale reads",
            Reach::Unbounded,
            an_end_reaches_each_waiter::<LoomShadow, 2>,
        ),
    ] {
        report.witness("too late").witness("outcome 1 begun after");
    }
}

#[test]
fn law_7_an_end_reaches_two_waiters() {
    let report = loom(
        "2 waiters",
        Reach::Preemptions(3),
        an_end_reaches_each_waiter::<LoomSwap, 3>,
    );
    let both_sat = "outcome 1 begun after, outcome 1 begun after";
    report.witness(both_sat).witness("too late, outcome");
    shown(
        Property::NoLostWakeUp,
        Tool::Loom,
        "3 threads, 3 preemptions",
        report.executions,
        report.seen(both_sat),
    );
}

#[test]
fn law_7_an_end_reaches_three_waiters() {
    loom(
        "3 waiters",
        Reach::Preemptions(2),
        an_end_reaches_each_waiter::<LoomSwap, 4>,
    )
    .witness("too late, outcome");
}

#[test]
fn law_1_two_calls_create_once() {
    for report in [
        loom(
            "stampede of 2",
            Reach::Unbounded,
            a_stampede_creates_once::<LoomSwap, 2>,
        ),
        loom(
            "stampede of 2, stale reads",
            Reach::Unbounded,
            a_stampede_creates_once::<LoomShadow, 2>,
        ),
    ] {
        report
            .witness("created, shared")
            .witness("shared, created")
            .witness("found");
    }
}

#[test]
fn law_1_three_calls_create_once() {
    loom(
        "stampede of 3",
        Reach::Preemptions(2),
        a_stampede_creates_once::<LoomSwap, 3>,
    )
    .witness("created, shared, shared");
}

#[test]
fn law_7_an_heir_that_leaves_passes_on() {
    loom(
        "leaving heir",
        Reach::Preemptions(3),
        an_heir_that_leaves_passes_on::<LoomSwap>,
    )
    .witness("directly")
    .witness("by the leaver");
}

#[test]
fn law_6_the_last_leaver_ends_the_creation() {
    for report in [
        loom(
            "last leaver",
            Reach::Unbounded,
            the_last_leaver_ends_the_creation::<LoomSwap>,
        ),
        loom(
            "last leaver, stale reads",
            Reach::Unbounded,
            the_last_leaver_ends_the_creation::<LoomShadow>,
        ),
    ] {
        report
            .witness("ended by the leaver")
            .witness("ended by the creator");
    }
}

#[test]
fn law_7_a_leaver_takes_nobody_along() {
    loom(
        "leaver against the end",
        Reach::Preemptions(3),
        a_leaver_takes_nobody_along::<LoomSwap>,
    )
    .witness("outcome 1");
}

#[test]
fn law_7_a_nudge_is_no_answer() {
    loom(
        "nudge against the end",
        Reach::Preemptions(3),
        a_nudge_is_no_answer::<LoomSwap>,
    )
    .witness("outcome 1");
}

#[test]
fn a_waker_may_use_the_slot_that_wakes_it() {
    let ended = a_waker_may_use_the_slot::<LoomSwap, false>;
    loom("curious waker, told", Reach::Unbounded, ended).witness("outcome 1");
    let abandoned = a_waker_may_use_the_slot::<LoomSwap, true>;
    loom("curious waker, heir", Reach::Unbounded, abandoned).witness("heir 2");
}
