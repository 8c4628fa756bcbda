//! Law 5: waiters get the result itself, or look again; nobody waits for more than two creations.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dogpile::{Answer, Invalidation, Origin, Region};

use crate::support::{
    Gate, Hooks, Point, WatchedClock, each_runtime, each_store, hooked_stores, in_time,
    region_by_hand,
};

fn needless() -> u64 {
    unreachable!("this caller was to get another's value")
}

fn parts(answer: &Answer<u64>) -> (u64, Origin) {
    (answer.value, answer.origin)
}

/// A creation in a thread of its own that has begun and ends with 1 once the gate is open.
fn creation(region: &Region<u64>, end: &Gate) -> thread::JoinHandle<(u64, Origin)> {
    let (region, end, begun) = (region.clone(), end.clone(), Gate::shut());
    let begins = begun.clone();
    let creator = thread::spawn(move || {
        let create = || {
            begins.open();
            end.pass();
            1
        };
        parts(&region.at("key").create(create).unwrap())
    });
    begun.pass();
    creator
}

/// A caller in a thread of its own, which creates 2 if it comes to that.
fn waiter(region: &Region<u64>) -> thread::JoinHandle<(u64, Origin)> {
    let region = region.clone();
    thread::spawn(move || parts(&region.at("key").create(|| 2).unwrap()))
}

#[test]
fn law_5_waiters_get_the_value_without_reading_the_store_again() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            let end = Gate::shut();
            let creator = creation(&region, &end);
            let waiting = waiter(&region);
            clock.see(1);
            for point in [Point::Look, Point::Lease] {
                hooks.at(point, || unreachable!("the store was asked again"));
            }
            end.open();
            assert_eq!(creator.join().unwrap(), (1, Origin::Created));
            assert_eq!(waiting.join().unwrap(), (1, Origin::Shared));
        });
    }
}

/// Whoever came while the creator was at work wants nothing from before the deletion.
#[test]
fn law_5_late_joiners_of_a_superseded_creation_look_again() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let end = Gate::shut();
        let creator = creation(&region, &end);
        let late = waiter(&region);
        clock.see(1);
        region.delete("key").unwrap();
        assert_eq!(late.join().unwrap(), (2, Origin::Created), "at once");
        end.open();
        assert_eq!(creator.join().unwrap(), (1, Origin::Superseded));
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}

#[test]
fn law_5_late_joiners_of_an_invalidated_creation_do_not_serve_later_callers() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let end = Gate::shut();
        let creator = creation(&region, &end);
        region.invalidate(Invalidation::Hard).unwrap();
        let after = waiter(&region);
        clock.see(1);
        end.open();
        assert_eq!(creator.join().unwrap(), (1, Origin::Superseded));
        assert_eq!(after.join().unwrap(), (2, Origin::Created));
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}

/// Even a value that was committed before is none for those who come after the invalidation.
#[test]
fn law_5_a_committed_value_does_not_serve_those_who_come_after_an_invalidation() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            let (committed, go_on) = stop(&hooks, Point::Committed);
            let end = Gate::shut();
            let creator = creation(&region, &end);
            end.open();
            committed.pass();
            region.invalidate(Invalidation::Hard).unwrap();
            let after = waiter(&region);
            clock.see(1);
            go_on.open();
            assert_eq!(creator.join().unwrap().0, 1);
            assert_eq!(after.join().unwrap(), (2, Origin::Created));
        });
    }
}

/// A set that comes late to those who wait has nothing for who came after its value was deleted.
#[test]
fn law_5_a_value_that_was_set_and_deleted_does_not_serve_those_who_come_then() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            let (was_set, go_on) = stop(&hooks, Point::WasSet);
            let other = region.clone();
            let setter = thread::spawn(move || other.set("key", 7).unwrap());
            was_set.pass();
            assert_eq!(region.get("key").unwrap(), Some(7));
            region.delete("key").unwrap();
            let end = Gate::shut();
            let creator = creation(&region, &end);
            let after = waiter(&region);
            clock.see(1);
            go_on.open();
            setter.join().unwrap();
            assert_eq!(after.join().unwrap(), (2, Origin::Created));
            end.open();
            assert_eq!(creator.join().unwrap(), (1, Origin::Superseded));
        });
    }
}

/// Stops the next call at `point` until the second gate is opened; the first opens when it is there.
fn stop(hooks: &Hooks, point: Point) -> (Gate, Gate) {
    let (there, go_on) = (Gate::shut(), Gate::shut());
    let (arrived, gate) = (there.clone(), go_on.clone());
    hooks.at(point, move || {
        arrived.open();
        gate.pass();
    });
    (there, go_on)
}

/// Whoever waited before the creator began gets its value even if that was superseded.
#[test]
fn law_5_patient_waiters_get_the_value_of_a_superseded_creation() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            let (leased, begin) = stop(&hooks, Point::Leased);
            let other = region.clone();
            let creator = thread::spawn(move || {
                let create = || {
                    other.delete("key").unwrap();
                    1
                };
                parts(&other.at("key").create(create).unwrap())
            });
            leased.pass();
            let patient: Vec<_> = (0..4).map(|_| waiter(&region)).collect();
            clock.see(4);
            begin.open();
            assert_eq!(creator.join().unwrap(), (1, Origin::Superseded));
            for waiter in patient {
                assert_eq!(waiter.join().unwrap(), (1, Origin::Shared));
            }
            assert_eq!(region.get("key").unwrap(), None, "nobody stored it");
            assert!(!region.is_being_created("key"));
        });
    }
}

