//! The checker checked: whatever shuttle, which enumerates every sequentially consistent schedule,
//! can bring about, loom must have seen too.
//!
//! Loom alone does not pass: with plain loads and no shadow it misses most of a "load, then
//! compare and exchange" (tokio-rs/loom issues 166 and 392).

use std::collections::BTreeSet;

use dogpile_model_tests::explore::{Reach, Report, Scene, loom, shuttle_all};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap, Shuttle};
use dogpile_model_tests::scenes::claims::{claims_and_a_look, creators_follow_each_other};

fn outcomes(report: &Report) -> BTreeSet<&String> {
    report.outcomes.keys().collect()
}

fn loom_sees_what_shuttle_sees(name: &str, shuttle: Scene, looms: [Scene; 2]) {
    let oracle = shuttle_all(name, shuttle);
    let oracle = outcomes(&oracle);
    assert!(oracle.len() > 2, "the schedules differ: {oracle:?}");
    for scene in looms {
        let seen = loom(name, Reach::Unbounded, scene);
        let missed: Vec<_> = oracle.difference(&outcomes(&seen)).copied().collect();
        assert!(missed.is_empty(), "loom misses {missed:?}");
    }
}

#[test]
fn loom_sees_every_outcome_of_claims_and_a_look() {
    loom_sees_what_shuttle_sees(
        "2 claims and 2 looks",
        claims_and_a_look::<Shuttle>,
        [
            claims_and_a_look::<LoomSwap>,
            claims_and_a_look::<LoomShadow>,
        ],
    );
}

#[test]
fn loom_sees_every_outcome_of_two_creators() {
    loom_sees_what_shuttle_sees(
        "2 creators",
        creators_follow_each_other::<Shuttle, 2>,
        [
            creators_follow_each_other::<LoomSwap, 2>,
            creators_follow_each_other::<LoomShadow, 2>,
        ],
    );
}
