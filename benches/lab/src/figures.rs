//! The figures of a run, under the names that the JSON has.

use serde::Serialize;

use crate::engine::Measured;
use crate::ledger::Count;
use crate::scenario::{Arrivals, Scenario};

/// What was measured of one contender.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Figures {
    Open(OpenFigures),
    Together(TogetherFigures),
    Processes(Box<ProcessesFigures>),
}

/// Of an open-loop run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OpenFigures {
    pub(crate) requests: u64,
    /// Served fresh from the cache, without waiting for a creation.
    pub(crate) hits: u64,
    pub(crate) stale_served: u64,
    pub(crate) creations: u64,
    /// As the in-flight table defines them.
    pub(crate) duplicate_creations: u64,
    pub(crate) errors: u64,
    /// Calls that took longer than the bound, returned or not.
    pub(crate) hung: u64,
    /// From the intended start, as all latencies of an open-loop run.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    /// How long ago the values served stale had been created; null when none was.
    pub(crate) stale_age_p99_ms: Option<f64>,
}

/// Of a stampede.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TogetherFigures {
    /// The most in any round.
    pub(crate) creators: u64,
    /// In each round.
    pub(crate) callers: u32,
    /// The fewest in any round.
    pub(crate) stale_served: u64,
    /// Median of rounds, after the creator's end; of the callers that were not served stale.
    pub(crate) last_waiter_ms: f64,
    /// Pooled over all rounds' callers, with a stale value over those served stale.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) errors: u64,
    pub(crate) hung: u64,
    /// Of all keys in all rounds.
    #[serde(skip)]
    pub(crate) creations: u64,
    #[serde(flatten)]
    pub(crate) batches: Option<BatchFigures>,
}

/// Of a stampede whose callers ask for many keys in one call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BatchFigures {
    /// How many different ones a round is about; each of them is asked for.
    pub(crate) keys: u32,
    /// How many a call asks for.
    pub(crate) batch: u32,
    pub(crate) rounds: u32,
    /// Since rounds began: as many as keys times rounds, if each key is created once.
    pub(crate) creations: u64,
    /// As the in-flight table defines them.
    pub(crate) duplicate_creations: u64,
}

/// Of a stampede of several processes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ProcessesFigures {
    #[serde(flatten)]
    pub(crate) together: TogetherFigures,
    /// Of all rounds.
    pub(crate) last_waiter_max_ms: f64,
    /// The longest call of any round.
    pub(crate) slowest_ms: f64,
    pub(crate) processes: u32,
    /// What clients asked of the server, the most in any round, connection set-up and what scripts call left
    /// out; null where the server is the victim.
    pub(crate) redis_commands: Option<u64>,
    /// Creations that came to their end and were not stored, the most in any round.
    pub(crate) refused_commits: u64,
    /// Whose value the store had in the end: the `creator`'s, who began first, or a `successor`'s. Each that
    /// occurred; null if there was no new value.
    pub(crate) stored_by: Option<String>,
    /// The fewest in any round.
    pub(crate) served_from_kept: u64,
    /// Callers that a fault took with it: of a killed process, in a creator that never ends. The most in any
    /// round.
    pub(crate) lost: u64,
    /// How long after its process was killed another creator began, the longest of all rounds; null where none
    /// was killed.
    pub(crate) takeover_ms: Option<f64>,
}

/// Everything, as `--json` prints it: the first contender's figures on top, the others by name.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    subject: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    #[serde(flatten)]
    others: std::collections::BTreeMap<String, Figures>,
}

impl Report {
    /// Nothing when nobody was measured.
    pub(crate) fn new(scenario: &Scenario, measured: &[Measured]) -> Option<Self> {
        let (subject, others) = measured.split_first()?;
        let rate = match scenario.arrivals {
            Arrivals::Open { rate, .. } => Some(rate),
            Arrivals::Together { .. } => None,
        };
        Some(Self {
            subject: subject.run.figures.clone(),
            seed: rate.map(|_| scenario.seed),
            rate,
            others: others
                .iter()
                .map(|one| (one.name.clone(), one.run.figures.clone()))
                .collect(),
        })
    }
}

impl Figures {
    pub(crate) fn hung(&self) -> u64 {
        match self {
            Self::Open(figures) => figures.hung,
            Self::Together(figures) => figures.hung,
            Self::Processes(figures) => figures.together.hung,
        }
    }

    /// Adds what is told of a stampede of batches, if this is one.
    pub(crate) fn tell_of_batches(&mut self, scenario: &Scenario, count: Count) {
        let together = match self {
            Self::Open(_) => return,
            Self::Together(figures) => figures,
            Self::Processes(figures) => &mut figures.together,
        };
        let (Some(batch), Arrivals::Together { rounds, .. }) =
            (scenario.keys.batch(), &scenario.arrivals)
        else {
            return;
        };
        together.batches = Some(BatchFigures {
            keys: scenario.keys.at_once(),
            batch,
            rounds: *rounds,
            creations: together.creations,
            duplicate_creations: count.duplicates,
        });
    }

    /// Of a stampede.
    pub(crate) fn creators(&self) -> Option<u64> {
        match self {
            Self::Open(_) => None,
            Self::Together(figures) => Some(figures.creators),
            Self::Processes(figures) => Some(figures.together.creators),
        }
    }
}

/// Nanoseconds as microseconds, to a tenth.
#[allow(clippy::cast_precision_loss)] // a tenth of a microsecond is far coarser than the loss
pub(crate) fn micros(ns: u64) -> f64 {
    (ns as f64 / 100.0).round() / 10.0
}

/// Nanoseconds as milliseconds, to a thousandth.
#[allow(clippy::cast_precision_loss)] // a microsecond is far coarser than the loss
pub(crate) fn millis(ns: u64) -> f64 {
    (ns as f64 / 1000.0).round() / 1000.0
}
