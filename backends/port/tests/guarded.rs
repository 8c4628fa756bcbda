//! Leases of the process hold when a backend fails, panics, or is left half-way.

mod stores;

use dogpile_backend::{
    Ask, AsyncBackend, Awaiting, Backend, Blocking, CachedValue, Commit, Epoch, Fault, Guarded,
    Lease, LeaseStore, Leased, Metadata, Operation, Reply, Span, Stamp, Store, StoreError, Terms,
    Time,
};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Barrier, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use stores::map::{Map, Slow};

fn entry(value: u64) -> CachedValue<u64> {
    CachedValue {
        value,
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: Time::ZERO,
            terms: Terms::NONE,
        },
    }
}

fn won(store: &dyn LeaseStore<u64>) -> Option<Lease> {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: Span::FOREVER,
    };
    match store.lease(b"key", ask).wait().expect("an answer") {
        Leased::Won { lease, .. } => Some(lease),
        _ => None,
    }
}

fn poll<T>(reply: &mut Reply<'_, T>) -> Poll<Result<T, StoreError>> {
    Pin::new(reply).poll(&mut Context::from_waker(Waker::noop()))
}

fn commit(store: &dyn LeaseStore<u64>, lease: &Lease) -> Result<Commit, StoreError> {
    store.commit(b"key", lease, entry(9), Span::FOREVER).wait()
}

fn is_usable(store: &Guarded<impl Store<u64>>) {
    let lease = won(store).expect("nobody holds it");
    assert_eq!(commit(store, &lease).expect("stored"), Commit::Stored);
    store.delete(b"key").wait().expect("deleted");
}

/// What the next write does.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Good,
    /// Stores and says that it failed.
    Fails,
    Panics,
    /// For async: stores and never comes back.
    Hangs,
}

struct Moody(Map<u64>, Mutex<Mood>);

impl Moody {
    fn new() -> Self {
        Self(Map::default(), Mutex::new(Mood::Good))
    }

    fn write(&self, write: impl FnOnce() -> Result<(), StoreError>) -> Result<Mood, StoreError> {
        let mood = std::mem::replace(&mut *self.1.lock().expect("no panic"), Mood::Good);
        write()?;
        match mood {
            Mood::Fails => Err(StoreError::new(
                "moody",
                Operation::Set,
                b"key",
                Fault::Other,
                "bad",
            )),
            Mood::Panics => std::panic::resume_unwind(Box::new("on purpose")),
            mood => Ok(mood),
        }
    }
}

impl Backend<u64> for Moody {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        self.0.get(key)
    }

    fn set(&self, key: &[u8], entry: CachedValue<u64>, ttl: Span) -> Result<(), StoreError> {
        self.write(|| self.0.set(key, entry, ttl)).map(drop)
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.write(|| self.0.delete(key)).map(drop)
    }
}

struct MoodyLater(Moody);

impl AsyncBackend<u64> for MoodyLater {
    async fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        self.0.get(key)
    }

    async fn set(&self, key: &[u8], entry: CachedValue<u64>, ttl: Span) -> Result<(), StoreError> {
        match self.0.write(|| self.0.0.set(key, entry, ttl))? {
            Mood::Hangs => pending().await,
            _ => Ok(()),
        }
    }

    async fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        match self.0.write(|| self.0.0.delete(key))? {
            Mood::Hangs => pending().await,
            _ => Ok(()),
        }
    }
}

#[test]
fn law_3_a_write_that_failed_voids_the_lease_all_the_same() {
    let store = Guarded::new(Blocking::new(Moody::new()));
    let moody = store.store().backend();
    for mood in [Mood::Fails, Mood::Panics] {
        let writes: [&dyn Fn() -> Result<(), StoreError>; 2] = [
            &|| store.set(b"key", entry(1), Span::FOREVER).wait(),
            &|| store.delete(b"key").wait(),
        ];
        for write in writes {
            let lease = won(&store).expect("nobody holds it");
            *moody.1.lock().expect("no panic") = mood;
            let outcome = catch_unwind(AssertUnwindSafe(write));
            assert!(!matches!(outcome, Ok(Ok(()))), "it was to fail");
            assert_eq!(commit(&store, &lease).expect("an answer"), Commit::Refused);
            is_usable(&store);
        }
        let lease = won(&store).expect("nobody holds it");
        *moody.1.lock().expect("no panic") = mood;
        let outcome = catch_unwind(AssertUnwindSafe(|| commit(&store, &lease)));
        assert!(!matches!(outcome, Ok(Ok(_))), "it was to fail");
        assert_eq!(
            commit(&store, &lease).expect("an answer"),
            Commit::Refused,
            "used up"
        );
        is_usable(&store);
    }
}

