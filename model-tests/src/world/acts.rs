//! What a call does, as `src/region/call` does it: looking, creating, committing, ending its flight.

use dogpile_core::flow::{Committed, Created, Event, Looked, Release, Wish};
use dogpile_core::freshness::Verdict;
use dogpile_core::state::Request;

use super::config::{Adversity, Strict};
use super::flights::Outcome;
use super::parts::{Call, Letter, Name, Phase, Seat, Value};
use super::scene::Scene;
use super::witness::Witness;
use crate::hold;

impl Scene<'_> {
    /// The call's first step: what it knows from now on.
    pub(crate) fn starts(&mut self, at: usize) {
        if self.call(at).started {
            return;
        }
        let process = usize::from(self.call(at).process);
        let (known, hard) = (
            self.state.processes[process].known,
            self.state.processes[process].hard_done,
        );
        let written = if self.config.strict == Strict::Across {
            self.state.written[0].max(self.state.written[1])
        } else {
            self.state.written[process]
        };
        let call = self.call(at);
        (call.started, call.known) = (true, known);
        (call.since, call.hard_since) = (written, hard);
    }

    pub(crate) fn looks(&mut self, at: usize) {
        let value = self.state.store.value;
        let process = self.call(at).process;
        let verdict = self.judge(process, value);
        if verdict != Verdict::Miss {
            self.state.processes[usize::from(process)].kept = self.keeps(value);
        }
        let call = self.call(at);
        (call.at_hand, call.found) = (Value::NONE, Value::NONE);
        call.has_stale = verdict == Verdict::Stale;
        let looked = match verdict {
            Verdict::Miss => Looked::Miss,
            Verdict::Stale => {
                call.at_hand = value;
                Looked::Stale
            }
            Verdict::Fresh => {
                call.found = value;
                Looked::Fresh
            }
        };
        self.answer(at, Event::Looked(looked));
    }

    /// Only where a store may fail does it matter what is kept.
    pub(crate) fn keeps(&self, value: Value) -> Value {
        if self.state.may(Adversity::StoreError) {
            value
        } else {
            Value::NONE
        }
    }

    pub(crate) fn goes_on(&mut self, at: usize) {
        let call = self.state.calls[at];
        let wish = self.machine.wish(call.flow);
        let flow = self.machine.detached(Wish {
            owned: true,
            ..wish
        });
        // The caller has its answer; the runner takes its place in the model.
        let caller = Call {
            claim: None,
            flight: None,
            ..call
        };
        *self.call(at) = caller;
        self.answer(at, Event::Detached(true));
        *self.call(at) = Call {
            flow,
            started: true,
            flight: call.flight,
            claim: call.claim,
            at_hand: call.at_hand,
            has_stale: true,
            known: self.state.processes[usize::from(call.process)].known,
            name: call.name,
            ..Call::blank(call.process, flow)
        };
        if let (Some(flight), Some(claim)) = (call.flight, call.claim) {
            self.begin(call.process, flight, claim);
        }
    }

    /// The creator is to begin, and a runner takes it: the caller sits down first.
    pub(crate) fn gives(&mut self, at: usize) {
        let call = self.state.calls[at];
        let seated = self.is_current(at).then(|| self.sits_beside(at)).flatten();
        let (Some(seat), Some(flight), Some(claim)) = (seated, call.flight, call.claim) else {
            self.answer(at, Event::Detached(false));
            return;
        };
        self.saw(Witness::Given);
        let flow = self.machine.creating(call.flow);
        let job = usize::from(self.state.count);
        self.state.count += 1;
        self.state.calls[job] = Call {
            started: true,
            flight: Some(flight),
            claim: Some(claim),
            lease: call.lease,
            voided: call.voided,
            known: self.state.processes[usize::from(call.process)].known,
            name: Name(self.state.count - 1),
            ..Call::blank(call.process, flow)
        };
        *self.call(at) = Call {
            claim: None,
            lease: 0,
            voided: false,
            seat: Some(seat),
            given: true,
            ..call
        };
        self.begin(call.process, flight, claim);
        self.answer(at, Event::Detached(true));
    }

    fn sits_beside(&mut self, at: usize) -> Option<Seat> {
        let call = self.state.calls[at];
        let has_waited = self.machine.has_waited(call.flow);
        self.sit(call.process, call.flight?, has_waited)
    }

    pub(crate) fn begins(&mut self, at: usize) {
        let begun = self.state.next_begun();
        let call = self.state.calls[at];
        let known = self.state.processes[usize::from(call.process)].known;
        let made = Value {
            begun,
            born: self.state.store.writes,
            epoch: known.current(),
            hard: self.state.hard,
            soft: self.state.soft,
        };
        if let (Some(flight), Some(claim)) = (call.flight, call.claim) {
            self.begin(call.process, flight, claim);
        }
        let call = self.call(at);
        (call.made, call.phase) = (made, Phase::Creating);
    }

    pub(crate) fn creates(&mut self, at: usize, created: Created) {
        let call = self.call(at);
        call.phase = Phase::Asked;
        match created {
            Created::Ok | Created::Declined => call.created = true,
            Created::Err | Created::Panicked => {
                call.made = Value::NONE;
                self.saw(Witness::EndedWithFailure);
            }
        }
        if !self.rules.epoch_before {
            let process = self.call(at).process;
            let epoch = self.state.processes[usize::from(process)].known.current();
            self.call(at).made.epoch = epoch;
        }
        self.answer(at, Event::Created(created));
    }

    pub(crate) fn sends_commit(&mut self, at: usize, store: bool) -> bool {
        let call = self.state.calls[at];
        if store {
            self.store_commit(call.lease, call.made, call.voided, false)
        } else {
            self.store_release(call.lease)
        }
    }

    pub(crate) fn posts_commit(&mut self, at: usize) {
        let call = self.state.calls[at];
        self.post(Letter::Commit {
            stamp: call.lease,
            voided: call.voided,
            value: call.made,
        });
    }

    pub(crate) fn has_committed(&mut self, at: usize, stored: bool) {
        self.lose_lease(at);
        let call = self.state.calls[at];
        let known = self.state.processes[usize::from(call.process)].known;
        let committed = if !stored || call.made.epoch < known.hard {
            self.saw(Witness::LateEpochRefused);
            Committed::Refused
        } else {
            Committed::Stored
        };
        self.call(at).stored = committed == Committed::Stored;
        self.answer(at, Event::Committed(committed));
    }

    /// Ends the flight, telling those who wait.
    pub(crate) fn ends(&mut self, at: usize, release: Release) {
        self.lose_lease(at);
        let call = self.state.calls[at];
        let value = if call.created { call.made } else { call.found };
        let claim = u64::from(call.claim.unwrap_or_default());
        let (request, outcome) = match release {
            Release::Confirmed => (
                Request::Publish(claim),
                Outcome::Value {
                    value,
                    committed: true,
                },
            ),
            Release::Unconfirmed => (
                Request::Deliver(claim),
                Outcome::Value {
                    value,
                    committed: false,
                },
            ),
            Release::StoreFailed => (Request::Fail(claim), Outcome::StoreFailed),
            Release::Failed | Release::Panicked => (Request::Fail(claim), Outcome::Error),
        };
        let call = self.call(at);
        call.phase = Phase::Asked;
        let (flight, claim) = (call.flight.take(), call.claim.take());
        let process = call.process;
        if let (Some(flight), Some(claim)) = (flight, claim) {
            let value = matches!(outcome, Outcome::Value { .. });
            hold!(
                "a value is told only when there is one",
                !value || self.has_value(at),
                "{release:?}"
            );
            self.end_flight(process, flight, request, claim, outcome);
        }
        self.answer(at, Event::Done);
    }

    pub(crate) fn has_value(&self, at: usize) -> bool {
        let call = &self.state.calls[at];
        (call.created && call.made.is_some()) || call.found.is_some()
    }
}
