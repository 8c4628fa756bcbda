//! Memory in front of a store that processes share: the laws of the far store hold for the pair.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dogpile::backend::Store;
use dogpile::{Config, Error, Invalidation, Memory, Origin, Region, Terms, Tiered};

use crate::stores::{Form, HandClock, Op, Server, SharedMap};

const NEAR: Duration = Duration::from_millis(200);

fn tiered(far: SharedMap<u64>, clock: &Arc<HandClock>) -> Tiered<u64> {
    Tiered::new(100, far).near_for(NEAR).clock(clock.clone())
}

/// A process of its own, as far as this test goes.
fn process(far: SharedMap<u64>, clock: &Arc<HandClock>) -> Region<u64> {
    let region = Region::new("tiers");
    let config = Config::new(tiered(far, clock)).clock(clock.clone());
    region.configure(config).unwrap();
    region
}

#[test]
fn a_near_hit_does_not_ask_the_far_store() {
    let (server, clock) = Server::by_hand();
    let region = process(server.open("a"), &clock);
    region.set("key", 1).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(1));
    let asked = server.count("a", Op::Get);
    for _ in 0..10 {
        assert_eq!(region.get("key").unwrap(), Some(1));
        assert_eq!(region.get_or_create("key", || unreachable!()).unwrap(), 1);
    }
    assert_eq!(server.count("a", Op::Get), asked);
    assert_eq!(server.count("a", Op::Lease), 0);
}

#[test]
fn what_another_process_does_drops_the_near_copy() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let one = process(server.open("a").form(form), &clock);
        let other = process(server.open("b").form(form), &clock);
        let both_see = |value: Option<u64>| {
            for region in [&one, &other] {
                for _ in 0..2 {
                    assert_eq!(region.get("key").unwrap(), value, "{form:?}");
                }
            }
        };
        one.set("key", 1).unwrap();
        both_see(Some(1));
        other.set("key", 2).unwrap();
        both_see(Some(2));
        one.delete("key").unwrap();
        both_see(None);
        let created = other.at("key").create(|| 3).unwrap();
        assert_eq!(created.origin, Origin::Created);
        both_see(Some(3));
        assert_eq!(one.refresh("key", || Ok::<_, Error>(4)).unwrap(), 4);
        both_see(Some(4));
    }
}

/// The worst case: no message of the other's write ever comes.
#[test]
fn where_nobody_rings_an_old_copy_lives_no_longer_than_said() {
    let (server, clock) = Server::by_hand();
    let one = process(server.open("a").silent(), &clock);
    let other = process(server.open("b").silent(), &clock);
    one.set("key", 1).unwrap();
    assert_eq!(one.get("key").unwrap(), Some(1));
    other.set("key", 2).unwrap();
    clock.advance(NEAR - Duration::from_nanos(1));
    assert_eq!(one.get("key").unwrap(), Some(1), "a copy, as is promised");
    clock.advance(Duration::from_nanos(1));
    assert_eq!(one.get("key").unwrap(), Some(2));
    assert_eq!(other.get("key").unwrap(), Some(2));
}

#[test]
fn law_3_a_late_commit_is_refused_though_a_near_copy_was_there() {
    let (server, clock) = Server::by_hand();
    let one = process(server.open("a").silent(), &clock);
    let other = process(server.open("b").silent(), &clock);
    one.set("key", 1).unwrap();
    assert_eq!(one.get("key").unwrap(), Some(1));
    let superseded = one.refresh("key", || {
        other.delete("key").unwrap();
        Ok::<_, Error>(2)
    });
    assert_eq!(superseded.unwrap(), 2, "its caller has what it created");
    assert!(
        server.entry("key").is_none(),
        "the deleted does not come back"
    );
    assert_eq!(one.get("key").unwrap(), None, "nor near");
}

