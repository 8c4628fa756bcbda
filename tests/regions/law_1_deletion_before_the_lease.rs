//! Laws 1, 5, 6 and 8 for a creator whose claim was superseded before the store gave it the lease:
//! those who come then find its creation, and not only its lease.

use std::thread;
use std::time::Duration;

use dogpile::{Error, Invalidation, Origin, Region};

use crate::support::{FRESH, Hooks, Point, block_on, hooked_stores, in_time, region_by_hand};

fn unwanted() -> u64 {
    unreachable!("another creates")
}

/// Where the deletion comes from: before the store is asked for the lease, or after it gave it.
const POINTS: [Point; 2] = [Point::Lease, Point::Leased];

fn delete_at(hooks: &Hooks, point: Point, region: &Region<u64>) {
    let region = region.clone();
    hooks.at(point, move || region.delete("key").unwrap());
}

#[test]
fn law_8_its_key_entered_again_is_a_cycle_all_the_same() {
    for point in POINTS {
        for (name, config, hooks) in hooked_stores() {
            in_time(name, move || {
                let (region, _clock) = region_by_hand(config);
                delete_at(&hooks, point, &region);
                let created = region.at("key").create(|| {
                    let again = region.get_or_create("key", unwanted);
                    assert!(matches!(again, Err(Error::Cycle { .. })), "{again:?}");
                    1
                });
                assert_eq!(created.unwrap().origin, Origin::Created);
                assert_eq!(region.get("key").unwrap(), Some(1));
            });
        }
    }
}

#[test]
fn law_5_its_error_reaches_those_who_wait() {
    for point in POINTS {
        for (name, config, hooks) in hooked_stores() {
            in_time(name, move || {
                let (region, clock) = region_by_hand(config);
                delete_at(&hooks, point, &region);
                thread::scope(|scope| {
                    let failed = region.get_or_try_create("key", || {
                        let waits = clock.waits();
                        scope.spawn(|| {
                            let told = region.get_or_try_create("key", || Ok::<_, u8>(unwanted()));
                            assert!(matches!(told, Err(Error::Creator(error)) if *error == 3));
                        });
                        clock.see(waits + 1);
                        Err(3_u8)
                    });
                    assert!(matches!(failed, Err(Error::Creator(error)) if *error == 3));
                });
                assert!(!region.is_being_created("key"));
            });
        }
    }
}

#[test]
fn law_6_it_is_taken_over_when_it_is_past_its_limit() {
    const LIMIT: Duration = Duration::from_secs(30);
    for point in POINTS {
        for (name, config, hooks) in hooked_stores() {
            in_time(name, move || {
                let (region, clock) = region_by_hand(config.creation_limit(LIMIT));
                delete_at(&hooks, point, &region);
                let late = region.at("key").create(|| {
                    let waits = clock.waits();
                    thread::scope(|scope| {
                        let other = || region.at("key").create(|| 2).unwrap();
                        let waiter = scope.spawn(other);
                        clock.see(waits + 1);
                        clock.advance(LIMIT);
                        let answer = waiter.join().unwrap();
                        assert_eq!((answer.value, answer.origin), (2, Origin::Created));
                    });
                    1
                });
                assert_eq!(late.unwrap().origin, Origin::Superseded);
                assert_eq!(region.get("key").unwrap(), Some(2));
            });
        }
    }
}

/// With a stale value at hand, the deletion comes first: it must not be served after that.
#[test]
fn law_3_a_stale_value_that_was_deleted_meanwhile_is_not_served() {
    for point in POINTS {
        for tasks in [None, Some(0), Some(2)] {
            for (name, config, hooks) in hooked_stores() {
                in_time(name, move || {
                    let (region, clock) = region_by_hand(config);
                    region.set("key", 1).unwrap();
                    clock.advance(FRESH);
                    delete_at(&hooks, point, &region);
                    let answer = match tasks {
                        None => region.at("key").create(|| 2).unwrap(),
                        Some(threads) => {
                            let mut answer = None;
                            block_on(threads, async {
                                let created = region.at("key").create_async(async || 2).await;
                                answer = Some(created.unwrap());
                            });
                            answer.unwrap()
                        }
                    };
                    assert_eq!((answer.value, answer.origin), (2, Origin::Created));
                    region.invalidate(Invalidation::Hard).unwrap();
                });
            }
        }
    }
}
