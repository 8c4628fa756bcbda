//! Values with terms of their own: what their creators and writers said holds, in place of the region's.

use std::sync::Arc;
use std::time::Duration;

use dogpile::{Config, Creation, Memory, Origin, Region, Tag, Terms, TooManyTags, Verdict};

use crate::stores::{Form, Hand, HandClock, Server};

const FRESH: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(100);

type Given = (Region<u64>, Arc<HandClock>);

/// A region in memory and others on a store that is shared, each as `with` says.
fn each(with: impl Fn(Config<u64>) -> Config<u64>) -> Vec<Given> {
    let open = |config: Config<u64>, clock: &Arc<HandClock>| {
        let region = Region::new("region");
        let config = config.clock(clock.clone()).fresh_for(FRESH);
        region.configure(with(config.stale_for(FRESH))).unwrap();
        region
    };
    let clock = HandClock::new();
    let memory = open(Config::new(Memory::unbounded()), &clock);
    let bounded = open(Config::new(Memory::bounded(1_000)), &clock);
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        let region = open(Config::new(server.open("a").form(form)), &clock);
        (region, clock)
    });
    [(memory, clock.clone()), (bounded, clock)]
        .into_iter()
        .chain(shared)
        .collect()
}

fn verdict(region: &Region<u64>) -> Option<Verdict> {
    region.metadata("key").unwrap().map(|known| known.verdict)
}

/// Fresh for that long, then served for that long.
fn lasts(region: &Region<u64>, clock: &HandClock, fresh: Duration, stale: Duration) {
    let instant = Duration::from_nanos(1);
    clock.advance(fresh - instant);
    assert_eq!(region.get("key").unwrap(), Some(1), "to the end");
    assert_eq!(verdict(region), Some(Verdict::Fresh));
    clock.advance(instant);
    assert_eq!(region.get("key").unwrap(), None, "and no longer");
    if stale > Duration::ZERO {
        assert_eq!(verdict(region), Some(Verdict::Stale));
        clock.advance(stale - instant);
        assert_eq!(verdict(region), Some(Verdict::Stale));
        clock.advance(instant);
    }
    assert_ne!(verdict(region), Some(Verdict::Fresh));
    assert_ne!(verdict(region), Some(Verdict::Stale));
}

#[test]
fn law_4_a_creator_says_how_long_its_value_may_be_used() {
    for (fresh, stale) in [(SHORT, SHORT), (LONG, LONG), (SHORT, Duration::ZERO)] {
        let says = move |creation: &Creation<u64>| {
            creation.fresh_for(fresh);
            creation.stale_for(stale);
            Ok::<u64, String>(1)
        };
        for (region, clock) in each(|config| config) {
            let answer = region.at("key").try_create_with(says).unwrap();
            assert_eq!(answer.origin, Origin::Created);
            lasts(&region, &clock, fresh, stale);
            let call = region
                .at("key")
                .try_create_with_async(async |creation| says(&creation));
            assert_eq!(Hand::new(call).finish().unwrap().origin, Origin::Created);
            lasts(&region, &clock, fresh, stale);
            assert_eq!(
                region.at("key").refresh_with(says).unwrap().origin,
                Origin::Created
            );
            lasts(&region, &clock, fresh, stale);
        }
    }
}

#[test]
fn law_4_a_value_from_outside_has_terms_of_its_own() {
    for (region, clock) in each(|config| config) {
        let terms = Terms::NONE.with_fresh_for(LONG).with_stale_for(SHORT);
        region.set_with("key", 1, terms).unwrap();
        lasts(&region, &clock, LONG, SHORT);
        let terms = Terms::NONE.with_fresh_for(SHORT);
        Hand::new(region.set_with_async("key", 1, terms))
            .finish()
            .unwrap();
        lasts(&region, &clock, SHORT, FRESH);
        region.set_with("key", 1, terms).unwrap();
        region.set("key", 1).unwrap();
        lasts(&region, &clock, FRESH, FRESH); // nothing is left of the terms of another value
    }
}

