//! Laws 1, 5, 6 and 7 where batches meet each other, single calls and other processes.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use dogpile::{Error, Region};

use crate::stores::{Form, Hand, HandClock, Op, Server, SharedMap};
use crate::support::{each_runtime, each_store, in_time, region};

const KEYS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Counts how often each key is created, and makes its number.
#[derive(Default)]
struct Source(Mutex<HashMap<String, usize>>);

impl Source {
    fn make(&self, keys: &[impl AsRef<str>]) -> Vec<u64> {
        let mut counts = self.0.lock().unwrap();
        let make = |key: &str| {
            *counts.entry(key.to_owned()).or_default() += 1;
            KEYS.iter().position(|known| *known == key).unwrap() as u64
        };
        keys.iter().map(AsRef::as_ref).map(make).collect()
    }

    fn each_was_made_once(&self) {
        let counts = self.0.lock().unwrap();
        assert!(
            counts.len() == KEYS.len() && counts.values().all(|count| *count == 1),
            "{counts:?}"
        );
    }
}

fn in_order() -> Vec<u64> {
    (0..KEYS.len() as u64).collect()
}

#[test]
fn law_1_threads_on_one_cold_batch_create_each_key_once() {
    each_store(|config| {
        let (region, source, start) = (region(config), Source::default(), Barrier::new(16));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    start.wait();
                    let made = region.get_or_create_many(&KEYS, |keys| source.make(keys));
                    assert_eq!(made.unwrap(), in_order());
                });
            }
        });
        source.each_was_made_once();
    });
}

#[test]
fn law_7_threads_whose_batches_overlap_in_opposite_orders_all_end() {
    each_store(|config| {
        let (region, source, start) = (region(config), Source::default(), Barrier::new(16));
        thread::scope(|scope| {
            for number in 0..16 {
                let (region, source, start) = (&region, &source, &start);
                scope.spawn(move || {
                    let mut keys = KEYS;
                    keys.rotate_left(number % 5);
                    if number % 2 == 0 {
                        keys.reverse();
                    }
                    start.wait();
                    if number % 4 == 3 {
                        let made = region.get_or_create(keys[0], || source.make(&[keys[0]])[0]);
                        assert_eq!(KEYS[usize::try_from(made.unwrap()).unwrap()], keys[0]);
                        return;
                    }
                    let made = region.get_or_create_many(&keys, |keys| source.make(keys));
                    let named = made
                        .unwrap()
                        .into_iter()
                        .map(|n| KEYS[usize::try_from(n).unwrap()]);
                    assert!(named.eq(keys), "each key has its own value");
                });
            }
        });
        source.each_was_made_once();
    });
}

#[test]
fn law_7_tasks_whose_batches_overlap_in_opposite_orders_all_end() {
    each_runtime(async |config| {
        let (region, source) = (region(config), Arc::new(Source::default()));
        let call = |number: usize| {
            let (region, source) = (region.clone(), Arc::clone(&source));
            tokio::spawn(async move {
                let mut keys = KEYS;
                keys.rotate_left(number % 7);
                if number.is_multiple_of(2) {
                    keys.reverse();
                }
                let creator = |keys: Vec<&'static str>| {
                    let source = Arc::clone(&source);
                    async move {
                        tokio::task::yield_now().await;
                        source.make(&keys)
                    }
                };
                region
                    .get_or_create_many_async(&keys, creator)
                    .await
                    .unwrap()
            })
        };
        let calls: Vec<_> = (0..64).map(call).collect();
        for call in calls {
            assert_eq!(call.await.unwrap().iter().sum::<u64>(), 28);
        }
        source.each_was_made_once();
    });
}

/// One process: a region of its own on a handle of its own.
fn process(map: SharedMap<u64>, clock: &Arc<HandClock>) -> Region<u64> {
    let region = Region::new("shared");
    region.configure(map.config(clock)).unwrap();
    region
}

