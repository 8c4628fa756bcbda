//! Law 6: every exit frees the claim: a creation that is cancelled goes to a waiter, or ends.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

use dogpile::backend::{Awaiting, Clock, SystemClock, Time, WakeAt};
use dogpile::{Config, Memory, Origin, Region};
use tokio::task::JoinHandle;

use crate::support::{
    FRESH, Gate, Point, Slow, block_on, each_runtime, each_store, hooked_stores, in_time,
    region_by_hand,
};

type Call = JoinHandle<(u64, Origin)>;

async fn create(region: Region<u64>, value: u64) -> (u64, Origin) {
    let answer = region.at("key").create_async(async || value).await.unwrap();
    (answer.value, answer.origin)
}

/// A creator that has begun and never ends by itself.
async fn endless(region: &Region<u64>) -> Call {
    let (region, begun) = (region.clone(), Gate::shut());
    let begins = begun.clone();
    let call = tokio::spawn(async move {
        let create = async || {
            begins.open();
            std::future::pending().await
        };
        let answer = region.at("key").create_async(create).await.unwrap();
        (answer.value, answer.origin)
    });
    begun.passed().await;
    call
}

async fn cancel(call: Call) {
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
}

#[test]
fn law_6_a_waiting_task_inherits_from_a_cancelled_creator() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let creator = endless(&region).await;
        let waiting: Vec<_> = (2..6)
            .map(|value| tokio::spawn(create(region.clone(), value)))
            .collect();
        clock.saw(4).await;
        cancel(creator).await;
        let mut values = Vec::new();
        let mut creators = 0;
        for waiter in waiting {
            let (value, origin) = waiter.await.unwrap();
            creators += usize::from(origin == Origin::Created);
            values.push(value);
        }
        assert_eq!(creators, 1, "one inherited, the others share its value");
        assert!(values.iter().all(|value| *value == values[0]));
        assert!(!region.is_being_created("key"));
    });
}

#[test]
fn law_6_a_waiting_thread_inherits_from_a_cancelled_task() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let creator = endless(&region).await;
        let other = region.clone();
        let waiter = thread::spawn(move || other.at("key").create(|| 2).unwrap());
        clock.saw(1).await;
        cancel(creator).await;
        let answer = waiter.join().unwrap();
        assert_eq!((answer.value, answer.origin), (2, Origin::Created));
        assert_eq!(region.get_async("key").await.unwrap(), Some(2));
    });
}

#[test]
fn law_6_a_waiting_task_inherits_from_a_thread_whose_store_panics() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            let begun = Gate::shut();
            let heir = {
                let (region, begun) = (region.clone(), begun.clone());
                thread::spawn(move || {
                    begun.pass();
                    block_on(0, async {
                        let answer = create(region, 2).await;
                        assert_eq!(answer, (2, Origin::Created));
                    });
                })
            };
            hooks.at(Point::Commit, || panic!("in the store"));
            let call = || {
                region.get_or_create("key", || {
                    begun.open();
                    clock.see(1);
                    1
                })
            };
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
            heir.join().unwrap();
            assert_eq!(region.get("key").unwrap(), Some(2));
        });
    }
}

/// A store that panics at any point leaves the key free.
#[test]
fn law_6_a_store_that_panics_leaves_the_key_free() {
    use Point::{Commit, Committed, Lease, Look, Looked};
    for point in [Look, Looked, Lease, Commit, Committed] {
        for (name, config, hooks) in hooked_stores() {
            in_time(name, move || {
                eprintln!("at {point:?}");
                let (region, _clock) = region_by_hand(config);
                hooks.at(point, || panic!("in the store"));
                let call = || region.get_or_create("key", || 1);
                assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
                assert!(!region.is_being_created("key"));
                let next = region.get_or_create("key", || 2).unwrap();
                assert_eq!(next, if point == Committed { 1 } else { 2 });
            });
        }
    }
}

#[test]
fn law_6_a_should_cache_that_panics_leaves_the_key_free() {
    each_store(|config| {
        let judge = |value: &u64| if *value == 1 { panic!("a judge") } else { true };
        let (region, _clock) = region_by_hand(config.should_cache(judge));
        let call = || region.get_or_create("key", || 1);
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        assert!(!region.is_being_created("key"));
        assert_eq!(region.get_or_create("key", || 2).unwrap(), 2);
    });
}

#[test]
fn law_6_a_creator_that_is_cancelled_alone_leaves_the_key_free() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        cancel(endless(&region).await).await;
        assert!(!region.is_being_created("key"));
        assert_eq!(create(region.clone(), 2).await, (2, Origin::Created));
        clock.advance(FRESH);
        cancel(endless(&region).await).await;
        assert!(!region.is_being_created("key"), "with a stale value too");
        // A store that blocks gets its lease back in the background; the old value serves till then.
        let mut answer = (2, Origin::Stale);
        while answer == (2, Origin::Stale) {
            tokio::task::yield_now().await;
            answer = create(region.clone(), 3).await;
        }
        assert_eq!(answer, (3, Origin::Created));
    });
}

#[test]
fn law_6_when_all_are_cancelled_the_key_is_free() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let creator = endless(&region).await;
        let waiting: Vec<_> = (0..100)
            .map(|_| tokio::spawn(create(region.clone(), 1)))
            .collect();
        clock.saw(100).await;
        for waiter in waiting {
            cancel(waiter).await;
        }
        cancel(creator).await;
        assert!(!region.is_being_created("key"));
        assert_eq!(create(region, 2).await, (2, Origin::Created));
    });
}

