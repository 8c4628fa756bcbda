//! How a call carries out what its flow asks for, as `src/region` does it, one step at a time, and what
//! may go wrong in each.

use dogpile_core::flow::{
    Action, Claimed, Committed, Created, Event, Leased, Looked, Release, Wish, Woke,
};
use dogpile_core::freshness::Verdict;
use dogpile_core::state::Request;

use super::config::{Adversity, Strict};
use super::flights::{Abandoned, Outcome};
use super::machine::Machine;
use super::moves::{Moves, Who};
use super::parts::{Call, Ear, Grant, Letter, Phase, Value};
use super::scene::Scene;
use super::witness::Witness;
use crate::hold;

impl Call {
    pub(crate) fn is_refresh(&self, machine: &Machine) -> bool {
        machine.wish(self.flow).refresh
    }
}

impl Moves<'_> {
    /// All that a call may do next.
    pub(crate) fn of_call(&mut self, at: usize) {
        let call = self.from.calls[at];
        if call.is_over() {
            return;
        }
        if call.phase == Phase::Hung {
            return;
        }
        self.cancel(at);
        match self.machine.action(call.flow) {
            Action::Look => self.look(at),
            Action::Claim { supersede } => self.claim(at, supersede),
            Action::Detach => self.detach(at),
            Action::Lease { supersede } => self.lease(at, supersede),
            Action::Wait { delegate: false } => self.follow(at),
            Action::Wait { delegate: true } => self.wait_for_store(at),
            Action::Create => self.create(at),
            Action::Commit { store } => self.commit(at, store),
            Action::Release(release) => self.release(at, release),
            Action::HandOver => self.hand_over(at),
            Action::Leave => self.leave(at),
            Action::Return(_) => {}
        }
    }

    fn look(&mut self, at: usize) {
        self.step(at, "looks", |scene| {
            scene.starts(at);
            scene.looks(at);
        });
        self.wrong_call(
            at,
            "looks: the store fails",
            Adversity::StoreError,
            |scene| {
                scene.starts(at);
                let process = scene.call(at).process;
                let kept = scene.state.processes[usize::from(process)].kept;
                let usable = scene.judge(process, kept) != Verdict::Miss;
                let call = scene.call(at);
                call.has_stale = false;
                call.found = Value::NONE;
                call.at_hand = if usable { kept } else { Value::NONE };
                scene.answer(at, Event::Looked(Looked::Failed { kept: usable }));
            },
        );
    }

    fn claim(&mut self, at: usize, supersede: bool) {
        self.step(at, "asks who creates here", |scene| {
            scene.starts(at);
            let process = scene.call(at).process;
            let (flight, claim) = scene.board(process, supersede);
            let call = scene.call(at);
            (call.flight, call.claim) = (Some(flight), claim);
            let claimed = match claim {
                Some(_) => Claimed::Won,
                None => Claimed::Joined,
            };
            scene.answer(at, Event::Claimed(claimed));
        });
        let replaced = self.from.calls[at].at_hand != self.from.store.value;
        if replaced && !supersede {
            self.wrong_call(at, "what it saw is gone", Adversity::Changed, |scene| {
                scene.answer(at, Event::Claimed(Claimed::Changed));
            });
        }
    }

    fn detach(&mut self, at: usize) {
        self.step(at, "is served; a runner goes on", |scene| scene.goes_on(at));
        self.wrong_call(at, "no runner", Adversity::NoRunner, |scene| {
            scene.answer(at, Event::Detached(false));
        });
    }

    fn create(&mut self, at: usize) {
        let call = self.from.calls[at];
        if call.phase != Phase::Creating {
            self.step(at, "begins to create", |scene| scene.begins(at));
            return;
        }
        self.step(at, "has created", |scene| scene.creates(at, Created::Ok));
        let ends = [
            (Adversity::Fails, "its creator fails", Created::Err),
            (Adversity::Panics, "its creator panics", Created::Panicked),
            (Adversity::Declines, "declines its value", Created::Declined),
        ];
        for (kind, what, created) in ends {
            self.wrong_call(at, what, kind, |scene| scene.creates(at, created));
        }
        self.wrong_call(at, "its creator hangs", Adversity::Hang, |scene| {
            scene.call(at).phase = Phase::Hung;
        });
    }

    fn commit(&mut self, at: usize, store: bool) {
        self.step(at, "commits", |scene| {
            let stored = scene.sends_commit(at, store);
            scene.has_committed(at, stored);
        });
        self.wrong_call(
            at,
            "commits: the store fails",
            Adversity::StoreError,
            |scene| {
                scene.answer(at, Event::Committed(Committed::Failed));
            },
        );
        self.wrong_call(at, "commits: the reply is lost", Adversity::Lost, |scene| {
            scene.saw(Witness::BadReply);
            scene.sends_commit(at, store);
            scene.answer(at, Event::Committed(Committed::Failed));
        });
        if !store {
            return;
        }
        self.wrong_call(at, "commits: nobody hears", Adversity::Late, |scene| {
            scene.saw(Witness::BadReply);
            scene.posts_commit(at);
            scene.answer(at, Event::Committed(Committed::Failed));
        });
        self.wrong_call(at, "commits, twice", Adversity::Doubled, |scene| {
            scene.saw(Witness::BadReply);
            scene.posts_commit(at);
            let stored = scene.sends_commit(at, store);
            scene.has_committed(at, stored);
        });
        let kinds = [Adversity::Cancel, Adversity::Late];
        let who = Who::Call(self.from.calls[at].name.0);
        self.wrong(
            who,
            "is cancelled; its commit is under way",
            &kinds,
            |scene| {
                scene.posts_commit(at);
                scene.cancels(at);
            },
        );
    }

    fn release(&mut self, at: usize, release: Release) {
        let call = self.from.calls[at];
        if call.lease == 0 || call.phase == Phase::GivenBack {
            self.step(at, "ends its flight", |scene| scene.ends(at, release));
            return;
        }
        self.step(at, "gives its lease back", |scene| {
            let lease = scene.call(at).lease;
            scene.store_release(lease);
            scene.call(at).phase = Phase::GivenBack;
        });
        if !self.config.expires {
            return;
        }
        self.wrong_call(at, "cannot give back", Adversity::StoreError, |scene| {
            scene.call(at).phase = Phase::GivenBack;
        });
    }

    fn hand_over(&mut self, at: usize) {
        let call = self.from.calls[at];
        let mut heirs: Vec<Option<usize>> = Vec::new();
        if let (Some(flight), Some(claim)) = (call.flight, call.claim) {
            for call in self.followers(call.process, flight, claim) {
                heirs.push(Some(call));
            }
        }
        if heirs.is_empty() {
            heirs.push(None);
        }
        for heir in heirs {
            self.step(at, "hands over", |scene| {
                scene.hands_over(at, heir);
                scene.answer(at, Event::Done);
            });
        }
    }

    fn leave(&mut self, at: usize) {
        let call = self.from.calls[at];
        let inherited = match call.seat.map(|seat| seat.ear) {
            Some(Ear::Heir(claim)) => Some(claim),
            _ => None,
        };
        let mut heirs = vec![None];
        if let (Some(claim), Some(flight)) = (inherited, call.flight) {
            let others = self.followers(call.process, flight, claim);
            if !others.is_empty() {
                heirs = others.into_iter().map(Some).collect();
            }
        }
        for heir in heirs {
            self.step(at, "leaves its seat", |scene| {
                scene.leaves(at, inherited, heir);
                scene.answer(at, Event::Done);
            });
        }
    }

    fn followers(&self, process: u8, flight: u8, claim: u8) -> Vec<usize> {
        let follows = |at: &usize| self.from.calls[*at].follows(process, flight, claim);
        self.from.indices().filter(follows).collect()
    }

    fn cancel(&mut self, at: usize) {
        let call = self.from.calls[at];
        // Nothing that this process's own memory does can be cut off half-way.
        let half_way = matches!(call.phase, Phase::Granted(_) | Phase::GivenBack);
        if call.cancelled || (half_way && !self.config.expires) {
            return;
        }
        self.wrong_call(at, "is cancelled", Adversity::Cancel, |scene| {
            scene.cancels(at);
        });
    }
}

