//! How a call asks for the lease, and how it waits: for its flight, or for the store.

use dogpile_core::flow::{Event, Leased, Woke};
use dogpile_core::state::Request;

use super::config::Adversity;
use super::moves::Moves;
use super::parts::{Ear, Letter, Phase, Seat};
use super::scene::Scene;
use super::witness::Witness;

impl Moves<'_> {
    pub(crate) fn lease(&mut self, at: usize, supersede: bool) {
        if let Phase::Granted(grant) = self.from.calls[at].phase {
            self.step(at, "hears about the lease", |scene| {
                scene.is_granted(at, grant);
            });
            return;
        }
        self.step(at, "asks for the lease", |scene| {
            let (process, held) = scene.inherits_lease(at);
            let grant = scene.store_lease(process, held, supersede);
            scene.call(at).phase = Phase::Granted(grant);
        });
        self.wrong_call(
            at,
            "asks for the lease: the store fails",
            Adversity::StoreError,
            |scene| {
                scene.inherits_lease(at);
                scene.answer(at, Event::Leased(Leased::Failed));
            },
        );
        if !self.config.expires {
            return;
        }
        self.wrong_call(
            at,
            "asks for the lease: the reply is lost",
            Adversity::Lost,
            |scene| {
                scene.saw(Witness::BadReply);
                let (process, held) = scene.inherits_lease(at);
                scene.store_lease(process, held, supersede);
                scene.answer(at, Event::Leased(Leased::Failed));
            },
        );
        self.wrong_call(
            at,
            "asks for the lease: nobody hears",
            Adversity::Late,
            |scene| {
                scene.saw(Witness::BadReply);
                let (_, held) = scene.inherits_lease(at);
                scene.post(Letter::Lease { held, supersede });
                scene.answer(at, Event::Leased(Leased::Failed));
            },
        );
        self.wrong_call(
            at,
            "asks for the lease, twice",
            Adversity::Doubled,
            |scene| {
                scene.saw(Witness::BadReply);
                let (process, held) = scene.inherits_lease(at);
                let grant = scene.store_lease(process, held, supersede);
                scene.post(Letter::Lease { held, supersede });
                scene.call(at).phase = Phase::Granted(grant);
            },
        );
    }

    /// A follower sits down, or hears, or loses its patience.
    pub(crate) fn follow(&mut self, at: usize) {
        let Some(seat) = self.from.calls[at].seat else {
            self.step(at, "sits down", |scene| scene.sits(at));
            return;
        };
        if seat.ear != Ear::Silent {
            self.step(at, "hears", |scene| scene.wakes(at, seat));
            return;
        }
        self.relieve(at, seat);
        let gossip = [
            (Adversity::Deadline, "waits too long", Woke::Deadline),
            (Adversity::Cycle, "would wait for itself", Woke::Cycle),
            (Adversity::Gossip, "is to look again", Woke::LookAgain),
        ];
        for (kind, what, woke) in gossip {
            self.wrong_call(at, what, kind, |scene| {
                scene.answer(at, Event::Woke(woke));
            });
        }
    }

    /// A waiter looks at the time.
    fn relieve(&mut self, at: usize, seat: Seat) {
        let call = self.from.calls[at];
        let Some(place) = call.flight else { return };
        let process = usize::from(call.process);
        let flight = self.from.processes[process].flights[usize::from(place)];
        let begun = flight.begun == Some(seat.claim);
        let held = flight.is_held_by(seat.claim);
        let given = self.machine.has_given(call.flow);
        if given && flight.overdue {
            // Its creator is not there any more, so that it takes nobody's place: its own time is up.
            self.step(at, "waits too long", |scene| {
                scene.answer(at, Event::Woke(Woke::Deadline));
            });
        }
        if begun && flight.overdue && held && self.rules.relieves && !given {
            self.step(at, "takes the creator's place", |scene| {
                let request = Request::TakeOver(seat.claim.into());
                let heir = scene.succeed_for(at, request);
                scene.saw(Witness::Relieved);
                scene.rises(at, heir);
                scene.answer(at, Event::Woke(Woke::Heir));
            });
        }
        if !held && (!begun || flight.overdue) && !given {
            self.step(at, "finds the creation superseded", |scene| {
                scene.counts_wait(at, seat, false);
                scene.rises(at, None);
                scene.answer(at, Event::Woke(Woke::Superseded));
            });
        }
    }

    /// A delegate subscribes and looks again; then it waits for the bell or for the lease's end.
    pub(crate) fn wait_for_store(&mut self, at: usize) {
        let call = self.from.calls[at];
        if !call.subscribed {
            self.step(at, "subscribes and looks again", |scene| {
                scene.saw(Witness::WaitsForProcess);
                let call = scene.call(at);
                (call.subscribed, call.rung) = (true, false);
                scene.answer(at, Event::Woke(Woke::LookAgain));
            });
        } else if call.rung {
            self.step(at, "hears the bell", |scene| {
                scene.call(at).rung = false;
                scene.answer(at, Event::Woke(Woke::LookAgain));
            });
        } else if self.config.expires && self.from.store.lease != call.lost_to {
            // The timer rings also while the other holds it still; that changes nothing but the state
            // back to what it was.
            self.step(at, "finds the other's lease over", |scene| {
                scene.answer(at, Event::Woke(Woke::LeaseTimer));
            });
        }
        let gossip = [
            (Adversity::Deadline, "waits too long", Woke::Deadline),
            (Adversity::Cycle, "would wait for itself", Woke::Cycle),
            (
                Adversity::Gossip,
                "hears that the other failed",
                Woke::Error,
            ),
            (
                Adversity::Gossip,
                "hears that it is superseded",
                Woke::Superseded,
            ),
        ];
        for (kind, what, woke) in gossip {
            self.wrong_call(at, what, kind, |scene| {
                scene.answer(at, Event::Woke(woke));
            });
        }
    }
}