/// The creator goes first, so that the inheritance goes from one to the next and ends with the last.
#[test]
fn law_6_an_inheritance_that_nobody_is_left_for_ends() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let creator = endless(&region).await;
        let (gate, begun) = (Gate::shut(), Gate::shut());
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let (region, gate, begun) = (region.clone(), gate.clone(), begun.clone());
                tokio::spawn(async move {
                    let create = async || {
                        begun.open();
                        gate.passed().await;
                        1
                    };
                    let answer = region.at("key").create_async(create).await.unwrap();
                    (answer.value, answer.origin)
                })
            })
            .collect();
        clock.saw(10).await;
        cancel(creator).await;
        begun.passed().await;
        for waiter in waiting {
            cancel(waiter).await;
        }
        assert!(!region.is_being_created("key"));
        assert_eq!(create(region, 2).await, (2, Origin::Created));
    });
}

/// The heir is cancelled while the store has not answered it: the lease that it inherited must not
/// be lost with it.
#[test]
fn law_6_an_heir_that_is_cancelled_while_it_asks_the_store_leaves_the_key_free() {
    for threads in [0, 2] {
        in_time("slow", move || {
            block_on(threads, async {
                let slow = Slow::default();
                let config = Config::new(Awaiting::new(slow.clone()));
                let (region, clock) = region_by_hand(config);
                let creator = endless(&region).await;
                let heir = tokio::spawn(create(region.clone(), 2));
                clock.saw(1).await;
                let (asked, _answer) = slow.hold_up();
                cancel(creator).await;
                asked.passed().await;
                cancel(heir).await;
                assert!(!region.is_being_created("key"));
                assert_eq!(create(region, 3).await, (3, Origin::Created));
            });
        });
    }
}

/// A call that is dropped while its store is asked: whatever was asked, the key is free.
#[test]
fn law_6_a_call_that_is_cancelled_while_it_asks_the_store_leaves_the_key_free() {
    for threads in [0, 2] {
        for reads in [0, 1] {
            in_time("slow", move || {
                block_on(threads, async move {
                    let slow = Slow::default();
                    let config = Config::new(Awaiting::new(slow.clone()));
                    let (region, _clock) = region_by_hand(config);
                    let mut gates = slow.hold_up();
                    let call = tokio::spawn(create(region.clone(), 1));
                    for _ in 0..reads {
                        gates.0.passed().await;
                        let next = slow.hold_up();
                        gates.1.open();
                        gates = next;
                    }
                    gates.0.passed().await;
                    cancel(call).await;
                    assert!(!region.is_being_created("key"));
                    assert_eq!(create(region, 2).await, (2, Origin::Created));
                });
            });
        }
    }
}

/// It tells the time, and fails whoever asks to be woken.
struct Wakeless;

impl Clock for Wakeless {
    fn monotonic(&self) -> Time {
        SystemClock.monotonic()
    }

    fn wall(&self) -> Time {
        SystemClock.wall()
    }

    fn wake_at(&self, _at: Time, _waker: &Waker) -> WakeAt {
        panic!("no timer is left")
    }
}

/// Else it would be made the heir, and all others wait for one who never asks.
#[test]
fn law_6_a_follower_whose_clock_fails_leaves_its_seat() {
    let region: Region<u64> = Region::new("wakeless");
    let config = Config::new(Memory::unbounded()).clock(Arc::new(Wakeless));
    region.configure(config).unwrap();
    let mut creator = Box::pin(region.get_or_create_async("key", std::future::pending));
    let mut task = Box::pin(region.get_or_create_async("key", async || 1));
    let mut context = Context::from_waker(Waker::noop());
    assert!(creator.as_mut().poll(&mut context).is_pending());
    let thread = catch_unwind(AssertUnwindSafe(|| region.get_or_create("key", || 1)));
    let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut context)));
    assert!(thread.is_err() && polled.is_err(), "they were told");
    drop((task, creator));
    assert!(!region.is_being_created("key"));
}

/// A key that fails when it is asked once too often.
struct Brittle(Cell<u32>);

impl AsRef<[u8]> for Brittle {
    fn as_ref(&self) -> &[u8] {
        assert!(self.0.get() > 0, "the key is gone");
        self.0.set(self.0.get() - 1);
        b"key"
    }
}

#[test]
fn law_6_a_follower_whose_key_fails_leaves_its_seat() {
    for asked in 0..12 {
        let region: Region<u64> = Region::new("brittle");
        region.configure(Config::new(Memory::unbounded())).unwrap();
        let mut creator = Box::pin(region.get_or_create_async("key", std::future::pending));
        let key = Brittle(Cell::new(asked));
        let mut follower = Box::pin(region.get_or_create_async(key, async || 1));
        let mut context = Context::from_waker(Waker::noop());
        assert!(creator.as_mut().poll(&mut context).is_pending());
        for _ in 0..3 {
            let poll = AssertUnwindSafe(|| follower.as_mut().poll(&mut context));
            if catch_unwind(poll).is_err() {
                break;
            }
        }
        drop(follower);
        drop(creator);
        assert!(!region.is_being_created("key"), "asked {asked} times");
    }
}
