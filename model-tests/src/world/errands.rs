//! What is done from outside, the second half of it included, and what death and late requests do.

use super::flights::Outcome;
use super::parts::{Call, Errand, Known, Letter, Phase, Process, Value};
use super::scene::Scene;
use super::witness::Witness;
use crate::hold;

impl Scene<'_> {
    pub(crate) fn writes(&mut self, process: u8, sets: bool, ok: bool) {
        let mut set = Value::NONE;
        if sets {
            let known = self.state.processes[usize::from(process)].known;
            set = Value {
                begun: self.state.next_begun(),
                born: self.state.store.writes + 1,
                epoch: known.current(),
                hard: self.state.hard,
                soft: self.state.soft,
            };
        }
        self.store_write(set);
        self.state.errand = Errand::Written {
            process,
            set,
            ok,
            number: self.state.store.writes,
        };
    }

    /// The second half of what is done from outside.
    pub(crate) fn goes_on_outside(&mut self) {
        match std::mem::take(&mut self.state.errand) {
            Errand::None => {}
            Errand::Written {
                process,
                set,
                ok,
                number,
            } => {
                if self.rules.forgets_kept {
                    self.state.processes[usize::from(process)].kept = Value::NONE;
                }
                let outcome = (set.is_some() && ok).then_some(Outcome::Value {
                    value: set,
                    committed: true,
                });
                let lease = self.detach(process, outcome);
                if let (Some(lease), true) = (lease, self.rules.gives_back) {
                    self.give_back(lease);
                }
                let left = lease.is_some_and(|lease| lease == self.state.store.lease);
                hold!(
                    "a write leaves no lease with a creator that nobody can join",
                    self.config.expires || !left,
                    "{lease:?}"
                );
                if ok {
                    self.state.written[usize::from(process)] = number;
                }
            }
            Errand::Raised { process, hard } => {
                let now = self.state.hard + self.state.soft;
                let store = &mut self.state.store;
                let raised = (store.hard.max(store.soft) + 1).max(now);
                if hard {
                    store.hard = raised;
                } else {
                    store.soft = raised;
                }
                self.merges(process);
            }
        }
    }

    pub(crate) fn raises(&mut self, process: u8, hard: bool) {
        if hard {
            self.state.hard += 1;
        } else {
            self.state.soft += 1;
        }
        let now = self.state.hard + self.state.soft;
        let truth = self.state.hard;
        let of = &mut self.state.processes[usize::from(process)];
        let raised = (of.known.current() + 1).max(now);
        if hard {
            of.known.hard = raised;
            of.hard_done = truth;
        } else {
            of.known.soft = raised;
        }
        self.state.errand = Errand::Raised { process, hard };
    }

    /// A process takes over what the store says.
    pub(crate) fn merges(&mut self, process: u8) {
        let store = self.state.store;
        let before = self.state.processes[usize::from(process)].known;
        let rises = self.rules.epochs_rise;
        let of = &mut self.state.processes[usize::from(process)];
        of.known = if rises {
            Known {
                hard: before.hard.max(store.hard),
                soft: before.soft.max(store.soft),
            }
        } else {
            Known {
                hard: store.hard,
                soft: store.soft,
            }
        };
        let known = of.known;
        hold!(
            "epochs never fall",
            known.hard >= before.hard && known.soft >= before.soft,
            "{before:?}, then {known:?}"
        );
    }

    /// A process dies, with its calls, its flights and its keeper.
    pub(crate) fn dies(&mut self, process: u8) {
        let lease = self.state.store.lease;
        let holds = self
            .state
            .calls()
            .any(|call| call.process == process && call.lease == lease);
        if lease != 0 && holds {
            self.saw(Witness::CrashedHolder);
        }
        for call in &mut self.state.calls {
            if call.process == process {
                let name = call.name;
                *call = Call::blank(process, 0);
                call.name = name;
                call.phase = Phase::Over;
            }
        }
        self.state.processes[usize::from(process)] = Process {
            crashed: true,
            ..Process::default()
        };
        let ours = match self.state.errand {
            Errand::Written { process: by, .. } | Errand::Raised { process: by, .. } => {
                by == process
            }
            Errand::None => false,
        };
        if ours {
            self.state.errand = Errand::None;
        }
    }

    /// A request arrives long after its sender gave up. Nobody hears the answer.
    pub(crate) fn arrives(&mut self, letter: Letter) {
        match letter {
            Letter::Release(stamp) => {
                self.store_release(stamp);
            }
            Letter::Lease { held, supersede } => {
                self.store_lease(0, held, supersede);
            }
            Letter::Commit {
                stamp,
                voided,
                value,
            } => {
                if self.store_commit(stamp, value, voided, true) {
                    self.saw(Witness::LateCommitStored);
                }
            }
        }
    }
}
