//! Law 5: a creator that failed is left alone for a while, where the region says so.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use dogpile::{Config, Error, Memory, Origin, Region};

use crate::stores::{Form, Hand, HandClock, Op, Server};

const SECOND: Duration = Duration::from_secs(1);
const FRESH: Duration = Duration::from_secs(10);
const ALONE: Duration = Duration::from_secs(30);

fn region(config: Config<u64>, clock: &Arc<HandClock>) -> Region<u64> {
    let region = Region::new("region");
    let config = config.clock(clock.clone()).fresh_for(FRESH);
    region.configure(config.back_off(ALONE)).unwrap();
    region
}

fn each() -> Vec<(Region<u64>, Arc<HandClock>)> {
    let clock = HandClock::new();
    let memory = region(Config::new(Memory::unbounded()), &clock);
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        (
            region(Config::new(server.open("a").form(form)), &clock),
            clock,
        )
    });
    [(memory, clock)].into_iter().chain(shared).collect()
}

fn fail(region: &Region<u64>) {
    let failed = region.get_or_try_create("key", || Err::<u64, _>("no"));
    assert!(matches!(failed, Err(Error::Creator(_))), "{failed:?}");
}

fn fail_other(region: &Region<u64>) {
    let failed = region.get_or_try_create("other", || Err::<u64, _>("no"));
    assert!(matches!(failed, Err(Error::Creator(_))), "{failed:?}");
}

/// Asks both ways, with a creator that must not be called.
fn left_alone(region: &Region<u64>) -> [Duration; 2] {
    let blocking = region.get_or_create("key", || panic!("it is left alone"));
    let call = region.get_or_create_async("key", async || panic!("it is left alone"));
    [blocking, Hand::new(call).finish()].map(|answer| match answer {
        Err(Error::BackingOff { place, remaining }) => {
            assert_eq!(place.key, "\"key\"");
            remaining
        }
        other => panic!("it should be left alone: {other:?}"),
    })
}

#[test]
fn law_5_a_creator_that_failed_is_not_called_before_its_time_is_over() {
    for (region, clock) in each() {
        fail(&region);
        assert_eq!(left_alone(&region), [ALONE; 2]);
        clock.advance(ALONE - SECOND);
        assert_eq!(left_alone(&region), [SECOND; 2]);
        let other = region.get_or_create("other", || 7).unwrap();
        assert_eq!(other, 7, "other keys are not meant");
        clock.advance(SECOND);
        assert_eq!(region.get_or_create("key", || 1).unwrap(), 1);
        clock.advance(FRESH * 2);
        assert_eq!(
            region.get_or_create("key", || 2).unwrap(),
            2,
            "all is well again"
        );
    }
}

#[test]
fn law_5_who_has_a_stale_value_is_served_it_meanwhile() {
    for (region, clock) in each() {
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let failed = region.at("key").try_create(|| Err::<u64, _>("no")).unwrap();
        assert_eq!((failed.value, failed.origin), (1, Origin::StaleOnError));
        for _ in 0..2 {
            let answer = region.at("key").create(|| panic!("it is left alone"));
            let answer = answer.unwrap();
            assert_eq!((answer.value, answer.origin), (1, Origin::StaleOnError));
        }
        let strict = region.at("key").stale_if_error(false);
        let strict = strict.create(|| panic!("it is left alone"));
        assert!(matches!(strict, Err(Error::BackingOff { .. })));
    }
}

#[test]
fn law_5_a_panic_is_a_failure_too() {
    for (region, _) in each() {
        let call = || region.get_or_create("key", || panic!("on purpose"));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
        assert!(panicked.is_err());
        left_alone(&region);
    }
}

#[test]
fn a_set_a_delete_and_a_refresh_end_it() {
    for (region, clock) in each() {
        fail(&region);
        region.set("key", 1).unwrap();
        clock.advance(FRESH * 2);
        assert_eq!(region.get_or_create("key", || 2).unwrap(), 2);
        clock.advance(FRESH * 2);
        fail(&region);
        region.delete("key").unwrap();
        assert_eq!(region.get_or_create("key", || 3).unwrap(), 3);
        clock.advance(FRESH * 2);
        fail(&region);
        assert_eq!(region.refresh("key", || Ok::<_, String>(4)).unwrap(), 4);
        clock.advance(FRESH * 2);
        assert_eq!(region.get_or_create("key", || 5).unwrap(), 5);
    }
}

