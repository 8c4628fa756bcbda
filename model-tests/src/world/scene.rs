//! One transition being carried out: the state that it changes, and what goes with it.

use dogpile_core::cached_value::{Epoch, Metadata, Stamp as CoreStamp};
use dogpile_core::flow::{Action, Ending, Event, Release};
use dogpile_core::freshness::{Policy, Verdict};
use dogpile_core::terms::Terms;
use dogpile_core::time::{Span, Time};

use super::config::Config;
use super::machine::Machine;
use super::parts::{Call, Letter, Stamp, Value};
use super::rules::Rules;
use super::state::State;
use super::witness::{Counts, Witness};
use crate::hold;

/// One transition on its way.
pub(crate) struct Scene<'a> {
    pub(crate) state: State,
    pub(crate) machine: &'a mut Machine,
    pub(crate) config: &'a Config,
    pub(crate) rules: Rules,
    pub(crate) counts: &'a mut Counts,
}

/// One step of age; a value is fresh for one and stale for one more.
const STEP: u64 = 10;

impl Scene<'_> {
    pub(crate) fn saw(&mut self, witness: Witness) {
        self.counts.saw(witness);
    }

    /// What production makes of a value, by the epochs that the process knows.
    pub(crate) fn judge(&mut self, process: u8, value: Value) -> Verdict {
        if !value.is_some() {
            return Verdict::Miss;
        }
        let stale = if self.config.stale { STEP } else { 0 };
        let policy = Policy {
            fresh_for: Span::from_nanos(STEP),
            stale_for: Span::from_nanos(stale),
            skew: Span::ZERO,
        };
        let metadata = Metadata {
            stamp: CoreStamp::NONE,
            epoch: Epoch::new(value.epoch.into()),
            created: Time::ZERO,
            terms: Terms::NONE,
        };
        let age = self.age_of(value);
        let known = self.state.processes[usize::from(process)].known;
        let now = Time::from_nanos(u64::from(age) * STEP);
        let verdict = policy.judge(&metadata, known.epochs(), now);
        let stale_ok = self.config.stale && age < 2;
        let allowed = match verdict {
            Verdict::Fresh => age == 0,
            Verdict::Stale => stale_ok,
            Verdict::Miss => true,
        };
        hold!(
            "stale only where policy allows",
            allowed,
            "{verdict:?} at age {age}"
        );
        if verdict == Verdict::Miss {
            self.saw(Witness::StaleRefused);
        }
        verdict
    }

    /// Only the value in the store grows old here; what a process keeps is as old.
    fn age_of(&self, value: Value) -> u8 {
        if value.begun == self.state.store.value.begun {
            self.state.store.age
        } else {
            0
        }
    }

    pub(crate) fn judges_fresh(&mut self, process: u8, value: Value) -> bool {
        value.is_some() && self.judge(process, value) == Verdict::Fresh
    }

    pub(crate) fn call(&mut self, at: usize) -> &mut Call {
        &mut self.state.calls[at]
    }

    /// Whether the call's claim still stands.
    pub(crate) fn is_current(&self, at: usize) -> bool {
        let call = &self.state.calls[at];
        match (call.flight, call.claim) {
            (Some(flight), Some(claim)) => self.state.processes[usize::from(call.process)].flights
                [usize::from(flight)]
            .is_held_by(claim),
            _ => false,
        }
    }

    /// Steps the flow of a call with what came of its action.
    pub(crate) fn answer(&mut self, at: usize, event: Event) {
        let call = self.state.calls[at];
        let flow = self.machine.step(call.flow, event);
        self.call(at).flow = flow;
        let action = self.machine.action(flow);
        self.may(at, action);
        if let Action::Return(ending) = action {
            let over = self.machine.is_over(flow);
            hold!("a call answers once", over, "{ending:?}");
            self.returns(at, ending);
            self.call(at).end();
        }
    }

    /// Asserts that a call in this state may be asked for `action`.
    fn may(&mut self, at: usize, action: Action) {
        let call = self.state.calls[at];
        let free = call.claim.is_none() && call.lease == 0 && call.seat.is_none();
        match action {
            Action::Look | Action::Claim { .. } => {
                hold!("a call goes round with empty hands", free, "{call:?}");
            }
            Action::Release(Release::Confirmed) => {
                let confirmed = call.stored || call.fresh_seen;
                hold!("only what is stored is said to be", confirmed, "{call:?}");
            }
            Action::Detach { .. }
            | Action::Lease { .. }
            | Action::HandOver
            | Action::Release(_) => {}
            Action::Wait { .. } => {
                let wishes = self.machine.wish(call.flow).patient;
                hold!(
                    "a reader with an old value never waits unless it wishes to",
                    !call.has_stale || wishes,
                    "{call:?}"
                );
            }
            Action::Create => {
                let again = !call.fresh_seen || call.is_refresh(self.machine);
                hold!("a creator has looked again", again, "{call:?}");
                let given = self.machine.has_given(call.flow);
                hold!("who gave its creator away has none", !given, "{call:?}");
                hold!(
                    "a creator has the claim",
                    call.claim.is_some() && !call.created,
                    "{call:?}"
                );
            }
            Action::Commit { .. } => {
                let has = call.claim.is_some() && call.lease != 0;
                hold!("a commit has a lease", has, "{call:?}");
            }
            Action::Leave => {
                let seated = call.seat.is_some() || call.cancelled;
                hold!("who leaves has a seat", seated, "{call:?}");
            }
            Action::Return(_) => {
                hold!("every exit frees what the call held", free, "{call:?}");
            }
        }
        let ends = matches!(
            action,
            Action::Leave | Action::HandOver | Action::Return(Ending::Cancelled)
        );
        hold!(
            "a cancelled call does nothing more",
            !call.cancelled || ends,
            "{action:?}"
        );
    }

    /// Gives a lease back without waiting: at once where the store is this process's own memory, else
    /// by a chore.
    pub(crate) fn give_back(&mut self, lease: Stamp) {
        if lease == 0 {
            return;
        }
        if self.config.expires {
            self.post(Letter::Release(lease));
        } else {
            self.store_release(lease);
        }
    }

    /// The lease is used up, or was never given.
    pub(crate) fn lose_lease(&mut self, at: usize) {
        let call = self.state.calls[at];
        self.call(at).lease = 0;
        self.call(at).voided = false;
        if let Some(flight) = call.flight {
            let flight = self.flight(call.process, flight);
            if flight.lease == call.lease {
                flight.lease = 0;
            }
        }
    }
}
