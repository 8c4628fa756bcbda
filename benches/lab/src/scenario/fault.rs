//! What happens once in each round of a stampede of processes, and when it can be asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::validate::fail;
use super::{Callers, Mode, Scenario, WorkPlan};
use crate::contender;
use crate::error::LabError;

/// Something that befalls a creator or the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// The process whose creator is at work is killed.
    KillCreator,
    /// It is stopped until another process has taken over and stored, and then goes on.
    FreezeCreator,
    /// The creator takes three lease times.
    SlowCreator,
    /// Every creator fails.
    FailCreator,
    /// The first creator never ends.
    HungCreator,
    /// The server is killed before the calls begin; where no last values are kept (--keep-last 0), between
    /// their look and their wish for the lease.
    StopServer,
    /// The server stands still, likewise.
    FreezeServer,
}

/// A creator must be at work still when it is killed or stopped.
const SHORTEST_WORK: Duration = Duration::from_millis(50);
/// How long a region lets its callers wait unless it says otherwise.
const DEADLINE: Duration = Duration::from_secs(60);

impl Fault {
    pub(crate) fn strikes_the_server(self) -> bool {
        match self {
            Self::StopServer | Self::FreezeServer => true,
            Self::KillCreator
            | Self::FreezeCreator
            | Self::SlowCreator
            | Self::FailCreator
            | Self::HungCreator => false,
        }
    }

    /// Whether its victim's process is of no use after it.
    fn needs_another_process(self) -> bool {
        matches!(self, Self::KillCreator | Self::FreezeCreator)
    }
}

impl Scenario {
    /// How long a creator works, as far as it is known beforehand.
    fn work_time(&self) -> Duration {
        match (self.faults.fault, &self.creator.work) {
            (Some(Fault::SlowCreator), _) => 3 * self.region.lease,
            (_, WorkPlan::Sleep { time }) => *time,
            (_, WorkPlan::Sqlite { at_least, .. }) => *at_least,
        }
    }

    /// How long nobody returns in a round where all is as it should be.
    pub(crate) fn silence(&self) -> Duration {
        let until_another = match self.faults.fault {
            Some(Fault::KillCreator | Fault::FreezeCreator) => self.region.lease,
            Some(Fault::HungCreator) => self.region.creation_limit + self.region.lease,
            _ => Duration::ZERO,
        };
        self.work_time() + until_another
    }

    /// The scenario that the processes are given: a slow or a failing creator is in it.
    pub(crate) fn with_its_fault(&self) -> Self {
        let mut scenario = self.clone();
        match self.faults.fault {
            Some(Fault::SlowCreator) => {
                let time = self.work_time();
                scenario.creator.work = WorkPlan::Sleep { time };
            }
            Some(Fault::FailCreator) => scenario.creator.failures = 1.0,
            _ => {}
        }
        scenario
    }

    pub(super) fn validate_fault(&self, mode: Mode) -> Result<(), LabError> {
        let Some(fault) = self.faults.fault else {
            return Ok(());
        };
        let Callers::Processes { processes, threads } = self.callers else {
            return refuse(
                "befalls one of several processes: add --processes 8 --backend redis or file",
            );
        };
        if fault.strikes_the_server() && !contender::has_server(&self.backend) {
            return refuse(
                "befalls a server, and this backend has none: use --backend redis, valkey or memcached",
            );
        }
        if fault.strikes_the_server() && mode == Mode::Cold {
            return refuse("leaves callers without a value to be served: add --mode stale");
        }
        if !fault.strikes_the_server() && mode == Mode::Stale {
            return refuse("keeps nobody waiting beside a stale value: use --mode cold");
        }
        if fault.needs_another_process() && processes < 2 {
            return refuse("needs another process to take over: use --processes 2 or more");
        }
        if fault == Fault::HungCreator && processes * threads < 2 {
            return refuse("needs another caller to take over: use more threads or processes");
        }
        if fault.needs_another_process() && self.work_time() < SHORTEST_WORK {
            return refuse("must find the creator at work: use --creator sleep:50ms or more");
        }
        if fault == Fault::SlowCreator
            && self.work_time() >= self.region.creation_limit.min(DEADLINE)
        {
            return refuse(
                "takes three lease times, and another takes over at the creation limit, or nobody \
                 waits for more than a minute: lower --lease or raise --creation-limit",
            );
        }
        if self.bound <= self.silence() {
            return fail(
                "bound",
                format!(
                    "is over before the fault is: raise it above {}",
                    humantime::format_duration(self.silence())
                ),
            );
        }
        Ok(())
    }
}

