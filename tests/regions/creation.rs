//! What a creator may know of its creation, and say about its value.

use std::sync::Arc;
use std::time::Duration;

use dogpile::{Config, Creation, Error, Memory, Origin, Region};

use crate::stores::{Form, Hand, HandClock, Server};

const FRESH: Duration = Duration::from_secs(10);

fn region(config: Config<u64>, clock: &Arc<HandClock>) -> Region<u64> {
    let region = Region::new("region");
    let config = config.clock(clock.clone()).fresh_for(FRESH);
    let config = config.back_off(FRESH * 100).statistics(true);
    region.configure(config).unwrap();
    region
}

fn each() -> Vec<(Region<u64>, Arc<HandClock>)> {
    let clock = HandClock::new();
    let memory = region(Config::new(Memory::unbounded()), &clock);
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        let config = Config::new(server.open("a").form(form));
        (region(config, &clock), clock)
    });
    [(memory, clock)].into_iter().chain(shared).collect()
}

/// One more than what is replaced, else 1.
#[allow(clippy::unnecessary_wraps)] // as creators are that can fail
fn next(creation: &Creation<u64>) -> Result<u64, String> {
    Ok(creation.stale().map_or(1, |old| old + 1))
}

#[test]
fn a_creator_sees_the_value_that_it_replaces() {
    for (region, clock) in each() {
        let ask = || region.at("key").try_create_with(next).unwrap();
        assert_eq!(ask().value, 1, "there is none");
        assert_eq!(ask().value, 1, "a hit");
        clock.advance(FRESH);
        let answer = ask();
        assert_eq!((answer.value, answer.origin), (2, Origin::Created));
        clock.advance(FRESH);
        let call = region.at("key");
        let call = call.try_create_with_async(async |creation| next(&creation));
        assert_eq!(Hand::new(call).finish().unwrap().value, 3);
        clock.advance(FRESH * 2);
        assert_eq!(
            ask().value,
            1,
            "what may not be served any more is not shown"
        );
    }
}

#[test]
fn it_sees_how_old_that_is() {
    for (region, clock) in each() {
        region.set("key", 1).unwrap();
        clock.advance(FRESH + FRESH / 2);
        let age = |creation: &Creation<u64>| {
            assert_eq!(creation.stale_age(), Some(FRESH + FRESH / 2));
            Ok::<_, String>(2)
        };
        assert_eq!(region.at("key").try_create_with(age).unwrap().value, 2);
    }
}

#[test]
fn a_creator_may_say_that_its_value_is_not_to_be_stored() {
    for (region, clock) in each() {
        let decline = |creation: &Creation<u64>| {
            creation.do_not_cache();
            Ok::<_, String>(7)
        };
        let answer = region.at("key").try_create_with(decline).unwrap();
        assert_eq!((answer.value, answer.origin), (7, Origin::Declined));
        assert_eq!(region.get("key").unwrap(), None);
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let call = region
            .at("key")
            .try_create_with_async(async |creation| decline(&creation));
        let answer = Hand::new(call).finish().unwrap();
        assert_eq!((answer.value, answer.origin), (7, Origin::Declined));
        let known = region.metadata("key").unwrap().unwrap();
        assert_eq!(known.age, FRESH, "the old value stays");
        let answer = region.at("key").refresh_with(decline).unwrap();
        assert_eq!(answer.origin, Origin::Declined);
        let call = region
            .at("key")
            .refresh_with_async(async |creation| decline(&creation));
        assert_eq!(Hand::new(call).finish().unwrap().origin, Origin::Declined);
        let figures = region.statistics().unwrap();
        assert_eq!((figures.creations.ended, figures.creations.failed), (4, 0));
    }
}

#[test]
fn a_creator_that_fails_says_nothing_about_values() {
    for (region, clock) in each() {
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let fail = |creation: &Creation<u64>| {
            creation.do_not_cache();
            Err::<u64, _>("no")
        };
        let answer = region.at("key").try_create_with(fail).unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::StaleOnError));
        let error = region.at("other").try_create_with(fail);
        assert!(matches!(error, Err(Error::Creator(_))));
    }
}

#[test]
fn what_a_memoized_function_declines_is_no_failure() {
    for (region, _) in each() {
        let load = region.memoize("numbers::load", |number: u64| number);
        let load = load.should_cache(|value| *value > 10);
        assert_eq!((load.call(3).unwrap(), load.call(3).unwrap()), (3, 3));
        let figures = region.statistics().unwrap();
        assert_eq!((figures.creations.ended, figures.creations.failed), (2, 0));
        assert_eq!(figures.answers(Origin::Declined), 2);
    }
}