#[test]
fn law_7_processes_whose_batches_overlap_in_opposite_orders_all_end() {
    for form in Form::ALL {
        in_time("a shared map", move || {
            let (server, clock) = Server::by_hand();
            let (source, start) = (Source::default(), Barrier::new(12));
            let processes =
                ["a", "b", "c"].map(|name| process(server.open(name).form(form), &clock));
            thread::scope(|scope| {
                for number in 0..12 {
                    let (region, source, start) = (&processes[number % 3], &source, &start);
                    scope.spawn(move || {
                        let mut keys = KEYS;
                        keys.rotate_left(number % 8);
                        if number % 2 == 0 {
                            keys.reverse();
                        }
                        start.wait();
                        let made = region.get_or_create_many(&keys, |keys| source.make(keys));
                        assert_eq!(made.unwrap().iter().sum::<u64>(), 28);
                    });
                }
            });
            source.each_was_made_once();
            assert!(
                KEYS.iter().all(|key| !server.is_leased(key)),
                "no lease is left"
            );
        });
    }
}

/// Another process in its creator for `b`, until it is sent what to create.
fn creating<'s>(
    scope: &'s thread::Scope<'s, '_>,
    region: Region<u64>,
) -> (
    Sender<u64>,
    thread::ScopedJoinHandle<'s, Result<u64, Error>>,
) {
    let (begun, has_begun) = channel();
    let (go, wait) = channel();
    let call = scope.spawn(move || {
        region.get_or_create("b", || {
            begun.send(()).unwrap();
            wait.recv().unwrap()
        })
    });
    has_begun.recv().unwrap();
    (go, call)
}

#[test]
fn law_7_a_batch_gives_back_what_it_holds_before_it_waits() {
    for form in Form::ALL {
        in_time("a shared map", move || {
            let (server, clock) = Server::by_hand();
            let (a, b) = (
                process(server.open("a").form(form), &clock),
                process(server.open("b").form(form), &clock),
            );
            thread::scope(|scope| {
                let (go, other) = creating(scope, b);
                let batch = scope.spawn(|| {
                    a.get_or_create_many(&["a", "b"], |keys| {
                        assert_eq!(keys, [&"a"], "another creates the other");
                        vec![1]
                    })
                });
                server.wait_for("a", Op::Commit, 1);
                assert!(!server.is_leased("a") && server.is_leased("b"));
                go.send(2).unwrap();
                assert_eq!(batch.join().unwrap().unwrap(), [1, 2]);
                assert_eq!(other.join().unwrap().unwrap(), 2);
            });
        });
    }
}

#[test]
fn law_7_who_waits_behind_a_batch_hears_of_another_process_though_its_creator_is_at_work() {
    in_time("a shared map", || {
        let (server, clock) = Server::by_hand();
        let (a, b) = (
            process(server.open("a"), &clock),
            process(server.open("b"), &clock),
        );
        thread::scope(|scope| {
            let (go, other) = creating(scope, b);
            let (works, at_work) = channel();
            let (end, ends) = sync_channel(0);
            let a = &a;
            let batch = scope.spawn(move || {
                a.get_or_create_many(&["a", "b"], |_| {
                    works.send(()).unwrap();
                    ends.recv().unwrap();
                    vec![1]
                })
            });
            at_work.recv().unwrap();
            let asleep = clock.bookings();
            let waiter = scope.spawn(|| a.get_or_create("b", || unreachable!("another creates")));
            clock.wait_for_bookings(asleep + 1);
            go.send(2).unwrap();
            assert_eq!(
                waiter.join().unwrap().unwrap(),
                2,
                "while the batch's creator is at work"
            );
            end.send(()).unwrap();
            assert_eq!(batch.join().unwrap().unwrap(), [1, 2]);
            assert_eq!(other.join().unwrap().unwrap(), 2);
        });
    });
}

