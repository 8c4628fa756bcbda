//! Law 8: a cycle is an error, not a hang.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use dogpile::{Answer, Error, Origin, Region};

use crate::support::{
    FRESH, Gate, each_runtime, each_store, in_time, region, region_by_hand, stores,
};

fn unwanted() -> u64 {
    unreachable!("another creates")
}

fn is_cycle<T>(answer: &Result<T, Error>, of: &str) -> bool {
    matches!(answer, Err(Error::Cycle { place }) if place.key == format!("{of:?}"))
}

#[test]
fn law_8_the_same_key_entered_again_is_a_cycle() {
    each_store(|config| {
        let (region, _clock) = region_by_hand(config);
        let created = region.at("key").create(|| {
            let again = region.get_or_create("key", unwanted);
            assert!(is_cycle(&again, "key"));
            let deeper = region.get_or_create("other", || {
                let again = region.get_or_create("key", unwanted);
                assert!(is_cycle(&again, "key"));
                2
            });
            deeper.unwrap()
        });
        let created = created.unwrap();
        assert_eq!((created.value, created.origin), (2, Origin::Created));
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}

#[test]
fn law_8_the_same_key_entered_again_by_a_task_is_a_cycle() {
    each_runtime(async |config| {
        let (region, _clock) = region_by_hand(config);
        let create = async || {
            tokio::task::yield_now().await;
            let again = region.get_or_create_async("key", async || unwanted());
            assert!(is_cycle(&again.await, "key"));
            let blocking = region.get_or_create("key", unwanted);
            assert!(is_cycle(&blocking, "key"), "by its blocking call too");
            1
        };
        let created = region.at("key").create_async(create).await.unwrap();
        assert_eq!(created.origin, Origin::Created);
        assert_eq!(region.get_async("key").await.unwrap(), Some(1));
    });
}

/// A stale value at hand is no wait, so no cycle.
#[test]
fn law_8_a_creator_may_read_its_own_stale_value() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let next = region.get_or_create("key", || {
            let old = region.at("key").create(unwanted).unwrap();
            assert_eq!((old.value, old.origin), (1, Origin::Stale));
            old.value + 1
        });
        assert_eq!(next.unwrap(), 2);
    });
}

/// A ring of creators, each of which asks for the next one's key: how many were refused.
fn ring_of_threads(region: &Region<u64>, members: usize) -> usize {
    let at_work = Barrier::new(members);
    thread::scope(|scope| {
        let member = |number: usize| {
            let (region, at_work) = (region, &at_work);
            scope.spawn(move || {
                let mut refused = 0;
                let (own, next) = (number.to_string(), ((number + 1) % members).to_string());
                let created = region.at(own).create(|| {
                    at_work.wait();
                    let answer = region.get_or_create(&next, unwanted);
                    refused = usize::from(is_cycle(&answer, &next));
                    assert!(refused == 1 || answer.is_ok());
                    number as u64
                });
                assert_eq!(created.unwrap().origin, Origin::Created);
                refused
            })
        };
        let ring: Vec<_> = (0..members).map(member).collect();
        ring.into_iter().map(|member| member.join().unwrap()).sum()
    })
}

#[test]
fn law_8_threads_in_a_ring_are_told_once() {
    for members in [2, 3, 5] {
        // Twice: nothing stays of the first time.
        let rounds = move |config| {
            let region = region(config);
            for _ in 0..2 {
                assert_eq!(ring_of_threads(&region, members), 1);
                (0..members).for_each(|member| region.delete(member.to_string()).unwrap());
            }
        };
        for (name, config) in stores() {
            in_time(name, move || rounds(config));
        }
    }
}

async fn ring_of_tasks(region: &Region<u64>, members: usize) -> usize {
    let at_work = Arc::new(tokio::sync::Barrier::new(members));
    let ring: Vec<_> = (0..members)
        .map(|number| {
            let (region, at_work) = (region.clone(), Arc::clone(&at_work));
            let (own, next) = (number.to_string(), ((number + 1) % members).to_string());
            tokio::spawn(async move {
                let mut refused = 0;
                let create = async || {
                    at_work.wait().await;
                    let answer = region.get_or_create_async(&next, async || unwanted()).await;
                    refused = usize::from(is_cycle(&answer, &next));
                    assert!(refused == 1 || answer.is_ok());
                    number as u64
                };
                let created = region.at(own).create_async(create).await;
                assert_eq!(created.unwrap().origin, Origin::Created);
                refused
            })
        })
        .collect();
    let mut refused = 0;
    for member in ring {
        refused += member.await.unwrap();
    }
    refused
}

#[test]
fn law_8_tasks_in_a_ring_are_told_once() {
    each_runtime(async |config| {
        let region = region(config);
        for members in [2, 3, 5, 2] {
            assert_eq!(ring_of_tasks(&region, members).await, 1);
            for member in 0..members {
                region.delete_async(member.to_string()).await.unwrap();
            }
        }
    });
}

