//! What a call holds and how it gives it back, as `src/region/hold.rs` does it, and what it hears from the
//! store and from its flight.

use dogpile_core::flow::{Action, Event, Leased, Woke};

use super::flights::Abandoned;
use super::parts::{Grant, Phase, Value};
use super::scene::Scene;
use super::witness::Witness;
use crate::hold;

impl Scene<'_> {
    /// Gives claim and lease to a waiter, or frees both.
    pub(crate) fn hands_over(&mut self, at: usize, heir: Option<usize>) {
        let call = self.state.calls[at];
        self.call(at).phase = Phase::Asked;
        (self.call(at).flight, self.call(at).claim) = (None, None);
        (self.call(at).lease, self.call(at).voided) = (0, false);
        (self.call(at).subscribed, self.call(at).rung) = (false, false);
        self.call(at).lost_to = 0;
        if let (Some(flight), Some(claim)) = (call.flight, call.claim) {
            let what = self.abandon(call.process, flight, claim, heir);
            self.forsake(call.process, flight, call.lease, what);
        }
    }

    pub(crate) fn forsake(&mut self, process: u8, flight: u8, own: u8, what: Abandoned) {
        let left = self.flight(process, flight).lease;
        match what {
            Abandoned::Inherited => {}
            Abandoned::Superseded => self.give_back(own),
            Abandoned::Ended if own != 0 => self.give_back(own),
            Abandoned::Ended => self.give_back(left),
        }
    }

    pub(crate) fn leaves(&mut self, at: usize, inherited: Option<u8>, heir: Option<usize>) {
        let call = self.state.calls[at];
        (self.call(at).flight, self.call(at).seat) = (None, None);
        let (Some(flight), Some(claim)) = (call.flight, inherited) else {
            return;
        };
        if self.rules.heir_passes_on {
            self.saw(Witness::HeirPassedOn);
            let what = self.abandon(call.process, flight, claim, heir);
            self.forsake(call.process, flight, 0, what);
        }
    }

    pub(crate) fn cancels(&mut self, at: usize) {
        let call = self.call(at);
        let busy = call.claim.is_some() || call.seat.is_some();
        call.cancelled = true;
        call.phase = Phase::Asked;
        if busy {
            self.saw(Witness::CancelledBusy);
        }
        self.answer(at, Event::Cancelled);
    }

    /// What the store's answer to the wish for its lease means to the call.
    pub(crate) fn is_granted(&mut self, at: usize, grant: Grant) {
        self.call(at).phase = Phase::Asked;
        match grant {
            Grant::Fresh(value) => {
                self.lose_lease(at);
                let call = self.call(at);
                (call.found, call.fresh_seen) = (value, true);
                self.answer(at, Event::Leased(Leased::Won { fresh_seen: true }));
            }
            Grant::Won(stamp) => self.is_leased(at, stamp),
            Grant::Lost(stamp) => {
                self.lose_lease(at);
                let call = self.call(at);
                call.lost_to = stamp;
                self.answer(at, Event::Leased(Leased::Lost));
            }
        }
    }

    pub(crate) fn is_leased(&mut self, at: usize, stamp: u8) {
        let voided = self.state.store.lease != stamp;
        let leaves = self.rules.leaves_lease;
        let call = self.call(at);
        (call.lease, call.voided) = (stamp, voided);
        (call.subscribed, call.rung, call.lost_to) = (false, false, 0);
        let (process, flight) = (call.process, call.flight);
        if let (Some(flight), true) = (flight, leaves) {
            self.flight(process, flight).lease = stamp;
        }
        let refresh = self.state.calls[at].is_refresh(self.machine);
        let current = self.is_current(at);
        let superseded = !refresh && !current && self.rules.says_superseded;
        // Who asked again after that may begin where nobody can join: a call goes a bounded way.
        let joinable = refresh || current || self.call(at).superseded;
        self.call(at).superseded |= superseded;
        let leased = if superseded {
            Leased::Superseded
        } else {
            Leased::Won { fresh_seen: false }
        };
        self.answer(at, Event::Leased(leased));
        let creates = self.machine.action(self.state.calls[at].flow) == Action::Create;
        hold!(
            "nobody creates where nobody can join unless it has looked again",
            joinable || !creates,
            "lease {stamp}"
        );
    }

    /// What a flight's outcome means to the call.
    pub(crate) fn hears(&mut self, at: usize, value: Value, committed: bool, began: bool) -> Woke {
        let call = self.state.calls[at];
        let oldest = if self.config.stale {
            call.known.hard
        } else {
            call.known.current()
        };
        if value.epoch < oldest && self.rules.hears_epoch {
            self.saw(Witness::OldNotHeard);
            return Woke::Value {
                committed: false,
                began_after_me: false,
            };
        }
        self.call(at).found = value;
        Woke::Value {
            committed,
            began_after_me: began,
        }
    }
}
