//! How a region is configured, and what comes of bad input.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use dogpile::backend::{Prefix, Time};
use dogpile::{Clock, Config, ConfigError, Error, Invalidation, Memory, Origin, Region, Verdict};

use crate::stores::{Hand, HandClock, Server};

const SECOND: Duration = Duration::from_secs(1);

fn memory() -> Config<u64> {
    Config::new(Memory::unbounded())
}

fn configured(config: Config<u64>) -> Region<u64> {
    let region = Region::new("region");
    region.configure(config).unwrap();
    region
}

static IMPORTED: Region<u64> = Region::new("imported");

#[test]
fn a_region_is_made_at_import_time_and_configured_later() {
    assert!(!IMPORTED.is_configured());
    assert_eq!(IMPORTED.name(), "imported");
    IMPORTED.configure(memory()).unwrap();
    assert!(IMPORTED.is_configured());
    assert_eq!(IMPORTED.get_or_create("key", || 1).unwrap(), 1);
}

#[test]
fn a_name_made_at_run_time_is_in_errors_too() {
    let region: Region<u64> = Region::named(format!("region-{}", 7));
    let error = region.get("key").unwrap_err().to_string();
    assert!(
        error.contains("`region-7`") && error.contains("configure"),
        "{error}"
    );
}

fn told<T: std::fmt::Debug, E: std::error::Error>(answer: Result<T, E>) {
    let told = "region `forgotten` is not configured; call `configure` before its first use";
    assert_eq!(answer.unwrap_err().to_string(), told);
}

fn never() -> Result<u64, String> {
    unreachable!("no store, no creation")
}

#[test]
fn a_region_that_was_never_configured_says_so_and_creates_nothing() {
    let region: Region<u64> = Region::new("forgotten");
    let create = || never().unwrap();
    told(region.get("key"));
    told(region.read("key", |value| *value));
    told(region.get_or_create("key", create));
    told(region.get_or_try_create("key", never));
    told(region.get_or_refresh("key", never));
    told(region.refresh("key", never));
    told(region.load("key"));
    told(region.at("key").get());
    told(region.at("key").create(create));
    told(region.set("key", 1));
    told(region.delete("key"));
    told(region.metadata("key"));
    told(region.invalidate(Invalidation::Hard));
    assert!(!region.is_being_created("key"));
    assert!(!region.is_configured());
}

#[test]
fn tasks_are_told_the_same_of_a_region_that_was_never_configured() {
    let region: Region<u64> = Region::new("forgotten");
    let create = async || never().unwrap();
    let try_create = async || never();
    told(Hand::new(region.get_async("key")).finish());
    told(Hand::new(region.get_or_create_async("key", create)).finish());
    told(Hand::new(region.get_or_try_create_async("key", try_create)).finish());
    told(Hand::new(region.get_or_refresh_async("key", try_create)).finish());
    told(Hand::new(region.refresh_async("key", try_create)).finish());
    told(Hand::new(region.load_async("key")).finish());
    told(Hand::new(region.at("key").get_async()).finish());
    told(Hand::new(region.at("key").create_async(create)).finish());
    told(Hand::new(region.set_async("key", 1)).finish());
    told(Hand::new(region.delete_async("key")).finish());
    told(Hand::new(region.metadata_async("key")).finish());
    told(Hand::new(region.invalidate_async(Invalidation::Soft)).finish());
}

#[test]
fn the_first_configuration_stays() {
    let region = configured(memory().fresh_for(SECOND * 60));
    region.set("key", 1).unwrap();
    let again = region.configure(memory());
    assert!(matches!(&again, Err(ConfigError::Twice { region }) if region == "region"));
    assert_eq!(region.get("key").unwrap(), Some(1));
}

#[test]
fn of_threads_that_configure_at_once_one_succeeds() {
    let region: Region<u64> = Region::new("raced");
    let won = thread::scope(|scope| {
        let tries = [(); 8].map(|()| scope.spawn(|| region.configure(memory()).is_ok()));
        tries
            .into_iter()
            .map(|one| one.join().unwrap())
            .filter(|won| *won)
            .count()
    });
    assert_eq!(won, 1);
}

#[test]
fn clones_from_before_the_configuration_share_it() {
    let region: Region<u64> = Region::new("cloned");
    let before = region.clone();
    before.clone().configure(memory()).unwrap();
    let after = region.clone();
    region.set("key", 1).unwrap();
    assert_eq!(before.get("key").unwrap(), Some(1));
    assert_eq!(after.get("key").unwrap(), Some(1));
    assert!(before.configure(memory()).is_err());
}

#[test]
fn durations_that_must_not_be_zero_are_refused_and_leave_the_region_unconfigured() {
    let region: Region<u64> = Region::new("zeros");
    let refused = [
        ("deadline", memory().deadline(Duration::ZERO)),
        ("creation_limit", memory().creation_limit(Duration::ZERO)),
        ("lease_time", memory().lease_time(Duration::ZERO)),
    ];
    for (what, config) in refused {
        let error = region.configure(config).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`zeros`") && text.contains(what), "{text}");
        assert!(!region.is_configured());
    }
    region.configure(memory()).unwrap();
}

