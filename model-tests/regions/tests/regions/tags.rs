//! Law 11 for tags: what was invalidated by tag is gone for who calls after, whatever was on its way.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use dogpile::{Config, Invalidation, Memory, Region, Tag, Tags};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::explore::{Draw, explore, schedules};
use dogpile_region_models::far::Far;
use dogpile_region_models::value::Shared;
use dogpile_region_models::world::{World, step, together};
use shuttle::sync::Mutex;

use crate::mixes::{Role, draw, play};

const TASKS: usize = 8;

const ROLES: [Role; 12] = [
    Role::Block,
    Role::Block,
    Role::Task,
    Role::Task,
    Role::Dropped,
    Role::Owned,
    Role::Get,
    Role::Set,
    Role::Invalidate(Invalidation::Soft),
    Role::InvalidateTag(Invalidation::Hard),
    Role::InvalidateTag(Invalidation::Hard),
    Role::InvalidateTag(Invalidation::Soft),
];

/// Each value is under its key.
fn mix() -> BTreeSet<&'static str> {
    let config = Config::new(Memory::bounded(2));
    let tagged = config.tags_of(|key, _| Tags::NONE.with(Tag::named(key)));
    let world = World::new(tagged, Shared::default());
    together((0..TASKS).map(|_| -> Box<dyn FnOnce() + Send> {
        let world = Arc::clone(&world);
        let drawn = move |_| play(&world, draw(&[0, 0, 0, 1, 2]), draw(&ROLES));
        Box::new(move || (0..3).for_each(drawn))
    }));
    world.end()
}

#[test]
fn what_is_invalidated_by_tag_does_not_come_back() {
    let count = schedules(3_000, 15_000, 60_000);
    let random = explore("tags", Draw::Random, 0x7a6, count, mix);
    let placed = explore("tags", Draw::Pct(4), 0x7a6, count, mix);
    let report = random.and(placed);
    report.witness(&["a tag invalidated", "created", "hit", "stale", "superseded"]);
    let scope = "regions, 8 tasks, every value under a tag";
    for property in [
        Property::VersionsNeverGoBack,
        Property::StaleOnlyWhereAllowed,
    ] {
        let seen = report.seen("a tag invalidated");
        shown(property, Tool::Shuttle, scope, report.executions, seen);
    }
}

/// What two processes' values are made of, and what must be seen of it.
#[derive(Clone, Copy, Default)]
struct Source {
    version: u64,
    /// An invalidation of what is older has returned.
    least: u64,
}

/// Two processes on one store that see an invalidation which came before a call.
fn two_processes() -> BTreeSet<&'static str> {
    let (far, source) = (Far::empty(), Arc::new(Mutex::new(Source::default())));
    let signs = Arc::new(Mutex::new(BTreeSet::new()));
    let open = |_| {
        let region: Region<u64> = Region::new("model");
        let config = Config::new(far.clone()).strict_invalidation(true);
        let tagged = config.tags_of(|_, _| Tags::NONE.with(Tag::named(b"t")));
        assert!(region.configure(tagged).is_ok());
        region
    };
    let regions = [0, 1].map(open);
    let now = |source: &Mutex<Source>| *source.lock().unwrap_or_else(PoisonError::into_inner);
    together((0..4).map(|number| -> Box<dyn FnOnce() + Send> {
        let (region, source) = (regions[number % 2].clone(), Arc::clone(&source));
        let signs = Arc::clone(&signs);
        let sign = move |sign| {
            let _ = signs.lock().map(|mut signs| signs.insert(sign));
        };
        let change = move |source: &Mutex<Source>, change: &dyn Fn(&mut Source)| {
            let _ = source.lock().map(|mut source| change(&mut source));
        };
        Box::new(move || {
            for _ in 0..3 {
                let tag = draw(&["t", "t", "another"]);
                if draw(&[true, false]) {
                    change(&source, &|source| source.version += 1);
                    let version = now(&source).version;
                    assert!(region.invalidate_tag(tag, Invalidation::Hard).is_ok());
                    if tag == "t" {
                        change(&source, &|source| source.least = source.least.max(version));
                    }
                    sign("invalidated");
                    continue;
                }
                let asked = now(&source);
                let created = region.at("key").create(|| {
                    let made = now(&source).version;
                    step();
                    made
                });
                let Ok(answer) = created else {
                    panic!("{created:?}")
                };
                assert!(
                    answer.value >= asked.least,
                    "{answer:?} after {}",
                    asked.least
                );
                sign(match answer.origin {
                    dogpile::Origin::Hit => "hit",
                    dogpile::Origin::Created => "created",
                    _ => "otherwise",
                });
            }
        })
    }));
    signs.lock().map(|signs| signs.clone()).unwrap_or_default()
}

#[test]
fn what_another_process_invalidates_by_tag_is_gone_for_who_calls_after() {
    let count = schedules(3_000, 15_000, 60_000);
    let random = explore("two processes", Draw::Random, 0x2b0, count, two_processes);
    let placed = explore("two processes", Draw::Pct(4), 0x2b0, count, two_processes);
    random
        .and(placed)
        .witness(&["invalidated", "hit", "created", "otherwise"]);
}
