//! The exhaustive walk over whole worlds: several callers in two processes, each stepping the
//! production flow, under every order of events and a bounded number of adversities; and, over the same
//! graph, the search for fair runs in which somebody never gets an answer.
//!
//! Many keys: a batch is one flow for each key, and keys share nothing, so one key is walked. A batch
//! holds a creator back until none of its other calls is on its way; `regions` explores that it ends.

mod pins;
mod record;
mod worlds;

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use dogpile_model_tests::mutant::{self, Mutant};
use dogpile_model_tests::proof::{Size, size};
use dogpile_model_tests::world::{CHEAP, Config, Counts, RULES, Witness, explore};

use pins::pin;
use record::record;

/// Walks a world in the sizes that have the time for it.
fn walk(config: &Config, from: Size) {
    if size() < from {
        println!("{}: from size {from:?} on", config.name);
        return;
    }
    let report = explore(config);
    println!(
        "{}: {} states, {} edges, depth {}, {:?}",
        config.name, report.states, report.edges, report.depth, report.fairness
    );
    assert_eq!(
        (report.states, report.edges, report.depth),
        pin(config.name),
        "{}: see when a pin may change",
        config.name
    );
    record(config, &report);
}

macro_rules! walks {
    ($($test:ident: $world:ident from $size:ident;)*) => {
        $(
            #[test]
            fn $test() {
                walk(&worlds::$world, Size::$size);
            }
        )*
    };
}

walks! {
    three_callers: THREE from Short;
    three_kinds_of_callers: STALE from Short;
    creators_that_run_elsewhere: DETACHED from Short;
    who_waits_for_the_next: PATIENT from Short;
    no_stale_value: NEVER_STALE from Short;
    two_deletes: DELETES from Short;
    pair: PAIR from Short;
    five_callers: FIVE from Short;
    to_their_ends_in_two_processes: LIVE from Short;
    to_their_ends_in_one_process: LIVE_MEMORY from Short;
    a_refresh: REFRESH from Full;
    two_adversities_in_one_process: MEMORY from Full;
    four_callers: FOUR from Full;
    an_heir_without_a_store: HEIR from Short;
    two_adversities_in_two_processes: TWICE from Full;
    four_callers_of_two_processes: FOUR_APART from Full;
    one_adversity_for_five: FIVE_ONCE from Full;
}

/// The state in which each promise could have been broken is reached.
#[test]
fn small_worlds_reach_all_that_is_interesting() {
    let mut counts = Counts::default();
    for config in CHEAP {
        let report = explore(config);
        println!("{}: {} states", config.name, report.states);
        counts.add(&report.counts);
        record(config, &report);
    }
    let all = Witness::ALL.iter();
    let never: Vec<_> = all.filter(|witness| counts.of(**witness) == 0).collect();
    assert!(never.is_empty(), "never seen: {never:?}");
}

/// The world in which a mutant shows, and what that says.
fn killer(mutant: Mutant) -> Option<(&'static str, String)> {
    mutant::with(mutant, || {
        CHEAP.iter().find_map(|config| {
            let cause = catch_unwind(|| explore(config)).err()?;
            let said = cause.downcast_ref::<String>().cloned();
            Some((config.name, said.unwrap_or_default()))
        })
    })
}

#[test]
fn every_rule_is_needed() {
    let mut survivors = Vec::new();
    let mut endless = BTreeSet::new();
    for rule in RULES {
        match killer(Mutant::Rule(rule)) {
            Some((world, said)) => {
                println!("killed: {rule:?}, by {world:?}: {said}");
                if said.contains("waits for ever") {
                    endless.insert(*rule);
                }
            }
            None => survivors.push(rule),
        }
    }
    assert!(survivors.is_empty(), "nobody needs {survivors:?}");
    // The search for endless runs can fail.
    let by_liveness = [
        "a lease that nobody renews runs out",
        "a delegate hears of a change in the store",
        "who sits down looks again",
        "a creator that hangs comes to its limit",
        "a creator past its limit is relieved by a waiter",
    ];
    for rule in by_liveness {
        assert!(endless.contains(rule), "{rule:?} brings no endless run");
    }
}

#[test]
fn every_invariant_is_asked() {
    for config in CHEAP {
        explore(config);
    }
    for invariant in mutant::seen().invariants {
        let killer = killer(Mutant::Invariant(invariant));
        assert!(killer.is_some(), "{invariant:?} cannot fail");
    }
}

/// What the product does not promise yet. When one of these goes green, the promise is kept: the
/// world's `strict` may then go.
#[test]
fn known_gaps_are_as_they_are_described() {
    let gaps = [
        (
            &worlds::ACROSS,
            "no call gets what was deleted before it began",
        ),
        (&worlds::THIRD, "nobody waits for more than two creations"),
    ];
    for (config, promise) in gaps {
        let Err(cause) = catch_unwind(|| explore(config)) else {
            panic!("{}: kept after all: {promise}", config.name)
        };
        let said = cause.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(said.starts_with(promise), "{}: {said}", config.name);
    }
}
