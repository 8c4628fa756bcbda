//! The scenario: what a run does, as a TOML file that anyone can write.
//!
//! Unknown fields are errors, so that a misspelt one never silently measures something else. The built-in
//! commands are scenario files too (`benches/lab/scenarios`), and their flags replace single fields.

mod span;
mod validate;

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::error::LabError;

/// One run: the same keys and arrivals for every contender in turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What the report is headed with.
    pub(crate) name: String,
    /// Fixes keys, arrivals and injected failures.
    #[serde(default = "default_seed")]
    pub(crate) seed: u64,
    /// Who is measured, in this order; the first is the subject of the report.
    pub(crate) contenders: Vec<String>,
    /// Where the dogpile contender stores values.
    #[serde(default = "default_backend")]
    pub(crate) backend: String,
    /// A call that takes longer than this is hung.
    #[serde(default = "default_bound", with = "span")]
    pub(crate) bound: Duration,
    pub(crate) keys: Keys,
    pub(crate) arrivals: Arrivals,
    pub(crate) callers: Callers,
    pub(crate) creator: CreatorPlan,
    pub(crate) freshness: Freshness,
    #[serde(default)]
    pub(crate) faults: Faults,
}

/// Which keys are asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Keys {
    /// A recorded trace: `web12` or a path; `requests` shortens it.
    Trace {
        trace: String,
        requests: Option<usize>,
    },
    /// Ranks weighted by `1 / rank ^ exponent`.
    Zipf {
        count: u32,
        exponent: f64,
        requests: usize,
    },
    Uniform {
        count: u32,
        requests: usize,
    },
    /// One key; when everyone arrives together, another one each round.
    One {
        #[serde(default = "one")]
        requests: usize,
    },
}

/// When calls begin.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Arrivals {
    /// At a stated rate whatever the system does; latency counts from the intended start.
    Open {
        /// Requests per second.
        rate: f64,
        #[serde(default)]
        spacing: Spacing,
    },
    /// Every caller at once, from a barrier, round after round.
    Together { rounds: u32, mode: Mode },
}

/// The gaps between open-loop arrivals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Spacing {
    #[default]
    Even,
    /// Exponential gaps from the seed.
    Poisson,
}

/// What a stampede meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// No value at all.
    Cold,
    /// A value that has just gone stale.
    Stale,
}

/// Who calls.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Callers {
    Threads(u32),
    /// Tasks on a multi-threaded runtime.
    Tasks(u32),
    Processes(u32),
}

/// What a creation costs and how often it fails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatorPlan {
    pub(crate) work: WorkPlan,
    /// Share of creations that return an error.
    #[serde(default)]
    pub(crate) failures: f64,
    /// Share of creations that panic.
    #[serde(default)]
    pub(crate) panics: f64,
}

/// What a creation does.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum WorkPlan {
    Sleep {
        #[serde(with = "span")]
        time: Duration,
    },
    /// A query of a real `SQLite` database.
    Sqlite {
        /// How long it takes at least; what the query's own work leaves is waited, as for a network.
        #[serde(with = "span")]
        at_least: Duration,
        /// How much of it is the query's own work, calibrated on this machine.
        #[serde(with = "span")]
        busy: Duration,
        /// Size of the connection pool; one per caller when left out.
        connections: Option<u32>,
    },
}

/// How long a value may be used.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Freshness {
    #[serde(with = "span")]
    pub(crate) fresh: Duration,
    /// How long after that it may be served stale, by contenders that can.
    #[serde(default, with = "span")]
    pub(crate) stale: Duration,
}

/// What is done to the run on purpose.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Faults {
    /// Each n-th request deletes its key first.
    pub(crate) delete_every: Option<u64>,
    /// Each n-th creation stalls for `stall_for`.
    pub(crate) stall_every: Option<u64>,
    #[serde(with = "span")]
    pub(crate) stall_for: Duration,
}

const REPLAY: &str = include_str!("../../scenarios/replay.toml");
const STAMPEDE_COLD: &str = include_str!("../../scenarios/stampede-cold.toml");
const STAMPEDE_STALE: &str = include_str!("../../scenarios/stampede-stale.toml");

impl Scenario {
    /// The scenario of `cargo lab replay`.
    pub(crate) fn replay() -> Result<Self, LabError> {
        Self::parse("the built-in replay", REPLAY)
    }

    /// The scenario of `cargo lab stampede`.
    pub(crate) fn stampede(mode: Mode) -> Result<Self, LabError> {
        match mode {
            Mode::Cold => Self::parse("the built-in cold stampede", STAMPEDE_COLD),
            Mode::Stale => Self::parse("the built-in stale stampede", STAMPEDE_STALE),
        }
    }

    pub(crate) fn read(path: &Path) -> Result<Self, LabError> {
        let text = std::fs::read_to_string(path).map_err(|source| LabError::File {
            action: "read",
            path: path.into(),
            source,
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    fn parse(origin: &str, text: &str) -> Result<Self, LabError> {
        toml::from_str(text).map_err(|error| LabError::Scenario {
            origin: origin.into(),
            message: error.to_string().trim_end().into(),
        })
    }
}

impl Callers {
    pub(crate) fn count(self) -> u32 {
        match self {
            Self::Threads(count) | Self::Tasks(count) | Self::Processes(count) => count,
        }
    }
}

fn default_seed() -> u64 {
    12
}

fn default_backend() -> String {
    crate::contender::MEMORY.into()
}

fn default_bound() -> Duration {
    Duration::from_secs(10)
}

fn one() -> usize {
    1
}
