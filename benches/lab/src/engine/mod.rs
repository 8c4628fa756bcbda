//! The one engine: runs any scenario, every contender in turn over the same keys and arrivals.

mod call;
mod open;
pub(crate) mod round;
mod together;

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use indicatif::ProgressBar;

use crate::batch::Batches;
use crate::clock::{Clock, nanos};
use crate::contender::{self, Contender, Terms};
use crate::creator::{Creator, Work};
use crate::error::LabError;
use crate::figures::Figures;
use crate::keys;
use crate::ledger::{Count, Ledger};
use crate::log::{Entry, RoundBegun};
use crate::scenario::{Arrivals, Callers, Faults, Scenario};

/// What one contender is measured with.
pub(crate) struct Stage {
    contender: Box<dyn Contender>,
    creator: Creator,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: Clock,
    callers: Callers,
    pub(crate) batches: Batches,
    /// How many keys a stampede asks for at once.
    keys_at_once: u32,
    faults: Faults,
    fresh: Duration,
    bound: Duration,
}

/// One contender's part of a run.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) run: Run,
    pub(crate) entries: Vec<Entry>,
    pub(crate) count: Count,
}

/// What was seen of the calls.
pub(crate) struct Run {
    pub(crate) figures: Figures,
    /// Nanoseconds; of the callers that the figures pool.
    pub(crate) latency: Histogram<u64>,
    /// Of a stampede.
    pub(crate) rounds: Option<Vec<RoundBegun>>,
    /// An error of a call, as an example.
    pub(crate) first_error: Option<String>,
}

/// How long past its freshness a value is left, so that coarse clocks call it stale too.
pub(crate) const SURELY_STALE: Duration = Duration::from_millis(20);

/// Runs a valid scenario to its end; `progress` is for people.
///
/// # Errors
/// Something could not be set up. What goes wrong within calls is counted, not returned.
pub(crate) fn run(scenario: &Scenario, progress: &ProgressBar) -> Result<Vec<Measured>, LabError> {
    let clock = Clock::start();
    let keys: Arc<[_]> = keys::draw(&scenario.keys, scenario.seed)?.into();
    let work = Work::open(scenario)?;
    if let Some(description) = work.describe() {
        progress.println(description);
    }
    let home = contender::home(&scenario.backend)?;
    let terms = Terms {
        scenario,
        address: &home.address(),
    };
    let mut all = Vec::new();
    for name in &scenario.contenders {
        let creator = Creator::new(scenario, work.clone());
        let stage = Arc::new(Stage::new(name, &terms, creator, clock)?);
        progress.set_message(name.clone());
        let mut run = match scenario.arrivals {
            Arrivals::Open { rate, spacing } => {
                let times = open::arrivals(keys.len(), rate, spacing, scenario.seed);
                open::run(&stage, Arc::clone(&keys), &times, progress)?
            }
            Arrivals::Together { rounds, mode } => together::run(&stage, rounds, mode, progress)?,
        };
        let (entries, count) = (stage.ledger.entries(), stage.ledger.count());
        run.figures.tell_of_batches(scenario, count);
        all.push(Measured {
            name: name.clone(),
            run,
            entries,
            count,
        });
    }
    Ok(all)
}

impl Stage {
    /// # Errors
    /// The contender cannot be set up.
    pub(crate) fn new(
        name: &str,
        terms: &Terms<'_>,
        creator: Creator,
        clock: Clock,
    ) -> Result<Self, LabError> {
        let scenario = terms.scenario;
        let fresh = scenario.freshness.fresh;
        Ok(Self {
            contender: contender::build(name, terms)?,
            creator,
            ledger: Arc::new(Ledger::new(clock, nanos(fresh))),
            clock,
            callers: scenario.callers,
            batches: Batches {
                size: scenario.keys.batch(),
                seed: scenario.seed,
                callers: scenario.callers,
            },
            keys_at_once: scenario.keys.at_once(),
            faults: scenario.faults,
            fresh,
            bound: scenario.bound,
        })
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, LabError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder.enable_time().build();
    built.map_err(|source| LabError::Start {
        what: "the runtime",
        source,
    })
}

pub(crate) fn spawn_thread(body: impl FnOnce() + Send + 'static) -> Result<(), LabError> {
    let spawned = std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(body);
    spawned.map(drop).map_err(|source| LabError::Start {
        what: "a caller's thread",
        source,
    })
}

/// A histogram of nanoseconds to three digits, of any range: it grows, so recording never fails.
fn histogram() -> Histogram<u64> {
    let mut histogram =
        Histogram::new(3).unwrap_or_else(|_| unreachable!("three digits are allowed"));
    histogram.auto(true);
    histogram
}
