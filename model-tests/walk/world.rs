//! The exhaustive walk over whole worlds.

mod worlds;

use dogpile_model_tests::mutant::{self, Mutant};
use dogpile_model_tests::world::{CHEAP, RULES, explore};

#[test]
fn measure() {
    for config in [
        worlds::DELETES,
        worlds::PAIR,
        worlds::FIVE,
        worlds::LIVE_MEMORY,
        worlds::FOUR,
        worlds::MEMORY,
        worlds::LIVE,
        worlds::STALE,
        worlds::REFRESH,
        worlds::THREE,
        worlds::NEVER_STALE,
    ] {
        let began = std::time::Instant::now();
        let Ok(report) = std::panic::catch_unwind(|| explore(&config)) else {
            println!("RED shown: {}", config.name);
            continue;
        };
        println!(
            "shown {}: {} states, {} edges, depth {}, {:?}, {:.1?}",
            config.name,
            report.states,
            report.edges,
            report.depth,
            report.fairness,
            began.elapsed()
        );
    }
}

#[test]
fn the_small_worlds() {
    for config in CHEAP {
        let began = std::time::Instant::now();
        let report = explore(config);
        println!(
            "shown {}: {} states, {} edges, depth {}, {:?}, {:.1?}",
            config.name,
            report.states,
            report.edges,
            report.depth,
            report.fairness,
            began.elapsed()
        );
    }
}

fn killer(mutant: Mutant) -> Option<&'static str> {
    mutant::with(mutant, || {
        CHEAP.iter().find_map(|config| {
            let red = std::panic::catch_unwind(|| explore(config)).is_err();
            red.then_some(config.name)
        })
    })
}

#[test]
fn every_rule_is_needed() {
    let mut survivors = Vec::new();
    for rule in RULES {
        match killer(Mutant::Rule(rule)) {
            Some(world) => println!("killed: {rule:?}, by {world:?} states"),
            None => survivors.push(rule),
        }
    }
    assert!(survivors.is_empty(), "states: nobody needs {survivors:?}");
}
