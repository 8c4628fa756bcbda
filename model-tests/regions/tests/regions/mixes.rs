//! Everything at once: threads and tasks that do what may be done to a region, while its memory is
//! too small for its keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use dogpile::{Config, Invalidation, Memory};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::books::End;
use dogpile_region_models::calls::{Call, Patience};
use dogpile_region_models::creators::Plan;
use dogpile_region_models::explore::{Draw, Report, explore, schedules};
use dogpile_region_models::value::{Shared, Value};
use dogpile_region_models::world::{KEYS, World, together};
use shuttle::rand::{Rng, thread_rng};

/// What a task does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    Block,
    Task,
    Dropped,
    Owned,
    Get,
    Invalidate(Invalidation),
    InvalidateTag(Invalidation),
    Refresh,
    Delete,
    Set,
}

/// Calls, and invalidations of the whole region: nothing that supersedes a creation.
const CALLS: [Role; 13] = [
    Role::Block,
    Role::Block,
    Role::Block,
    Role::Task,
    Role::Task,
    Role::Task,
    Role::Dropped,
    Role::Dropped,
    Role::Dropped,
    Role::Owned,
    Role::Get,
    Role::Invalidate(Invalidation::Hard),
    Role::Invalidate(Invalidation::Soft),
];

/// What supersedes.
const WRITES: [Role; 3] = [Role::Refresh, Role::Delete, Role::Set];

const ENDS: [End; 5] = [End::Value, End::Value, End::Value, End::Error, End::Panic];

const DROPS: [Patience; 4] = [
    Patience::Waits(0),
    Patience::Waits(3),
    Patience::Woken(1),
    Patience::Woken(2),
];

pub(super) fn draw<T: Copy>(choices: &[T]) -> T {
    choices[thread_rng().gen_range(0..choices.len())]
}

/// Does what `role` does, for `key` where it has one.
pub(super) fn play(world: &World, key: usize, role: Role) {
    let in_task = draw(&[true, false]);
    world.books.open().say(&format_args!("{role:?} for {key}"));
    let call = |lenient| Call::begin(world, key, lenient);
    let plan = || Plan::new(draw(&ENDS), draw(&[0, 1, 2, 4]));
    match role {
        Role::Block => call(draw(&[true, false])).block(plan()),
        Role::Task => call(draw(&[true, false])).task(plan(), Patience::Endless),
        Role::Dropped => call(draw(&[true, false])).task(plan(), draw(&DROPS)),
        Role::Owned => call(true).own(plan()),
        Role::Get => call(draw(&[true, false])).get(),
        Role::Invalidate(how) => world.invalidate(how),
        Role::InvalidateTag(how) => world.invalidate_tag(key, how),
        Role::Refresh => call(true).refresh(plan()),
        Role::Delete if in_task => world.delete_async(key),
        Role::Delete => world.delete(key),
        Role::Set if in_task => world.set_async(key),
        Role::Set => world.set(key),
    }
}

fn mix<const TASKS: usize>(roles: &'static [Role]) -> BTreeSet<&'static str> {
    let books = Shared::default();
    let evicted = books.clone();
    let memory = Memory::bounded(2).on_eviction(move |_, _: &Value, _| {
        evicted.open().signs.insert("evicted");
    });
    let world = World::new(Config::new(memory), books);
    assert!(KEYS.len() > 2, "more than the memory holds");
    together((0..TASKS).map(|_| -> Box<dyn FnOnce() + Send> {
        let world = Arc::clone(&world);
        let drawn = move |_| {
            let key = draw(&[0, 0, 0, 1, 2]);
            play(&world, key, draw(roles));
        };
        Box::new(move || (0..2).for_each(drawn))
    }));
    world.end()
}

/// Calls only: whoever creates is alone.
pub(super) fn calls<const TASKS: usize>() -> BTreeSet<&'static str> {
    mix::<TASKS>(&CALLS)
}

fn everything<const TASKS: usize>() -> BTreeSet<&'static str> {
    const ALL: [Role; 16] = {
        let mut all = [Role::Get; 16];
        let mut at = 0;
        while at < all.len() {
            all[at] = if at < CALLS.len() {
                CALLS[at]
            } else {
                WRITES[at - CALLS.len()]
            };
            at += 1;
        }
        all
    };
    mix::<TASKS>(&ALL)
}

/// What must have happened in any mix.
const SIGNS: [&str; 14] = [
    "another's error",
    "another's panic",
    "created",
    "dropped when it was woken",
    "dropped while it created",
    "dropped while it waited",
    "evicted",
    "hit",
    "own error",
    "own panic",
    "shared",
    "slept and was told",
    "stale at once",
    "stale for an error",
];

fn say(report: &Report, scope: &str) {
    report.witness(&SIGNS);
    let say = |property, sign| {
        shown(
            property,
            Tool::Shuttle,
            scope,
            report.executions,
            report.seen(sign),
        );
    };
    say(Property::OneCreator, "shared");
    say(Property::StaleOnlyWhereAllowed, "stale");
    say(Property::OneOutcomePerWaiter, "slept and was told");
    say(Property::ValuesDroppedOnce, "evicted");
    say(Property::NeverLeftBusy, "dropped while it created");
    say(Property::NoLostWakeUp, "slept and was told");
    say(Property::FailureReachesWaiters, "another's error");
    say(Property::CancelledWakePassedOn, "dropped when it was woken");
}

#[test]
fn calls_of_twelve() {
    let count = schedules(4_000, 20_000, 120_000);
    let name = "calls of 12 tasks";
    let random = explore(name, Draw::Random, 0xca115, count, calls::<12>);
    let placed = explore(name, Draw::Pct(5), 0xca115, count, calls::<12>);
    say(&random.and(placed), "regions, calls of 12 tasks");
}

fn everything_of(report: &Report, scope: &str) {
    report.witness(&["superseded", "superseded creator at work"]);
    say(report, scope);
    shown(
        Property::VersionsNeverGoBack,
        Tool::Shuttle,
        scope,
        report.executions,
        report.seen("superseded"),
    );
}

#[test]
fn everything_at_random() {
    let count = schedules(3_000, 15_000, 100_000);
    let eight = explore("8 tasks", Draw::Random, 0x5eed, 2 * count, everything::<8>);
    let more = explore("16 tasks", Draw::Random, 0x5eed, count, everything::<16>);
    everything_of(
        &eight.and(more),
        "regions, everything by 8 to 16 tasks, random",
    );
}

#[test]
fn everything_with_few_well_placed_preemptions() {
    let count = schedules(3_000, 15_000, 100_000);
    let eight = explore("8 tasks", Draw::Pct(3), 0x9c7, 2 * count, everything::<8>);
    let more = explore("16 tasks", Draw::Pct(6), 0x9c7, count, everything::<16>);
    everything_of(
        &eight.and(more),
        "regions, everything by 8 to 16 tasks, pct",
    );
}