#[test]
fn law_6_a_write_that_was_left_half_way_voids_the_lease_and_opens_the_gate() {
    let store = Guarded::new(Awaiting::new(MoodyLater(Moody::new())));
    let mood = &store.store().backend().0.1;
    for write in 0..3 {
        let lease = won(&store).expect("nobody holds it");
        *mood.lock().expect("no panic") = Mood::Hangs;
        match write {
            0 => assert!(poll(&mut store.set(b"key", entry(1), Span::FOREVER)).is_pending()),
            1 => assert!(poll(&mut store.delete(b"key")).is_pending()),
            _ => {
                let mut commit = store.commit(b"key", &lease, entry(1), Span::FOREVER);
                assert!(poll(&mut commit).is_pending());
            }
        }
        assert_eq!(commit(&store, &lease).expect("an answer"), Commit::Refused);
        is_usable(&store);
    }
}

#[test]
fn a_reply_that_is_not_polled_is_in_nobody_s_way() {
    let store = Guarded::new(Awaiting::new(Slow::<u64>::default()));
    let first = store.set(b"key", entry(1), Span::FOREVER);
    let second = store.set(b"key", entry(2), Span::FOREVER);
    second.wait().expect("stored");
    first.wait().expect("stored");
    let found = store.get(b"key").wait().expect("readable");
    assert_eq!(found.map(|found| found.value), Some(1));
}

#[test]
fn an_unpolled_commit_leaves_its_lease_current() {
    let store = Guarded::new(Awaiting::new(Slow::<u64>::default()));
    let lease = won(&store).expect("nobody holds it");
    drop(store.commit(b"key", &lease, entry(1), Span::FOREVER));
    assert_eq!(commit(&store, &lease).expect("stored"), Commit::Stored);
}

#[test]
fn a_thread_waits_while_a_task_is_at_the_key() {
    let store = Guarded::new(Awaiting::new(MoodyLater(Moody::new())));
    *store.store().backend().0.1.lock().expect("no panic") = Mood::Hangs;
    let mut at_the_key = store.set(b"key", entry(1), Span::FOREVER);
    assert!(poll(&mut at_the_key).is_pending());
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            start.wait();
            store.set(b"key", entry(2), Span::FOREVER).wait()
        });
        start.wait();
        let mut other = store.set(b"other", entry(3), Span::FOREVER);
        assert!(poll(&mut other).is_ready(), "another key is free");
        drop(at_the_key);
        waiting.join().expect("no panic").expect("stored");
    });
    let found = store.get(b"key").wait().expect("readable");
    assert_eq!(found.map(|found| found.value), Some(2));
}

#[test]
fn many_threads_and_tasks_take_turns() {
    let store = Guarded::new(Awaiting::new(Slow::<u64>::default()));
    thread::scope(|scope| {
        for number in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..50 {
                    let mut reply = store.set(b"key", entry(number), Span::FOREVER);
                    if round % 3 == number % 3 {
                        // Left in the queue or inside the gate, as it happens.
                        let _ = poll(&mut reply);
                        continue;
                    }
                    reply.wait().expect("stored");
                }
            });
        }
    });
    is_usable(&store);
}

#[test]
fn a_fresh_answer_ends_what_was_held() {
    let store = Guarded::new(Blocking::new(Map::<u64>::default()));
    let held = won(&store);
    // Behind the guard's back, as another process would.
    store
        .store()
        .set(b"key", entry(1), Span::FOREVER)
        .wait()
        .expect("stored");
    let ask = Ask {
        fresh: &|_| true,
        held,
        stale: None,
        supersede: false,
        time: Span::FOREVER,
    };
    let leased = store.lease(b"key", ask).wait().expect("an answer");
    assert!(matches!(leased, Leased::Fresh(_)));
    assert!(won(&store).is_some(), "nobody is left to give it back");
}

#[test]
fn a_waiting_future_can_be_polled_from_elsewhere() {
    let store = Guarded::new(Awaiting::new(Slow::<u64>::default()));
    let mut reply = store.set(b"key", entry(1), Span::FOREVER);
    assert!(poll(&mut reply).is_pending());
    thread::scope(|scope| {
        scope.spawn(move || reply.wait().expect("stored"));
    });
    is_usable(&store);
}
