//! The exhaustive walk over whole worlds.

use dogpile_model_tests::mutant::{self, Mutant};
use dogpile_model_tests::world::{CHEAP, RULES, explore};

#[test]
fn the_small_worlds() {
    let mut red = 0;
    for config in CHEAP {
        let began = std::time::Instant::now();
        let Ok(report) = std::panic::catch_unwind(|| explore(config)) else {
            println!("RED states: {}", config.name);
            red += 1;
            continue;
        };
        println!(
            "{}: {} states, {} edges, depth {}, {:?}, {:.1?}",
            config.name,
            report.states,
            report.edges,
            report.depth,
            report.fairness,
            began.elapsed()
        );
    }
    assert_eq!(red, 0);
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
