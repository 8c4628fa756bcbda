//! Law 11: order comes from stamps and epochs, not from clocks.

use std::sync::Arc;
use std::time::Duration;

use dogpile::backend::{CachedValue, Epoch, Metadata, Stamp, Terms, Time};
use dogpile::{Answer, Clock, Config, Error, Invalidation, Memory, Origin, Region, Verdict};
use tokio::sync::oneshot;

use crate::stores::{Hand, HandClock, Op, Server};

const FRESH: Duration = Duration::from_secs(100);

fn configured(name: &'static str, config: Config<u64>) -> Region<u64> {
    let region = Region::new(name);
    region.configure(config.fresh_for(FRESH)).unwrap();
    region
}

/// A region in memory and one on a shared store, with their clock.
fn each() -> [(Region<u64>, Arc<HandClock>); 2] {
    let clock = HandClock::new();
    let memory = Config::new(Memory::unbounded()).clock(clock.clone());
    let memory = (configured("memory", memory), clock);
    let (server, clock) = Server::by_hand();
    let shared = configured("shared", server.open("a").config(&clock));
    [memory, (shared, clock)]
}

fn origin(answer: Result<Answer<u64>, Error>) -> (u64, Origin) {
    let answer = answer.unwrap();
    (answer.value, answer.origin)
}

fn invalidate(region: &Region<u64>, how: Invalidation, asking_async: bool) {
    if asking_async {
        Hand::new(region.invalidate_async(how)).finish().unwrap();
    } else {
        region.invalidate(how).unwrap();
    }
}

#[test]
fn law_11_a_hard_invalidation_makes_misses_as_often_as_it_is_called() {
    for asking_async in [false, true] {
        for (region, _) in each() {
            for round in 0..3 {
                region.set("key", round).unwrap();
                assert_eq!(region.get("key").unwrap(), Some(round));
                assert_eq!(region.read("key", |value| *value).unwrap(), Some(round));
                invalidate(&region, Invalidation::Hard, asking_async);
                assert_eq!(region.get("key").unwrap(), None);
                assert_eq!(region.read("key", |value| *value).unwrap(), None);
                let known = region.metadata("key").unwrap().unwrap();
                assert_eq!(known.verdict, Verdict::Miss);
                let answer = region.at("key").create(|| round + 10);
                assert_eq!(origin(answer), (round + 10, Origin::Created));
            }
        }
    }
}

#[test]
fn law_11_a_soft_invalidation_makes_values_stale_as_often_as_it_is_called() {
    for asking_async in [false, true] {
        for (region, _) in each() {
            for round in 0..3 {
                region.set("key", round).unwrap();
                invalidate(&region, Invalidation::Soft, asking_async);
                assert_eq!(region.get("key").unwrap(), None, "not fresh");
                let known = region.metadata("key").unwrap().unwrap();
                assert_eq!(known.verdict, Verdict::Stale);
                let answer = region.at("key").create(|| {
                    let meanwhile = region.at("key").create(|| unreachable!("one creates"));
                    assert_eq!(origin(meanwhile), (round, Origin::Stale));
                    round + 10
                });
                assert_eq!(origin(answer), (round + 10, Origin::Created));
                assert_eq!(region.get("key").unwrap(), Some(round + 10));
            }
        }
    }
}

#[test]
fn law_11_newer_values_are_kept() {
    for how in [Invalidation::Hard, Invalidation::Soft] {
        for (region, _) in each() {
            region.set("old", 1).unwrap();
            region.invalidate(how).unwrap();
            region.set("new", 2).unwrap();
            region.get_or_create("created", || 3).unwrap();
            assert_eq!(region.get("old").unwrap(), None);
            assert_eq!(region.get("new").unwrap(), Some(2));
            assert_eq!(region.get("created").unwrap(), Some(3));
        }
    }
}

#[test]
fn law_11_soft_after_hard_brings_nothing_back() {
    for (region, _) in each() {
        region.set("key", 1).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        region.invalidate(Invalidation::Soft).unwrap();
        let answer = region.at("key").create(|| 2);
        assert_eq!(origin(answer), (2, Origin::Created));
        region.invalidate(Invalidation::Soft).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        assert_eq!(
            region.metadata("key").unwrap().unwrap().verdict,
            Verdict::Miss
        );
    }
}

#[test]
fn law_11_a_late_commit_does_not_undo_an_invalidation() {
    for (how, verdict) in [
        (Invalidation::Hard, Verdict::Miss),
        (Invalidation::Soft, Verdict::Stale),
    ] {
        for (region, _) in each() {
            let late = region.get_or_create("key", || {
                region.invalidate(how).unwrap();
                1
            });
            assert_eq!(late.unwrap(), 1, "its own caller called before");
            assert_eq!(region.get("key").unwrap(), None);
            let known = region.metadata("key").unwrap().unwrap();
            assert_eq!(known.verdict, verdict);
        }
    }
}

#[test]
fn law_11_who_calls_after_a_hard_invalidation_does_not_wait_for_an_older_value() {
    for (region, _) in each() {
        let (send, receive) = oneshot::channel();
        let create = async move || receive.await.unwrap();
        let mut creator = Hand::new(region.at("key").create_async(create));
        assert!(creator.settle().is_pending());
        // It is no worse off: it creates anew, or shares what another creates now.
        let mut before = Hand::new(region.at("key").create_async(async || 2));
        assert!(before.settle().is_pending());
        region.invalidate(Invalidation::Hard).unwrap();
        let mut after = Hand::new(region.at("key").create_async(async || 2));
        let polled = after.settle();
        send.send(1).unwrap();
        assert_eq!(origin(creator.finish()), (1, Origin::Superseded));
        assert_eq!(before.finish().unwrap().value, 2);
        match polled {
            std::task::Poll::Ready(answer) => assert_eq!(answer.unwrap().value, 2),
            std::task::Poll::Pending => assert_eq!(after.finish().unwrap().value, 2),
        }
        assert_eq!(region.get("key").unwrap(), Some(2));
    }
}