#[test]
fn fresh_for_zero_creates_on_every_call() {
    for clock in [None, Some(HandClock::new())] {
        let mut config = memory().fresh_for(Duration::ZERO);
        if let Some(clock) = &clock {
            config = config.clock(clock.clone());
        }
        let region = configured(config);
        for round in 0..3 {
            assert_eq!(region.get_or_create("key", || round).unwrap(), round);
            assert_eq!(region.get("key").unwrap(), None);
        }
    }
}

#[test]
fn stale_for_zero_serves_nothing_stale() {
    let clock = HandClock::new();
    let config = memory().clock(clock.clone()).fresh_for(SECOND);
    let region = configured(config.stale_for(Duration::ZERO));
    region.set("key", 1).unwrap();
    clock.advance(SECOND);
    let known = region.metadata("key").unwrap();
    assert!(known.is_none_or(|known| known.verdict == Verdict::Miss));
    let failing = region.get_or_try_create("key", || Err::<u64, _>("down"));
    assert!(matches!(failing, Err(Error::Creator(_))));
}

#[test]
fn the_longest_durations_are_for_ever() {
    let clock = HandClock::new();
    let config = memory().clock(clock.clone()).fresh_for(Duration::MAX);
    let config = config.stale_for(Duration::MAX).deadline(Duration::MAX);
    let config = config
        .creation_limit(Duration::MAX)
        .lease_time(Duration::MAX);
    let region = configured(config.skew(Duration::MAX));
    assert_eq!(region.get_or_create("key", || 1).unwrap(), 1);
    clock.advance(Duration::MAX);
    assert_eq!(region.get("key").unwrap(), Some(1));
}

#[test]
fn clocks_that_never_disagree_make_no_new_value_stale() {
    let region = configured(memory().skew(Duration::ZERO));
    for key in 0..1_000_u64 {
        region.set(key.to_le_bytes(), key).unwrap();
        assert_eq!(region.get(key.to_le_bytes()).unwrap(), Some(key));
    }
}

#[test]
fn the_longest_durations_bound_no_wait_of_a_shared_store() {
    let (server, clock) = Server::<u64>::by_hand();
    let config = server.open("a").config(&clock);
    let config = config.deadline(Duration::MAX).creation_limit(Duration::MAX);
    let region = configured(config.lease_time(Duration::MAX));
    assert_eq!(region.get_or_create("key", || 1).unwrap(), 1);
    assert_eq!(server.entry("key").map(|entry| entry.value), Some(1));
}

#[test]
fn calls_with_durations_of_zero_end_in_a_defined_way() {
    let region = configured(memory());
    let answer = region.at("key").deadline(Duration::ZERO).create(|| {
        let inside = thread::scope(|scope| {
            let waiter = || region.at("key").deadline(Duration::ZERO).create(|| 2);
            scope.spawn(waiter).join().unwrap()
        });
        assert!(matches!(inside, Err(Error::Deadline { .. })), "{inside:?}");
        1
    });
    assert_eq!(answer.unwrap().origin, Origin::Created);
    let hurried = region.at("other").creation_limit(Duration::ZERO);
    assert_eq!(hurried.create(|| 3).unwrap().value, 3);
    let zero = region.at("key").fresh_for(Duration::ZERO);
    assert!(zero.get().unwrap().is_none());
    let zero = region.at("key").fresh_for(Duration::ZERO);
    assert_eq!(
        zero.stale_for(Duration::ZERO).create(|| 4).unwrap().value,
        4
    );
}

#[test]
fn a_store_without_room_still_serves_everybody() {
    let none = Memory::weighted(0, |_, _: &u64| 1);
    for config in [Config::new(Memory::bounded(0)), Config::new(none)] {
        let region = configured(config);
        for round in 0..3 {
            let answer = region.at("key").create(|| round).unwrap();
            assert_eq!((answer.value, answer.origin), (round, Origin::Created));
            region.set("key", 7).unwrap();
            assert_eq!(region.get("key").unwrap(), None);
            region.delete("key").unwrap();
        }
        assert!(!region.is_being_created("key"));
    }
}

#[test]
fn a_creator_may_panic_with_anything() {
    let region = configured(memory());
    let panics: [fn(); 3] = [
        || std::panic::panic_any(42_u32),
        || panic!("text"),
        || panic!("formatted {}", 1),
    ];
    for panic in panics {
        let create = || -> u64 {
            panic();
            unreachable!("it panics")
        };
        let caught = catch_unwind(AssertUnwindSafe(|| region.get_or_create("key", create)));
        let payload: Box<dyn Any + Send> = caught.unwrap_err();
        let known = payload.is::<u32>() || payload.is::<&str>() || payload.is::<String>();
        assert!(known, "the payload is the creator's own");
        assert!(!region.is_being_created("key"));
        assert_eq!(region.get("key").unwrap(), None);
        let panic_async = region.get_or_create_async("key", async || create());
        let caught = catch_unwind(AssertUnwindSafe(|| Hand::new(panic_async).finish()));
        assert!(caught.is_err());
        assert!(!region.is_being_created("key"));
    }
    assert_eq!(region.get_or_create("key", || 1).unwrap(), 1);
}

