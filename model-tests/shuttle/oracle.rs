//! The checker checked: whatever shuttle, which enumerates every sequentially consistent schedule,
//! can bring about, loom must have seen too.
//!
//! Loom alone does not pass: with plain loads and no shadow it misses most of a "load, then
//! compare and exchange" (tokio-rs/loom issues 166 and 392).

use std::collections::BTreeSet;

use dogpile_model_tests::explore::{AnyScene, Reach, Report, Scene, loom, shuttle_all};
use dogpile_model_tests::kits::{Checker, LoomPlain, LoomShadow, LoomSwap, Shuttle};
use dogpile_model_tests::proof::{Property, Size, Tool, shown, size};
use dogpile_model_tests::scenes::claims::{claims_and_a_look, creators_follow_each_other};
use dogpile_model_tests::scenes::pairs::{Depth, Start, pairs};

/// What shuttle can bring about and loom has not seen.
fn missed(oracle: &Report, name: &str, scene: impl AnyScene) -> Vec<String> {
    let seen = loom(name, Reach::Unbounded, scene);
    let keys = oracle.outcomes.keys();
    keys.filter(|outcome| !seen.outcomes.contains_key(*outcome))
        .cloned()
        .collect()
}

/// What the oracle found, over many programs.
#[derive(Default)]
struct Found {
    programs: usize,
    schedules: usize,
    /// Programs whose outcome depends on the schedule.
    contended: usize,
}

impl Found {
    /// Every schedule of the program, and what loom makes of it by both kits.
    fn add(
        &mut self,
        name: &str,
        oracle: impl AnyScene,
        swap: impl AnyScene,
        shadow: impl AnyScene,
    ) {
        let oracle = shuttle_all(name, oracle);
        for (kit, missed) in [
            (LoomSwap::NAME, missed(&oracle, name, swap)),
            (LoomShadow::NAME, missed(&oracle, name, shadow)),
        ] {
            assert_eq!(missed, Vec::<String>::new(), "{name}: missed with {kit}");
        }
        self.programs += 1;
        self.schedules += oracle.executions;
        self.contended += usize::from(oracle.outcomes.len() > 1);
    }

    fn report(&self, what: &str) {
        println!(
            "oracle: {what}: {} programs, {} contended, {} schedules",
            self.programs, self.contended, self.schedules
        );
    }
}

fn bare_pairs_from(start: Start) {
    // The others differ from these in a mark or in who has begun.
    let first = [Start::Vacant, Start::Begun, Start::Ready, Start::Refreshing];
    if size() == Size::Short && !first.contains(&start) {
        return;
    }
    let mut found = Found::default();
    for pair in pairs(start, Depth::Bare) {
        let name = pair.name();
        let (oracle, swap, shadow) = (pair.clone(), pair.clone(), pair);
        found.add(
            &name,
            move || oracle.play::<Shuttle>(),
            move || swap.play::<LoomSwap>(),
            move || shadow.play::<LoomShadow>(),
        );
    }
    found.report(&format!("pairs from {start:?}"));
    // Two that only end what was superseded, or find nothing to do, have one outcome.
    assert!(
        found.contended > found.programs / 10,
        "the schedules differ"
    );
    // What loom has shown of single transitions rests on its having seen them in every order.
    for property in [Property::OneCreator, Property::SupersededNeverPublishes] {
        let scope = "every pair of transitions: 2 threads, every schedule";
        shown(
            property,
            Tool::Oracle,
            scope,
            found.schedules,
            found.contended,
        );
    }
}

macro_rules! starts {
    ($($test:ident: $start:ident;)*) => {
        $(#[test]
        fn $test() {
            bare_pairs_from(Start::$start);
        })*

        #[test]
        fn no_start_is_left_out() {
            assert_eq!([$(Start::$start),*], Start::ALL);
        }
    };
}

starts! {
    loom_sees_every_outcome_of_pairs_from_vacant: Vacant;
    loom_sees_every_outcome_of_pairs_from_creating: Creating;
    loom_sees_every_outcome_of_pairs_from_begun: Begun;
    loom_sees_every_outcome_of_pairs_from_marked: Marked;
    loom_sees_every_outcome_of_pairs_from_ready: Ready;
    loom_sees_every_outcome_of_pairs_from_stale: Stale;
    loom_sees_every_outcome_of_pairs_from_refreshing: Refreshing;
    loom_sees_every_outcome_of_pairs_from_renewing: Renewing;
}

#[test]
fn loom_sees_every_outcome_of_claims_and_a_look() {
    let mut found = Found::default();
    found.add(
        "2 claims and 2 looks",
        claims_and_a_look::<Shuttle>,
        claims_and_a_look::<LoomSwap>,
        claims_and_a_look::<LoomShadow>,
    );
    found.report("2 claims and 2 looks");
    assert_eq!(found.contended, 1);
}

#[test]
fn loom_sees_every_outcome_of_two_creators() {
    let mut found = Found::default();
    found.add(
        "2 creators",
        creators_follow_each_other::<Shuttle, 2>,
        creators_follow_each_other::<LoomSwap, 2>,
        creators_follow_each_other::<LoomShadow, 2>,
    );
    found.report("2 creators");
    assert_eq!(found.contended, 1);
}

/// Without the ways round it, loom's green would say little. Once this fails, loom has been mended
/// and the kits can be simpler.
#[test]
fn loom_as_it_comes_misses_some() {
    let name = "2 claims and 2 looks, loom as it comes";
    let scene: Scene = claims_and_a_look::<Shuttle>;
    let oracle = shuttle_all(name, scene);
    let missed = missed(&oracle, name, claims_and_a_look::<LoomPlain>);
    println!("missed: {missed:?}");
    assert!(!missed.is_empty());
}

/// The oracle bites: of the same pairs, loom as it comes misses outcomes.
#[test]
fn the_pairs_catch_loom_as_it_comes() {
    let mut caught = BTreeSet::new();
    for pair in pairs(Start::Vacant, Depth::Bare) {
        let name = pair.name();
        let (oracle, plain) = (pair.clone(), pair);
        let oracle = shuttle_all(&name, move || oracle.play::<Shuttle>());
        if !missed(&oracle, &name, move || plain.play::<LoomPlain>()).is_empty() {
            caught.insert(name);
        }
    }
    println!("missed something of: {caught:?}");
    assert!(!caught.is_empty());
}
