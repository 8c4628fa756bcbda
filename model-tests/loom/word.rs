//! Loom over the word alone: who creates, and what is seen through it.

use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::proof::Property::{
    CreatorsInOrder, OneCreator, SupersededNeverPublishes, TokensNeverRepeat, WholeValues,
};
use dogpile_model_tests::scenes::claims::{
    a_creator_sees_what_was_deleted, a_reader_sees_what_was_published, a_reader_sees_what_was_set,
    a_stale_claim_looks_again, creators_follow_each_other, one_winner, seizures_follow_each_other,
};

use crate::{four, three, two};

#[test]
fn one_of_two_claims_wins() {
    two(
        "2 claims",
        one_winner::<LoomSwap, 2>,
        one_winner::<LoomShadow, 2>,
    )
    .witness("won, joined")
    .witness("joined, won")
    .shows(OneCreator, "joined");
}

#[test]
fn one_of_three_claims_wins() {
    three(
        "3 claims",
        one_winner::<LoomSwap, 3>,
        one_winner::<LoomShadow, 3>,
    )
    .witness("won, joined, joined")
    .witness("joined, won, joined")
    .witness("joined, joined, won")
    .shows(OneCreator, "joined");
}

#[test]
fn one_of_four_claims_wins() {
    four("4 claims", one_winner::<LoomSwap, 4>)
        .witness("joined, won")
        .shows(OneCreator, "joined");
}

#[test]
fn two_creators_follow_each_other() {
    two(
        "2 creators",
        creators_follow_each_other::<LoomSwap, 2>,
        creators_follow_each_other::<LoomShadow, 2>,
    )
    .witness("[Some(1), Some(2)]")
    .witness("[Some(2), Some(1)]")
    .witness("[Some(1), None]")
    .shows(CreatorsInOrder, "Some(2)")
    .shows(TokensNeverRepeat, "Some(2)");
}

#[test]
fn three_creators_follow_each_other() {
    three(
        "3 creators",
        creators_follow_each_other::<LoomSwap, 3>,
        creators_follow_each_other::<LoomShadow, 3>,
    )
    .witness("[Some(1), Some(2), Some(3)]")
    .witness("[Some(3), Some(1), Some(2)]")
    .witness("None, None")
    .shows(CreatorsInOrder, "Some(3)")
    .shows(TokensNeverRepeat, "Some(3)");
}

#[test]
fn four_creators_follow_each_other() {
    four("4 creators", creators_follow_each_other::<LoomSwap, 4>)
        .witness("Some(3)")
        .shows(CreatorsInOrder, "Some(3)");
}

#[test]
fn a_value_is_published_whole() {
    two(
        "publish and read",
        a_reader_sees_what_was_published::<LoomSwap>,
        a_reader_sees_what_was_published::<LoomShadow>,
    )
    .witness("Ready(1)")
    .witness("Creating(1)")
    .witness("Vacant(0)")
    .shows(WholeValues, "Ready(1)");
}

#[test]
fn a_value_is_set_whole() {
    two(
        "set and read",
        a_reader_sees_what_was_set::<LoomSwap>,
        a_reader_sees_what_was_set::<LoomShadow>,
    )
    .witness("Ready(1)")
    .witness("Vacant(0)")
    .shows(WholeValues, "Ready(1)");
}

#[test]
fn a_creator_sees_the_deletion_before_it() {
    two(
        "delete and create",
        a_creator_sees_what_was_deleted::<LoomSwap>,
        a_creator_sees_what_was_deleted::<LoomShadow>,
    )
    .witness("Vacant(5): after")
    .witness("Ready(4): after")
    .witness("Ready(4): before")
    .witness("Ready(4): superseded")
    .shows(CreatorsInOrder, ": after");
}

#[test]
fn law_2_a_claim_for_a_value_that_is_gone_looks_again() {
    for explored in [
        two(
            "stale claim against a publication",
            a_stale_claim_looks_again::<LoomSwap, true>,
            a_stale_claim_looks_again::<LoomShadow, true>,
        ),
        two(
            "stale claim against a failure",
            a_stale_claim_looks_again::<LoomSwap, false>,
            a_stale_claim_looks_again::<LoomShadow, false>,
        ),
    ] {
        explored
            .witness("won")
            .witness("joined")
            .witness("changed")
            .shows(OneCreator, "changed");
    }
}

#[test]
fn law_3_the_last_started_wins() {
    two(
        "seizure",
        seizures_follow_each_other::<LoomSwap>,
        seizures_follow_each_other::<LoomShadow>,
    )
    .witness("Ready(2), other published true")
    .witness("Ready(2), other published false")
    .shows(SupersededNeverPublishes, "other published false");
}
