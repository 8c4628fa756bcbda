//! Law 11 for values under a tag: an invalidation by tag reaches what was created before it and carries the
//! tag, in every process, and nothing else.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dogpile::backend::Time;
use dogpile::{
    Answer, Config, Creation, Error, Invalidation, Memory, Origin, Region, Terms, TooManyTags,
    Verdict,
};
use tokio::sync::oneshot;

use crate::stores::{Form, Hand, HandClock, Op, Server};

use Invalidation::{Hard, Soft};

const FRESH: Duration = Duration::from_secs(100);

fn configured(config: Config<u64>) -> Region<u64> {
    let region = Region::new("users");
    region.configure(config.fresh_for(FRESH)).unwrap();
    region
}

/// Regions in memory and on a shared store, with their clock.
fn each() -> Vec<(Region<u64>, Arc<HandClock>)> {
    let clock = HandClock::new();
    let by_hand = |memory| configured(Config::new(memory).clock(clock.clone()));
    let coarse = configured(Config::new(Memory::unbounded()));
    let memory = [
        by_hand(Memory::unbounded()),
        by_hand(Memory::bounded(99)),
        coarse,
    ];
    let memory = memory.map(|region| (region, clock.clone()));
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        let map = server.open("a").form(form);
        (configured(map.config(&clock)), clock)
    });
    memory.into_iter().chain(shared).collect()
}

fn invalidate(region: &Region<u64>, tag: &str, how: Invalidation, asking_async: bool) {
    if asking_async {
        let call = region.invalidate_tag_async(tag, how);
        Hand::new(call).finish().unwrap();
    } else {
        region.invalidate_tag(tag, how).unwrap();
    }
}

fn under(tags: &[&str]) -> Terms {
    let tag = |terms: Terms, tag| terms.with_tag(tag);
    tags.iter().try_fold(Terms::NONE, tag).unwrap()
}

fn set(region: &Region<u64>, key: &str, value: u64, tags: &[&str]) {
    region.set_with(key, value, under(tags)).unwrap();
}

/// A creator whose value is under the tag `t`.
fn tagged(value: u64) -> impl FnOnce(&Creation<u64>) -> Result<u64, TooManyTags> {
    move |creation| {
        creation.tag("t")?;
        Ok(value)
    }
}

fn verdict(region: &Region<u64>, key: &str) -> Verdict {
    region.metadata(key).unwrap().unwrap().verdict
}

fn origin<E: std::fmt::Debug>(answer: Result<Answer<u64>, Error<E>>) -> (u64, Origin) {
    let answer = answer.unwrap();
    (answer.value, answer.origin)
}

#[test]
fn law_11_a_hard_invalidation_by_tag_makes_its_values_misses_and_no_others() {
    for asking_async in [false, true] {
        for (region, _) in each() {
            set(&region, "other", 1, &["u"]);
            set(&region, "none", 2, &[]);
            for round in 0..3 {
                set(&region, "key", round, &["s", "t"]);
                assert_eq!(region.get("key").unwrap(), Some(round));
                assert_eq!(region.read("key", |value| *value).unwrap(), Some(round));
                invalidate(&region, "t", Hard, asking_async);
                assert_eq!(region.get("key").unwrap(), None);
                assert_eq!(region.read("key", |value| *value).unwrap(), None);
                assert_eq!(verdict(&region, "key"), Verdict::Miss);
                let call = region.at("key").fresh_for(FRESH * 2);
                assert_eq!(
                    origin(call.create(|| round + 10)),
                    (round + 10, Origin::Created)
                );
                let kept = ["other", "none", "key"];
                let kept = region.get_many(&kept).unwrap();
                assert_eq!(kept, [Some(1), Some(2), Some(round + 10)]);
                let call = region.at("other").fresh_for(FRESH * 2);
                assert_eq!(origin(call.create(|| 99)), (1, Origin::Hit));
                assert_eq!(region.read("other", |value| *value).unwrap(), Some(1));
                assert_eq!(verdict(&region, "none"), Verdict::Fresh);
            }
        }
    }
}

#[test]
fn law_11_a_soft_invalidation_by_tag_makes_its_values_stale_as_often_as_it_is_called() {
    for asking_async in [false, true] {
        for (region, _) in each() {
            set(&region, "other", 5, &["u"]);
            for round in 0..3 {
                set(&region, "key", round, &["t"]);
                invalidate(&region, "t", Soft, asking_async);
                assert_eq!(region.get("key").unwrap(), None, "not fresh");
                assert_eq!(verdict(&region, "key"), Verdict::Stale);
                let answer = region.at("key").create(|| {
                    let meanwhile = region.at("key").create(|| unreachable!("one creates"));
                    assert_eq!(origin(meanwhile), (round, Origin::Stale));
                    round + 10
                });
                assert_eq!(origin(answer), (round + 10, Origin::Created));
                assert_eq!(region.get("key").unwrap(), Some(round + 10));
                assert_eq!(region.get("other").unwrap(), Some(5));
            }
        }
    }
}

