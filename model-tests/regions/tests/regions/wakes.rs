//! Who waits is woken, whatever became of those before (laws 5, 6 and 7).

use std::collections::BTreeSet;
use std::sync::Arc;

use dogpile::{Config, Memory};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::books::End;
use dogpile_region_models::calls::{Call, Patience};
use dogpile_region_models::creators::Plan;
use dogpile_region_models::explore::{Draw, Report, explore, schedules};
use dogpile_region_models::value::Shared;
use dogpile_region_models::world::{World, together};

use crate::mixes::draw;

const TASKS: usize = 12;

/// Longer than any patience here.
const NEVER: usize = 1_000;

/// All but two of the calls are dropped, creators among them; the two must have the value.
fn the_patient_ones_are_left() -> BTreeSet<&'static str> {
    let world = World::new(Config::new(Memory::unbounded()), Shared::default());
    together((0..TASKS).map(|number| -> Box<dyn FnOnce() + Send> {
        let world = Arc::clone(&world);
        Box::new(move || {
            let call = Call::begin(&world, 0, true);
            let value = Plan::new(End::Value, 1);
            let patience = [Patience::Waits(0), Patience::Waits(4), Patience::Woken(1)];
            match number {
                0 => call.block(value),
                1 => call.task(value, Patience::Endless),
                _ => call.task(Plan::new(End::Value, NEVER), draw(&patience)),
            }
        })
    }));
    world.end()
}

/// Nobody's creator succeeds.
fn everybody_fails() -> BTreeSet<&'static str> {
    let world = World::new(Config::new(Memory::unbounded()), Shared::default());
    together((0..TASKS).map(|number| -> Box<dyn FnOnce() + Send> {
        let world = Arc::clone(&world);
        Box::new(move || {
            let call = Call::begin(&world, 0, false);
            let plan = Plan::new(draw(&[End::Error, End::Panic]), draw(&[0, 1, 3]));
            match number % 2 {
                0 => call.block(plan),
                _ => call.task(plan, Patience::Endless),
            }
        })
    }));
    world.end()
}

fn both(name: &str, scene: fn() -> BTreeSet<&'static str>) -> Report {
    let count = schedules(3_000, 15_000, 60_000);
    let random = explore(name, Draw::Random, 0x3a5e, count, scene);
    random.and(explore(name, Draw::Pct(4), 0x3a5e, count, scene))
}

#[test]
fn the_last_of_many_cancelled_calls_is_served() {
    let report = both("dropped calls", the_patient_ones_are_left);
    report.witness(&["slept and created", "slept and was told", "shared"]);
    let say = |property, sign| {
        let scope = "regions, 12 tasks, 10 of them dropped";
        shown(
            property,
            Tool::Shuttle,
            scope,
            report.executions,
            report.seen(sign),
        );
    };
    say(Property::CancelledWakePassedOn, "dropped as an heir");
    say(Property::NeverLeftBusy, "dropped while it created");
}

#[test]
fn every_failure_is_told() {
    let report = both("failing creators", everybody_fails);
    report.witness(&[
        "own error",
        "own panic",
        "another's error",
        "another's panic",
    ]);
    shown(
        Property::FailureReachesWaiters,
        Tool::Shuttle,
        "regions, 12 tasks whose creators fail",
        report.executions,
        report
            .seen("another's error")
            .min(report.seen("another's panic")),
    );
}
