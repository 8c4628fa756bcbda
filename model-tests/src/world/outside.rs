//! What happens beside the calls: the clock, the network, the keepers, processes that die, and writes
//! and invalidations from outside.

use super::config::Adversity;
use super::moves::{CLOCK, Label, Moves, NETWORK, OUTSIDE, Who};
use super::parts::{Errand, Grant, Phase, Value};
use super::scene::Scene;
use super::witness::Witness;

/// Tells the compiler that a closure takes any scene.
fn act<F: FnOnce(&mut Scene<'_>)>(act: F) -> F {
    act
}

impl Moves<'_> {
    /// The clock, the network, the keepers and death.
    pub(crate) fn of_world(&mut self) {
        if self.config.expires {
            self.leases_run_out();
        }
        self.limits_pass();
        for (at, letter) in self.from.letters.into_iter().enumerate() {
            if let Some(letter) = letter {
                self.owed(Who::Network, "a request arrives", NETWORK, |scene| {
                    scene.state.letters[at] = None;
                    scene.arrives(letter);
                });
            }
        }
        if self.config.expires {
            for process in 0..2 {
                let alive = !self.from.processes[usize::from(process)].crashed;
                let calls = self
                    .from
                    .calls()
                    .any(|call| call.process == process && !call.is_over());
                if alive && calls {
                    let who = Who::Process(process);
                    self.wrong(who, "dies", &[Adversity::Crash], |scene| {
                        scene.dies(process);
                    });
                }
            }
        }
        if self.from.store.value.is_some() && self.from.store.age < 2 {
            self.wrong(
                Who::Clock,
                "the value grows old",
                &[Adversity::Ages],
                |scene| {
                    scene.state.store.age += 1;
                },
            );
        }
    }

    fn owed(&mut self, who: Who, what: &'static str, fair: u8, act: impl FnOnce(&mut Scene<'_>)) {
        let fair = Some(fair);
        self.to(Label { who, what, fair }, act);
    }

    /// A lease lapses and then ends, unless its holder's keeper renews it between. Where somebody
    /// alive is at work with it, that is a paused client, and an adversity.
    fn leases_run_out(&mut self) {
        let store = self.from.store;
        if store.lease == 0 {
            return;
        }
        let kept = self.from.calls().any(|call| {
            let works = matches!(
                call.phase,
                Phase::Creating | Phase::Asked | Phase::GivenBack
            );
            works && call.lease == store.lease
                || call.phase == Phase::Granted(Grant::Won(store.lease))
        });
        if store.lapsing {
            self.renewals();
        }
        let what = if store.lapsing {
            "the lease runs out"
        } else {
            "the lease lapses"
        };
        let act = act(move |scene| {
            if !store.lapsing {
                scene.state.store.lapsing = true;
                return;
            }
            scene.saw(if kept {
                Witness::PausedExpired
            } else {
                Witness::OrphanExpired
            });
            scene.store_expire();
        });
        if kept && !store.lapsing {
            self.wrong(Who::Clock, what, &[Adversity::Pause], act);
        } else if kept {
            let label = Label {
                who: Who::Clock,
                what,
                fair: None,
            };
            self.to(label, act);
        } else if self.rules.orphans_lapse {
            self.owed(Who::Clock, what, CLOCK, act);
        }
    }

    /// The keepers of creators at work.
    fn renewals(&mut self) {
        for at in self.from.indices() {
            let call = self.from.calls[at];
            if call.phase == Phase::Creating && call.lease != 0 {
                let who = Who::Process(call.process);
                let label = Label {
                    who,
                    what: "renews a lease",
                    fair: None,
                };
                self.to(label, |scene| scene.store_renew(call.lease));
            }
        }
    }

    /// A creator comes to its limit: owed where it hangs, an adversity where it is only slow.
    fn limits_pass(&mut self) {
        for at in self.from.indices() {
            let call = self.from.calls[at];
            let (Some(flight), Some(claim)) = (call.flight, call.claim) else {
                continue;
            };
            let process = call.process;
            let place = self.from.processes[usize::from(process)].flights[usize::from(flight)];
            if place.overdue || place.begun != Some(claim) {
                continue;
            }
            let act = act(|scene| scene.flight(process, flight).overdue = true);
            if call.phase == Phase::Hung {
                if self.rules.limit_passes {
                    self.owed(Who::Clock, "the limit of a creator passes", CLOCK, act);
                }
            } else {
                let kinds = [Adversity::Overdue];
                self.wrong(Who::Clock, "the limit of a creator passes", &kinds, act);
            }
        }
    }

    /// Writes and invalidations.
    pub(crate) fn of_outside(&mut self) {
        match self.from.errand {
            Errand::None => {
                for process in 0..2 {
                    if !self.from.processes[usize::from(process)].crashed {
                        self.errands(process);
                    }
                }
            }
            Errand::Written { .. } | Errand::Raised { .. } => {
                self.owed(
                    Who::Outside,
                    "goes on",
                    OUTSIDE,
                    act(|scene| {
                        scene.goes_on_outside();
                    }),
                );
                if let Errand::Raised { .. } = self.from.errand {
                    let kinds = [Adversity::StoreError];
                    self.wrong(Who::Outside, "cannot raise the epoch", &kinds, |scene| {
                        scene.state.errand = Errand::None;
                    });
                }
            }
        }
        for process in 0..2_u8 {
            let known = self.from.processes[usize::from(process)].known;
            let store = self.from.store;
            if (known.hard < store.hard || known.soft < store.soft)
                && !self.from.processes[usize::from(process)].crashed
            {
                let who = Who::Process(process);
                self.owed(
                    who,
                    "learns of the epochs",
                    OUTSIDE + 1 + process,
                    |scene| {
                        scene.merges(process);
                    },
                );
            }
        }
        let forgets = self.from.store.hard + self.from.store.soft > 0;
        if forgets {
            self.wrong(
                Who::Outside,
                "the epochs are lost",
                &[Adversity::Forget],
                |scene| {
                    (scene.state.store.hard, scene.state.store.soft) = (0, 0);
                },
            );
        }
    }

    fn errands(&mut self, process: u8) {
        let writes = [
            (Adversity::Delete, "deletes", false, true),
            (Adversity::Set, "sets", true, true),
        ];
        for (kind, what, sets, ok) in writes {
            self.wrong(Who::Process(process), what, &[kind], |scene| {
                scene.writes(process, sets, ok);
            });
        }
        let kinds = [Adversity::Delete, Adversity::Lost];
        self.wrong(
            Who::Process(process),
            "deletes: the reply is lost",
            &kinds,
            |scene| {
                scene.writes(process, false, false);
            },
        );
        let kinds = [Adversity::Delete, Adversity::StoreError];
        self.wrong(
            Who::Process(process),
            "deletes: the store fails",
            &kinds,
            |scene| {
                scene.state.errand = Errand::Written {
                    process,
                    set: Value::NONE,
                    ok: false,
                    number: 0,
                };
            },
        );
        let raises = [
            (Adversity::Hard, "invalidates, hard", true),
            (Adversity::Soft, "invalidates, soft", false),
        ];
        for (kind, what, hard) in raises {
            self.wrong(Who::Process(process), what, &[kind], |scene| {
                scene.raises(process, hard);
            });
        }
    }
}
