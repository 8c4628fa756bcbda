//! Law 6: past its creation limit a creator is taken over, and its late commit is refused.

use std::thread;
use std::time::Duration;

use dogpile::{Error, Origin, Region};

use crate::support::{FRESH, Gate, STALE, WatchedClock, each_runtime, each_store, region};

/// Shorter than the deadline, which stays at its 60 seconds.
const LIMIT: Duration = Duration::from_secs(30);

fn by_hand(config: dogpile::Config<u64>) -> (Region<u64>, WatchedClock) {
    let clock = WatchedClock::new();
    let config = config
        .clock(clock.port())
        .fresh_for(FRESH * 100)
        .stale_for(STALE)
        .creation_limit(LIMIT);
    (region(config), clock)
}

type Caller = thread::JoinHandle<Result<(u64, Origin), Error>>;

/// A creator of `value` at work in a thread of its own, until its gate is opened.
fn creator(region: &Region<u64>, value: u64) -> (Gate, Gate, Caller) {
    let (begun, end) = (Gate::shut(), Gate::shut());
    let (region, begins, ends) = (region.clone(), begun.clone(), end.clone());
    let caller = thread::spawn(move || {
        let answer = region.at("key").create(|| {
            begins.open();
            ends.pass();
            value
        });
        answer.map(|answer| (answer.value, answer.origin))
    });
    (begun, end, caller)
}

#[test]
fn law_6_a_waiter_takes_over_and_the_late_commit_is_refused() {
    each_store(|config| {
        let (region, clock) = by_hand(config);
        let (begun, end, late) = creator(&region, 1);
        begun.pass();
        let (_, heir_ends, one) = creator(&region, 2);
        let (_, other_ends, other) = creator(&region, 2);
        clock.see(2);
        heir_ends.open();
        other_ends.open();
        clock.advance(LIMIT);
        let mut origins = [one, other].map(|waiter| {
            let (value, origin) = waiter.join().unwrap().unwrap();
            assert_eq!(value, 2);
            origin
        });
        origins.sort_by_key(|origin| *origin == Origin::Created);
        assert_eq!(origins, [Origin::Shared, Origin::Created], "one took over");
        end.open();
        assert_eq!(late.join().unwrap().unwrap(), (1, Origin::Superseded));
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}

#[test]
fn law_6_a_late_creator_s_caller_still_gets_its_value() {
    each_store(|config| {
        let (region, clock) = by_hand(config);
        let (begun, end, late) = creator(&region, 1);
        begun.pass();
        let (taken_over, heir_ends, heir) = creator(&region, 2);
        clock.see(1);
        clock.advance(LIMIT);
        taken_over.pass();
        // The late one ends first: the store must not take its value.
        end.open();
        assert_eq!(late.join().unwrap().unwrap(), (1, Origin::Superseded));
        assert_eq!(region.get("key").unwrap(), None);
        heir_ends.open();
        assert_eq!(heir.join().unwrap().unwrap(), (2, Origin::Created));
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}

#[test]
fn law_6_a_late_creator_does_not_undo_its_successor() {
    each_store(|config| {
        let (region, clock) = by_hand(config);
        let (begun, end, late) = creator(&region, 1);
        begun.pass();
        let (taken_over, heir_ends, heir) = creator(&region, 2);
        clock.see(1);
        clock.advance(LIMIT);
        taken_over.pass();
        heir_ends.open();
        assert_eq!(heir.join().unwrap().unwrap(), (2, Origin::Created));
        end.open();
        assert_eq!(late.join().unwrap().unwrap(), (1, Origin::Superseded));
        assert_eq!(region.get("key").unwrap(), Some(2));
    });
}

/// The end of the late creator is not the end of the flight: who comes then waits for the heir.
#[test]
fn law_1_who_comes_after_the_late_creator_s_end_joins_its_successor() {
    each_store(|config| {
        let (region, clock) = by_hand(config);
        let (begun, end, late) = creator(&region, 1);
        begun.pass();
        let (taken_over, heir_ends, heir) = creator(&region, 2);
        clock.see(1);
        clock.advance(LIMIT);
        taken_over.pass();
        end.open();
        late.join().unwrap().unwrap();
        assert!(region.is_being_created("key"), "by the heir");
        let other = region.clone();
        let joins = thread::spawn(move || other.at("key").create(|| unreachable!("created twice")));
        clock.see(2);
        heir_ends.open();
        assert_eq!(heir.join().unwrap().unwrap(), (2, Origin::Created));
        assert_eq!(joins.join().unwrap().unwrap().origin, Origin::Shared);
    });
}

#[test]
fn law_6_a_caller_with_a_stale_value_takes_over_too() {
    each_store(|config| {
        let (region, clock) = by_hand(config);
        region.set("key", 1).unwrap();
        clock.advance(FRESH * 100);
        let (begun, end, late) = creator(&region, 2);
        begun.pass();
        clock.advance(LIMIT / 2);
        let served = region.at("key").create(|| unreachable!()).unwrap();
        assert_eq!((served.value, served.origin), (1, Origin::Stale));
        clock.advance(LIMIT / 2);
        let answer = region.at("key").create(|| 3).unwrap();
        assert_eq!((answer.value, answer.origin), (3, Origin::Created));
        end.open();
        assert_eq!(late.join().unwrap().unwrap(), (2, Origin::Superseded));
        assert_eq!(region.get("key").unwrap(), Some(3));
    });
}

#[test]
fn law_6_a_task_that_waits_takes_over_and_passes_on_what_it_took() {
    each_runtime(async |config| {
        let (region, clock) = by_hand(config);
        let [begun, end, taken_over] = [(); 3].map(|()| Gate::shut());
        let late = tokio::spawn({
            let (region, begun, end) = (region.clone(), begun.clone(), end.clone());
            async move {
                let create = async || {
                    begun.open();
                    end.passed().await;
                    1
                };
                region.at("key").create_async(create).await.unwrap()
            }
        });
        begun.passed().await;
        let heir = tokio::spawn({
            let (region, taken_over) = (region.clone(), taken_over.clone());
            async move {
                let create = async || {
                    taken_over.open();
                    std::future::pending().await
                };
                region.at("key").create_async(create).await.unwrap()
            }
        });
        clock.saw(1).await;
        clock.advance(LIMIT);
        taken_over.passed().await;
        let last = tokio::spawn({
            let region = region.clone();
            async move { region.at("key").create_async(async || 3).await.unwrap() }
        });
        clock.saw(2).await;
        end.open();
        let late = late.await.unwrap();
        assert_eq!((late.value, late.origin), (1, Origin::Superseded));
        heir.abort();
        assert!(heir.await.unwrap_err().is_cancelled());
        let last = last.await.unwrap();
        assert_eq!((last.value, last.origin), (3, Origin::Created));
        assert_eq!(region.get_async("key").await.unwrap(), Some(3));
    });
}
