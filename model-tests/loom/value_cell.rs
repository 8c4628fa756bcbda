//! Loom over the value cell: what a reader finds is whole, alive, and no older than its word. The
//! cell frees as early as its contract permits.

use dogpile_model_tests::explore::Reach;
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::proof::Property::{
    SupersededNeverPublishes, ValuesDroppedOnce, VersionsNeverGoBack, WholeValues,
};
use dogpile_model_tests::proof::{Size, size};
use dogpile_model_tests::scenes::cell::{
    a_deletion_meets_a_publication, a_reader_meets_a_deletion, a_reader_meets_a_publication,
    readers_meet_a_set,
};

use crate::{four, run, three, two};

#[test]
fn a_first_value_is_there_with_its_word() {
    two(
        "publication",
        a_reader_meets_a_publication::<LoomSwap>,
        a_reader_meets_a_publication::<LoomShadow>,
    )
    .witness("Ready(1) Some(1)")
    .witness("Creating(1) None")
    .witness("Vacant(0) None")
    .shows(WholeValues, "Ready(1) Some(1)");
}

#[test]
fn a_value_is_replaced_under_its_reader() {
    let reach = Reach::Unbounded;
    let stale = match size() {
        Size::Short | Size::Full => Reach::Preemptions(3),
        Size::Nightly => Reach::Preemptions(5),
    };
    for report in [
        run("set", reach, readers_meet_a_set::<LoomSwap, 1>),
        run(
            "set, stale reads",
            stale,
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
    three(
        "set, 2 readers",
        readers_meet_a_set::<LoomSwap, 2>,
        readers_meet_a_set::<LoomShadow, 2>,
    )
    .witness("Ready(1) 1, Ready(2) 2")
    .witness("Ready(1) 2")
    .shows(VersionsNeverGoBack, "Ready(1) 1, Ready(2) 2")
    .shows(ValuesDroppedOnce, "Ready(1) 1");
}

#[test]
fn a_value_is_replaced_under_three_readers() {
    if size() > Size::Short {
        four("set, 3 readers", readers_meet_a_set::<LoomSwap, 3>)
            .witness("Ready(1) 1, Ready(2) 2")
            .shows(WholeValues, "Ready(1) 2");
    }
}

#[test]
fn a_value_is_deleted_under_its_reader() {
    two(
        "deletion",
        a_reader_meets_a_deletion::<LoomSwap>,
        a_reader_meets_a_deletion::<LoomShadow>,
    )
    .witness("Ready(1) Some(1)")
    .witness("Ready(1) None")
    .witness("Vacant(2) None")
    .shows(ValuesDroppedOnce, "Ready(1) Some(1)");
}

#[test]
fn law_3_a_superseded_creator_never_gets_to_the_cell() {
    three(
        "deletion and publication",
        a_deletion_meets_a_publication::<LoomSwap>,
        a_deletion_meets_a_publication::<LoomShadow>,
    )
    .witness("published true")
    .witness("published false")
    .shows(SupersededNeverPublishes, "published false");
}
