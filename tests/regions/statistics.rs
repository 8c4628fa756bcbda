//! What a region tells of its calls.

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use dogpile::backend::{Backend, Blocking, CachedValue, Span, StoreError};
use dogpile::{Config, Memory, Origin, Region, Statistics};

use crate::stores::{Form, Hand, HandClock, Server};

const FRESH: Duration = Duration::from_secs(10);

fn region(config: Config<u64>) -> Region<u64> {
    let region = Region::new("counted");
    region.configure(config.fresh_for(FRESH)).unwrap();
    region
}

fn figures(region: &Region<u64>) -> Statistics {
    region.statistics().unwrap()
}

/// Every origin that an answer can have, and how often.
fn answers(region: &Region<u64>) -> Vec<(Origin, u64)> {
    use Origin::*;
    let all = [
        Hit,
        Stale,
        StaleOnError,
        Kept,
        Shared,
        Created,
        Declined,
        Superseded,
        NotStored,
    ];
    let figures = figures(region);
    let counts = all.map(|origin| (origin, figures.answers(origin)));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn each_call_is_counted_once_by_where_its_value_came_from() {
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        (Config::new(server.open("a").form(form)), clock)
    });
    let memory = (Config::new(Memory::unbounded()), HandClock::new());
    for (config, clock) in [memory].into_iter().chain(shared) {
        let config = config.clock(clock.clone()).statistics(true);
        let region = region(config.should_cache(|value| *value != 0));
        assert_eq!(region.get("key").unwrap(), None);
        region.get_or_create("key", || 1).unwrap();
        region.get_or_create("key", || 2).unwrap();
        assert_eq!(region.get("key").unwrap(), Some(1));
        assert_eq!(region.read("key", |value| *value).unwrap(), Some(1));
        region.at("key").create(|| 2).unwrap();
        Hand::new(region.get_or_create_async("key", async || 2))
            .finish()
            .unwrap();
        region.get_or_create("none", || 0).unwrap();
        clock.advance(FRESH);
        let failed = region.at("key").try_create(|| Err::<u64, _>("no"));
        assert_eq!(failed.unwrap().origin, Origin::StaleOnError);
        assert!(
            region
                .get_or_try_create("new", || Err::<u64, _>("no"))
                .is_err()
        );
        region
            .get_or_create_many(&["a", "b"], |keys| vec![3; keys.len()])
            .unwrap();
        let expected = [
            (Origin::Hit, 5),
            (Origin::StaleOnError, 1),
            (Origin::Created, 3),
            (Origin::Declined, 1),
        ];
        assert_eq!(answers(&region), expected);
        let figures = figures(&region);
        assert_eq!((figures.misses, figures.errors), (1, 1));
        assert_eq!((figures.creations.ended, figures.creations.failed), (4, 2));
        assert!((figures.hit_ratio() - 5.0 / 12.0).abs() < 1e-9);
    }
}

#[test]
fn nothing_is_counted_unless_it_was_asked_for_but_creations_are() {
    let region = region(Config::new(Memory::unbounded()));
    region.get_or_create("key", || 1).unwrap();
    region.get_or_create("key", || 1).unwrap();
    assert_eq!(answers(&region), []);
    assert_eq!(figures(&region).creations.ended, 1);
}

#[test]
fn creations_tell_how_long_they_took() {
    let clock = HandClock::new();
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    let region = region(config);
    for (key, millis) in [("a", 3), ("b", 3), ("c", 700)] {
        let took = Duration::from_millis(millis);
        region
            .get_or_create(key, || {
                clock.advance(took);
                1
            })
            .unwrap();
    }
    let creations = figures(&region).creations;
    assert_eq!(creations.total, Duration::from_millis(706));
    assert_eq!(creations.longest, Duration::from_millis(700));
    let median = creations.histogram.quantile(0.5).unwrap();
    assert_eq!(
        median,
        Duration::from_nanos(1 << 22),
        "the next power of two"
    );
    let counts: Vec<_> = creations
        .histogram
        .buckets()
        .map(|(_, count)| count)
        .collect();
    assert_eq!(counts, [2, 1]);
}

#[test]
fn what_is_under_way_is_told_while_it_is() {
    let region = region(Config::new(Memory::unbounded()));
    let (began, go_on) = (Barrier::new(2), Barrier::new(2));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            region.get_or_create("key", || {
                began.wait();
                go_on.wait();
                1
            })
        });
        began.wait();
        let mut waiter = Hand::new(region.get_or_create_async("key", async || 2));
        assert!(waiter.poll().is_pending(), "it waits");
        let figures = figures(&region);
        let under_way = (figures.creating, figures.waiting, figures.leases);
        assert_eq!(under_way, (1, 1, 1));
        go_on.wait();
    });
    let figures = figures(&region);
    assert_eq!(
        (figures.creating, figures.waiting, figures.leases),
        (0, 0, 0)
    );
}

#[test]
fn every_threads_calls_are_counted_also_of_those_that_are_gone() {
    let region = region(Config::new(Memory::unbounded()).statistics(true));
    region.set("key", 1).unwrap();
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..1_000 {
                    region.get("key").unwrap();
                }
            });
        }
    });
    assert_eq!(answers(&region), [(Origin::Hit, 8_000)]);
}

/// Nothing, and a count that its owner moves.
struct Moody(Arc<Mutex<u64>>);

impl Backend<u64> for Moody {
    fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        Ok(None)
    }

    fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> {
        Ok(())
    }

    fn delete(&self, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn unreadable(&self) -> u64 {
        *self.0.lock().unwrap()
    }
}

#[test]
fn a_store_that_counts_anew_does_not_upset_the_figures() {
    let count = Arc::new(Mutex::new(7));
    let region = region(Config::new(Blocking::new(Moody(Arc::clone(&count)))));
    for (counted, unreadable) in [(9, 2), (3, 0), (8, 1)] {
        *count.lock().unwrap() = counted;
        assert_eq!(figures(&region).unreadable, unreadable);
        #[cfg(feature = "metrics")]
        region.publish_metrics().unwrap();
    }
}
