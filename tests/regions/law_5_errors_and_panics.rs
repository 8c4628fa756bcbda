//! Law 5: one failing or panicking call per stampede; those who waited get that error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex};
use std::thread;

use dogpile::{Error, Origin, Region};

use crate::support::{FRESH, WatchedClock, each_runtime, each_store, region_by_hand};

const THREADS: usize = 16;
const TASKS: usize = 200;

#[derive(Debug, PartialEq)]
struct Broken(u32);

#[derive(Debug)]
struct Other;

/// What `THREADS` callers at once get when the creator among them fails.
fn failing(region: &Region<u64>, clock: &WatchedClock) -> Vec<Arc<Broken>> {
    let calls = Mutex::new(0);
    thread::scope(|scope| {
        let call = || {
            let answer = region.get_or_try_create("key", || {
                let mut calls = calls.lock().unwrap();
                *calls += 1;
                clock.see(THREADS - 1);
                Err(Broken(*calls))
            });
            match answer {
                Err(Error::Creator(error)) => error,
                other => panic!("{other:?}"),
            }
        };
        let callers: Vec<_> = (0..THREADS).map(|_| scope.spawn(call)).collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

#[test]
fn law_5_one_call_fails_and_all_waiters_get_the_very_error() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let errors = failing(&region, &clock);
        assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])));
        assert_eq!(*errors[0], Broken(1));
        assert!(!region.is_being_created("key"));
        let later = region.at("key").create(|| 2).unwrap();
        assert_eq!((later.value, later.origin), (2, Origin::Created), "anew");
    });
}

#[test]
fn law_5_one_task_fails_and_all_waiting_tasks_get_the_very_error() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let calls = Arc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (region, clock, calls) = (region.clone(), clock.clone(), Arc::clone(&calls));
                tokio::spawn(async move {
                    let create = async || {
                        *calls.lock().unwrap() += 1;
                        clock.saw(TASKS - 1).await;
                        Err(Broken(1))
                    };
                    region.get_or_try_create_async("key", create).await
                })
            })
            .collect();
        let mut errors = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Err(Error::Creator(error)) => errors.push(error),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(*calls.lock().unwrap(), 1);
        assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])));
        let later = region.get_or_create_async("key", async || 2).await;
        assert_eq!(later.unwrap(), 2, "anew");
    });
}

#[test]
fn law_5_waiters_of_another_error_type_get_it_erased() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        thread::scope(|scope| {
            let answer = region.get_or_try_create("key", || {
                scope.spawn(|| {
                    let answer = region.get_or_try_create("key", || Err::<u64, _>(Other));
                    let Err(Error::OtherCreator {
                        place,
                        error,
                        type_name,
                    }) = answer
                    else {
                        panic!("{answer:?}")
                    };
                    assert_eq!((&*place.region, &*place.key), ("laws", "\"key\""));
                    assert!(type_name.ends_with("Broken"));
                    assert_eq!(error.downcast_ref(), Some(&Broken(3)));
                });
                clock.see(1);
                Err(Broken(3))
            });
            assert!(matches!(answer, Err(Error::Creator(error)) if *error == Broken(3)));
        });
    });
}

/// A stale value, a creator that fails, and a reader meanwhile.
fn failing_refresh(region: &Region<u64>, clock: &WatchedClock) -> Result<(u64, Origin), Broken> {
    region.set("key", 1).unwrap();
    clock.advance(FRESH);
    let answer = region.at("key").try_create(|| {
        let reader = region.at("key").create(|| unreachable!()).unwrap();
        assert_eq!((reader.value, reader.origin), (1, Origin::Stale));
        Err(Broken(1))
    });
    match answer {
        Ok(answer) => Ok((answer.value, answer.origin)),
        Err(Error::Creator(error)) => Err(Arc::into_inner(error).unwrap()),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn law_5_a_stale_value_answers_for_a_creator_that_fails_unless_told_otherwise() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let answer = failing_refresh(&region, &clock);
        assert_eq!(answer, Ok((1, Origin::StaleOnError)));
        let strict = region.at("key").stale_if_error(false);
        let answer = strict.try_create(|| Err(Broken(2)));
        assert!(matches!(answer, Err(Error::Creator(error)) if *error == Broken(2)));
        let next = region.at("key").create(|| 5).unwrap();
        assert_eq!((next.value, next.origin), (5, Origin::Created));
    });
    each_store(|config| {
        let (region, clock) = region_by_hand(config.stale_if_error(false));
        assert_eq!(failing_refresh(&region, &clock), Err(Broken(1)));
    });
}

