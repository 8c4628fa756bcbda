//! Law 2: whoever wins looks again before it creates, whether there was a stale value or none.

use dogpile::Origin;

use crate::support::{FRESH, Point, block_on, hooked_stores, in_time, region_by_hand};

fn needless() -> u64 {
    unreachable!("created although a fresh value was there")
}

/// A call that found nothing fresh is overtaken by a whole other creation before it claims.
fn overtaken(old: Option<u64>, point: Point) {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            if let Some(old) = old {
                region.set("key", old).unwrap();
                clock.advance(FRESH);
            }
            let other = region.clone();
            hooks.at(point, move || {
                let created = other.at("key").create(|| 5).unwrap();
                assert_eq!((created.value, created.origin), (5, Origin::Created));
            });
            let answer = region.at("key").create(needless).unwrap();
            assert!(hooks.are_done());
            assert_eq!((answer.value, answer.origin), (5, Origin::Hit));
            assert!(!region.is_being_created("key"));
        });
    }
}

#[test]
fn law_2_whoever_found_nothing_looks_again_after_it_won() {
    overtaken(None, Point::Looked);
}

#[test]
fn law_2_whoever_found_a_stale_value_looks_again_after_it_won() {
    overtaken(Some(1), Point::Looked);
}

#[test]
fn law_2_the_second_look_is_in_the_step_that_grants_the_lease() {
    for old in [None, Some(1)] {
        for (name, config, hooks) in hooked_stores() {
            in_time(name, move || {
                let (region, clock) = region_by_hand(config);
                if let Some(old) = old {
                    region.set("key", old).unwrap();
                    clock.advance(FRESH);
                }
                let other = region.clone();
                let since = FRESH / 4;
                hooks.at(Point::Lease, move || {
                    other.set("key", 5).unwrap();
                    clock.advance(since);
                });
                let answer = region.at("key").create(needless).unwrap();
                assert_eq!((answer.value, answer.origin), (5, Origin::Hit));
                assert_eq!(answer.age, since, "of the value that the lease found");
            });
        }
    }
}

#[test]
fn law_2_tasks_look_again_too() {
    for threads in [0, 2] {
        for (name, config, hooks) in hooked_stores() {
            in_time(name, move || {
                block_on(threads, async {
                    let (region, clock) = region_by_hand(config);
                    region.set_async("key", 1).await.unwrap();
                    clock.advance(FRESH);
                    let other = region.clone();
                    hooks.at(Point::Looked, move || {
                        assert_eq!(other.get_or_create("key", || 5).unwrap(), 5);
                    });
                    let create = async || needless();
                    let answer = region.at("key").create_async(create).await.unwrap();
                    assert_eq!((answer.value, answer.origin), (5, Origin::Hit));
                    assert!(!region.is_being_created("key"));
                });
            });
        }
    }
}

/// A call with a stricter idea of freshness creates although another was content.
#[test]
fn law_2_the_second_look_goes_by_the_call_s_own_freshness() {
    for (name, config, hooks) in hooked_stores() {
        in_time(name, move || {
            let (region, clock) = region_by_hand(config);
            region.set("key", 1).unwrap();
            clock.advance(FRESH / 2);
            let strict = region.at("key").fresh_for(FRESH / 4);
            let answer = strict.create(|| 2).unwrap();
            assert_eq!((answer.value, answer.origin), (2, Origin::Created));
            let lax = region.at("key").fresh_for(FRESH);
            assert_eq!(lax.create(needless).unwrap().origin, Origin::Hit);
            assert!(hooks.are_done());
        });
    }
}