#[test]
fn a_call_that_asks_for_fresher_values_gets_them() {
    for (region, clock) in each(|config| config) {
        let terms = Terms::NONE.with_fresh_for(LONG);
        region.set_with("key", 1, terms).unwrap();
        clock.advance(SHORT);
        let fresher = region.at("key").fresh_for(SHORT);
        let answer = fresher.create(|| 2).unwrap();
        assert_eq!((answer.value, answer.origin), (2, Origin::Created));
        // And one that would take older ones gets none that its creator has put an end to.
        let terms = Terms::NONE.with_fresh_for(SHORT).with_stale_for(SHORT);
        region.set_with("key", 3, terms).unwrap();
        clock.advance(SHORT);
        let answer = region.at("key").fresh_for(LONG).create(|| 4).unwrap();
        assert_eq!((answer.value, answer.origin), (4, Origin::Created));
    }
}

#[test]
fn a_call_that_asks_for_what_the_region_says_gets_that_and_no_longer_terms() {
    for (region, clock) in each(|config| config) {
        let terms = Terms::NONE.with_fresh_for(LONG).with_stale_for(LONG);
        region.set_with("key", 1, terms).unwrap();
        clock.advance(FRESH);
        let call = region.at("key");
        assert_eq!(call.create(|| 99).unwrap().value, 1, "it says nothing");
        let call = region.at("key").stale_for(FRESH);
        assert_eq!(call.get().unwrap().map(|answer| answer.value), Some(1));
        let call = region.at("key").fresh_for(FRESH);
        assert!(call.get().unwrap().is_none(), "not fresh to it");
        let call = region.at("key").fresh_for(FRESH).create(|| 2).unwrap();
        assert_eq!((call.value, call.origin), (2, Origin::Created));
    }
}

#[test]
fn law_4_what_a_call_asks_for_itself_takes_nothing_from_what_others_may_use() {
    type Made = fn(&Region<u64>);
    let made: [Made; 3] = [
        |region| {
            let call = region.at("key").fresh_for(SHORT).stale_for(Duration::ZERO);
            call.create(|| 1).unwrap();
        },
        |region| {
            let call = region.at("key").stale_for(Duration::ZERO);
            let call = call.fresh_for(SHORT).create_async(async || 1);
            Hand::new(call).finish().unwrap();
        },
        |region| {
            let call = region.at("key").fresh_for(SHORT).stale_for(Duration::ZERO);
            call.refresh(|| Ok::<u64, String>(1)).unwrap();
        },
    ];
    for make in made {
        let settings = |config: Config<u64>| config.fresh_for(LONG).creation_limit(SHORT);
        for (region, clock) in each(settings) {
            make(&region);
            lasts(&region, &clock, LONG, FRESH);
        }
    }
}

#[test]
fn jitter_is_a_part_of_a_values_own_time() {
    for (region, clock) in each(|config| config.jitter(1.0)) {
        let terms = Terms::NONE.with_fresh_for(LONG).with_stale_for(LONG);
        let mut early = 0;
        for number in 0..100_u64 {
            let key = number.to_be_bytes();
            region.set_with(key, 1, terms).unwrap();
        }
        clock.advance(LONG / 2);
        for number in 0..100_u64 {
            early += u32::from(region.get(number.to_be_bytes()).unwrap().is_none());
        }
        // Half of them on average; hardly ever fewer than 25 or more than 75.
        assert!((25..75).contains(&early), "{early}");
    }
}

#[test]
fn a_value_carries_the_tags_that_its_creator_gave_it() {
    for (region, _) in each(|config| config) {
        let tagged = |creation: &Creation<u64>| {
            creation.tag("user:42")?;
            creation.tag(b"group:\xff")?;
            Ok::<u64, TooManyTags>(1)
        };
        region.at("key").try_create_with(tagged).unwrap();
        let known = region.metadata("key").unwrap().unwrap();
        let tags: Vec<Tag> = known.metadata.terms.tags.iter().collect();
        assert_eq!(tags, [Tag::named(b"user:42"), Tag::named(b"group:\xff")]);
        let many = |creation: &Creation<u64>| {
            (0..9_u8).try_for_each(|number| creation.tag([number]))?;
            Ok::<u64, TooManyTags>(1)
        };
        let refused = region.at("key").refresh_with(many);
        assert!(refused.unwrap_err().to_string().contains("at most 8 tags"));
        assert_eq!(region.get("key").unwrap(), Some(1), "nothing is lost");
    }
}
