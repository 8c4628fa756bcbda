//! Proxies: what they do not override goes on, and what the ready ones promise.

mod stores;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile_backend::conformance::Suite;
use dogpile_backend::proxy::{
    Beneath, CircuitBreaker, CircuitOpen, IsReadOnly, Proxy, ReadOnly, RetriedInVain, RetryDelete,
    Wrap,
};
use dogpile_backend::{
    Ask, Backend, Blocking, CachedValue, Commit, Epoch, Fault, Guarded, Leased, Local, ManualClock,
    Metadata, Operation, Reply, Span, Stamp, Store, StoreError, Terms, Time,
};
use stores::leasing::Leasing;
use stores::wrong::Wrong;

/// Overrides nothing.
struct Plain;

impl Proxy<u64> for Plain {
    fn look_local(
        &self,
        beneath: Beneath<'_, u64>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&u64>),
    ) -> Local {
        beneath.look_local(key, lend)
    }
}

fn leasing() -> Leasing<u64> {
    Leasing::new(Wrong::Nothing)
}

#[test]
fn a_store_beneath_proxies_keeps_all_that_it_promises() {
    Suite::<u64>::new(|| leasing().wrap(Plain)).run().assert();
    Suite::<u64>::new(|| leasing().wrap(RetryDelete::new(3)).wrap(Plain))
        .run()
        .assert();
    Suite::<u64>::new(|| leasing().wrap(CircuitBreaker::new(1, Duration::from_secs(9))))
        .run()
        .assert();
    let guarded = || Guarded::new(Blocking::new(Failing::default())).wrap(Plain);
    Suite::<u64>::new(guarded).run().assert();
}

#[test]
fn a_fault_beneath_a_proxy_is_still_found() {
    let suite = Suite::<u64>::new(|| Leasing::new(Wrong::SetKeepsTheLease).wrap(Plain));
    let report = suite.run_one("set_voids_the_lease");
    assert!(report.has_failed("set_voids_the_lease"));
}

/// A map whose next calls fail as it is told.
#[derive(Default)]
struct Failing {
    map: Mutex<std::collections::HashMap<Vec<u8>, CachedValue<u64>>>,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl Failing {
    fn next(&self, operation: Operation, key: &[u8]) -> Result<(), StoreError> {
        match self.faults.lock().unwrap().pop() {
            Some(fault) => Err(StoreError::new("failing", operation, key, fault, "as told")),
            None => Ok(()),
        }
    }
}

impl Backend<u64> for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        self.next(Operation::Get, key)?;
        Ok(self.map.lock().unwrap().get(key).copied())
    }

    fn set(&self, key: &[u8], entry: CachedValue<u64>, _: Span) -> Result<(), StoreError> {
        self.next(Operation::Set, key)?;
        self.map.lock().unwrap().insert(key.into(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.next(Operation::Delete, key)?;
        self.map.lock().unwrap().remove(key);
        Ok(())
    }
}

/// A store that fails as often as it is told, and how to tell it.
fn failing() -> (Guarded<Blocking<Failing>>, Arc<Mutex<Vec<Fault>>>) {
    let store = Failing::default();
    let faults = Arc::clone(&store.faults);
    (Guarded::new(Blocking::new(store)), faults)
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

/// The answer, as a thread or as a task gets it.
fn answered<T>(reply: Reply<'_, T>, as_task: bool) -> Result<T, StoreError> {
    match as_task {
        true => dogpile_backend::block_on(reply),
        false => reply.wait(),
    }
}

#[test]
fn a_delete_that_failed_is_tried_again() {
    for as_task in [false, true] {
        let (store, faults) = failing();
        let reported = Arc::new(Mutex::new(0));
        let count = Arc::clone(&reported);
        let retry = RetryDelete::new(3).report(move |_| *count.lock().unwrap() += 1);
        let store = store.wrap(retry);
        store.set(b"key", entry(1), Span::FOREVER).wait().unwrap();
        *faults.lock().unwrap() = vec![Fault::Unavailable; 2];
        answered(store.delete(b"key"), as_task).unwrap();
        assert_eq!(store.get(b"key").wait().unwrap(), None);
        assert_eq!((store.proxy().retried(), *reported.lock().unwrap()), (2, 2));

        *faults.lock().unwrap() = vec![Fault::Unavailable; 3];
        let error = answered(store.delete(b"key"), as_task).unwrap_err();
        let why = error.source.downcast_ref::<RetriedInVain>().unwrap();
        assert_eq!((error.fault, why.tries), (Fault::Unavailable, 3));
        assert!(faults.lock().unwrap().is_empty(), "three tries and no more");

        *faults.lock().unwrap() = vec![Fault::Refused; 2];
        let error = answered(store.delete(b"key"), as_task).unwrap_err();
        assert_eq!(error.fault, Fault::Refused);
        assert_eq!(faults.lock().unwrap().len(), 1, "what is refused stays so");
    }
}

#[test]
fn a_store_that_fails_in_a_row_is_left_alone_until_one_tries() {
    let (store, faults) = failing();
    let clock = Arc::new(ManualClock::new());
    let breaker = CircuitBreaker::new(3, Duration::from_secs(10)).clock(clock.clone());
    let store = store.wrap(breaker.clone());
    let fail = |fault| {
        faults.lock().unwrap().push(fault);
        store.get(b"key").wait().unwrap_err()
    };
    fail(Fault::Unavailable);
    fail(Fault::Other);
    store.get(b"key").wait().unwrap();
    fail(Fault::Unavailable);
    fail(Fault::Unavailable);
    assert!(
        !breaker.is_open(),
        "an answer in between begins the row anew"
    );
    fail(Fault::Full);
    assert!(!breaker.is_open(), "a store that is full has answered");
    (0..3).for_each(|_| drop(fail(Fault::Unavailable)));
    assert!(breaker.is_open());
    for error in [
        store.get(b"key").wait().unwrap_err(),
        store
            .set(b"key", entry(1), Span::FOREVER)
            .wait()
            .unwrap_err(),
        store.delete(b"key").wait().unwrap_err(),
    ] {
        assert_eq!(error.fault, Fault::Unavailable);
        let open = error.source.downcast_ref::<CircuitOpen>().unwrap();
        assert_eq!((open.failures, open.rest), (3, Duration::from_secs(10)));
    }
    clock.advance(Span::from_secs(10));
    fail(Fault::Unavailable);
    assert!(breaker.is_open(), "who tried has failed: all wait again");
    clock.advance(Span::from_secs(10));
    store.get(b"key").wait().unwrap();
    assert!(!breaker.is_open());
    fail(Fault::Unavailable);
    assert!(!breaker.is_open(), "the row begins anew");
}

/// Nobody hears of a delete again.
struct Silent;

impl Proxy<u64> for Silent {
    fn look_local(
        &self,
        _: Beneath<'_, u64>,
        _: &[u8],
        _: &mut dyn FnMut(CachedValue<&u64>),
    ) -> Local {
        Local::Unknown
    }

    fn delete<'a>(&'a self, _: Beneath<'a, u64>, _: &'a [u8]) -> Reply<'a, ()> {
        Reply::later(std::future::pending())
    }
}