#[test]
fn law_5_a_value_that_is_set_is_what_all_waiters_get() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let end = Gate::shut();
        let creator = creation(&region, &end);
        let waiting: Vec<_> = (0..4).map(|_| waiter(&region)).collect();
        clock.see(4);
        region.set("key", 7).unwrap();
        for waiter in waiting {
            assert_eq!(waiter.join().unwrap(), (7, Origin::Shared), "at once");
        }
        end.open();
        assert_eq!(creator.join().unwrap(), (1, Origin::Superseded));
        assert_eq!(region.get("key").unwrap(), Some(7));
    });
}

/// A refresh that has begun and ends with `value` once its gate is open.
fn refresh(region: &Region<u64>, value: u64) -> (Gate, thread::JoinHandle<Origin>) {
    let (begun, end) = (Gate::shut(), Gate::shut());
    let (region, begins, ends) = (region.clone(), begun.clone(), end.clone());
    let refresh = thread::spawn(move || {
        let create = || {
            begins.open();
            ends.pass();
            Ok::<_, ()>(value)
        };
        region.at("key").refresh(create).unwrap().origin
    });
    begun.pass();
    (end, refresh)
}

/// The second creation that a caller waits for is its last one, whatever happens to the key.
fn is_its_last(region: &Region<u64>, clock: &WatchedClock, hooks: &Hooks) {
    let end = Gate::shut();
    let first = creation(region, &end);
    let other = region.clone();
    let patient = thread::spawn(move || parts(&other.at("key").create(needless).unwrap()));
    clock.see(1);
    // Its second wait is told from its first by its time, if that creator has begun by then.
    clock.advance(Duration::from_secs(1));
    let (looks_again, look) = stop(hooks, Point::Look);
    let (end_second, second) = refresh(region, 12);
    looks_again.pass();
    look.open();
    clock.see(2);
    let (end_third, third) = refresh(region, 13);
    region.delete("key").unwrap();
    region.delete("key").unwrap();
    let (end_fourth, fourth) = refresh(region, 14);
    end_second.open();
    assert_eq!(second.join().unwrap(), Origin::Superseded);
    assert_eq!(patient.join().unwrap(), (12, Origin::Shared));
    for gate in [end, end_third, end_fourth] {
        gate.open();
    }
    assert_eq!(first.join().unwrap(), (1, Origin::Superseded));
    assert_eq!(third.join().unwrap(), Origin::Superseded);
    assert_eq!(fourth.join().unwrap(), Origin::Created);
    assert_eq!(region.get("key").unwrap(), Some(14));
}

#[test]
fn law_5_nobody_waits_for_more_than_two_creations() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            is_its_last(&region, &clock, &hooks);
        });
    }
}

/// However often the key is deleted while creators are at work, every caller ends.
#[test]
fn law_5_a_key_that_is_deleted_without_end_keeps_nobody_waiting() {
    each_store(|config| {
        let (region, _clock) = region_by_hand(config);
        let creations = Mutex::new(0_u64);
        thread::scope(|scope| {
            let call = || {
                for _ in 0..50 {
                    let value = region.get_or_create("key", || {
                        region.delete("key").unwrap();
                        let mut creations = creations.lock().unwrap();
                        *creations += 1;
                        *creations
                    });
                    assert!(value.unwrap() > 0);
                }
            };
            (0..8).for_each(|_| drop(scope.spawn(call)));
        });
        assert_eq!(region.get("key").unwrap(), None);
        assert!(!region.is_being_created("key"));
    });
}

#[test]
fn law_5_tasks_look_again_when_their_creation_is_superseded() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let (begun, end) = (Gate::shut(), Gate::shut());
        let creator = tokio::spawn({
            let (region, begun, end) = (region.clone(), begun.clone(), end.clone());
            async move {
                let create = async || {
                    begun.open();
                    end.passed().await;
                    1
                };
                parts(&region.at("key").create_async(create).await.unwrap())
            }
        });
        begun.passed().await;
        let late = tokio::spawn({
            let region = region.clone();
            async move { parts(&region.at("key").create_async(async || 2).await.unwrap()) }
        });
        clock.saw(1).await;
        region.delete_async("key").await.unwrap();
        assert_eq!(late.await.unwrap(), (2, Origin::Created), "at once");
        end.open();
        assert_eq!(creator.await.unwrap(), (1, Origin::Superseded));
        assert_eq!(region.get_async("key").await.unwrap(), Some(2));
    });
}

#[test]
fn law_5_declined_values_are_shared_and_not_stored() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config.should_cache(|value| *value > 10));
        let end = Gate::shut();
        let creator = creation(&region, &end);
        let waiting: Vec<_> = (0..4).map(|_| waiter(&region)).collect();
        clock.see(4);
        end.open();
        assert_eq!(creator.join().unwrap(), (1, Origin::Declined));
        for waiter in waiting {
            assert_eq!(waiter.join().unwrap(), (1, Origin::Shared));
        }
        assert_eq!(region.get("key").unwrap(), None);
        let stored = region.at("key").create(|| 11).unwrap();
        assert_eq!(parts(&stored), (11, Origin::Created));
    });
}

#[test]
fn law_5_declined_values_of_tasks_are_shared_and_not_stored() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config.should_cache(|value| *value > 10));
        let clock = Arc::new(clock);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (region, clock) = (region.clone(), Arc::clone(&clock));
                tokio::spawn(async move {
                    let create = async || {
                        clock.saw(7).await;
                        1
                    };
                    parts(&region.at("key").create_async(create).await.unwrap())
                })
            })
            .collect();
        let mut declined = 0;
        for task in tasks {
            let (value, origin) = task.await.unwrap();
            assert_eq!(value, 1);
            declined += usize::from(origin == Origin::Declined);
            assert!(matches!(origin, Origin::Declined | Origin::Shared));
        }
        assert_eq!(declined, 1);
        assert_eq!(region.get_async("key").await.unwrap(), None);
    });
}
