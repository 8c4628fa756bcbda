//! Ten threads at one key whose value keeps growing old: never two creators, and nobody waits
//! while there is an old value.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use dogpile::{Config, Memory, Origin, Region};

use crate::stores::{Form, HandClock, Server};

const THREADS: usize = 10;
const CALLS: usize = 200;
const FRESH: Duration = Duration::from_secs(10);

fn configured(config: Config<u64>, stale_for: Duration) -> Region<u64> {
    let region = Region::new("locked");
    let config = config.fresh_for(FRESH).stale_for(stale_for);
    region.configure(config).unwrap();
    region
}

/// Time is moved far while a creator is at work: here that must not end its right to be.
fn patient(config: Config<u64>) -> Config<u64> {
    let config = config.creation_limit(Duration::MAX).deadline(Duration::MAX);
    config.lease_time(Duration::MAX)
}

fn in_memory(stale_for: Duration) -> (Region<u64>, Arc<HandClock>) {
    let clock = HandClock::new();
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    (configured(patient(config), stale_for), clock)
}

/// What ten threads met with.
struct Met {
    creations: u64,
    origins: Vec<Origin>,
}

/// Each thread calls again and again; the first one moves time, or whatever it wants, in between.
fn ten_threads(region: &Region<u64>, creation: impl Fn() + Sync, between: impl Fn() + Sync) -> Met {
    let (creations, busy) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = Barrier::new(THREADS);
    let create = || {
        assert!(!busy.swap(true, Ordering::Relaxed), "two creators at once");
        creation();
        thread::yield_now();
        busy.store(false, Ordering::Relaxed);
        creations.fetch_add(1, Ordering::Relaxed) + 1
    };
    let call = |number| {
        start.wait();
        let mut last = 0;
        let mut origins = Vec::new();
        for _ in 0..CALLS {
            let answer = region.at("key").create(create).unwrap();
            assert!(answer.value >= last, "no value comes back");
            last = answer.value;
            origins.push(answer.origin);
            if number == 0 {
                between();
            }
        }
        origins
    };
    let origins = thread::scope(|scope| {
        let call = &call;
        let threads = [(); THREADS];
        let mut number = 0;
        let threads = threads.map(|()| {
            number += 1;
            scope.spawn(move || call(number - 1))
        });
        let met = threads.into_iter().flat_map(|one| one.join().unwrap());
        met.collect()
    });
    Met {
        creations: creations.into_inner(),
        origins,
    }
}

#[test]
fn nobody_waits_while_an_old_value_exists() {
    let (region, clock) = in_memory(Duration::MAX);
    region.set("key", 0).unwrap();
    let met = ten_threads(&region, || (), || clock.advance(FRESH / 2));
    assert!(!met.origins.contains(&Origin::Shared), "somebody waited");
    assert!(
        met.creations <= CALLS as u64 / 2,
        "no more than time allows"
    );
    assert!(met.creations > 0);
}

#[test]
fn nobody_waits_on_a_shared_store_either() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let config = patient(server.open("a").form(form).config(&clock));
        let region = configured(config, Duration::MAX);
        region.set("key", 0).unwrap();
        let met = ten_threads(&region, || (), || clock.advance(FRESH / 2));
        assert!(!met.origins.contains(&Origin::Shared), "{form:?}");
        assert!(met.creations <= CALLS as u64 / 2, "{form:?}");
    }
}

#[test]
fn a_creation_that_takes_longer_than_values_are_fresh_is_still_one_at_a_time() {
    let (region, clock) = in_memory(Duration::MAX);
    region.set("key", 0).unwrap();
    let met = ten_threads(
        &region,
        || clock.advance(FRESH * 2),
        || clock.advance(FRESH),
    );
    assert!(!met.origins.contains(&Origin::Shared));
}

#[test]
fn without_old_values_all_wait_for_one() {
    let (region, clock) = in_memory(Duration::ZERO);
    let met = ten_threads(&region, || (), || clock.advance(FRESH / 2));
    assert!(!met.origins.contains(&Origin::Stale));
    assert!(met.creations <= CALLS as u64 / 2 + 1);
}

#[test]
fn a_store_that_loses_values_costs_a_creation_each() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let config = patient(server.open("a").form(form).config(&clock));
        let region = configured(config, Duration::MAX);
        let met = ten_threads(&region, || (), || server.lose("key"));
        assert!(met.creations <= CALLS as u64 + 1, "{form:?}");
        assert!(!met.origins.contains(&Origin::Stale), "nothing grew old");
    }
}

#[test]
fn the_stores_own_lifetime_is_long_enough_for_old_values() {
    let (server, clock) = Server::by_hand();
    let config = server.open("a").config(&clock);
    let config = config.creation_limit(FRESH).lease_time(FRESH * 2);
    let region = configured(config, FRESH);
    region.set("key", 1).unwrap();
    // Asked at the last moment, created for as long as a creator may: never a miss meanwhile.
    clock.advance(Duration::from_millis(19_999));
    let answer = region.at("key").create(|| {
        let old = region.at("key").create(|| unreachable!("one creates"));
        assert_eq!(old.unwrap().origin, Origin::Stale);
        clock.advance(FRESH - Duration::from_millis(1));
        assert!(
            server.entry("key").is_some(),
            "kept for the creation's time"
        );
        2
    });
    assert_eq!(answer.unwrap().origin, Origin::Created);
}

#[test]
fn an_expired_value_is_served_by_nobody_after_its_time() {
    let (region, clock) = in_memory(FRESH);
    region.set("key", 1).unwrap();
    clock.advance(FRESH * 2);
    let met = ten_threads(&region, || (), || ());
    assert_eq!(met.creations, 1);
    let served = met.origins.iter();
    assert!(served.copied().all(|origin| origin != Origin::Stale));
}