#[test]
fn law_11_soft_after_hard_brings_nothing_back() {
    for (region, _) in each() {
        for order in [[Hard, Soft], [Soft, Hard]] {
            set(&region, "key", 1, &["t"]);
            for how in order {
                invalidate(&region, "t", how, false);
            }
            assert_eq!(verdict(&region, "key"), Verdict::Miss, "{order:?}");
        }
    }
}

#[test]
fn law_11_what_is_created_after_an_invalidation_by_tag_is_kept() {
    for how in [Hard, Soft] {
        for (region, _) in each() {
            set(&region, "old", 1, &["t"]);
            invalidate(&region, "t", how, false);
            set(&region, "new", 2, &["t"]);
            region.at("created").try_create_with(tagged(3)).unwrap();
            assert_eq!(region.get("old").unwrap(), None);
            assert_eq!(region.get("new").unwrap(), Some(2));
            assert_eq!(region.get("created").unwrap(), Some(3));
            invalidate(&region, "other", how, false);
            assert_eq!(region.get("new").unwrap(), Some(2));
            assert_eq!(region.get("old").unwrap(), None);
        }
    }
}

#[test]
fn law_11_a_late_commit_does_not_undo_an_invalidation_by_tag() {
    for (how, verdict_then) in [(Hard, Verdict::Miss), (Soft, Verdict::Stale)] {
        for (region, _) in each() {
            let late = region.at("key").try_create_with(|creation| {
                region.invalidate_tag("t", how).unwrap();
                tagged(1)(creation)
            });
            let wanted = match how {
                Hard => Origin::Superseded,
                Soft => Origin::Created,
            };
            assert_eq!(origin(late), (1, wanted), "its own caller called before");
            assert_eq!(region.get("key").unwrap(), None);
            assert_eq!(verdict(&region, "key"), verdict_then);
        }
    }
}

#[test]
fn law_11_who_calls_after_an_invalidation_by_tag_gets_no_older_value() {
    for (region, _) in each() {
        let (send, receive) = oneshot::channel();
        let began = Cell::new(false);
        let create = async |creation: Creation<u64>| {
            began.set(true);
            let value = receive.await.unwrap();
            tagged(value)(&creation)
        };
        let mut creator = Hand::new(region.at("key").try_create_with_async(create));
        while creator.settle().is_pending() && !began.get() {
            creator.wait();
        }
        region.invalidate_tag("t", Hard).unwrap();
        let mut after = Hand::new(region.at("key").create_async(async || 2));
        let polled = after.settle();
        send.send(1).unwrap();
        assert_eq!(origin(creator.finish()), (1, Origin::Superseded));
        let after = match polled {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => after.finish(),
        };
        assert_eq!(after.unwrap().value, 2);
        assert_eq!(region.get("key").unwrap(), Some(2));
    }
}

#[test]
fn law_11_tags_and_their_region_count_by_one_sequence_whatever_the_clock_says() {
    for how in [Hard, Soft] {
        for (region, clock) in each() {
            invalidate(&region, "t", how, false);
            clock.set_wall(Time::ZERO);
            for round in 0..3 {
                set(&region, "key", round, &["t"]);
                assert_eq!(region.get("key").unwrap(), Some(round));
                region.invalidate(how).unwrap();
                assert_eq!(region.get("key").unwrap(), None, "by the region");
                set(&region, "key", round, &["t"]);
                assert_eq!(region.get("key").unwrap(), Some(round));
                invalidate(&region, "t", how, false);
                assert_eq!(region.get("key").unwrap(), None, "by its tag");
            }
        }
    }
}

#[test]
fn law_11_regions_of_one_name_share_tags_and_others_do_not() {
    let store = Memory::unbounded();
    let (one, same) = (
        configured(Config::new(store.clone())),
        configured(Config::new(store.clone())),
    );
    let other = Region::new("groups");
    other.configure(Config::new(store)).unwrap();
    set(&one, "key", 1, &["t"]);
    invalidate(&same, "t", Hard, false);
    assert_eq!(one.get("key").unwrap(), None);
    assert_eq!(other.get("key").unwrap(), Some(1), "it has tags of its own");
}

/// Two processes on one server, and its clock.
fn two(form: Form) -> (Arc<Server<u64>>, [Region<u64>; 2], Arc<HandClock>) {
    let (server, clock) = Server::by_hand();
    let open = |name| configured(server.open(name).form(form).config(&clock));
    let regions = ["a", "b"].map(open);
    (server, regions, clock)
}

