//! Keys with something before them, in every operation.

mod stores;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile_backend::conformance::Suite;
use dogpile_backend::proxy::{Beneath, CircuitBreaker, KeyPrefix, Proxy, Wrap};
use dogpile_backend::{
    Ask, Awaiting, Blocking, CachedValue, Commit, Epoch, Fault, Guarded, Invalidation, Lease,
    Leased, Local, ManualClock, Metadata, Operation, Reply, Span, Stamp, Store, StoreError, Terms,
    Time, block_on,
};
use stores::leasing::Leasing;
use stores::map::{Map, Slow};
use stores::wrong::Wrong;

const TIME: Span = Span::from_secs(9);

#[test]
fn a_store_behind_a_prefix_keeps_all_that_it_promises() {
    let leasing = || Leasing::<u64>::new(Wrong::Nothing);
    Suite::<u64>::new(move || leasing().wrap(KeyPrefix::new("shop:")))
        .run()
        .assert();
    Suite::<u64>::new(move || leasing().wrap(KeyPrefix::default()))
        .run()
        .assert();
    let guarded = || Guarded::new(Blocking::new(Map::default())).wrap(KeyPrefix::new("shop:"));
    Suite::<u64>::new(guarded).run().assert();
    let late = || Guarded::new(Awaiting::new(Slow::default())).wrap(KeyPrefix::new("shop:"));
    Suite::<u64>::new(late).run().assert();
    let within = || Blocking::new(Map::default()).wrap(KeyPrefix::new("shop:"));
    Suite::<u64>::new(within).run().assert();
}

fn entry(value: u64) -> CachedValue<u64> {
    let metadata = Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::FIRST,
        created: Time::from_nanos(value),
        terms: Terms::NONE,
    };
    CachedValue { value, metadata }
}

fn ask<'a>() -> Ask<'a> {
    Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: TIME,
    }
}

fn answered<T>(reply: Reply<'_, T>, as_task: bool) -> Result<T, StoreError> {
    match as_task {
        true => block_on(reply),
        false => reply.wait(),
    }
}

fn won(leased: Leased<u64>) -> Lease {
    match leased {
        Leased::Won { lease, .. } => lease,
        other => panic!("nobody else has it: {other:?}"),
    }
}

#[test]
fn every_operation_goes_to_the_key_behind_its_prefix() {
    for as_task in [false, true] {
        let bare = Arc::new(Leasing::<u64>::new(Wrong::Nothing));
        let shop = bare.clone().wrap(KeyPrefix::new("shop:"));
        let (under, leases) = (bare.leases().unwrap(), shop.leases().unwrap());
        answered(shop.set(b"1", entry(1), Span::FOREVER), as_task).unwrap();
        assert_eq!(bare.get(b"shop:1").wait().unwrap(), Some(entry(1)));
        assert_eq!(bare.get(b"1").wait().unwrap(), None);
        assert_eq!(answered(shop.get(b"1"), as_task).unwrap(), Some(entry(1)));
        answered(shop.delete(b"1"), as_task).unwrap();
        assert_eq!(bare.get(b"shop:1").wait().unwrap(), None);

        let rung = Arc::new(Mutex::new(0));
        let count = Arc::clone(&rung);
        let bell = Box::new(move |_| *count.lock().unwrap() += 1);
        let watch = leases.watch(b"1", bell).unwrap();
        let lease = won(answered(leases.lease(b"1", ask()), as_task).unwrap());
        let lost = under.lease(b"shop:1", ask()).wait().unwrap();
        assert!(matches!(lost, Leased::Lost { .. }), "{lost:?}");
        let other = won(under.lease(b"1", ask()).wait().unwrap());
        under.release(b"1", &other, false).wait().unwrap();
        let renewed = answered(leases.renew(b"1", &lease, TIME), as_task).unwrap();
        assert_eq!(renewed, Commit::Stored);
        let commit = leases.commit(b"1", &lease, entry(2), Span::FOREVER);
        assert_eq!(answered(commit, as_task).unwrap(), Commit::Stored);
        assert_eq!(bare.get(b"shop:1").wait().unwrap(), Some(entry(2)));
        assert!(*rung.lock().unwrap() > 0, "the watch is on the same key");
        drop(watch);

        let lease = won(answered(leases.lease(b"1", ask()), as_task).unwrap());
        let released = answered(leases.release(b"1", &lease, false), as_task).unwrap();
        assert_eq!(released, Commit::Stored);
        let lease = won(under.lease(b"shop:1", ask()).wait().unwrap());
        let shut = answered(leases.shut(b"1", &lease, TIME), as_task).unwrap();
        assert_eq!(shut, Commit::Stored);
    }
}

#[test]
fn an_invalidation_goes_by_the_regions_name_whatever_stands_before_keys() {
    let bare = Arc::new(Leasing::<u64>::new(Wrong::Nothing));
    let [shop, depot] = ["shop:", "depot:"].map(|it| bare.clone().wrap(KeyPrefix::new(it)));
    let raised = shop.epochs().unwrap().raise("users", Invalidation::Hard);
    let raised = raised.wait().unwrap();
    assert_eq!(
        depot.epochs().unwrap().read("users").wait().unwrap(),
        raised
    );
}

/// A breaker lets one call through to try. The first of the two calls that a prefix may make must not use
/// that up.
#[test]
fn a_circuit_closes_behind_a_prefix_before_a_store_that_answers_later() {
    for as_task in [false, true] {
        let clock = Arc::new(ManualClock::new());
        let breaker = CircuitBreaker::new(1, Duration::from_secs(10)).clock(clock.clone());
        let fails = Arc::new(Mutex::new(true));
        let faulty = Faulty(Arc::clone(&fails));
        let store = Guarded::new(Awaiting::new(Slow::default())).wrap(faulty);
        let store = store.wrap(breaker.clone()).wrap(KeyPrefix::new("shop:"));
        answered(store.get(b"1"), as_task).unwrap_err();
        assert!(breaker.is_open());
        *fails.lock().unwrap() = false;
        answered(store.get(b"1"), as_task).unwrap_err();
        clock.advance(Span::from_secs(10));
        assert_eq!(answered(store.get(b"1"), as_task).unwrap(), None);
        assert!(!breaker.is_open());
    }
}

/// Fails later, when it is told to.
struct Faulty(Arc<Mutex<bool>>);

impl Proxy<u64> for Faulty {
    fn look_local(
        &self,
        _: Beneath<'_, u64>,
        _: &[u8],
        _: &mut dyn FnMut(CachedValue<&u64>),
    ) -> Local {
        Local::Unknown
    }

    fn get<'a>(
        &'a self,
        beneath: Beneath<'a, u64>,
        key: &'a [u8],
    ) -> Reply<'a, Option<CachedValue<u64>>> {
        beneath.get(key).then(|answer| {
            if *self.0.lock().unwrap() {
                let (get, away) = (Operation::Get, Fault::Unavailable);
                return Err(StoreError::new("faulty", get, key, away, "as told"));
            }
            answer
        })
    }
}
