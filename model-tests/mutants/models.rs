//! The models that mutants meet, cheapest first.

use std::sync::LazyLock;

use dogpile_model_tests::explore::{Reach, Scene, loom};
use dogpile_model_tests::kits::{LoomShadow, LoomSwap};
use dogpile_model_tests::scenes::{cell, claims, epochs, supersede, waiting};
use dogpile_model_tests::world::{self, Config};
use dogpile_model_tests::{sequences, walk};

/// One model; it panics when a promise does not hold.
#[derive(Clone, Copy)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    /// Sequences of up to so many operations.
    Sequences(usize),
    /// The walk over one call.
    Walk,
    /// A small world.
    World(&'static Config),
    /// A scene under loom, with up to three preemptions.
    Loom(Scene),
}

impl Model {
    pub(crate) fn run(&self) {
        match self.work {
            Work::Sequences(length) => {
                sequences::check(length);
            }
            Work::Walk => {
                walk::promises::check();
            }
            Work::World(config) => {
                world::explore(config);
            }
            Work::Loom(scene) => {
                loom(self.name, Reach::Preemptions(3), scene);
            }
        }
    }
}

const fn model(name: &'static str, work: Work) -> Model {
    Model { name, work }
}

/// All of them.
pub(crate) static MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let worlds = world::CHEAP.iter();
    let worlds = worlds.map(|config| model(config.name, Work::World(config)));
    SCENES.iter().copied().chain(worlds).collect()
});

const SCENES: &[Model] = &[
    model("sequences of 3", Work::Sequences(3)),
    model("walk over one call", Work::Walk),
    model("sequences of 5", Work::Sequences(5)),
    model(
        "2 claims and 2 looks",
        Work::Loom(claims::claims_and_a_look::<LoomSwap>),
    ),
    model("2 claims", Work::Loom(claims::one_winner::<LoomSwap, 2>)),
    model(
        "stale claim against a publication",
        Work::Loom(claims::a_stale_claim_looks_again::<LoomSwap, true>),
    ),
    model(
        "stale claim against a failure",
        Work::Loom(claims::a_stale_claim_looks_again::<LoomSwap, false>),
    ),
    model(
        "publish and read",
        Work::Loom(claims::a_reader_sees_what_was_published::<LoomSwap>),
    ),
    model(
        "set and read",
        Work::Loom(claims::a_reader_sees_what_was_set::<LoomSwap>),
    ),
    model(
        "delete and create",
        Work::Loom(claims::a_creator_sees_what_was_deleted::<LoomSwap>),
    ),
    model(
        "2 invalidations",
        Work::Loom(epochs::two_invalidations_at_once::<LoomSwap>),
    ),
    model(
        "a merge",
        Work::Loom(epochs::a_merge_loses_nothing::<LoomSwap>),
    ),
    model(
        "a tag, stale reads",
        Work::Loom(epochs::a_tag_that_is_known_is_known_whole::<LoomShadow>),
    ),
    model(
        "2 creators",
        Work::Loom(claims::creators_follow_each_other::<LoomSwap, 2>),
    ),
    model(
        "delete against the end",
        Work::Loom(supersede::delete_against_the_end::<LoomSwap>),
    ),
    model(
        "set against the end",
        Work::Loom(supersede::set_against_the_end::<LoomSwap>),
    ),
    model(
        "two reliefs",
        Work::Loom(waiting::one_relief_at_a_time::<LoomSwap>),
    ),
    model(
        "stampede of 2",
        Work::Loom(waiting::a_stampede_creates_once::<LoomSwap, 2>),
    ),
    model(
        "replaced value",
        Work::Loom(cell::readers_meet_a_set::<LoomSwap, 1>),
    ),
    model(
        "first value",
        Work::Loom(cell::a_reader_meets_a_publication::<LoomSwap>),
    ),
    model(
        "deleted value",
        Work::Loom(cell::a_reader_meets_a_deletion::<LoomSwap>),
    ),
    model(
        "seizures",
        Work::Loom(claims::seizures_follow_each_other::<LoomSwap>),
    ),
    model(
        "1 waiter",
        Work::Loom(waiting::an_end_reaches_each_waiter::<LoomSwap, 2>),
    ),
    model(
        "delete against abandon",
        Work::Loom(supersede::delete_against_abandon::<LoomSwap>),
    ),
    model(
        "last leaver",
        Work::Loom(waiting::the_last_leaver_ends_the_creation::<LoomSwap>),
    ),
    model(
        "leaving heir",
        Work::Loom(waiting::an_heir_that_leaves_passes_on::<LoomSwap>),
    ),
    model(
        "publish and read, stale reads",
        Work::Loom(claims::a_reader_sees_what_was_published::<LoomShadow>),
    ),
    model(
        "2 creators, stale reads",
        Work::Loom(claims::creators_follow_each_other::<LoomShadow, 2>),
    ),
];