#[test]
fn law_11_regions_of_one_name_share_epochs_and_others_do_not() {
    let store = Memory::unbounded();
    let on_store = |name| configured(name, Config::new(store.clone()));
    let (one, same, other) = (on_store("users"), on_store("users"), on_store("groups"));
    one.set("key", 1).unwrap();
    assert_eq!(other.get("key").unwrap(), Some(1), "they share the store");
    same.invalidate(Invalidation::Hard).unwrap();
    assert_eq!(one.get("key").unwrap(), None);
    assert_eq!(other.get("key").unwrap(), Some(1));
}

#[test]
fn law_11_the_other_process_learns_of_an_invalidation() {
    let (server, clock) = Server::by_hand();
    let a = configured("users", server.open("a").config(&clock));
    let b = configured("users", server.open("b").config(&clock));
    let other = configured("groups", server.open("c").config(&clock));
    a.set("key", 1).unwrap();
    assert_eq!(b.get("key").unwrap(), Some(1));
    a.invalidate(Invalidation::Hard).unwrap();
    let mut reads = server.count("b", Op::ReadEpochs);
    // The process hears by itself; what a read brings is in force before the next one begins.
    while b.get("key").unwrap().is_some() {
        reads += 1;
        server.wait_for("b", Op::ReadEpochs, reads);
    }
    assert_eq!(other.get("key").unwrap(), Some(1));
}

#[test]
fn law_11_a_process_that_starts_later_knows_of_the_invalidations_before() {
    let (server, clock) = Server::by_hand();
    let a = configured("users", server.open("a").config(&clock));
    a.set("key", 1).unwrap();
    a.invalidate(Invalidation::Hard).unwrap();
    let b = configured("users", server.open("b").config(&clock));
    assert_eq!(b.get("key").unwrap(), None);
    b.set("key", 2).unwrap();
    assert_eq!(a.get("key").unwrap(), Some(2), "created after it");
}

#[test]
fn law_11_a_creation_that_did_not_know_is_no_harm() {
    let (server, clock) = Server::by_hand();
    let map = server.open("b");
    let faults = map.faults();
    let a = configured("users", server.open("a").config(&clock));
    let b = configured("users", map.config(&clock));
    faults.fail(&[Op::ReadEpochs]);
    a.invalidate(Invalidation::Hard).unwrap();
    b.get_or_create("key", || 1).unwrap();
    assert_eq!(a.get("key").unwrap(), None, "it may be from before");
    assert_eq!(a.get_or_create("key", || 2).unwrap(), 2);
    assert_eq!(b.get("key").unwrap(), Some(2));
}

#[test]
fn law_11_a_clock_set_back_lowers_no_epoch() {
    for how in [Invalidation::Hard, Invalidation::Soft] {
        for (region, clock) in each() {
            region.invalidate(how).unwrap();
            clock.set_wall(Time::ZERO);
            region.set("key", 1).unwrap();
            assert_eq!(region.get("key").unwrap(), Some(1));
            region.invalidate(how).unwrap();
            assert_eq!(region.get("key").unwrap(), None);
            region.set("key", 2).unwrap();
            assert_eq!(region.get("key").unwrap(), Some(2));
        }
    }
}

#[test]
fn law_11_a_value_from_the_future_or_the_end_of_time_is_stale() {
    let (server, clock) = Server::by_hand();
    let region = configured("users", server.open("a").config(&clock));
    let ahead = |span: Duration| clock.wall().after(span.into());
    let cases = [
        (ahead(Duration::from_secs(1)), Some(1)),
        (ahead(Duration::from_millis(1_001)), None),
        (ahead(FRESH * 100), None),
        (Time::END, None),
        (Time::ZERO, None),
    ];
    for (created, usable) in cases {
        server.plant("key", from(created));
        assert_eq!(region.get("key").unwrap(), usable, "{created:?}");
        if usable.is_none() {
            assert_eq!(region.get_or_create("key", || 2).unwrap(), 2);
            assert_eq!(region.get("key").unwrap(), Some(2), "replaced");
        }
    }
}

#[test]
fn law_11_a_clock_set_back_makes_values_stale_and_not_eternal() {
    let (server, clock) = Server::by_hand();
    let region = configured("users", server.open("a").config(&clock));
    region.set("key", 1).unwrap();
    clock.set_wall(clock.earlier(Duration::from_mins(1)));
    assert_eq!(region.get("key").unwrap(), None);
    let answer = region.at("key").create(|| 2);
    assert_eq!(origin(answer), (2, Origin::Created));
    assert_eq!(region.get("key").unwrap(), Some(2));
}

#[test]
fn law_11_within_a_process_the_wall_clock_says_nothing_of_age() {
    let [(memory, clock), _] = each();
    memory.set("key", 1).unwrap();
    clock.set_wall(Time::END);
    assert_eq!(memory.get("key").unwrap(), Some(1));
    clock.set_wall(Time::ZERO);
    assert_eq!(memory.get("key").unwrap(), Some(1));
    clock.advance(FRESH);
    assert_eq!(memory.get("key").unwrap(), None);
}

fn from(created: Time) -> CachedValue<u64> {
    let metadata = Metadata {
        stamp: Stamp::new(u128::MAX),
        epoch: Epoch::FIRST,
        created,
        terms: Terms::NONE,
    };
    CachedValue { value: 1, metadata }
}
