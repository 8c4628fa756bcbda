//! Law 7: waiting is woken, bounded and handed on.

use std::thread;
use std::time::Duration;

use dogpile::{Config, Error, Origin, Region};

use crate::support::{
    FRESH, Gate, STALE, WatchedClock, each_runtime, each_store, region, region_by_hand,
};

const DEADLINE: Duration = Duration::from_secs(5);

/// Every wait ends after [`DEADLINE`], and nobody takes over before.
fn bounded(config: Config<u64>) -> (Region<u64>, WatchedClock) {
    let clock = WatchedClock::new();
    let config = config.clock(clock.port()).fresh_for(FRESH).stale_for(STALE);
    (region(config.deadline(DEADLINE)), clock)
}

fn assert_deadline<T: std::fmt::Debug>(answer: Result<T, Error>, expected: Duration) {
    match answer {
        Err(Error::Deadline { place, waited }) => {
            assert_eq!((&*place.region, &*place.key), ("laws", "\"key\""));
            assert_eq!(waited, expected);
        }
        other => panic!("{other:?}"),
    }
}

fn unwanted() -> u64 {
    unreachable!("another creates")
}

#[test]
fn law_7_a_thread_waits_until_its_deadline_and_the_creator_goes_on() {
    each_store(|config| {
        let (region, clock) = bounded(config);
        thread::scope(|scope| {
            let answer = region.at("key").create(|| {
                let waiters: Vec<_> = (0..4)
                    .map(|_| scope.spawn(|| region.get_or_create("key", unwanted)))
                    .collect();
                clock.see(4);
                clock.advance(DEADLINE);
                for waiter in waiters {
                    assert_deadline(waiter.join().unwrap(), DEADLINE);
                }
                1
            });
            assert_eq!(answer.unwrap().origin, Origin::Created);
        });
        assert_eq!(region.get("key").unwrap(), Some(1));
    });
}

#[test]
fn law_7_a_task_waits_until_its_deadline_and_the_creator_goes_on() {
    each_runtime(async |config| {
        let (region, clock) = bounded(config);
        let create = async || {
            let waiters: Vec<_> = (0..100)
                .map(|_| {
                    let region = region.clone();
                    tokio::spawn(async move {
                        region.get_or_create_async("key", async || unwanted()).await
                    })
                })
                .collect();
            clock.saw(100).await;
            clock.advance(DEADLINE);
            for waiter in waiters {
                assert_deadline(waiter.await.unwrap(), DEADLINE);
            }
            1
        };
        let answer = region.at("key").create_async(create).await.unwrap();
        assert_eq!(answer.origin, Origin::Created);
        assert_eq!(region.get_async("key").await.unwrap(), Some(1));
    });
}

/// By the machine's own clock: a short deadline ends by itself.
#[test]
fn law_7_deadlines_end_by_themselves() {
    const SHORT: Duration = Duration::from_millis(20);
    each_runtime(async |config| {
        let region = region(config.deadline(SHORT));
        let create = async || {
            let other = region.clone();
            let waiter = thread::spawn(move || other.get_or_create("key", unwanted));
            let other = region.clone();
            let create = async move { other.get_or_create_async("key", async || unwanted()).await };
            let answers = [tokio::spawn(create).await.unwrap(), waiter.join().unwrap()];
            for answer in answers {
                let Err(Error::Deadline { waited, .. }) = answer else {
                    panic!("{answer:?}")
                };
                assert!(waited >= SHORT);
            }
            1
        };
        let created = region.get_or_create_async("key", create).await;
        assert_eq!(created.unwrap(), 1);
    });
}

#[test]
fn law_7_a_call_with_no_time_does_not_wait() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let created = region.at("key").create(|| {
            thread::scope(|scope| {
                let waiter = scope.spawn(|| {
                    let hurried = region.at("key").deadline(Duration::ZERO);
                    hurried.create(unwanted).map(|answer| answer.value)
                });
                assert_deadline(waiter.join().unwrap(), Duration::ZERO);
            });
            1
        });
        assert_eq!(created.unwrap().origin, Origin::Created);
        assert_eq!(clock.waits(), 0);
        let free = region.at("other").deadline(Duration::ZERO);
        let free = free.create(|| 2).unwrap();
        assert_eq!(free.origin, Origin::Created, "its own creator has its time");
    });
}

#[test]
fn law_7_a_task_with_no_time_does_not_wait() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let create = async || {
            let other = region.clone();
            let hurried = tokio::spawn(async move {
                let hurried = other.at("key").deadline(Duration::ZERO);
                let answer = hurried.create_async(async || unwanted()).await;
                answer.map(|answer| answer.value)
            });
            assert_deadline(hurried.await.unwrap(), Duration::ZERO);
            1
        };
        let created = region.at("key").create_async(create).await;
        assert_eq!(created.unwrap().origin, Origin::Created);
        assert_eq!(clock.waits(), 0);
    });
}

#[test]
fn law_7_law_4_a_stale_value_is_served_to_a_call_with_no_time() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let answer = region.at("key").create(|| {
            let hurried = region.at("key").deadline(Duration::ZERO);
            let served = hurried.create(unwanted).unwrap();
            assert_eq!((served.value, served.origin), (1, Origin::Stale));
            2
        });
        assert_eq!(answer.unwrap().value, 2);
    });
}

/// One that waited and went away has left nothing: neither its place nor its wake-up.
#[test]
fn law_7_a_cancelled_waiter_passes_its_wake_on() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let begun = Gate::shut();
        let begins = begun.clone();
        let other = region.clone();
        let creator = tokio::spawn(async move {
            let create = async || {
                begins.open();
                std::future::pending().await
            };
            other.get_or_create_async("key", create).await
        });
        begun.passed().await;
        // The first in line, which is never polled again once it has inherited.
        let heir = region.get_or_create_async("key", async || 1);
        let mut heir = Box::pin(heir);
        let polled = poll_until_it_waits(heir.as_mut(), &clock).await;
        assert!(polled, "it waits");
        let waits = clock.waits();
        let other = region.clone();
        let next =
            tokio::spawn(async move { other.at("key").create_async(async || 2).await.unwrap() });
        clock.saw(waits + 1).await;
        creator.abort();
        assert!(creator.await.unwrap_err().is_cancelled());
        drop(heir);
        let next = next.await.unwrap();
        assert_eq!((next.value, next.origin), (2, Origin::Created));
    });
}

/// Polls `call` until it has sat down to wait; whether it got there.
async fn poll_until_it_waits<T>(
    mut call: std::pin::Pin<&mut impl Future<Output = T>>,
    clock: &WatchedClock,
) -> bool {
    tokio::select! {
        biased;
        _ = &mut call => false,
        () = clock.saw(1) => true,
    }
}
