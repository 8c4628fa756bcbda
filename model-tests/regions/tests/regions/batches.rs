//! Batches that overlap in opposite orders, beside single calls and writers, while memory is too
//! small for their keys: all end, and each key is created by one call at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use dogpile::{Config, Memory};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::calls::Patience;
use dogpile_region_models::calls::batches::{self, Batch};
use dogpile_region_models::explore::{Draw, Report, explore, schedules};
use dogpile_region_models::value::{Shared, Value};
use dogpile_region_models::world::{World, together};

use crate::mixes::{Role, draw, play};

const ORDERS: [&[usize]; 6] = [&[0, 1], &[1, 0], &[0, 1, 2], &[2, 1, 0], &[1, 2], &[2, 0]];

const PATIENCE: [Patience; 4] = [
    Patience::Endless,
    Patience::Endless,
    Patience::Waits(2),
    Patience::Woken(1),
];

const BESIDE: [Role; 6] = [
    Role::Block,
    Role::Task,
    Role::Dropped,
    Role::Get,
    Role::Delete,
    Role::Set,
];

fn batch(world: &World) {
    let batch = Batch {
        keys: draw(&ORDERS),
        steps: draw(&[0, 1, 3]),
        leaves_out: draw(&[false, false, true]),
    };
    if draw(&[true, false]) {
        batches::block(world, batch);
    } else {
        batches::task(world, batch, draw(&PATIENCE));
    }
}

fn batches_of<const TASKS: usize>() -> BTreeSet<&'static str> {
    let books = Shared::default();
    let evicted = books.clone();
    let memory = Memory::bounded(2).on_eviction(move |_, _: &Value, _| {
        evicted.open().signs.insert("evicted");
    });
    let world = World::new(Config::new(memory), books);
    together((0..TASKS).map(|task| -> Box<dyn FnOnce() + Send> {
        let world = Arc::clone(&world);
        Box::new(move || {
            for _ in 0..2 {
                if task % 3 == 2 {
                    play(&world, draw(&[0, 1, 2]), draw(&BESIDE));
                } else {
                    batch(&world);
                }
            }
        })
    }));
    world.end()
}

const SIGNS: [&str; 4] = [
    "a batch created",
    "a batch was dropped",
    "evicted",
    "left out",
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
    say(Property::OneCreator, "a batch created");
    say(Property::NeverLeftBusy, "a batch was dropped");
    say(Property::NoLostWakeUp, "a batch created");
    say(Property::CancelledWakePassedOn, "left out");
}

#[test]
fn batches_of_nine() {
    let count = schedules(3_000, 15_000, 100_000);
    let random = explore(
        "batches of 9 tasks",
        Draw::Random,
        0xba7c4,
        count,
        batches_of::<9>,
    );
    let placed = explore(
        "batches of 9 tasks",
        Draw::Pct(5),
        0xba7c4,
        count,
        batches_of::<9>,
    );
    say(
        &random.and(placed),
        "regions, overlapping batches of 9 tasks",
    );
}