#[test]
fn a_creation_in_the_background_is_left_alone_as_well() {
    for (region, clock) in each() {
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let failed = region.at("key").try_create(|| Err::<u64, _>("no")).unwrap();
        assert_eq!(failed.origin, Origin::StaleOnError);
        let create = || -> Result<u64, String> { panic!("it is left alone") };
        assert_eq!(region.get_or_refresh("key", create).unwrap(), 1);
        let ended = || region.statistics().unwrap().creating == 0;
        while !ended() {
            std::thread::yield_now();
        }
        assert_eq!(region.statistics().unwrap().creations.failed, 1);
    }
}

#[test]
fn those_who_waited_for_one_that_is_left_alone_are_told_so() {
    for (region, _) in each() {
        fail(&region);
        let mut calls: Vec<_> = (0..3)
            .map(|_| {
                Hand::new(region.get_or_create_async("key", async || panic!("it is left alone")))
            })
            .collect();
        for call in calls.drain(..) {
            let told = call.finish();
            assert!(matches!(told, Err(Error::BackingOff { .. })), "{told:?}");
        }
        assert_eq!(region.statistics().unwrap().creating, 0, "nothing is left");
    }
}

#[test]
fn declined_values_and_other_regions_are_not_meant() {
    let clock = HandClock::new();
    let memory = Memory::unbounded();
    let patient = region(Config::new(memory.clone()).should_cache(|_| false), &clock);
    assert_eq!(patient.get_or_create("key", || 1).unwrap(), 1);
    assert_eq!(patient.get_or_create("key", || 2).unwrap(), 2);
    fail(&patient);
    let eager = Region::new("eager");
    eager.configure(Config::new(memory).clock(clock)).unwrap();
    assert_eq!(eager.get_or_create("key", || 3).unwrap(), 3);
    fail_other(&patient);
    let declined = eager.at("other").refresh_with(|creation| {
        creation.do_not_cache();
        Ok::<_, String>(4)
    });
    assert_eq!(declined.unwrap().value, 4);
    assert_eq!(
        patient.get_or_create("other", || 5).unwrap(),
        5,
        "a refresh ends it"
    );
}

/// The failure of a creator whose place a later call has taken.
fn fails_late(region: &Region<u64>, end_the_first: impl FnOnce()) {
    let (at_work, is_at_work) = channel();
    let (go_on, may_go_on) = channel();
    std::thread::scope(|scope| {
        let late = scope.spawn(move || {
            region.get_or_try_create("key", || {
                at_work.send(()).unwrap();
                may_go_on.recv().unwrap();
                Err::<u64, _>("no")
            })
        });
        is_at_work.recv().unwrap();
        end_the_first();
        go_on.send(()).unwrap();
        assert!(late.join().unwrap().is_err());
    });
}

#[test]
fn a_creator_whose_key_was_deleted_says_nothing_of_those_after_it() {
    for (region, clock) in each() {
        fails_late(&region, || {
            region.delete("key").unwrap();
            assert_eq!(region.get_or_create("key", || 1).unwrap(), 1);
        });
        clock.advance(FRESH * 2);
        assert_eq!(region.get_or_create("key", || 2).unwrap(), 2);
        clock.advance(FRESH * 2);
        fails_late(&region, || region.delete("key").unwrap());
        assert_eq!(region.get_or_create("key", || 3).unwrap(), 3);
        clock.advance(FRESH * 2);
        fails_late(&region, || region.set("key", 4).unwrap());
        clock.advance(FRESH * 2);
        assert_eq!(region.get_or_create("key", || 5).unwrap(), 5);
    }
}

#[test]
fn law_5_law_12_without_a_store_a_creator_is_left_alone_all_the_same() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let store = server.open("a").form(form);
        let faults = store.faults();
        let region = region(Config::new(store), &clock);
        faults.fail(&[Op::Get, Op::Lease]);
        fail(&region);
        assert_eq!(left_alone(&region), [ALONE; 2]);
        clock.advance(ALONE);
        let answer = region.at("key").create(|| 1).unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::NotStored));
        fail(&region);
        let refreshed = region.refresh("key", || Ok::<_, String>(2)).unwrap();
        assert_eq!(refreshed, 2, "a refresh calls it all the same");
    }
}

#[test]
fn law_4_who_waits_softly_is_served_the_stale_value_while_the_creator_is_left_alone() {
    for (yes, origin) in [(false, Origin::Stale), (true, Origin::StaleOnError)] {
        let clock = HandClock::new();
        let config = Config::new(Memory::unbounded()).soft_timeout(SECOND);
        let config = config.runner(|job| {
            job.run();
            Ok(())
        });
        let region = region(config.stale_if_error(yes), &clock);
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let asks = |made: Result<u64, &'static str>| {
            let at = region.at("key");
            at.try_create_detached(move || made)
        };
        let _ = asks(Err("no"));
        let answer = asks(Ok(2)).unwrap();
        assert_eq!((answer.value, answer.origin), (1, origin));
    }
}
