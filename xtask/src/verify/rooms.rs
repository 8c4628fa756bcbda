//! The rooms of the proof, each a stage with the tools that show something there.

use crate::packages::Package;
use crate::stage::machine::Machine;
use crate::stage::{Line, Stage, Work};

use super::property::Tool;

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
    /// What the rooms call it.
    const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Full => "full",
            Self::Nightly => "nightly",
        }
    }
}

/// A room of the proof.
pub(crate) struct Room {
    /// How it runs.
    pub(crate) stage: Stage,
    /// What shows something here: where the room is red, none of it counts.
    pub(crate) tools: &'static [Tool],
}

/// The rooms and the test targets of `model-tests` that belong to each.
const TARGETS: &[(&str, &[Tool], &[&str])] = &[
    ("loom", &[Tool::Loom], &["loom-*"]),
    ("oracle", &[Tool::Oracle], &["shuttle-oracle"]),
    ("shuttle", &[Tool::Shuttle], &["shuttle-mixes"]),
    ("walk", &[Tool::Walk, Tool::Liveness], &["walk-*"]),
];

/// The rooms of a size. `records` is the file in which they say what they showed.
pub(crate) fn rooms(
    _packages: &[Package],
    _machine: &Machine,
    _target: &str,
    size: Size,
    records: &str,
) -> Vec<Room> {
    let targets = TARGETS.iter().map(|(name, tools, targets)| Room {
        stage: stage(name, vec![recorded(tests_of(targets), size, records)]),
        tools,
    });
    targets.collect()
}

fn stage(name: &'static str, lines: Vec<Line>) -> Stage {
    Stage {
        name,
        needs: Vec::new(),
        work: Work::Run(lines),
    }
}

fn tests_of(targets: &[&str]) -> Line {
    let line = Line::new("cargo test --profile models --no-fail-fast -p dogpile-model-tests");
    targets
        .iter()
        .fold(line, |line, target| line.and("--test").and(*target))
}

fn recorded(line: Line, size: Size, records: &str) -> Line {
    line.with("DOGPILE_PROOF", records)
        .with("DOGPILE_PROOF_SIZE", size.name())
}
