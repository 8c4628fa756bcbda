//! Loom over a region's epochs, whose words ask for no order at all.

use dogpile_model_tests::explore::{Reach, loom};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::scenes::epochs::{a_merge_loses_nothing, two_invalidations_at_once};

#[test]
fn law_11_an_epoch_only_rises() {
    for report in [
        loom(
            "2 invalidations",
            Reach::Unbounded,
            two_invalidations_at_once::<LoomSwap>,
        ),
        loom(
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
    for report in [
        loom("merge", Reach::Unbounded, a_merge_loses_nothing::<LoomSwap>),
        loom(
            "merge, stale reads",
            Reach::Unbounded,
            a_merge_loses_nothing::<LoomShadow>,
        ),
    ] {
        report.witness("soft: Epoch(1)").witness("soft: Epoch(4)");
    }
}