#[test]
fn while_one_tries_all_others_are_kept_away() {
    let (store, faults) = failing();
    let clock = Arc::new(ManualClock::new());
    let breaker = CircuitBreaker::new(1, Duration::from_secs(10)).clock(clock.clone());
    let store = store.wrap(Silent).wrap(breaker.clone());
    faults.lock().unwrap().push(Fault::Unavailable);
    store.get(b"key").wait().unwrap_err();
    clock.advance(Span::from_secs(10));
    let trial = store.delete(b"key");
    store.get(b"key").wait().unwrap_err();
    assert!(breaker.is_open(), "the one who tries has no answer yet");
    clock.advance(Span::from_secs(10));
    store.get(b"key").wait().unwrap();
    assert!(
        !breaker.is_open(),
        "who never tells keeps nobody away for ever"
    );
    drop(trial);
}

#[test]
fn a_store_that_is_only_read_is_not_written() {
    let (store, _) = failing();
    store.set(b"key", entry(1), Span::FOREVER).wait().unwrap();
    let store = store.wrap(ReadOnly);
    let leases = store.leases().unwrap();
    let ask = |fresh| Ask {
        fresh,
        held: None,
        stale: None,
        supersede: false,
        time: Span::from_secs(5),
    };
    let fresh = leases.lease(b"key", ask(&|_| true)).wait().unwrap();
    assert_eq!(fresh, Leased::Fresh(entry(1)));
    let Leased::Won { lease, seen } = leases.lease(b"key", ask(&|_| false)).wait().unwrap() else {
        panic!("nobody else can have it");
    };
    assert_eq!(seen, Some(entry(1)));
    let refused = [
        store
            .set(b"key", entry(2), Span::FOREVER)
            .wait()
            .unwrap_err(),
        store.delete(b"key").wait().unwrap_err(),
        leases
            .commit(b"key", &lease, entry(2), Span::FOREVER)
            .wait()
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.fault, Fault::Refused);
        assert!(error.source.is::<IsReadOnly>());
    }
    let released = leases.release(b"key", &lease, false).wait().unwrap();
    assert_eq!(released, Commit::Stored);
    assert_eq!(store.get(b"key").wait().unwrap(), Some(entry(1)));
}
