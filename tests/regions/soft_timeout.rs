//! The soft time-out: with a stale value at hand a caller whose creator can go on without it waits so long
//! for the next one, and no longer.

use std::thread;
use std::time::Duration;

use dogpile::{Config, Error, Job, Origin};

use crate::stores::{Hand, Stage};

const SECOND: Duration = Duration::from_secs(1);
const FRESH: Duration = Duration::from_secs(10);

/// A region with a stale value.
fn stage(change: impl FnOnce(Config<u64>) -> Config<u64>) -> Stage {
    let stage = Stage::new(|config| change(config.fresh_for(FRESH).soft_timeout(SECOND)));
    stage.region.set("key", 1).unwrap();
    stage.clock.advance(FRESH);
    stage
}

impl Stage {
    fn refresh(&self, made: Result<u64, String>) -> Hand<'_, Result<u64, Error<String>>> {
        let call = self.region.get_or_refresh_async("key", async move || made);
        Hand::new(call)
    }
}

#[test]
fn law_4_the_stale_value_is_served_when_the_time_is_over_and_the_creation_goes_on() {
    let stage = stage(|config| config);
    let made = || Ok::<_, String>(2);
    let served = thread::scope(|scope| {
        let caller = scope.spawn(|| stage.region.get_or_refresh("key", made));
        while stage.clock.booked() == 0 {
            thread::yield_now();
        }
        stage.clock.advance(SECOND);
        caller.join().unwrap()
    });
    assert_eq!(served.unwrap(), 1);
    assert!(stage.region.is_being_created("key"));
    stage.jobs.recv().unwrap().run();
    assert_eq!(stage.region.get("key").unwrap(), Some(2));
}

#[test]
fn law_4_the_same_for_tasks_and_for_one_that_joins() {
    let stage = stage(|config| config);
    let (mut first, mut second) = (stage.refresh(Ok(2)), stage.refresh(Ok(3)));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    stage.clock.advance(SECOND);
    assert_eq!(first.finish().unwrap(), 1);
    assert_eq!(second.finish().unwrap(), 1);
    let job = stage.jobs.recv().unwrap();
    assert!(stage.jobs.try_recv().is_err(), "one creation for both");
    Hand::new(job.into_future()).finish();
    assert_eq!(stage.region.get("key").unwrap(), Some(2));
}

#[test]
fn law_5_a_value_in_time_goes_to_all_who_wait_for_it() {
    let stage = stage(|config| config);
    let (mut first, mut second) = (stage.refresh(Ok(2)), stage.refresh(Ok(3)));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    stage.jobs.recv().unwrap().run();
    assert_eq!(first.finish().unwrap(), 2);
    assert_eq!(second.finish().unwrap(), 2);
}

#[test]
fn law_6_a_dropped_caller_leaves_the_creation_to_the_runner() {
    let stage = stage(|config| config);
    let mut task = stage.refresh(Ok(2));
    assert!(task.poll().is_pending());
    drop(task);
    stage.jobs.recv().unwrap().run();
    assert_eq!(stage.region.get("key").unwrap(), Some(2));
}

#[test]
fn law_5_an_error_in_time_is_answered_as_the_region_says() {
    let stale = stage(|config| config);
    let mut task = stale.refresh(Err("no".to_owned()));
    assert!(task.poll().is_pending());
    stale.jobs.recv().unwrap().run();
    assert_eq!(task.finish().unwrap(), 1, "the stale value, by default");
    let strict = stage(|config| config.stale_if_error(false));
    let mut task = strict.refresh(Err("no".to_owned()));
    assert!(task.poll().is_pending());
    strict.jobs.recv().unwrap().run();
    let failed = task.finish();
    assert!(matches!(&failed, Err(Error::Creator(error)) if **error == "no"));
}

#[test]
fn law_6_a_runner_that_takes_nothing_keeps_nobody_waiting() {
    for runner in [Err, |job| {
        drop(job);
        Ok(())
    }] {
        let stage = stage(|config| config.runner(runner));
        assert_eq!(stage.refresh(Ok(2)).finish().unwrap(), 1);
        assert!(!stage.region.is_being_created("key"));
    }
}

#[test]
fn law_3_who_is_told_of_a_delete_has_no_stale_value_any_more() {
    let stage = stage(|config| config);
    let mut task = stage.refresh(Ok(2));
    assert!(task.poll().is_pending());
    stage.region.delete("key").unwrap();
    let late = stage.region.at("key").soft_timeout(SECOND);
    let mut late = Hand::new(late.try_create_detached_async(async || Ok::<_, String>(3)));
    assert!(late.poll().is_pending());
    stage.clock.advance(SECOND);
    assert!(
        late.poll().is_pending(),
        "with nothing at hand it waits to its deadline"
    );
    assert!(task.poll().is_pending(), "nor is what was deleted served");
    let jobs: Vec<Job> = stage.jobs.try_iter().collect();
    assert_eq!(jobs.len(), 2);
    jobs.into_iter().for_each(Job::run);
    assert_eq!(late.finish().unwrap().value, 3);
    assert_eq!(task.finish().unwrap(), 2, "its own creation's");
    assert_eq!(stage.region.get("key").unwrap(), Some(3));
}

#[test]
fn each_call_may_say_its_own_and_zero_waits_for_nothing() {
    let stage = stage(|config| config.soft_timeout(Duration::ZERO));
    assert_eq!(stage.refresh(Ok(2)).finish().unwrap(), 1);
    stage.jobs.recv().unwrap().run();
    stage.clock.advance(FRESH);
    let at = stage.region.at("key").soft_timeout(SECOND * 2);
    let mut task = Hand::new(at.try_create_detached_async(async || Ok::<_, String>(3)));
    assert!(task.poll().is_pending());
    stage.clock.advance(SECOND);
    assert!(task.poll().is_pending());
    stage.clock.advance(SECOND);
    let answer = task.finish().unwrap();
    assert_eq!((answer.value, answer.origin), (2, Origin::Stale));
    stage.jobs.recv().unwrap().run();
    stage.clock.advance(FRESH);
    let at = stage.region.at("key").soft_timeout(FRESH).deadline(SECOND);
    let mut task = Hand::new(at.try_create_detached_async(async || Ok::<_, String>(4)));
    assert!(task.poll().is_pending());
    stage.clock.advance(SECOND);
    assert_eq!(
        task.finish().unwrap().value,
        3,
        "the shorter of both counts"
    );
}

#[test]
fn law_4_nobody_waits_for_the_successor_of_a_value_that_is_still_fresh() {
    let stage = stage(|config| config.eager_refresh(0.5));
    stage.region.set("key", 5).unwrap();
    stage.clock.advance(SECOND * 6);
    assert_eq!(stage.refresh(Ok(6)).finish().unwrap(), 5);
    stage.jobs.recv().unwrap().run();
    assert_eq!(stage.region.get("key").unwrap(), Some(6));
}
