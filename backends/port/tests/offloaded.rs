//! What happens to calls of a blocking store whose callers are tasks, and tasks go away.

mod stores;

use dogpile_backend::{
    Ask, Backend, Bell, Blocking, CachedValue, Commit, Epoch, EpochStore, Epochs, Guarded,
    Invalidation, LeaseStore, Leased, Metadata, News, Offloaded, Operation, Reply, Span, Stamp,
    Store, StoreError, Terms, Time, Watch,
};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use stores::map::Map;

/// A map whose calls for the key `slow` say that they have begun and wait to be let go; those for
/// the key `broken` panic.
struct Held {
    map: Map<u64>,
    begun: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
}

/// The other ends.
struct Hand {
    begun: Receiver<()>,
    go: Sender<()>,
}

impl Held {
    fn stop(&self, key: &[u8]) {
        assert_ne!(key, b"broken", "on purpose");
        if key == b"slow" {
            self.begun
                .lock()
                .expect("no panic")
                .send(())
                .expect("a test");
            // A test that is over lets everybody go.
            let _ = self.go.lock().expect("no panic").recv();
        }
    }
}

impl Backend<u64> for Held {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        self.stop(key);
        self.map.get(key)
    }

    fn set(&self, key: &[u8], entry: CachedValue<u64>, ttl: Span) -> Result<(), StoreError> {
        self.stop(key);
        self.map.set(key, entry, ttl)
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.map.delete(key)
    }
}

fn held() -> (Held, Hand) {
    let (says_begun, begun) = channel();
    let (go, going) = channel();
    let held = Held {
        map: Map::default(),
        begun: Mutex::new(says_begun),
        go: Mutex::new(going),
    };
    (held, Hand { begun, go })
}

fn store(threads: usize) -> (Arc<Guarded<Blocking<Held>>>, Offloaded<u64>, Hand) {
    let (held, hand) = held();
    let guarded = Arc::new(Guarded::new(Blocking::new(held)));
    let threads = NonZeroUsize::new(threads).expect("not zero");
    let offloaded = Offloaded::with_threads(guarded.clone(), threads);
    (guarded, offloaded, hand)
}

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

fn poll<T>(reply: &mut Reply<'_, T>) -> Poll<Result<T, StoreError>> {
    Pin::new(reply).poll(&mut Context::from_waker(Waker::noop()))
}

fn ask() -> Ask<'static> {
    Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: Span::FOREVER,
    }
}

fn value(found: Option<CachedValue<u64>>) -> Option<u64> {
    found.map(|entry| entry.value)
}

#[test]
fn the_caller_s_thread_never_waits() {
    let (_, store, hand) = store(1);
    let mut reply = store.set(b"slow", entry(1), Span::FOREVER);
    assert!(poll(&mut reply).is_pending());
    hand.begun.recv().expect("begun");
    assert!(poll(&mut reply).is_pending());
    hand.go.send(()).expect("waiting");
    reply.wait().expect("stored");
}

#[test]
fn a_call_that_was_dropped_before_it_began_never_happens() {
    let (_, store, hand) = store(1);
    let mut first = store.set(b"slow", entry(1), Span::FOREVER);
    assert!(poll(&mut first).is_pending());
    hand.begun.recv().expect("begun");
    let mut second = store.set(b"key", entry(2), Span::FOREVER);
    assert!(poll(&mut second).is_pending(), "the only thread is held");
    drop(second);
    drop(store.set(b"key", entry(3), Span::FOREVER));
    hand.go.send(()).expect("waiting");
    first.wait().expect("stored");
    assert_eq!(store.get(b"key").wait().expect("readable"), None);
    store
        .set(b"key", entry(4), Span::FOREVER)
        .wait()
        .expect("the key is free");
}

#[test]
fn law_3_a_dropped_write_does_not_come_after_a_later_one() {
    // Nothing but the pool keeps this one's writes in order.
    let (held, hand) = held();
    let store = Offloaded::new(Arc::new(Blocking::new(held)));
    let mut dropped = store.set(b"slow", entry(1), Span::FOREVER);
    assert!(poll(&mut dropped).is_pending());
    hand.begun.recv().expect("begun");
    drop(dropped);
    let mut delete = store.delete(b"slow");
    assert!(poll(&mut delete).is_pending(), "the set is still under way");
    let other = store.delete(b"other").wait();
    other.expect("another key, which a pool in order would have served after");
    hand.go.send(()).expect("waiting");
    delete.wait().expect("deleted");
    drop(hand.go);
    assert_eq!(value(store.get(b"slow").wait().expect("readable")), None);
}

#[test]
fn a_panic_is_an_error_for_the_one_call() {
    let (_, store, _hand) = store(1);
    let error = store.get(b"broken").wait().expect_err("it panics");
    assert_eq!(error.operation, Operation::Get);
    assert_eq!(error.key, "\"broken\"");
    assert!(
        error.source.to_string().contains("the backend panicked: "),
        "{error}"
    );
    assert!(error.source.to_string().contains("on purpose"), "{error}");
    assert!(
        store
            .set(b"broken", entry(1), Span::FOREVER)
            .wait()
            .is_err()
    );
    store
        .delete(b"broken")
        .wait()
        .expect("the key is free, and so is the thread");
}

