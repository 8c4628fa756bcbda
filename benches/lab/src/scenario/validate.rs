//! What a scenario must hold beyond its shape, checked before anything is started.

use std::time::Duration;

use super::{Arrivals, Callers, Keys, Mode, Scenario, WorkPlan};
use crate::batch;
use crate::contender;
use crate::error::LabError;

const MOST_THREADS: u32 = 10_000;
const MOST_PROCESSES: u32 = 256;
const MOST_TASKS: u32 = 10_000_000;
const MOST_KEYS: u32 = 50_000_000;
const MOST_BATCH: u32 = 100_000;
const MOST_CONNECTIONS: u32 = 10_000;
const SHORTEST_LEASE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_hours(24);

impl Scenario {
    /// Says which field cannot be run as it stands, and why.
    ///
    /// # Errors
    /// The first such field.
    pub(crate) fn validate(&self) -> Result<(), LabError> {
        if self.contenders.is_empty() {
            return fail("contenders", "is empty: name at least one");
        }
        for (index, name) in self.contenders.iter().enumerate() {
            if self.contenders[..index].contains(name) {
                return fail("contenders", format!("names `{name}` twice"));
            }
        }
        contender::check_names(&self.contenders, &self.backend, self.callers)?;
        span("bound", self.bound)?;
        span("freshness.fresh", self.freshness.fresh)?;
        most("freshness.stale", self.freshness.stale)?;
        self.validate_keys()?;
        self.validate_region()?;
        self.validate_callers()?;
        self.validate_creator()?;
        self.validate_faults()?;
        self.validate_arrivals()
    }

    fn validate_keys(&self) -> Result<(), LabError> {
        let (requests, count) = match self.keys {
            Keys::Trace { requests, .. } => (requests.unwrap_or(1), 1),
            Keys::One {
                requests, at_once, ..
            } => (requests, at_once),
            Keys::Uniform { count, requests } => (requests, count),
            Keys::Zipf {
                count,
                exponent,
                requests,
            } => {
                if !(exponent.is_finite() && (0.0..=10.0).contains(&exponent)) {
                    return fail("keys.exponent", "must be a number from 0 to 10");
                }
                (requests, count)
            }
        };
        if requests == 0 {
            return fail("keys.requests", "must be at least 1");
        }
        within("keys.count", count, MOST_KEYS)
    }

    fn validate_arrivals(&self) -> Result<(), LabError> {
        match self.arrivals {
            Arrivals::Open { rate, .. } => {
                if !(rate.is_finite() && (0.001..=1e8).contains(&rate)) {
                    return fail("arrivals.rate", "must be from 0.001 to 100000000 a second");
                }
            }
            Arrivals::Together { rounds, mode } => {
                within("arrivals.rounds", rounds, 1_000_000)?;
                if !matches!(self.keys, Keys::One { .. }) {
                    return fail(
                        "keys.from",
                        "must be \"one\" when everyone arrives together",
                    );
                }
                self.validate_keys_at_once(mode)?;
                if mode == Mode::Stale && self.freshness.stale.is_zero() {
                    return fail("freshness.stale", "must be above zero in mode \"stale\"");
                }
                if self.faults.delete_every.is_some() {
                    return fail(
                        "faults.delete_every",
                        "has no meaning when everyone arrives together",
                    );
                }
                return self.validate_fault(mode);
            }
        }
        if self.faults.fault.is_some() {
            return fail(
                "faults.fault",
                "befalls a stampede: see `cargo lab stampede`",
            );
        }
        Ok(())
    }

    fn validate_keys_at_once(&self, mode: Mode) -> Result<(), LabError> {
        let keys = self.keys.at_once();
        if let Some(size) = self.keys.batch() {
            return self.validate_batches(keys, size);
        }
        if keys > self.callers.count() {
            return fail("keys.at_once", "is more than there are callers");
        }
        if keys > 1 && (mode == Mode::Stale || self.faults.fault.is_some()) {
            return fail(
                "keys.at_once",
                "above 1 goes with mode \"cold\" and no fault",
            );
        }
        Ok(())
    }

    fn validate_batches(&self, keys: u32, size: u32) -> Result<(), LabError> {
        within("keys.batch", size, MOST_BATCH)?;
        if let Callers::Tasks(_) = self.callers {
            return fail("keys.batch", "is asked for by threads: leave out --async");
        }
        if self
            .contenders
            .iter()
            .any(|name| name != contender::SUBJECT)
        {
            return fail("keys.batch", "is what dogpile alone can be asked for");
        }
        if self.faults.fault.is_some() {
            return fail("keys.batch", "goes with no fault");
        }
        let most = batch::keys_of_a_round(size, self.callers);
        if !(size..=most).contains(&keys) {
            let problem = format!("must be from {size} to {most}, which these callers ask for");
            return fail("keys.at_once", problem);
        }
        Ok(())
    }

    fn validate_callers(&self) -> Result<(), LabError> {
        match self.callers {
            Callers::Threads(count) => within("callers.threads", count, MOST_THREADS),
            Callers::Tasks(count) => within("callers.tasks", count, MOST_TASKS),
            Callers::Processes { processes, threads } => {
                within("callers.processes", processes, MOST_PROCESSES)?;
                within("callers.threads", threads, MOST_THREADS)?;
                self.validate_processes()
            }
        }
    }

