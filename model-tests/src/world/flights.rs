//! The flights of a process, as `src/flight/table.rs` makes them, and what a slot promises
//! (`core/src/slot.rs`): the word goes by the production table, the seats are kept by those who sit.
//! The interleavings inside a slot are loom's affair; here each of its operations is one step.

use dogpile_core::state::{Request, Snapshot, Step};

use super::config::Strict;
use super::parts::{Ear, Flight, Seat, Stamp, Value};
use super::scene::Scene;
use super::witness::Witness;
use crate::{hold, mutant};

/// How a creation ends for those who wait for it.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Value { value: Value, committed: bool },
    Error,
    StoreFailed,
}

/// What became of an abandoned claim.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abandoned {
    Inherited,
    Ended,
    Superseded,
}

impl Scene<'_> {
    pub(crate) fn flight(&mut self, process: u8, flight: u8) -> &mut Flight {
        &mut self.state.processes[usize::from(process)].flights[usize::from(flight)]
    }

    fn born_claimed(&mut self, process: u8) -> (u8, u8) {
        let of = &mut self.state.processes[usize::from(process)];
        let free = of.flights.iter().position(|flight| !flight.live);
        let Some(at) = free else {
            panic!("the model has no room for another flight")
        };
        of.flights[at] = Flight {
            live: true,
            ..Flight::default()
        };
        let at = u8::try_from(at).unwrap_or(u8::MAX);
        let claim = self.turn_word(process, at, Request::Claim { seen: 0 });
        let Some(word) = claim else {
            panic!("a word that nobody else has seen is vacant")
        };
        (at, number(word))
    }

    /// Changes the word by the table; `None` where it says no.
    fn turn_word(&mut self, process: u8, flight: u8, request: Request) -> Option<Snapshot> {
        let flight = self.flight(process, flight);
        match mutant::step(flight.word(), request) {
            Step::To(next) => {
                flight.put(next);
                Some(next)
            }
            Step::Never(why) => panic!("{request:?} on {:?}: {why}", flight.word()),
            Step::Joined | Step::Changed | Step::Superseded => None,
        }
    }

    /// Asks who creates; the claim, where it is the caller.
    /// `relieves`: the caller has a creator to take an overdue one's place with.
    pub(crate) fn board(
        &mut self,
        process: u8,
        supersede: bool,
        relieves: bool,
    ) -> (u8, Option<u8>) {
        let table = self.state.processes[usize::from(process)].table;
        let there = table.filter(|at| self.flight(process, *at).word().is_busy());
        if let (Some(at), false) = (there, supersede) {
            let flight = *self.flight(process, at);
            let current = number(flight.word());
            if relieves && flight.overdue && flight.begun == Some(current) {
                let claim = self.succeed(process, at, Request::TakeOver(current.into()));
                self.saw(Witness::Relieved);
                return (at, claim);
            }
            if self.rules.joins {
                self.saw(Witness::Joined);
                return (at, None);
            }
        }
        let (at, claim) = self.born_claimed(process);
        self.state.processes[usize::from(process)].table = Some(at);
        if let (Some(old), true) = (there, supersede) {
            self.supersede(process, old, None);
        }
        (at, Some(claim))
    }

    /// The creator begins, and has its limit before it.
    pub(crate) fn begin(&mut self, process: u8, at: u8, claim: u8) {
        let strict = self.config.strict == Strict::Third;
        let flight = self.flight(process, at);
        if flight.is_held_by(claim) {
            flight.begun = Some(claim);
            flight.overdue = false;
        } else if !strict {
            return;
        }
        for call in &mut self.state.calls {
            if call.follows(process, at, claim)
                && let Some(seat) = &mut call.seat
            {
                seat.ran = true;
            }
        }
    }

    /// Takes a seat; `None` where nobody creates.
    pub(crate) fn sit(&mut self, process: u8, at: u8, has_waited: bool) -> Option<Seat> {
        let looks_again = self.rules.seat_looks_again;
        let flight = self.flight(process, at);
        let (word, claim) = (flight.word(), number(flight.word()));
        if !word.is_busy() && looks_again {
            return None;
        }
        let begun = flight.begun == Some(claim);
        Some(Seat {
            claim,
            patient: has_waited || !begun,
            ear: Ear::Silent,
            ran: begun,
        })
    }

    /// Ends the creation and tells those who follow it; whether the claim still held.
    pub(crate) fn end_flight(
        &mut self,
        process: u8,
        at: u8,
        request: Request,
        claim: u8,
        outcome: Outcome,
    ) -> bool {
        let held = self.flight(process, at).is_held_by(claim);
        let ended = self.turn_word(process, at, request).is_some();
        hold!(
            "only the claim at work ends a flight",
            ended == held,
            "claim {claim}"
        );
        self.tell_all(process, at, claim, outcome);
        if ended {
            self.forget_flight(process, at);
        } else {
            self.saw(Witness::LateSettle);
        }
        ended
    }

    fn forget_flight(&mut self, process: u8, at: u8) {
        let table = &mut self.state.processes[usize::from(process)].table;
        if *table == Some(at) {
            *table = None;
        }
    }

    fn tell_all(&mut self, process: u8, at: u8, claim: u8, outcome: Outcome) {
        let (tells, failed) = match outcome {
            Outcome::Value { .. } => (self.rules.tells_value, false),
            Outcome::Error | Outcome::StoreFailed => (self.rules.tells_failure, true),
        };
        if tells {
            for call in self.followers(process, at, claim) {
                let patient = self.state.calls[call].seat.is_some_and(|seat| seat.patient);
                let ear = match outcome {
                    Outcome::Value { value, committed } => Ear::Value {
                        value,
                        committed,
                        began_after_me: patient,
                    },
                    Outcome::Error => Ear::Error,
                    Outcome::StoreFailed => Ear::StoreFailed,
                };
                self.tell(call, ear);
                self.saw(if failed {
                    Witness::WaiterToldFailure
                } else {
                    Witness::WaiterTold
                });
            }
        }
        let told = self.followers(process, at, claim).is_empty();
        hold!(
            "whatever ends a creation reaches those who wait for it",
            told,
            "claim {claim}"
        );
    }

    pub(crate) fn followers(&self, process: u8, at: u8, claim: u8) -> Vec<usize> {
        let follows = |call: &usize| self.state.calls[*call].follows(process, at, claim);
        self.state.indices().filter(follows).collect()
    }

    fn tell(&mut self, call: usize, ear: Ear) {
        let Some(seat) = &mut self.state.calls[call].seat else {
            return;
        };
        let silent = seat.ear == Ear::Silent;
        hold!(
            "a waiter is told once",
            silent,
            "{:?}, then {ear:?}",
            seat.ear
        );
        seat.ear = ear;
    }

    /// Gives the claim to `heir`, or ends the creation where nobody sits.
    pub(crate) fn abandon(
        &mut self,
        process: u8,
        at: u8,
        claim: u8,
        heir: Option<usize>,
    ) -> Abandoned {
        let Some(heir) = heir.filter(|_| self.rules.names_heir) else {
            if self
                .turn_word(process, at, Request::Abandon(claim.into()))
                .is_some()
            {
                self.forget_flight(process, at);
                return Abandoned::Ended;
            }
            self.tell_superseded(process, at, claim, true);
            return Abandoned::Superseded;
        };
        let Some(next) = self.succeed(process, at, Request::HandOver(claim.into())) else {
            self.tell_superseded(process, at, claim, true);
            return Abandoned::Superseded;
        };
        self.tell(heir, Ear::Heir(next));
        self.saw(Witness::HeirNamed);
        Abandoned::Inherited
    }

    /// The creation goes on under a new claim, which those who followed the old one follow.
    pub(crate) fn succeed(&mut self, process: u8, at: u8, request: Request) -> Option<u8> {
        let old = number(self.flight(process, at).word());
        let next = number(self.turn_word(process, at, request)?);
        for call in self.followers(process, at, old) {
            if let Some(seat) = &mut self.state.calls[call].seat {
                seat.claim = next;
                seat.patient = true;
                seat.ran = false;
            }
        }
        Some(next)
    }

    fn tell_superseded(&mut self, process: u8, at: u8, claim: u8, all: bool) {
        for call in self.followers(process, at, claim) {
            let patient = self.state.calls[call].seat.is_some_and(|seat| seat.patient);
            if patient && !all && self.rules.patient_stay {
                self.saw(Witness::PatientStays);
                continue;
            }
            if self.rules.tells_superseded {
                self.tell(call, Ear::Superseded);
                self.saw(Witness::WaiterToldSuperseded);
            }
        }
    }

    /// Supersedes what goes on in a flight: everybody is told `outcome`, or the impatient that they
    /// look again.
    pub(crate) fn supersede(&mut self, process: u8, at: u8, outcome: Option<Outcome>) {
        let request = if outcome.is_some() {
            Request::Set
        } else {
            Request::Delete
        };
        let before = self.flight(process, at).word();
        let after = self.turn_word(process, at, request);
        if before.is_busy() && after.is_some_and(|word| !word.is_busy()) {
            match outcome {
                Some(outcome) => self.tell_all(process, at, number(before), outcome),
                None => self.supersedes_silently(process, at, number(before)),
            }
        }
    }

    /// The impatient are told; what the others follow began, or begins, after they called.
    fn supersedes_silently(&mut self, process: u8, at: u8, claim: u8) {
        let patient = |scene: &Self| {
            let seats = scene.followers(process, at, claim).into_iter();
            let calls = seats.filter_map(|call| scene.state.calls[call].seat);
            calls.filter(|seat| seat.patient).count()
        };
        let before = patient(self);
        self.tell_superseded(process, at, claim, false);
        hold!(
            "who called before the creator began keeps waiting for it",
            patient(self) == before,
            "claim {claim}"
        );
    }

    /// Ends the flight of a process after a write from outside; the lease that its creator left.
    pub(crate) fn detach(&mut self, process: u8, outcome: Option<Outcome>) -> Option<Stamp> {
        if !self.rules.delete_detaches {
            return None;
        }
        let at = self.state.processes[usize::from(process)].table.take()?;
        self.supersede(process, at, outcome);
        let lease = self.flight(process, at).lease;
        (lease != 0).then_some(lease)
    }
}

/// The claim number of a word.
pub(crate) fn number(word: Snapshot) -> u8 {
    let Ok(number) = word.claim().try_into() else {
        unreachable!("a walk is far shorter than 256 claims")
    };
    number
}
