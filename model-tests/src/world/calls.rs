//! How a call carries out what its flow asks for, as `src/region` does it, one step at a time, and what
//! may go wrong in each.

use dogpile_core::flow::{Action, Claimed, Committed, Created, Event, Looked, Release};
use dogpile_core::freshness::Verdict;

use super::config::Adversity;
use super::machine::Machine;
use super::moves::{Moves, Who};
use super::parts::{Call, Ear, Phase, Stamp, Value};
use super::witness::Witness;

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
            Action::Detach { creation } => self.detach(at, creation),
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
            let (process, flow) = (scene.call(at).process, scene.call(at).flow);
            let relieves = !scene.machine.has_given(flow);
            let (flight, claim) = scene.board(process, supersede, relieves);
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

    fn detach(&mut self, at: usize, creation: bool) {
        if creation {
            self.step(at, "sits down; a runner creates", |scene| scene.gives(at));
        } else {
            self.step(at, "is served; a runner goes on", |scene| scene.goes_on(at));
        }
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
        let lease = self.lease_at_the_end(at);
        if lease == 0 || call.phase == Phase::GivenBack {
            self.step(at, "ends its flight", |scene| scene.ends(at, release));
            return;
        }
        self.step(at, "gives its lease back", |scene| {
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

    /// Its own, or the one that it inherited and did not use.
    fn lease_at_the_end(&self, at: usize) -> Stamp {
        let call = self.from.calls[at];
        let (Some(flight), Some(claim), 0) = (call.flight, call.claim, call.lease) else {
            return call.lease;
        };
        let process = &self.from.processes[usize::from(call.process)];
        let flight = &process.flights[usize::from(flight)];
        if flight.word().is_held_by(u64::from(claim)) {
            flight.lease
        } else {
            0
        }
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
