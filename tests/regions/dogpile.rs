//! The lock without a cache: the same laws for one value.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use dogpile::backend::Span;
use dogpile::{Dogpile, Error, Invalidation, ManualClock};

type Begun<'a> = Pin<Box<dyn Future<Output = Result<u64, Error>> + 'a>>;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn law_1_a_cold_stampede_creates_once() {
    static VALUE: Dogpile<u64> = Dogpile::new();
    let (creations, start) = (AtomicUsize::new(0), Barrier::new(64));
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                start.wait();
                let value = VALUE.get_or_create(|| {
                    creations.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                    42
                });
                assert_eq!(value.unwrap(), 42);
            });
        }
    });
    assert_eq!(creations.into_inner(), 1);
}

#[test]
fn law_4_a_stale_value_is_served_while_one_caller_creates() {
    let clock = Arc::new(ManualClock::new());
    let value: Dogpile<u64> = Dogpile::new()
        .fresh_for(SECOND)
        .stale_for(SECOND)
        .clock(clock.clone());
    value.set(1);
    clock.advance(SECOND);
    let served = value.get_or_create(|| {
        assert_eq!(value.get(), None, "stale");
        assert_eq!(
            value.get_or_create(|| panic!("another creates")).unwrap(),
            1
        );
        2
    });
    assert_eq!(served.unwrap(), 2);
    assert_eq!(value.get(), Some(2));
}

#[test]
fn law_3_a_deleted_value_does_not_come_back() {
    let value: Dogpile<u64> = Dogpile::new();
    let own = value.get_or_create(|| {
        value.delete();
        1
    });
    assert_eq!(own.unwrap(), 1, "its caller still gets it");
    assert_eq!(value.get(), None);
    value.set(2);
    value.invalidate(Invalidation::Hard);
    assert_eq!(value.get(), None);
}

#[test]
fn law_11_a_softened_value_is_stale_whatever_its_age() {
    let value: Dogpile<u64> = Dogpile::new();
    value.set(1);
    value.invalidate(Invalidation::Soft);
    assert_eq!(value.get(), None);
    let failed = value.get_or_try_create(|| Err::<u64, _>("no"));
    assert_eq!(failed.unwrap(), 1, "the stale value answers for the error");
    assert_eq!(value.get_or_create(|| 2).unwrap(), 2);
}

#[test]
fn law_5_those_who_wait_get_the_error() {
    let value: Dogpile<u64> = Dogpile::new();
    let begun = Barrier::new(2);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            begun.wait();
            value.get_or_try_create(|| Err::<u64, _>("a second call"))
        });
        let own = value.get_or_try_create(|| {
            begun.wait();
            while value.waiting() == 0 {
                thread::yield_now();
            }
            Err("refused")
        });
        for error in [own, waiter.join().unwrap()] {
            let Err(Error::Creator(error)) = error else {
                panic!("{error:?}")
            };
            assert_eq!(*error, "refused");
        }
    });
    assert_eq!(
        value.get_or_create(|| 3).unwrap(),
        3,
        "later callers try anew"
    );
}

#[test]
fn law_6_a_creator_past_its_limit_is_taken_over() {
    let clock = Arc::new(ManualClock::new());
    let value: Dogpile<u64> = Dogpile::new().creation_limit(SECOND).clock(clock.clone());
    let (begun, over) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let successor = scope.spawn(|| {
            begun.wait();
            let value = value.get_or_create(|| 2);
            over.wait();
            value
        });
        let late = value.get_or_create(|| {
            begun.wait();
            while clock.booked() == 0 {
                thread::yield_now();
            }
            clock.advance(Span::from(SECOND));
            over.wait();
            1
        });
        assert_eq!(late.unwrap(), 1);
        assert_eq!(successor.join().unwrap().unwrap(), 2);
    });
    assert_eq!(value.get(), Some(2), "the late value was not kept");
}

#[test]
fn law_8_asking_again_from_the_creator_is_an_error() {
    let value: Dogpile<u64> = Dogpile::new();
    let own = value.get_or_try_create(|| value.get_or_create(|| 1));
    let Err(Error::Creator(inner)) = own else {
        panic!("{own:?}")
    };
    assert!(matches!(*inner, Error::Cycle { .. }));
}

#[test]
fn law_6_a_panic_frees_the_word() {
    let value: Dogpile<u64> = Dogpile::new();
    let panicked = thread::scope(|scope| {
        scope
            .spawn(|| value.get_or_create(|| std::panic::panic_any(7_u8)))
            .join()
    });
    assert_eq!(*panicked.unwrap_err().downcast::<u8>().unwrap(), 7);
    assert_eq!(value.get_or_create(|| 1).unwrap(), 1);
}

#[tokio::test]
async fn law_7_a_cancelled_creator_is_inherited() {
    let value: Arc<Dogpile<u64>> = Arc::new(Dogpile::new());
    let (started, begun) = tokio::sync::oneshot::channel();
    let creator = tokio::spawn({
        let value = Arc::clone(&value);
        async move {
            let never = async || {
                started.send(()).unwrap();
                std::future::pending().await
            };
            value.get_or_create_async(never).await
        }
    });
    begun.await.unwrap();
    let heir = tokio::spawn({
        let value = Arc::clone(&value);
        async move { value.get_or_create_async(async || 2).await }
    });
    while value.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    creator.abort();
    assert_eq!(heir.await.unwrap().unwrap(), 2);
}

/// Between two polls of its own, the heir is superseded and another creates.
#[test]
fn law_1_an_heir_that_was_superseded_looks_again() {
    let value: Dogpile<u64> = Dogpile::new();
    let mut context = Context::from_waker(Waker::noop());
    let mut poll = |call: &mut Begun<'_>| call.as_mut().poll(&mut context);
    let mut never: Begun<'_> = Box::pin(value.get_or_create_async(std::future::pending));
    let mut heir: Begun<'_> =
        Box::pin(value.get_or_create_async(async || panic!("one live creator")));
    assert!(poll(&mut never).is_pending() && poll(&mut heir).is_pending());
    drop(never);
    value.delete();
    let mut other: Begun<'_> = Box::pin(value.get_or_create_async(async || {
        tokio::task::yield_now().await;
        2
    }));
    assert!(poll(&mut other).is_pending(), "it creates");
    assert!(poll(&mut heir).is_pending(), "it waits for that");
    assert!(matches!(poll(&mut other), Poll::Ready(Ok(2))));
    assert!(matches!(poll(&mut heir), Poll::Ready(Ok(2))));
}

#[tokio::test]
async fn law_7_a_wait_ends_by_its_deadline() {
    let value: Arc<Dogpile<u64>> = Arc::new(Dogpile::new().deadline(Duration::from_millis(20)));
    let creator = tokio::spawn({
        let value = Arc::clone(&value);
        async move { value.get_or_create_async(std::future::pending).await }
    });
    while !value.is_being_created() {
        tokio::task::yield_now().await;
    }
    let waited = value.get_or_create_async(async || 2).await;
    assert!(matches!(waited, Err(Error::Deadline { .. })));
    creator.abort();
}

/// Its clone panics.
#[derive(Debug)]
struct NeverTwice;

impl Clone for NeverTwice {
    fn clone(&self) -> Self {
        panic!("one is enough")
    }
}

#[test]
fn law_6_a_clone_that_panics_frees_the_lock() {
    let dogpile = Dogpile::<NeverTwice>::new();
    let call = || dogpile.get_or_create(|| NeverTwice).is_ok();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    assert!(!dogpile.is_being_created());
}
