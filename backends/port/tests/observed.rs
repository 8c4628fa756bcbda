//! Somebody is told of every operation of a store, what came of it and how long it took.

mod stores;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile_backend::conformance::Suite;
use dogpile_backend::proxy::{
    Answered, Beneath, Call, Observed, Observer, Outcome, Proxy, StoreStatistics, Wrap,
};
use dogpile_backend::{
    Ask, Awaiting, Backend, Blocking, CachedValue, Epoch, Fault, Guarded, Invalidation, Lease,
    Leased, Local, ManualClock, Metadata, Operation, Reply, Span, Stamp, Store, StoreError, Terms,
    Time, block_on,
};
use stores::leasing::Leasing;
use stores::map::{Map, Slow};
use stores::wrong::Wrong;

const TIME: Span = Span::from_secs(9);

#[test]
fn a_store_that_is_observed_keeps_all_that_it_promises() {
    let observed = || Observed::by(StoreStatistics::new());
    let leasing = move || Leasing::new(Wrong::Nothing).wrap(observed());
    Suite::<u64>::new(leasing).run().assert();
    let late = move || Guarded::new(Awaiting::new(Slow::default())).wrap(observed());
    Suite::<u64>::new(late).run().assert();
}

/// Each operation takes a second of the clock, but for those in memory.
struct ASecond(Arc<ManualClock>);

impl Proxy<u64> for ASecond {
    fn look_local(
        &self,
        beneath: Beneath<'_, u64>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&u64>),
    ) -> Local {
        beneath.look_local(key, lend)
    }

    fn get<'a>(
        &'a self,
        beneath: Beneath<'a, u64>,
        key: &'a [u8],
    ) -> Reply<'a, Option<CachedValue<u64>>> {
        beneath.get(key).then(|answer| {
            self.0.advance(Span::from_secs(1));
            answer
        })
    }
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Observer for Heard {
    fn answered(&self, answered: &Answered<'_>) {
        let Answered { call, outcome, .. } = answered;
        let outcome = match outcome {
            Ok(outcome) => outcome.to_string(),
            Err(error) => format!("{:?}", error.fault).to_lowercase(),
        };
        let key = String::from_utf8_lossy(answered.key);
        self.0
            .lock()
            .unwrap()
            .push(format!("{call} {key}: {outcome}"));
    }
}

impl Heard {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
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

fn ask(fresh: &(dyn Fn(&Metadata) -> bool + Send + Sync)) -> Ask<'_> {
    Ask {
        fresh,
        held: None,
        stale: None,
        supersede: false,
        time: TIME,
    }
}

fn won(leased: Leased<u64>) -> Lease {
    match leased {
        Leased::Won { lease, .. } => lease,
        other => panic!("nobody else has it: {other:?}"),
    }
}

#[test]
fn every_operation_is_told_with_its_key_and_what_came_of_it() {
    let heard = Heard::default();
    let store = Leasing::<u64>::new(Wrong::Nothing).wrap(Observed::by(heard.clone()));
    let leases = store.leases().unwrap();
    store.get(b"a").wait().unwrap();
    store.set(b"a", entry(1), TIME).wait().unwrap();
    block_on(store.get(b"a")).unwrap();
    store.delete(b"a").wait().unwrap();
    let told = [
        "get a: absent",
        "set a: done",
        "get a: found",
        "delete a: done",
    ];
    assert_eq!(heard.take(), told);

    let lease = won(leases.lease(b"b", ask(&|_| false)).wait().unwrap());
    leases.lease(b"b", ask(&|_| false)).wait().unwrap();
    leases.renew(b"b", &lease, TIME).wait().unwrap();
    leases.commit(b"b", &lease, entry(2), TIME).wait().unwrap();
    leases.commit(b"b", &lease, entry(3), TIME).wait().unwrap();
    leases.lease(b"b", ask(&|_| true)).wait().unwrap();
    let lease = won(leases.lease(b"b", ask(&|_| false)).wait().unwrap());
    leases.shut(b"b", &lease, TIME).wait().unwrap();
    leases.release(b"b", &lease, false).wait().unwrap();
    let told = [
        "lease b: won",
        "lease b: lost",
        "renew b: current",
        "commit b: current",
        "commit b: void",
        "lease b: fresh",
        "lease b: won",
        "shut b: current",
        "release b: void",
    ];
    assert_eq!(heard.take(), told);

    let epochs = store.epochs().unwrap();
    let known = epochs.raise("users", Invalidation::Soft).wait().unwrap();
    epochs.read("users").wait().unwrap();
    epochs.restore("users", known).wait().unwrap();
    let told = [
        "raise epochs users: done",
        "read epochs users: done",
        "restore epochs users: done",
    ];
    assert_eq!(heard.take(), told);
}

