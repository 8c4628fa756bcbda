//! Loom over the value cell: what a reader finds is whole, alive, and no older than its word.

use dogpile_model_tests::explore::{Reach, loom};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::scenes::cell::{
    a_deletion_meets_a_publication, a_reader_meets_a_deletion, a_reader_meets_a_publication,
    readers_meet_a_set,
};

#[test]
fn a_first_value_is_there_with_its_word() {
    for report in [
        loom(
            "publication",
            Reach::Unbounded,
            a_reader_meets_a_publication::<LoomSwap>,
        ),
        loom(
            "publication, stale reads",
            Reach::Unbounded,
            a_reader_meets_a_publication::<LoomShadow>,
        ),
    ] {
        report
            .witness("Ready(1) Some(1)")
            .witness("Creating(1) None")
            .witness("Vacant(0) None");
    }
}

#[test]
fn a_value_is_replaced_under_its_reader() {
    for report in [
        loom("set", Reach::Unbounded, readers_meet_a_set::<LoomSwap, 1>),
        loom(
            "set, stale reads",
            Reach::Preemptions(3),
            readers_meet_a_set::<LoomShadow, 1>,
        ),
    ] {
        report
            .witness("Ready(1) 1")
            .witness("Ready(1) 2")
            .witness("Ready(2) 2");
    }
}

#[test]
fn a_value_is_replaced_under_two_readers() {
    loom(
        "set, 2 readers",
        Reach::Preemptions(2),
        readers_meet_a_set::<LoomSwap, 2>,
    )
    .witness("Ready(1) 1, Ready(2) 2")
    .witness("Ready(1) 2");
}

#[test]
fn a_value_is_deleted_under_its_reader() {
    for report in [
        loom(
            "deletion",
            Reach::Unbounded,
            a_reader_meets_a_deletion::<LoomSwap>,
        ),
        loom(
            "deletion, stale reads",
            Reach::Unbounded,
            a_reader_meets_a_deletion::<LoomShadow>,
        ),
    ] {
        report
            .witness("Ready(1) Some(1)")
            .witness("Ready(1) None")
            .witness("Vacant(2) None");
    }
}

#[test]
fn law_3_a_superseded_creator_never_gets_to_the_cell() {
    loom(
        "deletion and publication",
        Reach::Preemptions(2),
        a_deletion_meets_a_publication::<LoomSwap>,
    )
    .witness("published true")
    .witness("published false");
}
