//! Law 4: who may use the old value never waits.

use std::collections::BTreeSet;
use std::sync::Arc;

use dogpile::{Config, Invalidation, Memory};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::books::End;
use dogpile_region_models::calls::{Call, Patience};
use dogpile_region_models::creators::{Gate, Plan};
use dogpile_region_models::explore::{Draw, explore, schedules};
use dogpile_region_models::value::Shared;
use dogpile_region_models::world::{World, together};

use crate::mixes::draw;

const TASKS: usize = 12;

/// The value is stale, and its next creator ends only when all the others have gone: one that waited
/// for it would wait for ever.
fn the_others_go_first() -> BTreeSet<&'static str> {
    let world = World::new(Config::new(Memory::unbounded()), Shared::default());
    Call::begin(&world, 0, true).block(Plan::new(End::Value, 0));
    world.invalidate(Invalidation::Soft);
    // A creator of our worker's has no caller that waits for it; else one of the callers creates.
    let owned = draw(&[true, false]);
    let gate = Gate::of(if owned { TASKS } else { TASKS - 1 });
    together((0..TASKS).map(|number| -> Box<dyn FnOnce() + Send> {
        let (world, gate) = (Arc::clone(&world), gate.clone());
        Box::new(move || {
            let call = Call::begin(&world, 0, true);
            let plan = Plan::behind(gate.clone());
            match (owned, number % 2) {
                (true, _) => call.own(plan),
                (false, 0) => call.block(plan),
                (false, _) => call.task(plan, Patience::Endless),
            }
            gate.come();
        })
    }));
    world.end()
}

#[test]
fn nobody_waits_who_may_use_the_old_value() {
    let count = schedules(3_000, 15_000, 60_000);
    let name = "an old value";
    let random = explore(name, Draw::Random, 0x01d, count, the_others_go_first);
    let placed = explore(name, Draw::Pct(4), 0x01d, count, the_others_go_first);
    let report = random.and(placed);
    report.witness(&["stale", "created"]);
    shown(
        Property::OldValueNeverBlocks,
        Tool::Shuttle,
        "regions, 12 tasks beside a creator that waits for them",
        report.executions,
        report.seen("stale beside a creator"),
    );
}