/// Waits until `region`, of the process `name`, has no value under `key` any more.
fn hears(server: &Server<u64>, name: &'static str, region: &Region<u64>, key: &str) {
    let (mut reads, begun) = (server.count(name, Op::ReadEpochs), Instant::now());
    // The process hears by itself; what a read brings is in force before the next one begins.
    while region.get(key).unwrap().is_some() {
        assert!(begun.elapsed() < FRESH / 5, "it never hears");
        reads += 1;
        server.wait_for(name, Op::ReadEpochs, reads);
    }
}

#[test]
fn law_11_the_other_process_learns_of_an_invalidation_by_tag() {
    for form in Form::ALL {
        let (server, [a, b], _) = two(form);
        set(&a, "key", 1, &["t"]);
        set(&a, "other", 2, &["u"]);
        assert_eq!(b.get_many(&["key", "other"]).unwrap(), [Some(1), Some(2)]);
        for round in 0..2 {
            invalidate(&a, "t", Hard, round == 0);
            hears(&server, "b", &b, "key");
            assert_eq!(b.get("other").unwrap(), Some(2));
            set(&b, "key", 3, &["t"]);
            assert_eq!(a.get("key").unwrap(), Some(3), "created after it");
            assert_eq!(a.get("other").unwrap(), Some(2));
        }
    }
}

#[test]
fn law_11_a_process_that_starts_later_knows_of_the_tags_invalidated_before() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let open = |name| configured(server.open(name).form(form).config(&clock));
        let a = open("a");
        set(&a, "key", 1, &["t"]);
        set(&a, "other", 2, &["u"]);
        invalidate(&a, "t", Hard, false);
        let b = open("b");
        assert_eq!(b.get_many(&["key", "other"]).unwrap(), [None, Some(2)]);
        let created = b.at("new").try_create_with(tagged(3)).unwrap();
        assert_eq!(created.origin, Origin::Created);
        assert_eq!(
            a.get("new").unwrap(),
            Some(3),
            "it knew of the invalidation"
        );
    }
}

#[test]
fn law_11_a_creation_elsewhere_from_before_an_invalidation_by_tag_is_not_used() {
    let (_, [a, b], _) = two(Form::Ready);
    let late = a.at("key").try_create_with(|creation| {
        b.invalidate_tag("t", Hard).unwrap();
        tagged(1)(creation)
    });
    assert_eq!(late.unwrap().value, 1);
    assert_eq!(b.get("key").unwrap(), None);
    let call = b.at("key").try_create_with(tagged(2));
    assert_eq!(origin(call), (2, Origin::Created));
    assert_eq!(a.get("key").unwrap(), Some(2));
}

#[test]
fn law_11_a_strict_region_sees_an_invalidation_by_tag_that_came_before_the_call() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let a = configured(server.open("a").form(form).config(&clock));
        let strict = server.open("b").form(form).config(&clock);
        let b = configured(strict.strict_invalidation(true));
        for round in 0..20 {
            set(&a, "key", round, &["t"]);
            assert_eq!(b.get("key").unwrap(), Some(round));
            invalidate(&a, "t", Hard, false);
            if round % 2 == 0 {
                assert_eq!(b.get("key").unwrap(), None);
            } else {
                let call = b.at("key").create_async(async || 99);
                assert_eq!(origin(Hand::new(call).finish()), (99, Origin::Created));
            }
        }
    }
}

/// A process whose clock is behind all others'.
#[test]
fn law_11_numbers_drawn_by_a_clock_set_back_are_above_all_that_values_carry() {
    let (server, [a, b], clock) = two(Form::Ready);
    invalidate(&a, "t", Hard, false);
    a.invalidate(Hard).unwrap();
    set(&a, "key", 1, &["t"]);
    clock.set_wall(Time::ZERO);
    invalidate(&b, "t", Hard, false);
    assert_eq!(b.get("key").unwrap(), None);
    hears(&server, "a", &a, "key");
    invalidate(&a, "u", Hard, false);
    set(&a, "key", 2, &["t"]);
    b.invalidate(Hard).unwrap();
    assert_eq!(b.get("key").unwrap(), None);
    hears(&server, "a", &a, "key");
}

#[test]
fn a_region_whose_name_would_meet_a_tag_s_is_refused() {
    let region: Region<u64> = Region::new("users\x00002a");
    let refused = region.configure(Config::new(Memory::unbounded()));
    let error = refused.unwrap_err().to_string();
    assert!(
        error.contains("zero byte") && error.contains("users"),
        "{error}"
    );
    assert!(!region.is_configured());
}
