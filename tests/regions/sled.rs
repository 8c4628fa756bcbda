//! Regions on sled: the laws, and what a region finds again when its folder is opened anew.
//!
//! Two regions, each with a handle and a codec of its own, share nothing but the store: what holds
//! among them, the store has decided.

use std::path::Path;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use dogpile::sled::Durability;
use dogpile::{Config, Invalidation, JsonCodec, Origin, Region, SledSettings};

use crate::support::{Gate, block_on, in_time};

const CALLERS: usize = 16;

fn on(folder: &Path) -> Region<u64> {
    let settings = SledSettings::path(folder).durability(Durability::EveryWrite);
    let store = settings.open().unwrap().encoded(JsonCodec::new());
    let region = Region::new("laws");
    region.configure(Config::new(store)).unwrap();
    region
}

#[test]
fn law_1_a_cold_stampede_of_threads_creates_once() {
    in_time("sled", || {
        let folder = tempfile::tempdir().unwrap();
        let regions = [on(folder.path()), on(folder.path())];
        let (creations, start) = (Mutex::new(0), Barrier::new(CALLERS));
        thread::scope(|scope| {
            for number in 0..CALLERS {
                let (region, creations, start) = (&regions[number % 2], &creations, &start);
                scope.spawn(move || {
                    start.wait();
                    let value = region.get_or_create("key", || {
                        *creations.lock().unwrap() += 1;
                        42
                    });
                    assert_eq!(value.unwrap(), 42);
                });
            }
        });
        assert_eq!(creations.into_inner().unwrap(), 1);
    });
}

#[test]
fn law_1_a_cold_stampede_of_tasks_creates_once() {
    for threads in [0, 2] {
        in_time("sled", move || block_on(threads, stampede_of_tasks()));
    }
}

async fn stampede_of_tasks() {
    let folder = tempfile::tempdir().unwrap();
    let regions = [on(folder.path()), on(folder.path())];
    let creations = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..CALLERS)
        .map(|number| {
            let (region, creations) = (regions[number % 2].clone(), Arc::clone(&creations));
            tokio::spawn(async move {
                let create = async || {
                    *creations.lock().unwrap() += 1;
                    42
                };
                region.get_or_create_async("key", create).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 42);
    }
    assert_eq!(*creations.lock().unwrap(), 1);
}

#[test]
fn law_3_what_was_set_or_deleted_meanwhile_is_not_overwritten() {
    in_time("sled", || {
        let folder = tempfile::tempdir().unwrap();
        let (creating, other) = (on(folder.path()), on(folder.path()));
        for set in [Some(5), None] {
            let (begun, end) = (Gate::shut(), Gate::shut());
            thread::scope(|scope| {
                let call = scope.spawn(|| {
                    creating.at("key").create(|| {
                        begun.open();
                        end.pass();
                        4
                    })
                });
                begun.pass();
                match set {
                    Some(value) => other.set("key", value).unwrap(),
                    None => other.delete("key").unwrap(),
                }
                end.open();
                let late = call.join().unwrap().unwrap();
                assert_eq!((late.value, late.origin), (4, Origin::Superseded));
            });
            assert_eq!(other.get("key").unwrap(), set);
            other.delete("key").unwrap();
        }
    });
}

#[test]
fn law_7_who_waits_for_another_region_s_creator_is_woken() {
    in_time("sled", || {
        let folder = tempfile::tempdir().unwrap();
        let (creating, waiting) = (on(folder.path()), on(folder.path()));
        let (begun, end) = (Gate::shut(), Gate::shut());
        thread::scope(|scope| {
            let creator = scope.spawn(|| {
                creating.at("key").create(|| {
                    begun.open();
                    end.pass();
                    3
                })
            });
            begun.pass();
            let waiter = scope.spawn(|| waiting.at("key").create(|| unreachable!("once")));
            end.open();
            assert_eq!(creator.join().unwrap().unwrap().origin, Origin::Created);
            assert_eq!(waiter.join().unwrap().unwrap().value, 3);
        });
    });
}

#[test]
fn law_11_what_was_invalidated_stays_so_when_the_folder_is_opened_again() {
    in_time("sled", || {
        let folder = tempfile::tempdir().unwrap();
        let region = on(folder.path());
        region.set("old", 1).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        region.set("new", 2).unwrap();
        drop(region);
        let region = on(folder.path());
        assert_eq!(region.get("old").unwrap(), None);
        assert_eq!(region.get("new").unwrap(), Some(2));
        let kept = region.get_or_create("new", || unreachable!("it is there"));
        assert_eq!(kept.unwrap(), 2);
    });
}