    /// What several processes can do, and what they cannot have together.
    fn validate_processes(&self) -> Result<(), LabError> {
        if !matches!(self.arrivals, Arrivals::Together { .. }) {
            return fail(
                "callers.processes",
                "arrive together only: use threads or tasks where they come at a rate",
            );
        }
        if let WorkPlan::Sqlite { .. } = self.creator.work {
            return fail(
                "creator.work.kind",
                "each process would have a database of its own: use --creator sleep:300ms",
            );
        }
        Ok(())
    }

    fn validate_region(&self) -> Result<(), LabError> {
        span("region.lease", self.region.lease)?;
        if self.region.lease < SHORTEST_LEASE {
            return fail(
                "region.lease",
                "must be at least 100ms: it is renewed at each third, which takes a round trip",
            );
        }
        span("region.creation_limit", self.region.creation_limit)
    }

    fn validate_creator(&self) -> Result<(), LabError> {
        share("creator.failures", self.creator.failures)?;
        share("creator.panics", self.creator.panics)?;
        match self.creator.work {
            WorkPlan::Sleep { time } => most("creator.work.time", time),
            WorkPlan::Sqlite {
                at_least,
                busy,
                connections,
            } => {
                most("creator.work.at_least", at_least)?;
                if busy.is_zero() || busy > at_least {
                    return fail(
                        "creator.work.busy",
                        "must be above zero and at most at_least",
                    );
                }
                within(
                    "creator.work.connections",
                    connections.unwrap_or(1),
                    MOST_CONNECTIONS,
                )
            }
        }
    }

    fn validate_faults(&self) -> Result<(), LabError> {
        if self.faults.delete_every == Some(0) {
            return fail("faults.delete_every", "must be at least 1");
        }
        if self.faults.stall_every == Some(0) {
            return fail("faults.stall_every", "must be at least 1");
        }
        if self.faults.stall_every.is_some() == self.faults.stall_for.is_zero() {
            return fail(
                "faults.stall_for",
                "goes with stall_every: give both, above zero, or neither",
            );
        }
        most("faults.stall_for", self.faults.stall_for)
    }
}

fn within(field: &'static str, value: u32, greatest: u32) -> Result<(), LabError> {
    if (1..=greatest).contains(&value) {
        return Ok(());
    }
    fail(field, format!("is {value}, must be from 1 to {greatest}"))
}

fn share(field: &'static str, value: f64) -> Result<(), LabError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    fail(field, format!("is {value}, must be a share from 0 to 1"))
}

fn span(field: &'static str, value: Duration) -> Result<(), LabError> {
    if value.is_zero() {
        return fail(field, "must be above zero");
    }
    most(field, value)
}

fn most(field: &'static str, value: Duration) -> Result<(), LabError> {
    if value > LONGEST {
        return fail(field, "must be at most 24h");
    }
    Ok(())
}

pub(super) fn fail(field: &'static str, problem: impl Into<String>) -> Result<(), LabError> {
    Err(LabError::Field {
        field,
        problem: problem.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Scenario)) -> &'static str {
        let mut scenario = Scenario::replay().expect("built in");
        scenario.validate().expect("sound before the change");
        change(&mut scenario);
        match scenario.validate() {
            Err(LabError::Field { field, .. }) => field,
            other => panic!("expected a refused field, got {other:?}"),
        }
    }

    #[test]
    fn the_built_in_stampedes_are_sound() {
        for mode in [Mode::Cold, Mode::Stale] {
            Scenario::stampede(mode)
                .expect("built in")
                .validate()
                .expect("sound");
        }
    }

    #[test]
    fn zeroes_and_nonsense_are_refused_by_name() {
        let open = |rate| Arrivals::Open {
            rate,
            spacing: super::super::Spacing::Even,
        };
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(refused(|s| s.arrivals = open(rate)), "arrivals.rate");
        }
        assert_eq!(
            refused(|s| s.callers = Callers::Threads(0)),
            "callers.threads"
        );
        assert_eq!(refused(|s| s.callers = Callers::Tasks(0)), "callers.tasks");
        assert_eq!(refused(|s| s.contenders.clear()), "contenders");
        assert_eq!(refused(|s| s.contenders.push("plain".into())), "contenders");
        assert_eq!(
            refused(|s| s.contenders.push("nobody".into())),
            "contenders"
        );
        assert_eq!(refused(|s| s.backend = "nowhere".into()), "backend");
        assert_eq!(
            refused(|s| s.freshness.fresh = Duration::ZERO),
            "freshness.fresh"
        );
        assert_eq!(refused(|s| s.bound = Duration::ZERO), "bound");
        assert_eq!(refused(|s| s.creator.failures = 1.5), "creator.failures");
        assert_eq!(refused(|s| s.creator.panics = f64::NAN), "creator.panics");
        assert_eq!(
            refused(|s| s.faults.delete_every = Some(0)),
            "faults.delete_every"
        );
        assert_eq!(
            refused(|s| s.faults.stall_every = Some(3)),
            "faults.stall_for"
        );
        assert_eq!(
            refused(|s| {
                s.keys = Keys::One {
                    requests: 0,
                    at_once: 1,
                    batch: None,
                };
            }),
            "keys.requests"
        );
        assert_eq!(
            refused(|s| s.keys = Keys::Uniform {
                count: 0,
                requests: 1
            }),
            "keys.count"
        );
        let together = Arrivals::Together {
            rounds: 1,
            mode: Mode::Cold,
        };
        assert_eq!(refused(|s| s.arrivals = together), "keys.from");
    }

    #[test]
    fn processes_do_not_share_memory() {
        assert_eq!(
            refused(|s| s.callers = Callers::Processes {
                processes: 2,
                threads: 1
            }),
            "callers.processes"
        );
    }
}
