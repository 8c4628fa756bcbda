//! The scenario: what a run does, as a TOML file that anyone can write.
//!
//! Unknown fields are errors, so that a misspelt one never silently measures something else. The built-in
//! commands are scenario files too (`benches/lab/scenarios`), and their flags replace single fields. A run of
//! many processes hands its scenario on to them.

mod callers;
mod fault;
mod span;
mod validate;

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use callers::Callers;
pub(crate) use fault::Fault;

use crate::error::LabError;

/// One run: the same keys and arrivals for every contender in turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    pub(crate) region: RegionPlan,
    #[serde(default)]
    pub(crate) faults: Faults,
}

/// Which keys are asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// One key; when everyone arrives together, another one each round, or so many at once, which are dealt
    /// to the callers in turn.
    One {
        #[serde(default = "one")]
        requests: usize,
        #[serde(default = "one_key")]
        at_once: u32,
        /// So many of them in each call, in batches that overlap; one each where this is left out.
        #[serde(skip_serializing_if = "Option::is_none")]
        batch: Option<u32>,
    },
}

/// When calls begin.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Spacing {
    #[default]
    Even,
    /// Exponential gaps from the seed.
    Poisson,
}

/// What a stampede meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// No value at all.
    Cold,
    /// A value that has just gone stale.
    Stale,
}

/// What a creation costs and how often it fails.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Freshness {
    #[serde(with = "span")]
    pub(crate) fresh: Duration,
    /// How long after that it may be served stale, by contenders that can.
    #[serde(default, with = "span")]
    pub(crate) stale: Duration,
}

/// What else a region of dogpile goes by; other contenders have nothing like it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RegionPlan {
    /// How long a lease outlives its holder.
    #[serde(with = "span")]
    pub(crate) lease: Duration,
    /// After how long another takes over from a creator at work.
    #[serde(with = "span")]
    pub(crate) creation_limit: Duration,
    /// How many last values each process keeps for when the server is away.
    pub(crate) keep_last: usize,
}

impl Default for RegionPlan {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5),
            creation_limit: Duration::from_secs(30),
            keep_last: 0,
        }
    }
}

/// What is done to the run on purpose.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Faults {
    /// Each n-th request deletes its key first.
    pub(crate) delete_every: Option<u64>,
    /// Each n-th creation stalls for `stall_for`.
    pub(crate) stall_every: Option<u64>,
    #[serde(with = "span")]
    pub(crate) stall_for: Duration,
    /// What happens once in each round of a stampede of processes.
    pub(crate) fault: Option<Fault>,
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

fn one_key() -> u32 {
    1
}

impl Keys {
    /// How many keys a stampede asks for at once.
    pub(crate) fn at_once(&self) -> u32 {
        match self {
            Self::One { at_once, .. } => *at_once,
            Self::Trace { .. } | Self::Zipf { .. } | Self::Uniform { .. } => 1,
        }
    }

    /// How many keys each call of a stampede asks for, if not for one.
    pub(crate) fn batch(&self) -> Option<u32> {
        match self {
            Self::One { batch, .. } => *batch,
            Self::Trace { .. } | Self::Zipf { .. } | Self::Uniform { .. } => None,
        }
    }
}
