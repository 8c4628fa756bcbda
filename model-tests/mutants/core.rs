//! The models bite: each ordering of the core, one step weaker, turns some model red, and so does
//! the fault of the laboratory that a slot can have.
//!
//! The sites are those that the baseline passes, as the running code names them; nothing here
//! lists them, so that a new site is a new mutant.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use dogpile_core::kit::Fault;
use dogpile_model_tests::explore::{Reach, Scene, loom};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::mutant::{self, Mutant};
use dogpile_model_tests::scenes::{cell, claims, supersede, waiting};

/// The models that mutants meet, cheapest first.
const MODELS: [(&str, Scene); 14] = [
    (
        "publish and read",
        claims::a_reader_sees_what_was_published::<LoomSwap>,
    ),
    (
        "set and read",
        claims::a_reader_sees_what_was_set::<LoomSwap>,
    ),
    (
        "delete and create",
        claims::a_creator_sees_what_was_deleted::<LoomSwap>,
    ),
    (
        "2 creators",
        claims::creators_follow_each_other::<LoomSwap, 2>,
    ),
    (
        "delete against the end",
        supersede::delete_against_the_end::<LoomSwap>,
    ),
    (
        "set against the end",
        supersede::set_against_the_end::<LoomSwap>,
    ),
    ("two reliefs", waiting::one_relief_at_a_time::<LoomSwap>),
    (
        "stampede of 2",
        waiting::a_stampede_creates_once::<LoomSwap, 2>,
    ),
    ("replaced value", cell::readers_meet_a_set::<LoomSwap, 1>),
    (
        "first value",
        cell::a_reader_meets_a_publication::<LoomSwap>,
    ),
    ("seizures", claims::seizures_follow_each_other::<LoomSwap>),
    (
        "1 waiter",
        waiting::an_end_reaches_each_waiter::<LoomSwap, 2>,
    ),
    (
        "publish and read, stale reads",
        claims::a_reader_sees_what_was_published::<LoomShadow>,
    ),
    (
        "2 creators, stale reads",
        claims::creators_follow_each_other::<LoomShadow, 2>,
    ),
];

fn run(model: (&str, Scene)) {
    loom(model.0, Reach::Preemptions(3), model.1);
}

/// The first model that goes red, if one does.
fn killer(mutant: Mutant) -> Option<&'static str> {
    mutant::with(mutant, || {
        MODELS.into_iter().find_map(|model| {
            let red = catch_unwind(AssertUnwindSafe(|| run(model))).is_err();
            red.then_some(model.0)
        })
    })
}

#[test]
fn every_weaker_ordering_is_caught() {
    MODELS.into_iter().for_each(run);
    let sites: BTreeMap<&str, Ordering> = mutant::seen().sites;
    let mut survivors = Vec::new();
    let mut killed = 0;
    let of_the_core = |site: &&str| !site.starts_with("model.");
    for (site, ordering) in sites.iter().filter(|(site, _)| of_the_core(site)) {
        for weaker in mutant::weaker(*ordering) {
            let mutant = Mutant::Ordering {
                site,
                ordering: *weaker,
            };
            match killer(mutant) {
                Some(model) => {
                    killed += 1;
                    println!("killed: {site} {ordering:?} -> {weaker:?}, by {model}");
                }
                None => survivors.push(mutant),
            }
        }
    }
    println!("{killed} killed, {} survive", survivors.len());
    assert!(killed > 0, "the baseline passed no site that can be weaker");
    assert!(survivors.is_empty(), "nobody needs these: {survivors:?}");
}

#[test]
fn a_wake_up_that_is_lost_is_caught() {
    let killer = killer(Mutant::Fault(Fault::LoseWake));
    assert!(killer.is_some(), "everybody woke");
}