/// A batch in its creator, and a single call that waits for one of its keys.
fn beside(
    region: &Region<u64>,
    ends: impl Fn(&[&&str]) -> Result<HashMap<&'static str, u64>, &'static str> + Send,
    creates: impl FnOnce() -> Result<u64, &'static str> + Send,
) -> (thread::Result<()>, Result<u64, Error<&'static str>>) {
    let (begun, has_begun) = channel();
    let (go, wait) = channel();
    let before = AtomicUsize::new(0);
    thread::scope(|scope| {
        let batch = scope.spawn(move || {
            let mut is_first = true;
            let made = region.get_or_try_create_map(&["a", "b"], |keys| {
                // It is called again for a key whose lease was still being given back.
                if std::mem::take(&mut is_first) {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                }
                ends(keys)
            });
            drop(made);
        });
        has_begun.recv().unwrap();
        let single = scope.spawn(|| {
            before.fetch_add(1, Ordering::Relaxed);
            region.get_or_try_create("b", creates)
        });
        while before.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        go.send(()).unwrap();
        (batch.join(), single.join().unwrap())
    })
}

#[test]
fn law_5_who_waits_for_one_key_of_a_batch_has_its_end() {
    each_store(|config| {
        let region = region(config);
        let (_, single) = beside(&region, |_| Ok(HashMap::from([("b", 7)])), || Ok(7));
        assert_eq!(single.unwrap(), 7);
        region.delete("b").unwrap();
        let (_, single) = beside(&region, |_| Err("no"), || Err("no"));
        assert!(matches!(single, Err(Error::Creator(said)) if *said == "no"));
        let (batch, single) = beside(&region, |_| panic!("oh"), || Ok(8));
        assert!(batch.is_err());
        // It waited and was told, or came after all was over.
        match single {
            Err(Error::CreatorPanicked { message, .. }) => assert_eq!(&*message, "oh"),
            late => assert_eq!(late.unwrap(), 8),
        }
    });
}

#[test]
fn law_6_a_key_that_a_creator_leaves_out_is_created_by_who_waits_for_it() {
    each_store(|config| {
        let region = region(config);
        let (_, single) = beside(&region, |_| Ok(HashMap::from([("a", 1)])), || Ok(9));
        assert_eq!(single.unwrap(), 9);
        assert_eq!(region.get_many(&["a", "b"]).unwrap(), [Some(1), Some(9)]);
    });
}

#[test]
fn a_cold_batch_asks_the_store_three_times_for_all_its_keys_at_once() {
    let keys: Vec<_> = (0..100).map(u64::to_be_bytes).collect();
    let (server, clock) = Server::by_hand();
    let map = server.open("a").form(Form::Later);
    let faults = map.faults();
    let region = process(map, &clock);
    let creator = async |keys: Vec<[u8; 8]>| (0..keys.len() as u64).collect();
    let stages = [Op::Get, Op::Lease, Op::Commit];
    let counts = || stages.map(|stage| server.count("a", stage));
    faults.close(&[Op::Get]);
    let mut batch = Hand::new(region.get_or_create_many_async(&keys, creator));
    assert!(batch.settle().is_pending());
    assert_eq!(counts(), [0, 0, 0]);
    faults.open();
    faults.close(&[Op::Lease]);
    assert!(batch.settle().is_pending());
    assert_eq!(counts(), [100, 0, 0]);
    faults.open();
    faults.close(&[Op::Commit]);
    assert!(batch.settle().is_pending());
    assert_eq!(counts(), [100, 100, 0]);
    faults.open();
    assert_eq!(batch.finish().unwrap().len(), 100);
    assert_eq!(counts(), [100, 100, 100]);
}

#[test]
fn law_6_a_panic_is_the_end_also_of_what_came_to_the_batch_meanwhile() {
    let (server, clock) = Server::by_hand();
    let region = process(server.open("a").form(Form::Later), &clock);
    let pending = async || std::future::pending::<u64>().await;
    let mut single = Hand::new(region.at("b").create_async(pending));
    assert!(single.settle().is_pending());
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let (mut wait, runs) = (Some(wait), AtomicUsize::new(0));
    let creator = |_| {
        runs.fetch_add(1, Ordering::Relaxed);
        let wait = wait.take();
        async {
            wait.unwrap().await.unwrap();
            panic!("oh")
        }
    };
    let mut batch = Hand::new(region.get_or_create_many_async(&["a", "b"], creator));
    assert!(batch.settle().is_pending());
    drop(single);
    assert!(batch.settle().is_pending(), "the other key is its own now");
    go.send(()).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| batch.finish())).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"oh"));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert!(!region.is_being_created("a") && !region.is_being_created("b"));
}
