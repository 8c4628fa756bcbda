//! The checker checked: whatever shuttle, which enumerates every sequentially consistent schedule,
//! can bring about, loom must have seen too.
//!
//! Loom alone does not pass: with plain loads and no shadow it misses most of a "load, then
//! compare and exchange" (tokio-rs/loom issues 166 and 392).

use dogpile_model_tests::explore::{Reach, Report, Scene, loom, shuttle_all};
use dogpile_model_tests::kits::{LoomPlain, LoomShadow, LoomSwap, Shuttle};
use dogpile_model_tests::scenes::claims::{claims_and_a_look, creators_follow_each_other};

/// What shuttle can bring about and loom has not seen.
fn missed(oracle: &Report, name: &str, scene: Scene) -> Vec<String> {
    let seen = loom(name, Reach::Unbounded, scene);
    let keys = oracle.outcomes.keys();
    keys.filter(|outcome| !seen.outcomes.contains_key(*outcome))
        .cloned()
        .collect()
}

fn loom_sees_what_shuttle_sees(name: &str, shuttle: Scene, looms: [Scene; 2]) {
    let oracle = shuttle_all(name, shuttle);
    assert!(
        oracle.outcomes.len() > 2,
        "the schedules differ: {oracle:?}"
    );
    for scene in looms {
        assert_eq!(missed(&oracle, name, scene), Vec::<String>::new());
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

/// Without the ways round it, loom's green would say little. Once this fails, loom has been mended
/// and the kits can be simpler.
#[test]
fn loom_as_it_comes_misses_some() {
    let name = "2 claims and 2 looks, loom as it comes";
    let oracle = shuttle_all(name, claims_and_a_look::<Shuttle>);
    let missed = missed(&oracle, name, claims_and_a_look::<LoomPlain>);
    println!("missed: {missed:?}");
    assert!(!missed.is_empty());
}