#[test]
fn law_2_who_wins_looks_at_the_far_store_and_not_near() {
    let (server, clock) = Server::by_hand();
    let config = |name| Config::new(tiered(server.open(name).silent(), &clock));
    let fresh = NEAR / 10;
    let [one, other] = ["a", "b"].map(|name| {
        let region = Region::new("tiers");
        let config = config(name).clock(clock.clone());
        region.configure(config.fresh_for(fresh)).unwrap();
        region
    });
    one.set("key", 1).unwrap();
    assert_eq!(one.get("key").unwrap(), Some(1));
    clock.advance(fresh);
    other.set("key", 2).unwrap();
    let seen = one.get_or_create("key", || unreachable!("there is a fresh one"));
    assert_eq!(seen.unwrap(), 2);
    assert_eq!(one.get("key").unwrap(), Some(2), "the old copy is gone");
}

#[test]
fn law_11_near_copies_are_judged_by_the_epochs() {
    let (server, clock) = Server::by_hand();
    let region = process(server.open("a").silent(), &clock);
    for (how, left) in [
        (Invalidation::Soft, Origin::Created),
        (Invalidation::Hard, Origin::Created),
    ] {
        region.set("key", 1).unwrap();
        assert_eq!(region.get("key").unwrap(), Some(1));
        region.invalidate(how).unwrap();
        let answer = region.at("key").create(|| 2).unwrap();
        assert_eq!((answer.value, answer.origin), (2, left));
        assert_eq!(region.get("key").unwrap(), Some(2));
    }
}

#[test]
fn law_12_a_write_that_failed_may_have_been_carried_out() {
    let (server, clock) = Server::by_hand();
    let far = server.open("a").silent();
    let faults = far.faults();
    let region = process(far, &clock);
    region.set("key", 1).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(1));
    faults.lose_answers(&[Op::Delete]);
    assert!(matches!(region.delete("key"), Err(Error::Store { .. })));
    assert_eq!(region.get("key").unwrap(), None);
}

#[test]
fn law_12_a_near_copy_is_there_while_the_far_store_is_away() {
    let (server, clock) = Server::by_hand();
    let far = server.open("a");
    let faults = far.faults();
    let store = tiered(far, &clock);
    let key = b"key";
    server.plant(key, dogpile_entry(&store, 1));
    assert!(store.get(key).wait().unwrap().is_some());
    faults.fail(&[Op::Get]);
    assert!(store.get(key).wait().unwrap().is_some());
    clock.advance(NEAR);
    assert!(store.get(key).wait().is_err(), "no longer than is said");
}

fn dogpile_entry(_: &Tiered<u64>, value: u64) -> dogpile::backend::CachedValue<u64> {
    use dogpile::backend::{CachedValue, Epoch, Stamp, Time};
    let metadata = dogpile::Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::FIRST,
        created: Time::ZERO,
        terms: dogpile::backend::Terms::NONE,
    };
    CachedValue { value, metadata }
}

mod before_memory {
    use super::*;

    fn open() -> Tiered<u64> {
        Tiered::new(100, Memory::unbounded())
    }
    dogpile_backend::conformance_tests!(u64, open);
}

/// A handle that lends nothing itself, so that each read goes through both.
mod before_a_shared_map {
    use super::*;

    fn open() -> Tiered<u64> {
        let (server, _) = Server::by_hand();
        Tiered::new(2, server.open("a"))
    }
    dogpile_backend::conformance_tests!(u64, open);
}

#[cfg(feature = "file")]
mod before_files {
    use super::*;
    use dogpile::{File, JsonCodec};

    fn open() -> Tiered<u64> {
        static FOLDER: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
        let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap());
        let file = File::open(folder.path()).unwrap();
        Tiered::new(100, file.encoded(JsonCodec::new()))
    }
    dogpile_backend::conformance_tests!(u64, open);
}