#[test]
fn law_5_a_failing_refresh_leaves_the_old_value() {
    each_store(|config| {
        let (region, _clock) = region_by_hand(config);
        region.set("key", 1).unwrap();
        let answer = region.refresh("key", || Err(Broken(1)));
        assert!(matches!(answer, Err(Error::Creator(error)) if *error == Broken(1)));
        assert_eq!(region.get("key").unwrap(), Some(1));
        assert!(!region.is_being_created("key"));
    });
}

/// The caller's panic, and what a thread that waited is told.
fn panicking(
    region: &Region<u64>,
    clock: &WatchedClock,
    panic: fn(),
) -> (Box<dyn Any + Send>, String) {
    thread::scope(|scope| {
        let waiter = Mutex::new(None);
        let call = || {
            region.get_or_create("key", || {
                let wait = || match region.get_or_create("key", || unreachable!()) {
                    Err(Error::CreatorPanicked { message, place }) => {
                        assert_eq!(place.key, "\"key\"");
                        message.to_string()
                    }
                    other => panic!("{other:?}"),
                };
                *waiter.lock().unwrap() = Some(scope.spawn(wait));
                clock.see(1);
                panic();
                0
            })
        };
        let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        let waiter = waiter.into_inner().unwrap().unwrap();
        (payload, waiter.join().unwrap())
    })
}

#[test]
fn law_5_a_panic_goes_on_in_its_caller_and_waiters_are_told() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let (payload, told) = panicking(&region, &clock, || panic_any("a String".to_owned()));
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "a String");
        assert_eq!(told, "a String");
        assert!(!region.is_being_created("key"));
        assert_eq!(region.get_or_create("key", || 2).unwrap(), 2, "anew");
    });
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let (payload, told) = panicking(&region, &clock, || panic!("a &str"));
        assert_eq!(payload.downcast_ref(), Some(&"a &str"));
        assert_eq!(told, "a &str");
    });
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        let (payload, told) = panicking(&region, &clock, || panic_any(Broken(7)));
        assert_eq!(payload.downcast_ref(), Some(&Broken(7)));
        assert_eq!(told, "(no text)");
    });
}

#[test]
fn law_5_a_panic_of_a_task_ends_that_task_and_waiters_are_told() {
    each_runtime(async |config| {
        let (region, clock) = region_by_hand(config);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (region, clock) = (region.clone(), clock.clone());
                tokio::spawn(async move {
                    let create = async || -> u64 {
                        clock.saw(7).await;
                        panic!("in a task")
                    };
                    region.get_or_create_async("key", create).await
                })
            })
            .collect();
        let (mut panicked, mut told) = (0, 0);
        for task in tasks {
            match task.await {
                Err(ended) => {
                    let payload = ended.into_panic();
                    assert_eq!(payload.downcast_ref(), Some(&"in a task"));
                    panicked += 1;
                }
                Ok(Err(Error::CreatorPanicked { message, .. })) => {
                    assert_eq!(&*message, "in a task");
                    told += 1;
                }
                Ok(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((panicked, told), (1, 7));
        let later = region.get_or_create_async("key", async || 2).await;
        assert_eq!(later.unwrap(), 2, "anew");
    });
}

/// A panic with a stale value at hand: no creator's error, so no stale answer for its caller.
#[test]
fn law_5_a_panic_goes_on_although_a_stale_value_is_there() {
    each_store(|config| {
        let (region, clock) = region_by_hand(config);
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let call = || region.get_or_create("key", || panic!("no text"));
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        let next = region.at("key").create(|| 2).unwrap();
        assert_eq!((next.value, next.origin), (2, Origin::Created));
    });
}