#[test]
fn law_6_a_lease_that_was_won_for_nobody_is_given_back() {
    let (guarded, store, hand) = store(1);
    let mut asked = store.lease(b"slow", ask());
    assert!(poll(&mut asked).is_pending());
    hand.begun.recv().expect("begun");
    drop(asked);
    hand.go.send(()).expect("waiting");
    is_free(&guarded, &store, &hand);
}

#[test]
fn law_6_a_lease_whose_answer_nobody_takes_is_given_back() {
    let (guarded, store, hand) = store(1);
    let mut asked = store.lease(b"slow", ask());
    let answered = Arc::new(Answered::default());
    let waker = Waker::from(Arc::clone(&answered));
    assert!(
        Pin::new(&mut asked)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    hand.begun.recv().expect("begun");
    hand.go.send(()).expect("waiting");
    answered.wait();
    drop(asked);
    is_free(&guarded, &store, &hand);
}

/// The lease is free once the pool's only thread has done what was before this.
fn is_free(guarded: &Guarded<Blocking<Held>>, store: &Offloaded<u64>, hand: &Hand) {
    store.get(b"key").wait().expect("behind the release");
    hand.go.send(()).expect("room");
    let leased = guarded.lease(b"slow", ask()).wait().expect("an answer");
    assert!(matches!(leased, Leased::Won { .. }), "{leased:?}");
}

#[derive(Default)]
struct Answered(Mutex<bool>, std::sync::Condvar);

impl Answered {
    fn wait(&self) {
        let answered = self.0.lock().expect("no panic");
        drop(
            self.1
                .wait_while(answered, |answered| !*answered)
                .expect("no panic"),
        );
    }
}

impl std::task::Wake for Answered {
    fn wake(self: Arc<Self>) {
        *self.0.lock().expect("no panic") = true;
        self.1.notify_all();
    }
}

#[test]
fn a_release_that_was_begun_is_carried_out_though_dropped() {
    let (guarded, store, hand) = store(1);
    let Leased::Won { lease, .. } = guarded.lease(b"key", ask()).wait().expect("an answer") else {
        panic!("nobody else asks");
    };
    let mut slow = store.set(b"slow", entry(1), Span::FOREVER);
    assert!(poll(&mut slow).is_pending());
    hand.begun.recv().expect("begun");
    let mut release = store.release(b"key", &lease, false);
    assert!(poll(&mut release).is_pending(), "the only thread is held");
    drop(release);
    hand.go.send(()).expect("waiting");
    slow.wait().expect("stored");
    store.get(b"key").wait().expect("behind the release");
    let released = guarded
        .release(b"key", &lease, false)
        .wait()
        .expect("an answer");
    assert_eq!(released, Commit::Refused, "it was given back already");
}

#[test]
fn a_fresh_value_in_another_s_way_is_fresh() {
    let (guarded, store, _hand) = store(1);
    guarded
        .set(b"key", entry(1), Span::FOREVER)
        .wait()
        .expect("stored");
    let always = Ask {
        fresh: &|_| true,
        ..ask()
    };
    match store.lease(b"key", always).wait().expect("an answer") {
        // Only the caller can tell that it is fresh.
        Leased::Won { lease, seen } => {
            assert_eq!(value(seen), Some(1));
            let released = store
                .release(b"key", &lease, false)
                .wait()
                .expect("an answer");
            assert_eq!(released, Commit::Stored);
        }
        other => panic!("{other:?}"),
    }
}

/// Has epochs, and takes back what it had lost.
#[derive(Default)]
struct WithEpochs(Mutex<Epochs>);

impl Backend<u64> for WithEpochs {
    fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        Ok(None)
    }

    fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> {
        Ok(())
    }

    fn delete(&self, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}

impl EpochStore for WithEpochs {
    fn read<'a>(&'a self, _: &'a str) -> Reply<'a, Epochs> {
        Reply::ok(*self.0.lock().expect("no panic"))
    }

    fn raise<'a>(&'a self, region: &'a str, _: Invalidation) -> Reply<'a, Epochs> {
        self.read(region)
    }

    fn restore<'a>(&'a self, _: &'a str, known: Epochs) -> Reply<'a, ()> {
        *self.0.lock().expect("no panic") = known;
        Reply::ok(())
    }

    fn watch(&self, _: &str, bell: Bell) -> Option<Watch> {
        bell(News::Changed);
        Some(Watch::new(|| {}))
    }
}

#[test]
fn law_11_lost_epochs_are_restored_and_watched_for_through_it() {
    let offloaded = Offloaded::<u64>::new(Arc::new(Blocking::new(WithEpochs::default())));
    let epochs = offloaded.epochs().expect("the store has them");
    let known = Epochs {
        hard: Epoch::new(7),
        soft: Epoch::new(8),
    };
    epochs.restore("region", known).wait().expect("it answers");
    assert_eq!(epochs.read("region").wait().expect("it answers"), known);
    let (rope, rung) = channel();
    let bell = Box::new(move |news| {
        let _ = rope.send(news);
    });
    assert!(epochs.watch("region", bell).is_some());
    assert_eq!(rung.recv(), Ok(News::Changed));
}