/// A value that is older than the last invalidation by tag is looked at once more, and then it is a near hit
/// again.
#[test]
fn law_11_a_near_copy_goes_with_its_tag_and_the_others_stay() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let one = process(server.open("a").form(form), &clock);
        let other = process(server.open("b").form(form).silent(), &clock);
        for (key, tag) in [("key", "t"), ("other", "u")] {
            let terms = Terms::NONE.with_tag(tag).unwrap();
            one.set_with(key, 1, terms).unwrap();
            for region in [&one, &other] {
                assert_eq!(region.get(key).unwrap(), Some(1));
            }
        }
        one.invalidate_tag("t", Invalidation::Hard).unwrap();
        assert_eq!(one.get("key").unwrap(), None);
        let (mut reads, begun) = (server.count("b", Op::ReadEpochs), Instant::now());
        while other.get("key").unwrap().is_some() {
            assert!(begun.elapsed() < NEAR * 100, "it never hears");
            reads += 1;
            server.wait_for("b", Op::ReadEpochs, reads);
        }
        for (name, region) in [("a", &one), ("b", &other)] {
            assert_eq!(region.get("other").unwrap(), Some(1));
            let asked = server.count(name, Op::Get);
            for _ in 0..10 {
                assert_eq!(region.get("other").unwrap(), Some(1));
            }
            assert_eq!(server.count(name, Op::Get), asked, "{form:?}");
        }
    }
}

#[test]
fn law_11_a_near_copy_that_another_region_left_says_nothing_of_this_one_s_tags() {
    let (server, clock) = Server::by_hand();
    let near = Arc::new(tiered(server.open("a"), &clock));
    let on = |name| {
        let region: Region<u64> = Region::new(name);
        let config = Config::new(Arc::clone(&near)).clock(clock.clone());
        region.configure(config).unwrap();
        region
    };
    let (one, other) = (on("one"), on("other"));
    let elsewhere: Region<u64> = Region::new("other");
    let config = Config::new(server.open("b")).clock(clock.clone());
    elsewhere.configure(config).unwrap();
    let terms = Terms::NONE.with_tag("t").unwrap();
    one.set_with("key", 1, terms).unwrap();
    assert_eq!(one.get("key").unwrap(), Some(1));
    elsewhere.invalidate_tag("t", Invalidation::Hard).unwrap();
    assert_eq!(other.get("key").unwrap(), None);
    assert_eq!(one.get("key").unwrap(), Some(1), "it has tags of its own");
}

#[test]
fn law_11_a_strict_region_asks_before_it_uses_a_near_copy() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let far = server.open("a").form(form).silent();
        let other = process(far, &clock);
        let strict = Region::new("tiers");
        let near = tiered(server.open("b").form(form).silent(), &clock);
        let config = Config::new(near)
            .strict_invalidation(true)
            .eager_refresh(0.9);
        strict.configure(config.clock(clock.clone())).unwrap();
        let is_near = |key: &str| {
            let terms = Terms::NONE.with_tag("t").unwrap();
            other.set_with(key, 1, terms).unwrap();
            assert_eq!(strict.get(key).unwrap(), Some(1));
            let asked = server.count("b", Op::Get);
            assert_eq!(strict.get(key).unwrap(), Some(1));
            assert_eq!(server.count("b", Op::Get), asked, "it need not come again");
        };
        for round in 0..16 {
            let key = &round.to_string();
            is_near(key);
            match round % 2 {
                0 => other.invalidate(Invalidation::Hard).unwrap(),
                _ => other.invalidate_tag("t", Invalidation::Hard).unwrap(),
            }
            match round / 2 % 4 {
                0 => assert_eq!(strict.get(key).unwrap(), None, "{form:?}"),
                1 => assert_eq!(strict.read(key, |value| *value).unwrap(), None),
                2 => assert_eq!(strict.at(key).create(|| 2).unwrap().value, 2),
                _ => {
                    let create = || Ok::<_, String>(3);
                    assert_eq!(strict.get_or_refresh(key, create).unwrap(), 3);
                }
            }
        }
    }
}
