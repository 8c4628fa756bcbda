//! Loom over the word alone: who creates, and what is seen through it.

use dogpile_model_tests::explore::{Reach, loom};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::proof::{Property, Tool, shown};
use dogpile_model_tests::scenes::claims::{
    a_creator_sees_what_was_deleted, a_reader_sees_what_was_published, a_reader_sees_what_was_set,
    a_stale_claim_looks_again, creators_follow_each_other, one_winner, seizures_follow_each_other,
};

#[test]
fn one_of_two_claims_wins() {
    for report in [
        loom("2 claims", Reach::Unbounded, one_winner::<LoomSwap, 2>),
        loom(
            "2 claims, stale reads",
            Reach::Unbounded,
            one_winner::<LoomShadow, 2>,
        ),
    ] {
        report.witness("won, joined").witness("joined, won");
    }
}

#[test]
fn one_of_three_claims_wins() {
    let report = loom("3 claims", Reach::Preemptions(3), one_winner::<LoomSwap, 3>);
    report
        .witness("won, joined, joined")
        .witness("joined, won, joined")
        .witness("joined, joined, won");
    shown(
        Property::OneCreator,
        Tool::Loom,
        "3 threads, 3 preemptions",
        report.executions,
        report.seen("joined"),
    );
}

#[test]
fn one_of_four_claims_wins() {
    loom("4 claims", Reach::Preemptions(2), one_winner::<LoomSwap, 4>).witness("joined, won");
}

#[test]
fn two_creators_follow_each_other() {
    for report in [
        loom(
            "2 creators",
            Reach::Unbounded,
            creators_follow_each_other::<LoomSwap, 2>,
        ),
        loom(
            "2 creators, stale reads",
            Reach::Unbounded,
            creators_follow_each_other::<LoomShadow, 2>,
        ),
    ] {
        report
            .witness("[Some(1), Some(2)]")
            .witness("[Some(2), Some(1)]")
            .witness("[Some(1), None]");
    }
}

#[test]
fn three_creators_follow_each_other() {
    loom(
        "3 creators",
        Reach::Preemptions(3),
        creators_follow_each_other::<LoomSwap, 3>,
    )
    .witness("[Some(1), Some(2), Some(3)]")
    .witness("[Some(3), Some(1), Some(2)]")
    .witness("None, None");
}

#[test]
fn a_value_is_published_whole() {
    for report in [
        loom(
            "publish and read",
            Reach::Unbounded,
            a_reader_sees_what_was_published::<LoomSwap>,
        ),
        loom(
            "publish and read, stale reads",
            Reach::Unbounded,
            a_reader_sees_what_was_published::<LoomShadow>,
        ),
    ] {
        report
            .witness("Ready(1)")
            .witness("Creating(1)")
            .witness("Vacant(0)");
        shown(
            Property::WholeValues,
            Tool::Loom,
            "2 threads, unbounded",
            report.executions,
            report.seen("Ready(1)"),
        );
    }
}

#[test]
fn a_value_is_set_whole() {
    for report in [
        loom(
            "set and read",
            Reach::Unbounded,
            a_reader_sees_what_was_set::<LoomSwap>,
        ),
        loom(
            "set and read, stale reads",
            Reach::Unbounded,
            a_reader_sees_what_was_set::<LoomShadow>,
        ),
    ] {
        report.witness("Ready(1)").witness("Vacant(0)");
    }
}

#[test]
fn a_creator_sees_the_deletion_before_it() {
    for report in [
        loom(
            "delete and create",
            Reach::Unbounded,
            a_creator_sees_what_was_deleted::<LoomSwap>,
        ),
        loom(
            "delete and create, stale reads",
            Reach::Unbounded,
            a_creator_sees_what_was_deleted::<LoomShadow>,
        ),
    ] {
        report
            .witness("Vacant(5): after")
            .witness("Ready(4): after")
            .witness("Ready(4): before")
            .witness("Ready(4): superseded");
    }
}

#[test]
fn law_2_a_claim_for_a_value_that_is_gone_looks_again() {
    for report in [
        loom(
            "stale claim against a publication",
            Reach::Unbounded,
            a_stale_claim_looks_again::<LoomSwap, true>,
        ),
        loom(
            "stale claim against a failure",
            Reach::Unbounded,
            a_stale_claim_looks_again::<LoomSwap, false>,
        ),
        loom(
            "stale claim against a publication, stale reads",
            Reach::Unbounded,
            a_stale_claim_looks_again::<LoomShadow, true>,
        ),
    ] {
        report.witness("won").witness("joined").witness("changed");
    }
}

#[test]
fn law_3_the_last_started_wins() {
    for report in [
        loom(
            "seizure",
            Reach::Unbounded,
            seizures_follow_each_other::<LoomSwap>,
        ),
        loom(
            "seizure, stale reads",
            Reach::Unbounded,
            seizures_follow_each_other::<LoomShadow>,
        ),
    ] {
        report
            .witness("Ready(2), other published true")
            .witness("Ready(2), other published false");
    }
}
