//! Law 12: values that were seen last answer for a store that does not. And law 3 of them: a value
//! that was deleted or replaced is not among them, whatever was on its way meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use dogpile::{Config, Invalidation};
use dogpile_proof::{Property, Tool, shown};
use dogpile_region_models::explore::{Draw, explore, schedules};
use dogpile_region_models::shaky::{Shaky, Weather};
use dogpile_region_models::value::Shared;
use dogpile_region_models::world::{World, together};

use crate::mixes::{Role, draw, play};

const TASKS: usize = 6;

/// Those that read, and those that write; nothing is dropped on the way.
const ROLES: [Role; 10] = [
    Role::Block,
    Role::Task,
    Role::Get,
    Role::Get,
    Role::Delete,
    Role::Delete,
    Role::Set,
    Role::Refresh,
    Role::Invalidate(Invalidation::Hard),
    Role::Invalidate(Invalidation::Soft),
];

/// All with one key, and values of which some are kept.
fn a_store_that_fails() -> BTreeSet<&'static str> {
    let (weather, books) = (Weather::default(), Shared::default());
    books.open().shaky = true;
    let config = Config::new(Shaky::new(&weather)).keep_last(2);
    let world = World::new(config, books);
    weather.is_foul(true);
    together((0..TASKS).map(|_| -> Box<dyn FnOnce() + Send> {
        let world = Arc::clone(&world);
        Box::new(move || (0..3).for_each(|_| play(&world, 0, draw(&ROLES))))
    }));
    weather.is_foul(false);
    world.end()
}

#[test]
fn no_value_is_kept_beyond_what_removed_it() {
    let count = schedules(3_000, 15_000, 60_000);
    let name = "a store that fails";
    let random = explore(name, Draw::Random, 0x0ff, count, a_store_that_fails);
    let placed = explore(name, Draw::Pct(4), 0x0ff, count, a_store_that_fails);
    let report = random.and(placed);
    report.witness(&["created", "not stored", "hit", "superseded", "no answer"]);
    let scope = "regions, 6 tasks whose store fails, values kept";
    for property in [
        Property::VersionsNeverGoBack,
        Property::StaleOnlyWhereAllowed,
    ] {
        let seen = report.seen("kept");
        shown(property, Tool::Shuttle, scope, report.executions, seen);
    }
}
