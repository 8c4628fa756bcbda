//! What is left of processes that are killed while they write: again and again, in one folder.
//!
//! In each round processes, which are this same program (`writer`), write to one store and say what they were
//! answered. One is killed in the middle, with a lease in its hand; the others must go on. Then all are
//! killed at once. What they were answered (`book`) is looked for in the store, in this process: nothing of it
//! may be missing, changed, or back after its deletion, and no lease of the dead may keep anybody waiting.

mod book;
mod round;
mod store;
mod writer;

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;

pub(crate) use store::{Backend, Promise};
pub(crate) use writer::write;

use crate::error::LabError;
use round::Ground;

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) backend: Backend,
    pub(crate) promise: Option<Promise>,
    pub(crate) rounds: u32,
    pub(crate) processes: u32,
    /// How many answers a round takes at least.
    pub(crate) answers: u64,
    pub(crate) seed: u64,
    /// A store that takes longer is stuck.
    pub(crate) bound: Duration,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Crashes {
    /// Writes, deletions, commits and invalidations that a store said were done.
    pub(crate) acknowledged: u64,
    /// Those of which nothing was to be found, and deletions whose value was back.
    pub(crate) lost: u64,
    /// Values that were not what was written, and entries that could not be read.
    pub(crate) corrupt: u64,
    /// Processes that came to nothing more beside a dead one, and leases of the dead that were not free.
    pub(crate) stuck: u64,
    pub(crate) rounds: u32,
    pub(crate) kills: u32,
    pub(crate) backend: &'static str,
    /// What the store was opened to promise.
    pub(crate) durability: &'static str,
    /// What that means for what is lost.
    pub(crate) promises: &'static str,
    pub(crate) seed: u64,
}

impl Crashes {
    /// Whether what was promised was kept.
    pub(crate) fn are_borne(&self, promise: Promise) -> bool {
        self.corrupt == 0 && self.stuck == 0 && (self.lost == 0 || promise.may_lose())
    }
}

impl Plan {
    /// What the store is opened to promise.
    pub(crate) fn promise(&self) -> Promise {
        self.promise.unwrap_or_else(|| self.backend.usual_promise())
    }

    /// # Errors
    /// Which flag cannot be meant so.
    pub(crate) fn validate(&self) -> Result<(), LabError> {
        let refuse = |field, problem: &str| {
            let problem = problem.to_owned();
            Err(LabError::Field { field, problem })
        };
        if !self.backend.can_promise(self.promise()) {
            return refuse("durability", self.backend.promises());
        }
        if self.rounds == 0 || self.processes == 0 || self.answers == 0 {
            return refuse("rounds, processes, answers", "must be at least 1");
        }
        if self.processes > 1 && self.backend == Backend::Sled {
            return refuse(
                "processes",
                "sled is for one process at a time: --processes 1",
            );
        }
        Ok(())
    }
}

/// Runs a valid plan; `progress` is for people.
///
/// # Errors
/// A process or the store could not be set up.
pub(crate) fn run(plan: &Plan, progress: &ProgressBar) -> Result<Crashes, LabError> {
    progress.set_message("crash");
    progress.set_length(plan.rounds.into());
    let mut ground = Ground::prepare(plan)?;
    for round in 0..plan.rounds {
        ground.round(round)?;
        progress.inc(1);
        if ground.found.stuck > 0 {
            progress.println("the store is stuck: no further rounds");
            break;
        }
    }
    Ok(ground.found)
}