fn refuse(problem: &str) -> Result<(), LabError> {
    fail("faults.fault", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(fault: Fault, mode: Mode) -> Scenario {
        let mut scenario = Scenario::stampede(mode).expect("built in");
        scenario.backend = "redis".into();
        scenario.callers = Callers::Processes {
            processes: 2,
            threads: 2,
        };
        scenario.faults.fault = Some(fault);
        scenario.bound += scenario.silence();
        scenario
    }

    fn refusal(mut scenario: Scenario, change: impl FnOnce(&mut Scenario)) -> String {
        scenario.validate().expect("sound before the change");
        change(&mut scenario);
        let refused = scenario.validate().expect_err("no sense after the change");
        refused.to_string()
    }

    #[test]
    fn faults_that_make_no_sense_are_refused_with_what_to_do() {
        let stale = scenario(Fault::StopServer, Mode::Stale);
        let as_cold = |scenario: &mut Scenario| {
            scenario.arrivals = super::super::Arrivals::Together {
                rounds: 1,
                mode: Mode::Cold,
            };
        };
        assert!(refusal(stale.clone(), as_cold).contains("--mode stale"));
        let kill = |scenario: &mut Scenario| scenario.faults.fault = Some(Fault::KillCreator);
        assert!(refusal(stale, kill).contains("--mode cold"));

        let cold = |fault| scenario(fault, Mode::Cold);
        let threads = |scenario: &mut Scenario| scenario.callers = Callers::Threads(4);
        assert!(refusal(cold(Fault::FailCreator), threads).contains("--processes"));
        let alone = |scenario: &mut Scenario| {
            scenario.callers = Callers::Processes {
                processes: 1,
                threads: 1,
            };
        };
        assert!(refusal(cold(Fault::KillCreator), alone).contains("another process"));
        assert!(refusal(cold(Fault::HungCreator), alone).contains("another caller"));
        let quick = |scenario: &mut Scenario| {
            scenario.creator.work = WorkPlan::Sleep {
                time: Duration::from_millis(1),
            };
        };
        assert!(refusal(cold(Fault::FreezeCreator), quick).contains("sleep:50ms"));
        let long = |scenario: &mut Scenario| scenario.region.lease = Duration::from_secs(11);
        assert!(refusal(cold(Fault::SlowCreator), long).contains("--lease"));
        let short = |scenario: &mut Scenario| scenario.bound = Duration::from_secs(5);
        assert!(refusal(cold(Fault::KillCreator), short).contains("raise it above 5s 300ms"));
    }

    #[test]
    fn slow_and_failing_creators_are_part_of_the_scenario() {
        let slow = scenario(Fault::SlowCreator, Mode::Cold).with_its_fault();
        let WorkPlan::Sleep { time } = slow.creator.work else {
            panic!("it sleeps");
        };
        assert_eq!(time, 3 * slow.region.lease);
        let failing = scenario(Fault::FailCreator, Mode::Cold).with_its_fault();
        assert!(failing.creator.failures >= 1.0);
    }

    #[test]
    fn a_scenario_is_handed_on_as_it_is() {
        let scenario = scenario(Fault::HungCreator, Mode::Cold);
        let text = serde_json::to_string(&scenario).expect("plain data");
        let again: Scenario = serde_json::from_str(&text).expect("the same");
        assert_eq!(format!("{scenario:?}"), format!("{again:?}"));
    }
}
