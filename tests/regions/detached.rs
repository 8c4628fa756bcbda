//! Creators that run elsewhere while their callers wait: nobody is needed for the creation that is under
//! way, and everybody gets what comes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use dogpile::{Config, Error, Job, Memory, Origin, Region};

use crate::stores::{Hand, Stage};

const SECOND: Duration = Duration::from_secs(1);

fn stage() -> Stage {
    Stage::new(|config| config.creation_limit(SECOND * 5))
}

type Outcome = Result<dogpile::Answer<u64>, Error<String>>;

impl Stage {
    fn call(&self, made: Result<u64, String>) -> Outcome {
        self.region.at("key").try_create_detached(move || made)
    }

    fn task(&self, made: Result<u64, String>) -> Hand<'_, Outcome> {
        let call = self
            .region
            .at("key")
            .try_create_detached_async(async move || made);
        Hand::new(call)
    }

    /// Until so many calls wait by the clock.
    fn wait_for(&self, calls: usize) {
        while self.clock.booked() < calls {
            thread::yield_now();
        }
    }
}

fn value(outcome: Outcome) -> (u64, Origin) {
    let answer = outcome.unwrap();
    (answer.value, answer.origin)
}

#[test]
fn law_5_who_gives_its_creator_away_gets_the_result() {
    let stage = stage();
    let (caller, (runner, answer)) = thread::scope(|scope| {
        let caller = scope.spawn(|| {
            stage
                .region
                .at("key")
                .try_create_detached(|| Ok::<_, String>(2))
        });
        let id = caller.thread().id();
        let job = stage.jobs.recv().unwrap();
        assert_eq!((job.region(), job.key()), ("region", &b"key"[..]));
        job.run();
        (id, (thread::current().id(), caller.join().unwrap()))
    });
    assert_ne!(caller, runner);
    assert_eq!(value(answer), (2, Origin::Shared));
    assert_eq!(stage.region.get("key").unwrap(), Some(2));
    assert_eq!(value(stage.call(Ok(3))), (2, Origin::Hit));
    stage.region.delete("key").unwrap();
    let mut task = stage.task(Ok(4));
    assert!(task.poll().is_pending());
    Hand::new(stage.jobs.recv().unwrap().into_future()).finish();
    assert_eq!(value(task.finish()), (4, Origin::Shared));
    assert_eq!(stage.region.get("key").unwrap(), Some(4));
}

