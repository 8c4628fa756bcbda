//! What users of dogpile.cache rely on and no law names: rows of docs/conformance.md.

#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod stores;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::backend::{Store, show_key};
use dogpile::{Config, Error, Invalidation, Memory, Origin, Region};
use stores::{HandClock, Op, Server};

const CALLERS: usize = 10;
const FRESH: Duration = Duration::from_secs(10);

fn configured(config: Config<u64>) -> Region<u64> {
    let region = Region::new("conformance");
    region.configure(config).unwrap();
    region
}

/// Asks from as many threads as there are callers, all at once, and answers where each value came
/// from.
fn ask_at_once(region: &Region<u64>, create: impl Fn() -> u64 + Sync) -> Vec<(u64, Origin)> {
    let start = Barrier::new(CALLERS);
    thread::scope(|scope| {
        let ask = || {
            start.wait();
            let answer = region.at("key").create(&create).unwrap();
            (answer.value, answer.origin)
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(ask)).collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

#[test]
fn there_are_no_more_creations_than_the_time_allows() {
    let clock = HandClock::new();
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    let region = configured(config.fresh_for(FRESH));
    let creations = AtomicUsize::new(0);
    for period in 1..=5 {
        for _ in 0..3 {
            ask_at_once(&region, || creations.fetch_add(1, Ordering::Relaxed) as u64);
        }
        assert_eq!(creations.load(Ordering::Relaxed), period);
        clock.advance(FRESH);
    }
}

#[test]
fn a_creation_that_outlasts_freshness_has_no_rival() {
    let clock = HandClock::new();
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    let region = configured(config.fresh_for(FRESH).stale_for(FRESH * 100));
    region.set("key", 1).unwrap();
    clock.advance(FRESH);
    let answer = region.at("key").create(|| {
        for _ in 0..2 {
            clock.advance(FRESH);
            let others = ask_at_once(&region, || unreachable!("one creates already"));
            assert_eq!(others, [(1, Origin::Stale); CALLERS]);
        }
        2
    });
    let answer = answer.unwrap();
    assert_eq!((answer.value, answer.origin), (2, Origin::Created));
    assert_eq!(region.get("key").unwrap(), Some(2), "fresh from its end on");
}

#[test]
fn a_value_that_the_store_loses_early_is_created_once() {
    let (store, clock) = (Memory::unbounded(), HandClock::new());
    let config = Config::new(store.clone()).clock(clock.clone());
    let region = configured(config.fresh_for(FRESH));
    let creations = AtomicUsize::new(0);
    for round in 1..=3 {
        let answers = ask_at_once(&region, || {
            creations.fetch_add(1, Ordering::Relaxed) as u64 + 1
        });
        assert!(
            answers.iter().all(|(value, _)| *value == round),
            "{answers:?}"
        );
        clock.advance(FRESH * 8 / 10);
        Store::<u64>::delete(&store, b"key").wait().unwrap();
    }
    assert_eq!(creations.into_inner(), 3);
}

/// The store keeps what the region may still use: however the calls fall, a value is at hand.
#[test]
fn once_there_is_a_value_nobody_sees_a_miss() {
    let clock = HandClock::new();
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    let creation = FRESH / 10;
    let region = configured(config.fresh_for(FRESH).stale_for(creation * 2));
    region.set("key", 0).unwrap();
    for round in 1..=5 {
        clock.advance(FRESH);
        let answer = region.at("key").create(|| {
            clock.advance(creation);
            let others = ask_at_once(&region, || unreachable!("there is a value"));
            assert_eq!(others, [(round - 1, Origin::Stale); CALLERS]);
            round
        });
        assert_eq!(answer.unwrap().origin, Origin::Created);
        let at_once = ask_at_once(&region, || unreachable!("it is fresh"));
        assert_eq!(at_once, [(round, Origin::Hit); CALLERS]);
    }
}

#[test]
fn an_expired_value_is_looked_at_once_before_and_once_after_winning() {
    let (server, clock) = Server::by_hand();
    let region = configured(server.open("a").config(&clock).fresh_for(FRESH));
    region.set("key", 1).unwrap();
    clock.advance(FRESH);
    let before = (server.count("a", Op::Get), server.count("a", Op::Lease));
    assert_eq!(
        region.at("key").create(|| 2).unwrap().origin,
        Origin::Created
    );
    let after = (server.count("a", Op::Get), server.count("a", Op::Lease));
    assert_eq!(
        (after.0 - before.0, after.1 - before.1),
        (1, 1),
        "the lease looks as well"
    );
}

#[test]
fn a_soft_invalidation_needs_no_expiry() {
    let region = configured(Config::new(Memory::unbounded()));
    for round in 1..=2 {
        region.set("key", round).unwrap();
        region.invalidate(Invalidation::Soft).unwrap();
        let answer = region.at("key").create(|| {
            let others = ask_at_once(&region, || unreachable!("one creates already"));
            assert_eq!(others, [(round, Origin::Stale); CALLERS]);
            round + 10
        });
        assert_eq!(answer.unwrap().origin, Origin::Created);
        assert_eq!(region.get("key").unwrap(), Some(round + 10));
    }
}

#[test]
fn a_soft_invalidation_where_nothing_stale_may_be_served_makes_misses() {
    let region = configured(Config::new(Memory::unbounded()).stale_for(Duration::ZERO));
    for round in 1..=2 {
        region.set("key", round).unwrap();
        region.invalidate(Invalidation::Soft).unwrap();
        assert_eq!(region.get("key").unwrap(), None);
        let answer = region.at("key").create(|| {
            thread::scope(|scope| {
                let impatient = || region.at("key").deadline(Duration::ZERO).create(|| 0);
                let waited = scope.spawn(impatient).join().unwrap();
                assert!(matches!(waited, Err(Error::Deadline { .. })), "{waited:?}");
            });
            round + 10
        });
        assert_eq!(answer.unwrap().value, round + 10);
    }
}

#[test]
fn long_keys_are_cut_before_they_are_shown() {
    let shown = show_key(&vec![b'k'; 1_000_000]);
    assert!(shown.len() < 100, "{}", shown.len());
    assert!(shown.ends_with("(1000000 bytes)"), "{shown}");
    assert_eq!(show_key(b"short"), "\"short\"");
}
