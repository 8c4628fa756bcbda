//! Law 1: one live creator per key.

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use dogpile::{Config, Memory, Origin, Region};
use tokio::sync::mpsc;

use crate::support::{
    FRESH, Gate, WatchedClock, each_runtime, each_store, in_time, region, region_by_hand,
};

const THREADS: usize = 64;
const TASKS: usize = 1_000;

fn count(origins: &[Origin], wanted: Origin) -> usize {
    origins.iter().filter(|origin| **origin == wanted).count()
}

/// `THREADS` callers at once; the creator among them does `work`.
fn stampede(region: &Region<u64>, work: impl Fn() + Sync) -> Vec<(u64, Origin)> {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let call = || {
            start.wait();
            let answer = region.at("key").create(|| {
                work();
                42
            });
            let answer = answer.unwrap();
            (answer.value, answer.origin)
        };
        let callers: Vec<_> = (0..THREADS).map(|_| scope.spawn(call)).collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

#[test]
fn law_1_a_cold_stampede_of_threads_creates_once() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let answers = stampede(&region, || clock.see(THREADS - 1));
        assert!(answers.iter().all(|(value, _)| *value == 42));
        let origins: Vec<_> = answers.into_iter().map(|(_, origin)| origin).collect();
        assert_eq!(count(&origins, Origin::Created), 1);
        assert_eq!(count(&origins, Origin::Shared), THREADS - 1);
        assert!(!region.is_being_created("key"));
    });
}

#[test]
fn law_1_a_cold_stampede_of_tasks_creates_once() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (region, clock) = (region.clone(), clock.clone());
                tokio::spawn(async move {
                    let create = async || {
                        clock.saw(TASKS - 1).await;
                        42
                    };
                    region.at("key").create_async(create).await.unwrap()
                })
            })
            .collect();
        let mut origins = Vec::new();
        for task in tasks {
            let answer = task.await.unwrap();
            assert_eq!(answer.value, 42);
            origins.push(answer.origin);
        }
        assert_eq!(count(&origins, Origin::Created), 1);
        assert_eq!(count(&origins, Origin::Shared), TASKS - 1);
        assert!(!region.is_being_created("key"));
    });
}

#[test]
fn law_1_law_4_threads_with_a_stale_value_have_it_while_one_creates() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let (served, seen) = channel();
        let seen = Mutex::new(seen);
        let start = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let (region, served) = (&region, served.clone());
                let (start, seen) = (&start, &seen);
                scope.spawn(move || {
                    start.wait();
                    let answer = region.at("key").create(|| {
                        // Ends only once everybody else is served.
                        let seen = seen.lock().unwrap();
                        assert!((1..THREADS).all(|_| seen.recv().unwrap() == (1, Origin::Stale)));
                        2
                    });
                    let answer = answer.unwrap();
                    served.send((answer.value, answer.origin)).unwrap();
                });
            }
        });
        assert_eq!(seen.lock().unwrap().recv(), Ok((2, Origin::Created)));
        assert_eq!(clock.waits(), 0, "nobody waited");
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}

#[test]
fn law_1_law_4_tasks_with_a_stale_value_have_it_while_one_creates() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        region.set_async("key", 1).await.unwrap();
        clock.advance(FRESH);
        let (served, seen) = mpsc::unbounded_channel();
        let seen = Arc::new(tokio::sync::Mutex::new(seen));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (region, served, seen) = (region.clone(), served.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let create = async || {
                        let mut seen = seen.lock().await;
                        for _ in 1..TASKS {
                            assert_eq!(seen.recv().await, Some((1, Origin::Stale)));
                        }
                        2
                    };
                    let answer = region.at("key").create_async(create).await.unwrap();
                    served.send((answer.value, answer.origin)).unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(seen.lock().await.recv().await, Some((2, Origin::Created)));
        assert_eq!(clock.waits(), 0, "nobody waited");
    });
}

#[test]
fn law_1_threads_and_tasks_share_one_creation() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let creations = Arc::new(Mutex::new(0));
        let make = |clock: WatchedClock, creations: Arc<Mutex<u32>>| {
            move || {
                *creations.lock().unwrap() += 1;
                clock.see(15);
                42
            }
        };
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let create = make(clock.clone(), Arc::clone(&creations));
                let region = region.clone();
                thread::spawn(move || region.get_or_create("key", create).unwrap())
            })
            .collect();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (region, clock) = (region.clone(), clock.clone());
                let creations = Arc::clone(&creations);
                tokio::spawn(async move {
                    let create = async || {
                        *creations.lock().unwrap() += 1;
                        clock.saw(15).await;
                        42
                    };
                    region.get_or_create_async("key", create).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 42);
        }
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 42);
        }
        assert_eq!(*creations.lock().unwrap(), 1);
    });
}

#[test]
fn law_1_regions_on_one_store_share_their_creations() {
    in_time("memory", || {
        let clock = WatchedClock::new();
        let memory = Memory::unbounded();
        let [first, second] =
            [(); 2].map(|()| region(Config::new(memory.clone()).clock(clock.port())));
        thread::scope(|scope| {
            let created = first.at("key").create(|| {
                scope.spawn(|| {
                    let shared = second.at("key").create(|| unreachable!("created twice"));
                    assert_eq!(shared.unwrap().origin, Origin::Shared);
                });
                clock.see(1);
                42
            });
            assert_eq!(created.unwrap().origin, Origin::Created);
        });
    });
}

#[test]
fn law_1_other_keys_are_created_at_the_same_time() {
    each_store(|config| {
        let region = region(config);
        let meet = Barrier::new(8);
        thread::scope(|scope| {
            for key in 0..8_u8 {
                let (region, meet) = (&region, &meet);
                scope.spawn(move || {
                    let value = region.get_or_create([key], || {
                        meet.wait();
                        u64::from(key)
                    });
                    assert_eq!(value.unwrap(), u64::from(key));
                });
            }
        });
    });
}

/// A creator past its limit ends after another has taken its place: whoever comes then waits for
/// that one.
#[test]
fn law_1_a_late_creator_leaves_its_successor_alone() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config.creation_limit(FRESH));
        let (late, successor) = (Gate::shut(), Gate::shut());
        let (begun, begins) = channel();
        thread::scope(|scope| {
            let call = |value, gate: &Gate| {
                let (region, begun, gate) = (region.clone(), begun.clone(), gate.clone());
                scope.spawn(move || {
                    let create = || {
                        begun.send(value).unwrap();
                        gate.pass();
                        value
                    };
                    region.at("key").create(create).unwrap().value
                })
            };
            let first = call(1, &late);
            assert_eq!(begins.recv(), Ok(1));
            let second = call(2, &successor);
            clock.see(1);
            clock.advance(FRESH);
            assert_eq!(begins.recv(), Ok(2), "the limit has passed");
            late.open();
            assert_eq!(first.join().unwrap(), 1, "its own caller has its value");
            assert!(region.is_being_created("key"), "the other is still at work");
            successor.open();
            assert_eq!(second.join().unwrap(), 2);
        });
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}
