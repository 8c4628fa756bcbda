//! What policies are worth: who waits for a new value with and without early refresh and jitter, and how often
//! a failing origin is called where creators are left alone.
//!
//! Both are counted outside of the library: a creator knows by its thread whether a caller waits for it
//! (`early`), and each call of the failing origin is a line in a file that all processes append to (`origin`).

mod early;
mod origin;

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;

pub(crate) use origin::ask;

use crate::error::LabError;
use early::Course;
use origin::Origin;

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) keys: u32,
    pub(crate) threads: u32,
    /// Requests per second, of all threads.
    pub(crate) rate: u32,
    pub(crate) fresh: Duration,
    /// How long creating takes.
    pub(crate) creator: Duration,
    pub(crate) beta: f64,
    pub(crate) jitter: f64,
    /// How long each course takes, and the failing origin.
    pub(crate) time: Duration,
    pub(crate) backend: String,
    pub(crate) processes: u32,
    pub(crate) back_off: Duration,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Policies {
    /// Without and with looking ahead of time.
    pub(crate) courses: Vec<Course>,
    pub(crate) origin: Origin,
    pub(crate) seed: u64,
}

impl Policies {
    /// Whether a failing origin was left alone.
    pub(crate) fn are_kept(&self) -> bool {
        self.origin.most_in_a_back_off <= 1 && self.origin.errors == 0
    }
}

impl Plan {
    /// # Errors
    /// Which flag cannot be meant so.
    pub(crate) fn validate(&self) -> Result<(), LabError> {
        let refuse = |field, problem: &str| {
            let problem = problem.to_owned();
            Err(LabError::Field { field, problem })
        };
        if self.keys == 0 || self.threads == 0 || self.rate == 0 || self.processes == 0 {
            return refuse("keys, threads, rate, processes", "must be at least 1");
        }
        if self.fresh.is_zero() || self.time < self.fresh * 4 {
            return refuse(
                "time",
                "must be at least four times `fresh`, which is not zero",
            );
        }
        if self.back_off.is_zero() {
            return refuse("back_off", "must not be zero");
        }
        crate::contender::check_shared(&self.backend)
    }
}

/// Runs a valid plan; `progress` is for people.
///
/// # Errors
/// A region, the store or a process could not be set up.
pub(crate) fn run(plan: &Plan, progress: &ProgressBar) -> Result<Policies, LabError> {
    progress.set_message("policies");
    progress.set_length(3);
    let mut courses = Vec::new();
    for ahead in [false, true] {
        courses.push(early::run(plan, ahead)?);
        progress.inc(1);
    }
    let origin = origin::run(plan)?;
    progress.inc(1);
    Ok(Policies {
        courses,
        origin,
        seed: plan.seed,
    })
}
