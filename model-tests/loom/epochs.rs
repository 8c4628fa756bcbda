//! Loom over epochs: a region's words ask for no order at all, a tag's for one.

use dogpile_model_tests::explore::Reach;
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::proof::{Size, size};
use dogpile_model_tests::scenes::epochs::{
    a_merge_loses_nothing, a_tag_that_is_known_is_known_whole, two_invalidations_at_once,
};

use crate::{run, three, two};

#[test]
fn law_11_an_epoch_only_rises() {
    // Without a bound it takes longer than all the rest of the short size.
    let reach = match size() {
        Size::Short => Reach::Preemptions(4),
        Size::Full | Size::Nightly => Reach::Unbounded,
    };
    for report in [
        run(
            "2 invalidations",
            reach,
            two_invalidations_at_once::<LoomSwap>,
        ),
        run(
            "2 invalidations, stale reads",
            Reach::Preemptions(2),
            two_invalidations_at_once::<LoomShadow>,
        ),
    ] {
        report
            .witness("Epoch(1) Epoch(1) Epoch(1)")
            .witness("Epoch(1) Epoch(2) Epoch(2)")
            .witness("Epoch(2) Epoch(1) Epoch(2)");
    }
}

#[test]
fn law_12_no_invalidation_is_lost_to_the_store() {
    two(
        "merge",
        a_merge_loses_nothing::<LoomSwap>,
        a_merge_loses_nothing::<LoomShadow>,
    )
    .witness("soft: Epoch(1)")
    .witness("soft: Epoch(4)");
}

#[test]
fn law_11_a_tag_is_not_said_to_be_known_before_it_is() {
    three(
        "a tag",
        a_tag_that_is_known_is_known_whole::<LoomSwap>,
        a_tag_that_is_known_is_known_whole::<LoomShadow>,
    )
    .witness("[None, None]")
    .witness("[None, Some(1)]")
    .witness("[Some(2), Some(2)]");
}