#[test]
fn a_clock_at_the_end_of_time_stops_nothing() {
    let (server, clock) = Server::<u64>::by_hand();
    clock.advance(Duration::MAX);
    assert_eq!(clock.wall(), Time::END);
    let config = server.open("a").config(&clock).fresh_for(SECOND);
    let region = configured(config);
    assert_eq!(region.get_or_create("key", || 1).unwrap(), 1);
    region.invalidate(Invalidation::Hard).unwrap();
    assert_eq!(region.get_or_create("key", || 2).unwrap(), 2);
}

#[test]
fn configuration_and_errors_can_be_shown() {
    let region = configured(memory().key_mangler(Prefix::new("")));
    let shown = format!("{region:?}");
    assert!(shown.contains("region") && shown.contains("configured: true"));
    region.set("key", 1).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(1), "an empty prefix");
}

#[test]
fn declined_values_are_given_and_not_stored() {
    let region: Region<u64> = Region::new("declining");
    let config = Config::new(Memory::unbounded()).should_cache(|value| *value > 10);
    region.configure(config).unwrap();
    let declined = region.at("key").create(|| 3).unwrap();
    assert_eq!((declined.value, declined.origin), (3, Origin::Declined));
    assert_eq!(region.get("key").unwrap(), None);
    let declined = Hand::new(region.at("key").create_async(async || 4)).finish();
    assert_eq!(declined.unwrap().origin, Origin::Declined);
    assert_eq!(region.get_or_create("key", || 30).unwrap(), 30);
    assert_eq!(region.get("key").unwrap(), Some(30));
}

fn prefixed(prefix: &str) -> Config<u64> {
    Config::new(Memory::unbounded()).key_mangler(Prefix::new(prefix))
}

#[test]
fn a_region_in_use_is_given_another_store() {
    let region = Region::new("moving");
    let first = Memory::unbounded();
    region.configure(Config::new(first.clone())).unwrap();
    region.set("key", 1).unwrap();
    let clone = region.clone();
    region.replace(Config::new(Memory::unbounded())).unwrap();
    for region in [&region, &clone] {
        assert_eq!(region.get("key").unwrap(), None);
    }
    assert_eq!(clone.get_or_create("key", || 2).unwrap(), 2);
    // The policy alone: the store is the same, and so are its values.
    let config = Config::new(first).fresh_for(Duration::ZERO);
    region.replace(config).unwrap();
    let answer = region.at("key").create(|| 3).unwrap();
    assert_eq!((answer.value, answer.origin), (3, Origin::Created));
    let again = region.configure(Config::new(Memory::unbounded()));
    assert!(matches!(again, Err(ConfigError::Twice { .. })));
}

#[test]
fn a_region_without_configuration_may_be_given_one_so() {
    let region: Region<u64> = Region::new("new");
    let zero = Config::new(Memory::unbounded()).deadline(Duration::ZERO);
    assert!(matches!(
        region.replace(zero),
        Err(ConfigError::Zero { .. })
    ));
    assert!(!region.is_configured());
    region.replace(Config::new(Memory::unbounded())).unwrap();
    assert_eq!(region.get_or_create("key", || 1).unwrap(), 1);
}

#[test]
fn the_users_key_mangler_stays_when_the_store_is_replaced() {
    let (second, third) = (Memory::unbounded(), Memory::unbounded());
    let region = Region::new("mangled");
    region.configure(prefixed("a:")).unwrap();
    region.replace(Config::new(second.clone())).unwrap();
    region.set("key", 1).unwrap();
    let plain = Region::new("plain");
    plain.configure(Config::new(second)).unwrap();
    assert_eq!(plain.get("a:key").unwrap(), Some(1));
    let other = Config::new(third.clone()).key_mangler(Prefix::new("b:"));
    region.replace(other).unwrap();
    region.set("key", 2).unwrap();
    plain.replace(Config::new(third)).unwrap();
    assert_eq!(
        plain.get("b:key").unwrap(),
        Some(2),
        "unless there is another"
    );
}

#[test]
fn a_call_under_way_ends_with_the_store_that_it_began_with() {
    let first = Memory::unbounded();
    let region = Region::new("under way");
    region.configure(Config::new(first.clone())).unwrap();
    let answer = region.at("key").create(|| {
        region.replace(Config::new(Memory::unbounded())).unwrap();
        assert_eq!(region.get_or_create("key", || 2).unwrap(), 2, "no cycle");
        1
    });
    let answer = answer.unwrap();
    assert_eq!((answer.value, answer.origin), (1, Origin::Created));
    assert_eq!(region.get("key").unwrap(), Some(2));
    region.replace(Config::new(first)).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(1));
}

#[test]
fn of_threads_that_replace_at_once_the_last_one_counts_for_all() {
    let region: Region<u64> = Region::new("busy");
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                region.replace(Config::new(Memory::unbounded())).unwrap();
                region.get_or_create("key", || 1).unwrap();
            });
        }
    });
    region.set("key", 7).unwrap();
    assert_eq!(region.clone().get("key").unwrap(), Some(7));
}