impl Scene<'_> {
    /// The call's first step: what it knows from now on.
    fn starts(&mut self, at: usize) {
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

    fn looks(&mut self, at: usize) {
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
    fn keeps(&self, value: Value) -> Value {
        if self.state.may(Adversity::StoreError) {
            value
        } else {
            Value::NONE
        }
    }

    fn goes_on(&mut self, at: usize) {
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

    fn begins(&mut self, at: usize) {
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

    fn creates(&mut self, at: usize, created: Created) {
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

    fn sends_commit(&mut self, at: usize, store: bool) -> bool {
        let call = self.state.calls[at];
        if store {
            self.store_commit(call.lease, call.made, call.voided, false)
        } else {
            self.store_release(call.lease)
        }
    }

    fn posts_commit(&mut self, at: usize) {
        let call = self.state.calls[at];
        self.post(Letter::Commit {
            stamp: call.lease,
            voided: call.voided,
            value: call.made,
        });
    }

    fn has_committed(&mut self, at: usize, stored: bool) {
        self.lose_lease(at);
        let call = self.state.calls[at];
        let known = self.state.processes[usize::from(call.process)].known;
        let committed = if !stored || call.made.epoch < known.hard {
            self.saw(Witness::LateEpochRefused);
            Committed::Refused
        } else {
            Committed::Stored
        };
        self.answer(at, Event::Committed(committed));
    }

    /// Ends the flight, telling those who wait.
    fn ends(&mut self, at: usize, release: Release) {
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

    fn has_value(&self, at: usize) -> bool {
        let call = &self.state.calls[at];
        (call.created && call.made.is_some()) || call.found.is_some()
    }

    /// Gives claim and lease to a waiter, or frees both.
    fn hands_over(&mut self, at: usize, heir: Option<usize>) {
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

    fn forsake(&mut self, process: u8, flight: u8, own: u8, what: Abandoned) {
        let left = self.flight(process, flight).lease;
        match what {
            Abandoned::Inherited => {}
            Abandoned::Superseded => self.give_back(own),
            Abandoned::Ended if own != 0 => self.give_back(own),
            Abandoned::Ended => self.give_back(left),
        }
    }

    fn leaves(&mut self, at: usize, inherited: Option<u8>, heir: Option<usize>) {
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

    fn cancels(&mut self, at: usize) {
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

    fn is_leased(&mut self, at: usize, stamp: u8) {
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
        // What is asked again after that may begin where nobody can join it: it goes a bounded way.
        let known = refresh || current || self.call(at).superseded;
        self.call(at).superseded |= superseded;
        hold!(
            "nobody creates where nobody can join unless it has looked again",
            known || superseded,
            "lease {stamp}"
        );
        self.answer(
            at,
            Event::Leased(if superseded {
                Leased::Superseded
            } else {
                Leased::Won { fresh_seen: false }
            }),
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
