//! Time passes: deadlines, the creation limit, and the keeper that wakes tasks for both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dogpile::model::time;
use dogpile::{Config, Memory};
use dogpile_model_tests::proof::{Property, Tool, shown};
use dogpile_region_models::books::End;
use dogpile_region_models::calls::{Call, Gate, Patience, Plan};
use dogpile_region_models::explore::{Draw, Report, explore, schedules};
use dogpile_region_models::value::Shared;
use dogpile_region_models::world::{World, together};
use shuttle::thread;

const TASKS: usize = 8;
const SOON: Duration = Duration::from_secs(3);
const LATE: Duration = Duration::from_secs(100_000);

/// The first creator ends only when the others have gone. They go when their time is up, or when
/// its is and one of them has created in its place.
fn a_creator_that_waits_for_all(deadline: Duration, limit: Duration) -> BTreeSet<&'static str> {
    let books = Shared::default();
    books.open().limited = true;
    let config = Config::new(Memory::unbounded());
    let world = World::new(config.deadline(deadline).creation_limit(limit), books);
    let gate = Gate::of(TASKS - 1);
    let mut tasks: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    for number in 0..TASKS {
        let (world, gate) = (Arc::clone(&world), gate.clone());
        tasks.push(Box::new(move || {
            let call = Call::begin(&world, 0, false);
            let first = world.books.open().is_first();
            let plan = match limit == LATE || first {
                true => Plan::behind(gate.clone()),
                false => Plan::new(End::Value, 2),
            };
            let created = match number % 2 {
                0 => call.block(plan),
                _ => call.task(plan, Patience::Endless),
            };
            let _ = created;
        }));
    }
    let (clock, passed) = (Arc::clone(&world), gate);
    tasks.push(Box::new(move || {
        while !passed.is_open() {
            time::passes(Duration::from_secs(1));
            thread::yield_now();
        }
        drop(clock);
    }));
    together(tasks);
    world.end()
}

#[test]
fn todo() {
    let _ = (a_creator_that_waits_for_all as fn(_, _) -> _, SOON, Report::seen as fn(&_, &str) -> usize, explore as fn(&str, Draw, u64, usize, fn() -> BTreeSet<&'static str>) -> Report, schedules as fn(_, _, _) -> usize);
    let _ = (shown::<usize> as fn(Property, Tool, &str, usize, usize),);
}
