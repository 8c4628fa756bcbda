//! What must hold when a call answers, and in every state.

use dogpile_core::flow::{Ending, Origin, Trouble};

use super::parts::{Call, Ear, Grant, Letter, Phase, Stamp, Value};
use super::scene::Scene;
use super::state::State;
use super::witness::Witness;
use crate::hold;

impl Scene<'_> {
    /// A call answers.
    pub(crate) fn returns(&mut self, at: usize, ending: Ending) {
        let call = self.state.calls[at];
        self.saw(Witness::Answered);
        hold!(
            "nobody waits for more than two creations",
            call.waited <= 2,
            "{} creations",
            call.waited
        );
        if call.waited == 2 {
            self.saw(Witness::WaitedTwice);
        }
        if call.created && !call.cancelled {
            let kept = matches!(ending, Ending::Value(_))
                || ending == Ending::Trouble(Trouble::Creator)
                || ending == Ending::Trouble(Trouble::Panicked);
            hold!("a created value is not lost", kept, "{ending:?}");
        }
        if ending == Ending::Trouble(Trouble::Dropped) {
            self.saw(Witness::GiverDropped);
        }
        let Ending::Value(origin) = ending else {
            return;
        };
        if call.given && origin == Origin::Shared {
            self.saw(Witness::GiverServed);
        }
        if origin == Origin::Stale && self.machine.wish(call.flow).patient {
            self.saw(Witness::StaleAfterWait);
        }
        let value = match origin {
            Origin::Stale | Origin::StaleOnError | Origin::Kept => call.at_hand,
            Origin::Created | Origin::Declined | Origin::Superseded | Origin::NotStored => {
                call.made
            }
            _ => call.found,
        };
        hold!("an answer has a value", value.is_some(), "{origin:?}");
        match origin {
            Origin::Stale | Origin::StaleOnError => {
                self.saw(Witness::StaleServed);
                let may = self.config.stale && call.has_stale;
                hold!("a stale answer was allowed", may, "{call:?}");
            }
            Origin::Created => {
                hold!(
                    "a caller is told that its value is stored only when it is",
                    call.stored
                );
            }
            Origin::NotStored => self.saw(Witness::CreatedWithoutStore),
            Origin::Kept => self.saw(Witness::StoreFailureServed),
            _ => {}
        }
        self.is_new_enough(at, value, origin);
    }

    /// No answer is older than a write or an invalidation that had returned when the call began.
    fn is_new_enough(&mut self, at: usize, value: Value, origin: Origin) {
        let call = self.state.calls[at];
        if call.since > 0 {
            self.saw(Witness::AnswerAfterWrite);
        }
        hold!(
            "no call gets what was deleted before it began",
            value.born >= call.since,
            "{origin:?}: {value:?}, writes before the call: {}",
            call.since
        );
        if call.hard_since > 0 {
            self.saw(Witness::AnswerAfterHard);
        }
        hold!(
            "no call gets what was invalidated before it began",
            value.hard >= call.hard_since,
            "{origin:?}: {value:?}"
        );
    }

    /// What must hold in every state.
    pub(crate) fn in_every_state(&mut self) {
        let state = &self.state.clone();
        self.one_creator(state);
        for process in 0..2_u8 {
            if !state.processes[usize::from(process)].crashed {
                busy_is_held(state, process);
            }
        }
        if !self.config.expires {
            let lease = state.store.lease;
            hold!(
                "a lease that never runs out has a keeper",
                lease == 0 || is_kept(state, lease),
                "lease {lease}"
            );
        }
        if state.calls().all(Call::is_over) {
            self.saw(Witness::AllOver);
            let busy = state
                .processes
                .iter()
                .any(|process| process.table.is_some());
            hold!("when all is over nothing is busy", !busy, "{state:?}");
        }
    }

    fn one_creator(&mut self, state: &State) {
        let mut current = [0; 2];
        let mut entitled = 0;
        let mut working = 0;
        for at in state.indices() {
            let call = &state.calls[at];
            if call.phase != Phase::Creating && call.phase != Phase::Hung {
                continue;
            }
            working += 1;
            if self.is_current(at) {
                current[usize::from(call.process)] += 1;
            }
            // A write gives back the lease of the flight that it ends: that creator was superseded.
            let leased = call.lease != 0 && !call.voided;
            let stands = self.is_current(at) || call.lease == state.store.lease;
            entitled += usize::from(leased && stands);
        }
        if working > 1 {
            self.saw(Witness::CreatesBesideSuperseded);
        }
        hold!(
            "one creator in a process",
            current.iter().all(|count| *count <= 1),
            "{current:?}"
        );
        hold!("one creator among processes", entitled <= 1, "{entitled}");
    }
}

/// A word that is busy has somebody alive who will end it.
fn busy_is_held(state: &State, process: u8) {
    let flights = &state.processes[usize::from(process)].flights;
    for (at, flight) in (0_u8..).zip(flights) {
        if !flight.live || !flight.word().is_busy() {
            continue;
        }
        let held = state.calls().any(|call| {
            let here = call.process == process && call.flight == Some(at);
            let heir = call.seat.and_then(|seat| match seat.ear {
                Ear::Heir(claim) => Some(claim),
                _ => None,
            });
            here && [call.claim, heir]
                .into_iter()
                .flatten()
                .any(|claim| flight.is_held_by(claim))
        });
        hold!("a busy word has a holder", held, "{flight:?} of {process}");
    }
}

/// Whether somebody will give the lease back or use it up.
fn is_kept(state: &State, lease: Stamp) -> bool {
    let by_call = state
        .calls()
        .any(|call| call.lease == lease || call.phase == Phase::Granted(Grant::Won(lease)));
    let by_letter = state.letters.iter().flatten().any(|letter| match letter {
        Letter::Release(stamp) | Letter::Commit { stamp, .. } => *stamp == lease,
        Letter::Lease { .. } => false,
    });
    let by_flight = state.processes.iter().any(|process| {
        let busy = |flight: &&super::parts::Flight| flight.live && flight.word().is_busy();
        process
            .flights
            .iter()
            .filter(busy)
            .any(|flight| flight.lease == lease)
    });
    by_call || by_letter || by_flight
}
