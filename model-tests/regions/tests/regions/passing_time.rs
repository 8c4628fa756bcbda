//! Time passes: deadlines, the creation limit, and the keeper that wakes tasks for both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dogpile::model::time;
use dogpile::{Config, Memory};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::calls::{Call, Patience};
use dogpile_region_models::creators::{Gate, Plan};
use dogpile_region_models::explore::{Draw, Report, explore, schedules};
use dogpile_region_models::value::Shared;
use dogpile_region_models::world::{World, together};
use shuttle::thread;

const TASKS: usize = 8;
const SOON: Duration = Duration::from_secs(3);
const LATE: Duration = Duration::from_secs(100_000);

/// Whose creator it is that ends only when all others have gone.
#[derive(Clone, Copy)]
enum Late {
    /// Whoever creates first; those after it take no time.
    First,
    /// Whoever creates.
    All,
}

/// A creator ends only when the others have gone. They go when their time is up, or when its time is
/// and one of them has created in its place. Only passing time can wake them.
fn a_creator_that_waits_for_all(late: Late) -> BTreeSet<&'static str> {
    let books = Shared::default();
    books.open().limited = true;
    let config = Config::new(Memory::unbounded());
    let config = match late {
        Late::First => config.deadline(LATE).creation_limit(SOON),
        Late::All => config.deadline(SOON).creation_limit(LATE),
    };
    let world = World::new(config, books);
    let gate = match late {
        Late::First => Gate::for_one(TASKS - 1),
        Late::All => Gate::of(TASKS - 1),
    };
    let calls = (0..TASKS).map(|number| -> Box<dyn FnOnce() + Send> {
        let (world, gate) = (Arc::clone(&world), gate.clone());
        Box::new(move || {
            let call = Call::begin(&world, 0, false);
            let plan = Plan::behind(gate.clone());
            match number % 2 {
                0 => call.block(plan),
                _ => call.task(plan, Patience::Endless),
            }
            gate.come();
        })
    });
    let passing = gate.clone();
    let clock: Box<dyn FnOnce() + Send> = Box::new(move || {
        while !passing.is_open() {
            time::passes(Duration::from_secs(1));
            thread::yield_now();
        }
    });
    together(calls.chain([clock]));
    world.end()
}

fn deadlines() -> BTreeSet<&'static str> {
    a_creator_that_waits_for_all(Late::All)
}

fn limits() -> BTreeSet<&'static str> {
    a_creator_that_waits_for_all(Late::First)
}

fn both(name: &str, scene: fn() -> BTreeSet<&'static str>) -> Report {
    let count = schedules(800, 4_000, 20_000);
    let random = explore(name, Draw::Random, 0x71c4, count, scene);
    random.and(explore(name, Draw::Pct(4), 0x71c4, count, scene))
}

#[test]
fn a_deadline_ends_every_wait() {
    let report = both("deadlines", deadlines);
    shown(
        Property::NoLostWakeUp,
        Tool::Shuttle,
        "regions, 8 tasks whose time is up",
        report.executions,
        report.seen("deadline"),
    );
}

#[test]
fn a_creator_past_its_limit_is_replaced() {
    let report = both("creation limits", limits);
    report.witness(&["superseded", "created", "shared"]);
    shown(
        Property::NeverLeftBusy,
        Tool::Shuttle,
        "regions, 8 tasks whose first creator takes too long",
        report.executions,
        report.seen("superseded"),
    );
}