#[test]
fn law_8_a_thread_and_a_task_in_a_ring_are_told_once() {
    each_runtime(async |config| {
        let region = region(config);
        let [first, second] = [Gate::shut(), Gate::shut()];
        let thread = {
            let (region, first, second) = (region.clone(), first.clone(), second.clone());
            thread::spawn(move || {
                let mut refused = false;
                let created = region.get_or_create("thread", || {
                    first.open();
                    second.pass();
                    let answer = region.get_or_create("task", unwanted);
                    refused = is_cycle(&answer, "task");
                    1
                });
                created.unwrap();
                refused
            })
        };
        let mut refused = false;
        let create = async || {
            second.open();
            first.passed().await;
            let answer = region.get_or_create_async("thread", async || unwanted());
            refused = is_cycle(&answer.await, "thread");
            2
        };
        region.get_or_create_async("task", create).await.unwrap();
        assert!(thread.join().unwrap() ^ refused, "one of the two");
    });
}

#[test]
fn law_8_nested_calls_for_other_keys_work() {
    fn nest(region: &Region<u64>, depth: u64) -> u64 {
        let value = region.get_or_create(depth.to_string(), || match depth {
            0 => 1,
            _ => nest(region, depth - 1) + 1,
        });
        value.unwrap()
    }
    each_store(|config| {
        let region = region(config);
        assert_eq!(nest(&region, 20), 21);
    });
}

#[test]
fn law_8_creators_may_wait_for_each_other_where_no_ring_closes() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let shared = {
            let (region, clock) = (region.clone(), clock.clone());
            let begun = Gate::shut();
            let begins = begun.clone();
            let call = tokio::spawn(async move {
                let create = async || {
                    begins.open();
                    clock.saw(2).await;
                    1
                };
                region.get_or_create_async("shared", create).await.unwrap()
            });
            begun.passed().await;
            call
        };
        let waiting: Vec<_> = ["left", "right"]
            .map(|key| {
                let region = region.clone();
                tokio::spawn(async move {
                    let create = async || {
                        let shared = region.at("shared").create_async(async || unwanted());
                        shared.await.unwrap().value + 1
                    };
                    region.get_or_create_async(key, create).await.unwrap()
                })
            })
            .into();
        for call in waiting {
            assert_eq!(call.await.unwrap(), 2);
        }
        assert_eq!(shared.await.unwrap(), 1);
    });
}

#[test]
fn law_8_joined_calls_in_a_creator_are_told_apart() {
    each_runtime(async |config| {
        let (region, _clock) = region_by_hand(config);
        let slow = async || {
            tokio::task::yield_now().await;
            1
        };
        let create = async || {
            let (own, first, second) = tokio::join!(
                region.get_or_create_async("key", async || unwanted()),
                region.at("part").create_async(slow),
                region.at("part").create_async(slow),
            );
            assert!(is_cycle(&own, "key"));
            let parts = [first.unwrap(), second.unwrap()];
            let created = |part: &&Answer<u64>| part.origin == Origin::Created;
            assert_eq!(parts.iter().filter(created).count(), 1);
            parts[0].value + parts[1].value
        };
        assert_eq!(region.get_or_create_async("key", create).await.unwrap(), 2);
    });
}

/// A wait that was given up is no part of a ring any more.
#[test]
fn law_8_a_wait_that_was_dropped_closes_no_ring() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let [at_work, given_up] = [Gate::shut(), Gate::shut()];
        let other = tokio::spawn({
            let (region, at_work, given_up) = (region.clone(), at_work.clone(), given_up.clone());
            async move {
                let create = async || {
                    at_work.open();
                    given_up.passed().await;
                    let key = region.get_or_create_async("key", async || unwanted());
                    key.await.unwrap() + 1
                };
                region.get_or_create_async("other", create).await.unwrap()
            }
        });
        let create = async || {
            at_work.passed().await;
            tokio::select! {
                biased;
                answer = region.get_or_create_async("other", async || unwanted()) => {
                    panic!("{answer:?}")
                }
                () = clock.saw(1) => {}
            }
            given_up.open();
            clock.saw(2).await;
            1
        };
        assert_eq!(region.get_or_create_async("key", create).await.unwrap(), 1);
        assert_eq!(other.await.unwrap(), 2);
    });
}

/// What a creator spawns cannot be seen; its wait ends by the deadline.
#[test]
fn law_8_a_cycle_through_a_spawned_task_ends_by_the_deadline() {
    const DEADLINE: Duration = Duration::from_secs(5);
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config.deadline(DEADLINE));
        let create = async || {
            let other = region.clone();
            let spawned =
                tokio::spawn(
                    async move { other.get_or_create_async("key", async || unwanted()).await },
                );
            clock.saw(1).await;
            clock.advance(DEADLINE);
            assert!(matches!(
                spawned.await.unwrap(),
                Err(Error::Deadline { .. })
            ));
            1
        };
        assert_eq!(region.get_or_create_async("key", create).await.unwrap(), 1);
    });
}
