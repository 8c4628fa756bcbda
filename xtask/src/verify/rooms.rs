//! The rooms of the proof, each a stage.

use std::time::Duration;

use crate::packages::TESTED_TOGETHER;
use crate::stage::machine::Machine;
use crate::stage::need::{MEMCACHED, Need, PYTHON, REDIS};
use crate::stage::{Line, Stage, Work};

use super::sanitizer;

/// How far the rooms go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Size {
    /// What each change has to pass.
    Short,
    /// What the project promises.
    Full,
    /// What takes long.
    Nightly,
}

impl Size {
    /// How long a room may take until it is said to hang: many times as long as it does.
    const fn limit(self) -> Duration {
        match self {
            Self::Short => Duration::from_mins(20),
            Self::Full => Duration::from_mins(60),
            Self::Nightly => Duration::from_hours(12),
        }
    }

    /// What the rooms call it.
    const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Full => "full",
            Self::Nightly => "nightly",
        }
    }
}

/// The packages whose rooms are built with optimization. They are named together in each room: what
/// they share is built once then, for it gets the same features.
const OPTIMIZED: &[&str] = &[
    "dogpile-histories",
    "dogpile-model-tests",
    "dogpile-mutants",
    "dogpile-proof",
    "dogpile-stress",
];

/// The rooms whose programs are over sooner than they would be optimized: they are built of what
/// all other tests are built of.
const PLAIN: &[&str] = &["proptest", "vectors"];

/// What the packages themselves are made of, where it has tests.
const LIBRARY: &str = "library";

/// The rooms that are test targets of these packages, the longest first: no core is left alone with
/// one at the end.
const TARGETS: &[(&str, &[&str])] = &[
    ("loom", &["loom"]),
    ("histories", &["histories"]),
    ("mutants", &["mutants-short"]),
    ("shuttle", &["shuttle-mixes"]),
    ("walk", &["walk-flow", "walk-world", "sequences-slot"]),
    ("proptest", &["proptest"]),
    ("oracle", &["shuttle-oracle"]),
    ("vectors", &["vectors", "port-python"]),
    ("stress", &["stress-region", "stress-single"]),
    ("page", &["protocol", LIBRARY]),
];

/// The rooms of a size. `records` is the file in which they say what they showed.
pub(crate) fn rooms(machine: &Machine, target: &str, size: Size, records: &str) -> Vec<Stage> {
    let run = |line| Work::Run(vec![recorded(line, size, records)]);
    let stage = |name: &'static str, work| {
        let needs: &[Need] = match name {
            "histories" if size > Size::Short => &[REDIS, MEMCACHED],
            // The port among the vectors; every machine that builds this has it anyhow.
            _ => &[PYTHON],
        };
        Stage::new(name, work).needing(needs).within(size.limit())
    };
    // What has folders of its own to build in comes first, and builds beside the others.
    let mut rooms = vec![stage("regions", run(regions(target)))];
    if size > Size::Short {
        // With each access checked a round takes many times as long, so it goes as far in the full
        // size as the plain stress goes with every change.
        let far = if size == Size::Nightly {
            size
        } else {
            Size::Short
        };
        let checked = |line| Work::Run(vec![recorded(line, far, records)]);
        let work = sanitizer::stress(machine, target).map_or_else(Work::Skip, checked);
        rooms.push(stage("sanitizer", work));
    }
    let targets = TARGETS.iter();
    rooms.extend(targets.map(|(name, targets)| {
        let line = match *name {
            // Their clients take a minute to be made; regions on them are tested with every change.
            "histories" if size > Size::Short => tests_of(optimized(), targets)
                .and("--features")
                .and("dogpile-histories/servers"),
            name if PLAIN.contains(&name) => tests_of(plain(), targets),
            _ => tests_of(optimized(), targets),
        };
        stage(name, run(line))
    }));
    rooms
}

/// The document tests of the models, built of what their rooms are built of.
pub(crate) fn document_tests() -> Line {
    optimized().and("--doc")
}

fn optimized() -> Line {
    let line = Line::new("cargo test --profile models --no-fail-fast");
    let packages = OPTIMIZED.iter();
    packages.fold(line, |line, package| line.and("-p").and(*package))
}

fn plain() -> Line {
    Line::new("cargo test --no-fail-fast").words(TESTED_TOGETHER)
}

fn tests_of(line: Line, targets: &[&str]) -> Line {
    targets.iter().fold(line, |line, target| match *target {
        LIBRARY => line.and("--lib"),
        target => line.and("--test").and(target),
    })
}

/// Whole regions on shuttle's locks: a workspace and a target folder of their own, for the flag
/// reaches every crate.
fn regions(target: &str) -> Line {
    Line::new("cargo test --locked --profile models --no-fail-fast")
        .and("--manifest-path")
        .and("model-tests/regions/Cargo.toml")
        .and("--target-dir")
        .and(format!("{target}/regions"))
        .and("--test")
        .and("regions")
        .with("RUSTFLAGS", "--cfg dogpile_shuttle")
}

fn recorded(line: Line, size: Size, records: &str) -> Line {
    line.with("DOGPILE_PROOF", records)
        .with("DOGPILE_PROOF_SIZE", size.name())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// A test target that no room runs would show nothing, and nobody would notice.
    #[test]
    fn each_test_target_of_the_models_belongs_to_one_room() {
        let mut there = BTreeSet::new();
        for folder in ["", "histories", "mutants", "proptest", "stress", "vectors"] {
            let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model-tests");
            let manifest = models.join(folder).join("Cargo.toml");
            let text = std::fs::read_to_string(manifest).expect("the models have a manifest");
            let manifest: toml::Table = text.parse().expect("it is TOML");
            let tests = manifest["test"].as_array().into_iter().flatten();
            there.extend(tests.filter_map(|test| Some(test["name"].as_str()?.to_owned())));
        }
        let run = TARGETS.iter().flat_map(|(_, targets)| *targets).copied();
        let run = run.filter(|target| *target != LIBRARY).map(str::to_owned);
        assert_eq!(run.clone().count(), there.len());
        assert_eq!(run.collect::<BTreeSet<_>>(), there);
    }
}