impl Scene<'_> {
    /// Makes the lease that the creator before left its own.
    fn inherits_lease(&mut self, at: usize) -> (u8, u8) {
        let call = self.state.calls[at];
        if let (0, Some(flight)) = (call.lease, call.flight) {
            let left = self.flight(call.process, flight).lease;
            let call = self.call(at);
            // It is not its own until the store has given it another stamp.
            (call.lease, call.voided) = (left, left != 0);
        }
        (call.process, self.call(at).lease)
    }

    fn sits(&mut self, at: usize) {
        let call = self.state.calls[at];
        let Some(flight) = call.flight else {
            unreachable!("who joined has a flight")
        };
        let has_waited = self.machine.has_waited(call.flow);
        match self.sit(call.process, flight, has_waited) {
            Some(seat) => self.call(at).seat = Some(seat),
            None => {
                self.call(at).flight = None;
                self.answer(at, Event::Woke(Woke::Superseded));
            }
        }
    }

    /// The seat is no longer taken.
    fn rises(&mut self, at: usize, inherited: Option<u8>) {
        let call = self.call(at);
        call.seat = None;
        call.claim = inherited;
        if inherited.is_none() {
            call.flight = None;
        }
    }

    fn succeed_for(&mut self, at: usize, request: Request) -> Option<u8> {
        let call = self.state.calls[at];
        let flight = call.flight?;
        self.call(at).seat = None;
        self.succeed(call.process, flight, request)
    }

    /// A creation that ran, and ended or was superseded while this call sat there.
    fn counts_wait(&mut self, at: usize, seat: Seat, value: bool) {
        self.call(at).waited += u8::from(value || seat.ran);
    }

    fn wakes(&mut self, at: usize, seat: Seat) {
        let woke = match seat.ear {
            Ear::Silent => return,
            Ear::Value {
                value,
                committed,
                began_after_me,
            } => {
                self.counts_wait(at, seat, true);
                self.rises(at, None);
                self.hears(at, value, committed, began_after_me)
            }
            Ear::Error => {
                self.rises(at, None);
                Woke::Error
            }
            Ear::StoreFailed => {
                self.rises(at, None);
                Woke::StoreFailed
            }
            Ear::Superseded => {
                self.counts_wait(at, seat, false);
                self.rises(at, None);
                Woke::Superseded
            }
            Ear::Heir(claim) => {
                self.rises(at, Some(claim));
                Woke::Heir
            }
        };
        self.answer(at, Event::Woke(woke));
    }
}
