//! Random programs on regions, over every store, against the specification.

use std::collections::BTreeMap;

use dogpile_proof::{Property, Size, Tool, shown, size};

#[cfg(feature = "servers")]
use crate::backends::SERVED;
use crate::backends::{BACKENDS, Kind, ON_DISK};
use crate::checker::check;
use crate::jostle::Pace;
use crate::spec::Allowance;
use crate::suite::Suite;
use crate::witness::Witness;

fn suites(pace: Pace) -> impl Iterator<Item = Suite> {
    BACKENDS.iter().flat_map(move |kind| of(kind, pace))
}

fn of(kind: &'static Kind, pace: Pace) -> [Suite; 2] {
    [1, 2].map(|processes| Suite {
        kind,
        processes,
        pace,
        bare: false,
    })
}

/// Programs for each suite.
fn programs(short: u64, full: u64, nightly: u64) -> u64 {
    match size() {
        Size::Short => short,
        Size::Full => full,
        Size::Nightly => nightly,
    }
}

fn run(suites: impl Iterator<Item = Suite>, count: u64) -> Witness {
    let notes = suites.flat_map(|suite| suite.check_all(count, |run| Witness::of(&run.history)));
    notes.fold(Witness::default(), Witness::plus)
}

fn record(scope: &str, seen: &Witness) {
    for (property, witnessed) in [
        (Property::VersionsNeverGoBack, seen.replaced),
        (Property::SupersededNeverPublishes, seen.superseded),
        (Property::StaleOnlyWhereAllowed, seen.stale),
        (Property::OneCreator, seen.beside_a_creator),
    ] {
        shown(property, Tool::Histories, scope, seen.histories, witnessed);
    }
}

#[test]
fn tasks_keep_the_specification() {
    let count = programs(1_200, 6_000, 200_000);
    let seen = run(suites(Pace::Tasks), count);
    println!("{seen:?}");
    record(
        "4 tasks, each await a turn, 1 and 2 processes, 4 stores",
        &seen,
    );
}

#[test]
fn threads_keep_the_specification() {
    let count = programs(150, 1_000, 50_000);
    let mut seen = run(suites(Pace::Threads), count);
    // One process each: without epochs of theirs, two would not know of each other's invalidations.
    let on_disk = ON_DISK.iter().map(|kind| of(kind, Pace::Threads)[0]);
    seen = seen.plus(run(on_disk, count));
    // On the store itself, where a hit is shortest.
    let bare = suites(Pace::Threads).filter(|suite| suite.processes == 1);
    let bare = bare.map(|suite| Suite {
        bare: true,
        ..suite
    });
    seen = seen.plus(run(bare, count));
    println!("{seen:?}");
    let scope = "4 threads, 1 and 2 processes, 4 stores; 1 process, 2 stores on a disk";
    record(scope, &seen);
}

/// Real servers are far slower than memory, so it is fewer programs. One process each, as on a disk.
#[cfg(feature = "servers")]
#[test]
fn real_servers_keep_the_specification() {
    let count = programs(300, 1_500, 20_000);
    let suites = |pace| SERVED.iter().map(move |kind| of(kind, pace)[0]);
    let seen = run(suites(Pace::Tasks).chain(suites(Pace::Threads)), count);
    println!("{seen:?}");
    record(
        "4 tasks, and 4 threads; 1 process, memcached and Redis",
        &seen,
    );
}

/// What the specification allows beyond the plain machine, some run needs: without it, a history
/// that did happen would be rejected.
#[test]
fn every_allowance_is_needed_by_some_history() {
    let mut needed: BTreeMap<_, usize> = BTreeMap::new();
    for suite in suites(Pace::Tasks) {
        let count = programs(400, 400, 5_000);
        let rejected = suite.check_all(count, |run| {
            Allowance::ALL
                .map(|allowance| check(&run.spec().without(allowance), &run.history).is_err())
        });
        for (at, allowance) in Allowance::ALL.into_iter().enumerate() {
            let count = rejected.iter().filter(|rejected| rejected[at]).count();
            *needed.entry(allowance).or_default() += count;
        }
    }
    println!("histories that need each: {needed:?}");
    for (allowance, count) in needed {
        assert!(
            count > 0,
            "no history needs {allowance:?}: is it ever exercised?"
        );
    }
}

/// A run of tasks is the same whenever it is run.
#[test]
fn a_seed_of_tasks_comes_again() {
    for suite in suites(Pace::Tasks) {
        for seed in 0..50 {
            assert_eq!(suite.run(seed).history, suite.run(seed).history);
        }
    }
}
