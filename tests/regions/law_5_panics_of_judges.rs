//! Law 5 for what a value is judged by before it is stored: a panic of `should_cache` or of `tags_of` is
//! one of the creator, told once to all who wait.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use dogpile::{Config, Error, Job, Memory, Region, Tags};

use crate::support::{each_runtime, each_store, region_by_hand};

const TASKS: usize = 8;
/// The value at which they panic, and what with.
const ODD: u64 = 13;
const SAID: &str = "not thirteen";

fn judged(value: u64) {
    if value == ODD {
        panic_any(SAID)
    }
}

fn with_should_cache(config: Config<u64>) -> Config<u64> {
    config.should_cache(|value| {
        judged(*value);
        true
    })
}

fn with_tags_of(config: Config<u64>) -> Config<u64> {
    config.tags_of(|_, value| {
        judged(*value);
        Ok(Tags::NONE)
    })
}

fn is_told<E>(error: &Error<E>) -> bool {
    matches!(error, Error::CreatorPanicked { message, place } if &**message == SAID && place.key == "\"key\"")
}

/// One thread creates what panics when it is judged, while another waits.
fn threads(config: Config<u64>) {
    let (region, clock) = region_by_hand(config);
    thread::scope(|scope| {
        let waiter = Mutex::new(None);
        let wait = || region.get_or_create("key", || unreachable!("it was created once"));
        let call = || {
            region.get_or_create("key", || {
                *waiter.lock().unwrap() = Some(scope.spawn(wait));
                clock.see(1);
                ODD
            })
        };
        let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&SAID));
        let waiter = waiter.into_inner().unwrap().unwrap();
        let told = waiter.join().unwrap();
        assert!(told.as_ref().is_err_and(is_told), "{told:?}");
    });
    assert!(!region.is_being_created("key"));
    assert_eq!(region.get("key").unwrap(), None, "nothing is stored");
    assert_eq!(region.get_or_create("key", || 2).unwrap(), 2, "anew");
}

#[test]
fn law_5_a_panic_of_a_judge_goes_on_in_its_caller_and_a_thread_that_waits_is_told() {
    each_store(|config| threads(with_should_cache(config)));
    each_store(|config| threads(with_tags_of(config)));
}

/// The same for one key of a batch, whose other key comes to its value.
fn batch(config: Config<u64>) {
    let (region, clock) = region_by_hand(config);
    thread::scope(|scope| {
        let waiter = Mutex::new(None);
        let wait = || region.get_or_create("key", || unreachable!("it was created once"));
        let call = || {
            region.get_or_create_many(&["key", "other"], |_| {
                *waiter.lock().unwrap() = Some(scope.spawn(wait));
                clock.see(1);
                vec![ODD, 2]
            })
        };
        let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&SAID));
        let waiter = waiter.into_inner().unwrap().unwrap();
        let told = waiter.join().unwrap();
        assert!(told.as_ref().is_err_and(is_told), "{told:?}");
    });
    let found = region.get_many(&["key", "other"]).unwrap();
    assert_eq!(found, [None, Some(2)]);
}

#[test]
fn law_5_a_panic_of_a_judge_of_one_key_of_many_is_told_to_who_waits_for_it() {
    each_store(|config| batch(with_should_cache(config)));
    each_store(|config| batch(with_tags_of(config)));
}

/// The same among tasks, of which all but one wait.
async fn tasks(config: Config<u64>) {
    let (region, clock) = region_by_hand(config);
    let created = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (region, clock, created) = (region.clone(), clock.clone(), Arc::clone(&created));
            tokio::spawn(async move {
                let create = async || {
                    created.fetch_add(1, Ordering::Relaxed);
                    clock.saw(TASKS - 1).await;
                    ODD
                };
                region.get_or_create_async("key", create).await
            })
        })
        .collect();
    let (mut panicked, mut told) = (0, 0);
    for task in tasks {
        match task.await {
            Err(ended) => {
                assert_eq!(ended.into_panic().downcast_ref(), Some(&SAID));
                panicked += 1;
            }
            Ok(outcome) => {
                assert!(outcome.as_ref().is_err_and(is_told), "{outcome:?}");
                told += 1;
            }
        }
    }
    assert_eq!((panicked, told), (1, TASKS - 1));
    assert_eq!(created.load(Ordering::Relaxed), 1, "one creator");
}

#[test]
fn law_5_a_panic_of_a_judge_ends_one_task_and_all_that_wait_are_told() {
    each_runtime(async |config| tasks(with_should_cache(config)).await);
    each_runtime(async |config| tasks(with_tags_of(config)).await);
}

#[test]
fn law_5_who_gave_its_creator_away_hears_of_the_panic_and_of_no_dropped_job() {
    for judge in [with_should_cache, with_tags_of] {
        let (send, jobs) = mpsc::channel::<Job>();
        let region: Region<u64> = Region::new("region");
        let config = judge(Config::new(Memory::unbounded()))
            .runner(move |job| send.send(job).map_err(|refused| refused.0));
        region.configure(config).unwrap();
        let told = thread::scope(|scope| {
            let caller = scope.spawn(|| region.get_or_create_detached("key", || ODD));
            let job = jobs.recv().unwrap();
            let ended = catch_unwind(AssertUnwindSafe(|| job.run()));
            let payload = ended.expect_err("it goes on there");
            assert_eq!(payload.downcast_ref(), Some(&SAID));
            caller.join().unwrap()
        });
        assert!(told.as_ref().is_err_and(is_told), "{told:?}");
        assert!(!region.is_being_created("key"));
    }
}
