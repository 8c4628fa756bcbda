//! What befalls a round, brought about from outside: real signals, to real processes.

use std::time::Duration;

use super::fleet::Fleet;
use crate::clock::Clock;
use crate::contender::{Host, Tally};
use crate::error::LabError;
use crate::log::{Entry, Outcome};
use crate::scenario::{Fault, Scenario};

/// How long all callers may take to look.
const LOOKS: Duration = Duration::from_secs(10);

/// The fault of one round.
pub(super) struct Strike {
    fault: Option<Fault>,
    /// The server goes before anybody calls, for last values are kept.
    is_early: bool,
    victim: Option<usize>,
    is_frozen: bool,
}

/// What a creator's beginning led to.
pub(super) enum Blow {
    Nothing,
    /// Its process was killed, and the creation ended so.
    Killed(Entry),
}

impl Strike {
    pub(super) fn of(scenario: &Scenario) -> Self {
        Self {
            fault: scenario.faults.fault,
            is_early: scenario.region.keep_last > 0,
            victim: None,
            is_frozen: false,
        }
    }

    /// Whether the server is what it strikes.
    pub(super) fn is_at_the_server(&self) -> bool {
        matches!(self.fault, Some(Fault::StopServer | Fault::FreezeServer))
    }

    /// Before the callers are let go.
    pub(super) fn before(&self, server: &Host) -> Result<(), LabError> {
        if self.is_at_the_server() {
            if self.is_early {
                self.strike_the_server(server)?;
            } else {
                server.hold_writes()?;
            }
        }
        Ok(())
    }

    /// After they were let go.
    pub(super) fn after_looks(
        &self,
        server: &Host,
        counter: &Tally,
        looks: u64,
    ) -> Result<(), LabError> {
        if !self.is_at_the_server() || self.is_early {
            return Ok(());
        }
        server.wait_for_looks(counter, looks, LOOKS)?;
        self.strike_the_server(server)
    }

    fn strike_the_server(&self, server: &Host) -> Result<(), LabError> {
        if self.fault == Some(Fault::FreezeServer) {
            server.freeze()?;
        } else {
            server.kill()?;
        }
        Ok(())
    }

    /// A creator is at work in a process: the first one is struck.
    pub(super) fn began(
        &mut self,
        number: usize,
        entry: Entry,
        fleet: &mut Fleet,
        clock: Clock,
    ) -> Result<Blow, LabError> {
        if self.victim.is_some() {
            return Ok(Blow::Nothing);
        }
        match self.fault {
            Some(Fault::KillCreator) => {
                self.victim = Some(number);
                fleet.kill(number)?;
                Ok(Blow::Killed(Entry {
                    end_ns: Some(clock.now()),
                    outcome: Outcome::Failed,
                    ..entry
                }))
            }
            Some(Fault::FreezeCreator) => {
                self.victim = Some(number);
                fleet.freeze(number)?;
                self.is_frozen = true;
                Ok(Blow::Nothing)
            }
            _ => Ok(Blow::Nothing),
        }
    }

    /// All callers of a process have an answer. If not of the frozen one, then another has taken over, and
    /// its value is stored.
    pub(super) fn reported(&mut self, number: usize, fleet: &mut Fleet) -> Result<(), LabError> {
        if self.victim == Some(number) {
            return Ok(());
        }
        self.relent(fleet)
    }

    /// Lets a frozen process go on.
    pub(super) fn relent(&mut self, fleet: &mut Fleet) -> Result<(), LabError> {
        if let (Some(victim), true) = (self.victim, self.is_frozen) {
            self.is_frozen = false;
            fleet.thaw(victim)?;
        }
        Ok(())
    }

    /// The server is as it was before.
    pub(super) fn repair(&self, server: &Host) -> Result<(), LabError> {
        match self.fault {
            Some(Fault::StopServer) => server.restart()?,
            Some(Fault::FreezeServer) => {
                server.thaw()?;
                server.let_write()?;
            }
            _ => {}
        }
        Ok(())
    }
}