#[test]
fn law_1_sixty_four_impatient_callers_have_one_creator() {
    let region: Region<usize> = Region::new("crowd");
    region.configure(Config::new(Memory::unbounded())).unwrap();
    let (created, barrier) = (Arc::new(AtomicUsize::new(0)), Barrier::new(64));
    let all: Vec<usize> = thread::scope(|scope| {
        let calls: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    let created = Arc::clone(&created);
                    barrier.wait();
                    let create = move || created.fetch_add(1, Ordering::Relaxed) + 1;
                    region.get_or_create_detached("key", create).unwrap()
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(all, vec![1; 64]);
    let again = region.get_or_create_detached_async("key", async || 2);
    assert_eq!(Hand::new(again).finish().unwrap(), 1);
}

#[test]
fn law_7_a_deadline_ends_the_wait_and_not_the_creation() {
    let stage = stage();
    let at = || stage.region.at("key").deadline(SECOND);
    let made = || Ok::<_, String>(2);
    let late = thread::scope(|scope| {
        let caller = scope.spawn(|| at().try_create_detached(made));
        stage.wait_for(1);
        stage.clock.advance(SECOND);
        caller.join().unwrap()
    });
    assert!(matches!(late, Err(Error::Deadline { .. })), "{late:?}");
    assert!(stage.region.is_being_created("key"));
    stage.jobs.recv().unwrap().run();
    assert_eq!(stage.region.get("key").unwrap(), Some(2));
    stage.region.delete("key").unwrap();
    let mut task = Hand::new(at().try_create_detached_async(async move || made()));
    assert!(task.poll().is_pending());
    stage.clock.advance(SECOND);
    assert!(matches!(task.finish(), Err(Error::Deadline { .. })));
    stage.jobs.recv().unwrap().run();
    assert_eq!(stage.region.get("key").unwrap(), Some(2));
}

#[test]
fn law_6_a_dropped_caller_leaves_only_its_seat() {
    let stage = stage();
    let mut task = stage.task(Ok(2));
    assert!(task.poll().is_pending());
    let mut other = stage.task(Ok(3));
    assert!(other.poll().is_pending());
    drop(task);
    let job = stage.jobs.recv().unwrap();
    assert!(stage.jobs.try_recv().is_err(), "one creation");
    job.run();
    assert_eq!(value(other.finish()), (2, Origin::Shared));
    assert_eq!(stage.region.get("key").unwrap(), Some(2));
    assert!(!stage.region.is_being_created("key"));
}

#[test]
fn law_5_one_error_and_one_panic_reach_all_who_wait() {
    let stage = stage();
    let (mut giver, mut other) = (stage.task(Err("no".to_owned())), stage.task(Ok(3)));
    assert!(giver.poll().is_pending() && other.poll().is_pending());
    stage.jobs.recv().unwrap().run();
    for failed in [giver.finish(), other.finish()] {
        assert!(matches!(&failed, Err(Error::Creator(error)) if **error == "no"));
    }
    let panics = || -> Result<u64, String> { panic!("not today") };
    let answer = thread::scope(|scope| {
        let caller = scope.spawn(|| stage.region.at("key").try_create_detached(panics));
        let job = stage.jobs.recv().unwrap();
        assert!(
            catch_unwind(AssertUnwindSafe(|| job.run())).is_err(),
            "it goes on there"
        );
        caller.join().unwrap()
    });
    let told = |error: &Error<String>| matches!(error, Error::CreatorPanicked { message, .. } if &**message == "not today");
    assert!(answer.as_ref().is_err_and(told), "{answer:?}");
    assert!(!stage.region.is_being_created("key"));
}

#[test]
fn law_6_a_job_that_is_dropped_frees_the_key_and_is_told() {
    let stage = stage();
    let mut giver = stage.task(Ok(2));
    assert!(giver.poll().is_pending());
    drop(stage.jobs.recv().unwrap());
    let dropped = giver.finish();
    assert!(matches!(&dropped, Err(Error::Dropped { place }) if place.key.contains("key")));
    assert!(!stage.region.is_being_created("key"));
    // Who waits beside it creates in its place.
    let (mut giver, mut other) = (stage.task(Ok(2)), stage.task(Ok(3)));
    assert!(giver.poll().is_pending() && other.poll().is_pending());
    drop(stage.jobs.recv().unwrap());
    assert!(matches!(giver.finish(), Err(Error::Dropped { .. })));
    assert!(other.poll().is_pending());
    stage.jobs.recv().unwrap().run();
    assert_eq!(value(other.finish()), (3, Origin::Shared));
}

#[test]
fn law_6_a_runner_that_panics_leaves_nothing_behind() {
    let region: Region<u64> = Region::new("panics");
    let runner = |_: Job| -> Result<(), Job> { panic!("no threads") };
    let config = Config::new(Memory::unbounded()).runner(runner);
    region.configure(config).unwrap();
    let call = || region.get_or_create_detached("key", || 2);
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    assert!(!region.is_being_created("key"));
    assert_eq!(region.get_or_create("key", || 3).unwrap(), 3);
}

#[test]
fn a_job_that_is_handed_back_runs_in_its_own_call() {
    let region: Region<u64> = Region::new("full");
    let config = Config::new(Memory::unbounded()).runner(Err);
    region.configure(config).unwrap();
    let here = thread::current().id();
    let made = move || {
        assert_eq!(thread::current().id(), here);
        Ok::<_, String>(2)
    };
    let answer = region.at("key").try_create_detached(made);
    assert_eq!(value(answer), (2, Origin::Created));
    region.delete("key").unwrap();
    let task = region
        .at("key")
        .try_create_detached_async(async move || made());
    assert_eq!(value(Hand::new(task).finish()), (2, Origin::Created));
    assert_eq!(region.get("key").unwrap(), Some(2));
}

#[test]
fn law_3_a_delete_before_the_job_begins_is_no_error_and_nothing_is_stored() {
    let stage = stage();
    let mut giver = stage.task(Ok(2));
    assert!(giver.poll().is_pending());
    stage.region.delete("key").unwrap();
    assert!(
        giver.poll().is_pending(),
        "its creator began after its call"
    );
    stage.jobs.recv().unwrap().run();
    assert_eq!(value(giver.finish()), (2, Origin::Shared));
    assert_eq!(stage.region.get("key").unwrap(), None);
}

#[test]
fn law_6_a_job_that_never_begins_is_taken_over_at_the_limit() {
    let stage = stage();
    let mut giver = stage.task(Ok(2));
    assert!(giver.poll().is_pending());
    stage.clock.advance(SECOND * 5);
    assert!(
        giver.poll().is_pending(),
        "it has no creator to take over with"
    );
    assert_eq!(stage.region.get_or_create("key", || 3).unwrap(), 3);
    assert_eq!(value(giver.finish()), (3, Origin::Shared));
    stage.jobs.recv().unwrap().run();
    assert_eq!(stage.region.get("key").unwrap(), Some(3));
}

#[test]
fn law_6_who_took_an_overdue_job_s_place_and_goes_away_is_told_of_too() {
    let stage = stage();
    let mut giver = stage.task(Ok(2));
    assert!(giver.poll().is_pending());
    let late = stage.jobs.recv().unwrap();
    stage.clock.advance(SECOND * 5);
    let never = std::future::pending::<u64>;
    let mut other = Hand::new(stage.region.at("key").create_async(never));
    assert!(other.poll().is_pending());
    drop(other);
    let Err(error) = giver.finish() else {
        panic!("nobody creates");
    };
    assert!(matches!(error, Error::Dropped { .. }));
    assert!(error.to_string().contains("took its place"), "{error}");
    late.run();
    assert!(!stage.region.is_being_created("key"));
}

static NESTED: Region<u64> = Region::new("nested");

fn depth(tree: usize, left: u64) -> u64 {
    let key = format!("{tree}/{left}");
    NESTED
        .get_or_create_detached(key, move || match left {
            0 => 0,
            _ => 1 + depth(tree, left - 1),
        })
        .unwrap()
}

#[test]
fn law_8_detached_creators_within_each_other_end() {
    NESTED.configure(Config::new(Memory::unbounded())).unwrap();
    thread::scope(|scope| {
        let trees: Vec<_> = (0..8)
            .map(|tree| scope.spawn(move || depth(tree, 5)))
            .collect();
        for tree in trees {
            assert_eq!(tree.join().unwrap(), 5);
        }
    });
}

#[test]
fn law_8_who_waits_for_its_own_job_within_a_creator_meets_the_cycle() {
    static CIRCLE: Region<u64> = Region::new("circle");
    CIRCLE.configure(Config::new(Memory::unbounded())).unwrap();
    let outer = CIRCLE.get_or_create("outer", || {
        let inner =
            CIRCLE
                .at("inner")
                .try_create_detached(|| match CIRCLE.get_or_create("outer", || 9) {
                    Err(Error::Cycle { .. }) => Ok::<_, String>(7),
                    other => Err(format!("{other:?}")),
                });
        // Each waits for the other, and who comes to wait second is told.
        match inner {
            Err(Error::Cycle { .. }) => 7,
            inner => inner.unwrap().value,
        }
    });
    assert_eq!(outer.unwrap(), 7);
}