#[test]
fn what_is_dropped_before_its_end_is_not_told() {
    let heard = Heard::default();
    let store = Guarded::new(Awaiting::new(Slow::<u64>::default()));
    let store = store.wrap(Observed::by(heard.clone()));
    drop(store.get(b"a"));
    assert_eq!(heard.take(), [""; 0]);
    store.get(b"a").wait().unwrap();
    assert_eq!(heard.take(), ["get a: absent"]);
}

#[test]
fn operations_are_counted_and_timed_by_what_came_of_them() {
    for late in [false, true] {
        let clock = Arc::new(ManualClock::new());
        let statistics = StoreStatistics::new();
        let observed = Observed::by(statistics.clone()).clock(clock.clone());
        let second = ASecond(clock.clone());
        let store: Arc<dyn Store<u64>> = match late {
            true => Arc::new(Awaiting::new(Slow::default()).wrap(second)),
            false => Arc::new(Blocking::new(Map::default()).wrap(second)),
        };
        let store = Guarded::new(store).wrap(observed);
        store.get(b"a").wait().unwrap();
        let unused = store.get(b"a");
        clock.advance(Span::from_secs(60));
        drop(unused);
        store.set(b"a", entry(1), TIME).wait().unwrap();
        store.get(b"a").wait().unwrap();
        store.get(b"a").wait().unwrap();
        let figures = statistics.figures();
        let gets = figures.of(Call::Get);
        let dropped = u64::from(!late); // an answer that is there was given
        assert_eq!(gets.count(Outcome::Found), 2);
        assert_eq!(gets.count(Outcome::Absent), 1 + dropped);
        assert_eq!(gets.total, Duration::from_secs(gets.ended()));
        assert_eq!(gets.mean(), Some(Duration::from_secs(1)));
        assert_eq!(gets.longest, Duration::from_secs(1));
        let sets = figures.of(Call::Set);
        assert_eq!((sets.ended(), sets.total), (1, Duration::ZERO));
        assert_eq!(figures.of(Call::Delete).mean(), None);
        let ratio = if late { 2.0 / 3.0 } else { 0.5 };
        assert!((figures.found_ratio() - ratio).abs() < 1e-9);
    }
}

/// Refuses what is asked, and lends what it has not.
struct Refuses;

impl Backend<u64> for Refuses {
    fn name(&self) -> &'static str {
        "refuses"
    }

    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        let (get, refused) = (Operation::Get, Fault::Refused);
        Err(StoreError::new(self.name(), get, key, refused, "as told"))
    }

    fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> {
        Ok(())
    }

    fn delete(&self, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&u64>)) -> Local {
        match key {
            b"there" => {
                let CachedValue { value, metadata } = &entry(7);
                let metadata = *metadata;
                lend(CachedValue { value, metadata });
                Local::Lent
            }
            b"absent" => Local::Absent,
            _ => Local::Unknown,
        }
    }
}

#[test]
fn looks_into_memory_and_failures_are_told_as_what_they_are() {
    let (heard, statistics) = (Heard::default(), StoreStatistics::new());
    let store = Blocking::new(Refuses);
    let store = store.wrap(Observed::by(heard.clone()));
    let store = store.wrap(Observed::by(statistics.clone()));
    for key in [&b"there"[..], b"absent", b"unknown"] {
        store.look_local(key, &mut |_| {});
    }
    assert_eq!(heard.take(), ["look there: found", "look absent: absent"]);
    store.get(b"unknown").wait().unwrap_err();
    assert_eq!(heard.take(), ["get unknown: refused"]);
    let figures = statistics.figures();
    assert_eq!(
        (figures.of(Call::Get).errors, figures.of(Call::Get).ended()),
        (1, 1)
    );
    assert_eq!(figures.of(Call::LookLocal).total, Duration::ZERO);
    assert!((figures.found_ratio() - 1.0 / 3.0).abs() < 1e-9);
}
