//! Who gave its creator away has what it makes, or what was made in its place (laws 5 and 6).

use std::collections::BTreeSet;
use std::sync::Arc;

use dogpile::{Config, Memory};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::books::End;
use dogpile_region_models::calls::Call;
use dogpile_region_models::creators::Plan;
use dogpile_region_models::explore::{Draw, explore, schedules};
use dogpile_region_models::value::Shared;
use dogpile_region_models::world::{World, together};

use crate::mixes::draw;

/// Every creator makes a value and no call goes away: so each has an answer, whatever takes the place of its
/// creation, and whatever is written meanwhile.
fn beside_a_refresh_and_a_deletion() -> BTreeSet<&'static str> {
    let world = World::new(Config::new(Memory::unbounded()), Shared::default());
    together((0..4).map(|number| -> Box<dyn FnOnce() + Send> {
        let world = Arc::clone(&world);
        Box::new(move || {
            let call = Call::begin(&world, 0, true);
            let plan = Plan::new(End::Value, draw(&[0, 1, 3]));
            match number {
                0 | 1 => call.detached(plan),
                2 => call.refresh(plan),
                _ => world.delete(0),
            }
        })
    }));
    world.end()
}

#[test]
fn who_gave_its_creator_away_is_answered() {
    let count = schedules(4_000, 20_000, 100_000);
    let (name, scene) = ("given away", beside_a_refresh_and_a_deletion);
    let random = explore(name, Draw::Random, 0x61f7, count, scene);
    let report = random.and(explore(name, Draw::Pct(4), 0x61f7, count, scene));
    report.witness(&["created", "superseded", "superseded creator at work"]);
    shown(
        Property::OneOutcomePerWaiter,
        Tool::Shuttle,
        "regions, 2 creators given away beside a refresh and a deletion",
        report.executions,
        report.seen("superseded creator at work"),
    );
}
