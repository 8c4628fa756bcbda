//! What an honest driver holds on its way through one call, and what it has seen.

mod may;

use dogpile_core::flow::{Action, Claimed, Committed, Created, Event, Leased, Looked, Wish, Woke};

use crate::mutant::rule;

/// The driver's hand.
#[allow(clippy::struct_excessive_bools)] // things that are held or not, each by itself
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hand {
    wish: Wish,
    /// This process's claim.
    claim: bool,
    /// The store's lease.
    lease: bool,
    /// A seat among a flight's waiters.
    seat: bool,
    /// What the last look at the store brought.
    looked: Option<Looked>,
    /// The second look found a fresh value.
    fresh_seen: bool,
    /// The store did not answer when asked for the lease, or the flight's creator says so.
    no_lease: bool,
    /// The store says that the creator is left alone.
    left_alone: bool,
    created: Option<Created>,
    committed: Option<Committed>,
    heard: Option<Woke>,
    /// How many values of others this call has waited for.
    values: u8,
    /// Whether a creation that is joined now began after this call did.
    patient: bool,
    cancelled: bool,
    /// Its creation was given to a runner.
    given: bool,
    /// No runner took it.
    handed_back: bool,
    /// It has none, and nobody else creates either.
    turn: bool,
    /// How often its claim was superseded before it had the lease.
    orphaned: u8,
    /// The last answer to it was that.
    is_orphan: bool,
}

impl Hand {
    /// Nothing.
    pub(crate) fn empty(wish: Wish) -> Self {
        Self {
            wish,
            claim: false,
            lease: false,
            seat: false,
            looked: None,
            fresh_seen: false,
            no_lease: false,
            left_alone: false,
            created: None,
            committed: None,
            heard: None,
            values: 0,
            patient: false,
            cancelled: false,
            given: false,
            handed_back: false,
            turn: false,
            orphaned: 0,
            is_orphan: false,
        }
    }

    /// The claim, and a copy of the stale value, of a call that went ahead with it.
    pub(crate) fn of_runner(wish: Wish) -> Self {
        let wish = Wish {
            owned: false,
            patient: false,
            detached: false,
            ..wish
        };
        Self {
            claim: true,
            looked: Some(Looked::Stale),
            ..Self::empty(wish)
        }
    }

    /// The claim, and the lease where the store gave one, of a call whose creator is to begin.
    pub(crate) fn of_creation(store_failed: bool) -> Self {
        Self {
            claim: true,
            lease: !store_failed,
            no_lease: store_failed,
            ..Self::empty(Wish::default())
        }
    }

    /// The claim of one that comes too late to rely on the lease.
    pub(crate) fn of_late_creation(wish: Wish) -> Self {
        Self {
            claim: true,
            ..Self::empty(wish)
        }
    }

    /// What its call wants.
    pub(crate) fn wish(&self) -> Wish {
        self.wish
    }

    /// Whether its creation was given to a runner.
    pub(crate) fn has_given(&self) -> bool {
        self.given
    }

    /// Whether a value is at hand that may be served.
    pub(crate) fn has_stale(&self) -> bool {
        matches!(self.looked, Some(Looked::Stale | Looked::Due))
    }

    /// Whether it waits for the next value although one is at hand.
    pub(crate) fn is_soft(&self) -> bool {
        self.looked == Some(Looked::Stale) && self.wish.patient
    }

    /// What the driver may hold when `event` has come of `action`; nothing where an honest driver
    /// cannot give that answer.
    pub(crate) fn after(self, action: Action, event: Event) -> Vec<Self> {
        let mut next = self;
        match (action, event) {
            (_, Event::Cancelled) if self.cancelled => return Vec::new(),
            (_, Event::Cancelled) => return self.cancelled_in(action),
            (_, Event::Looked(looked)) => {
                next.looked = Some(looked);
                next.is_orphan = false;
                next.no_lease = false;
            }
            (
                Action::Claim { supersede: true },
                Event::Claimed(Claimed::Joined | Claimed::Changed),
            )
            | (
                Action::Lease { supersede: true },
                Event::Leased(Leased::Lost | Leased::BackingOff | Leased::Superseded),
            ) => {
                return Vec::new();
            }
            (_, Event::Claimed(claimed)) => {
                next.claim = claimed == Claimed::Won;
                next.turn |= next.given && next.claim;
            }
            (Action::Detach { creation: true }, Event::Detached(true)) => {
                (next.claim, next.lease) = (false, false);
                // It sat down before the creator began.
                (next.given, next.seat, next.patient) = (true, true, true);
            }
            (_, Event::Detached(taken)) => {
                next.claim = !taken;
                next.lease &= !taken;
                next.handed_back = !taken;
            }
            (_, Event::Leased(leased)) => {
                next.lease = matches!(leased, Leased::Won { .. } | Leased::Superseded);
                next.fresh_seen = leased == Leased::Won { fresh_seen: true };
                next.no_lease = leased == Leased::Failed;
                next.left_alone = leased == Leased::BackingOff;
                next.turn |= next.given && next.lease && !next.fresh_seen;
                next.is_orphan = leased == Leased::Superseded;
                next.orphaned += u8::from(next.is_orphan);
            }
            (_, Event::Created(created)) => next.created = Some(created),
            (_, Event::Committed(committed)) => {
                next.committed = Some(committed);
                // Nobody knows what a store that did not answer has done.
                next.lease = committed == Committed::Failed;
            }
            (_, Event::Outdated) if self.has_stale() => next.looked = Some(Looked::Miss),
            (_, Event::Outdated) => {}
            (Action::Leave, Event::Done) => next.seat = false,
            (_, Event::Done) => (next.claim, next.lease) = (false, false),
            (Action::Wait { delegate }, Event::Woke(woke)) => {
                return self.woken(delegate, woke).into_iter().collect();
            }
            (_, Event::Woke(_)) => unreachable!("answers nothing but a wait"),
        }
        vec![next]
    }

    fn woken(self, delegate: bool, woke: Woke) -> Option<Self> {
        let mut next = self;
        next.heard = Some(woke);
        if delegate {
            return Some(next);
        }
        match woke {
            Woke::Value { began_after_me, .. } => {
                if self.patient && !began_after_me && rule("who has waited is patient") {
                    return None;
                }
                next.values += 1;
                next.seat = false;
            }
            Woke::StoreFailed => (next.seat, next.no_lease) = (false, true),
            Woke::Heir => {
                (next.seat, next.claim) = (false, true);
                next.turn |= next.given;
            }
            Woke::BackingOff => (next.seat, next.left_alone) = (false, true),
            Woke::Error | Woke::Superseded => next.seat = false,
            // Nothing was said: the seat is still taken.
            Woke::LookAgain | Woke::LeaseTimer | Woke::Deadline | Woke::Cycle => {}
        }
        Some(next)
    }

    /// Cut off in the middle of `action`: it may have been carried out or not.
    fn cancelled_in(self, action: Action) -> Vec<Self> {
        let before = Self {
            cancelled: true,
            ..self
        };
        match action {
            Action::Release(_) | Action::HandOver => {
                let after = Self {
                    claim: false,
                    lease: false,
                    ..before
                };
                vec![before, after]
            }
            Action::Leave => {
                let after = Self {
                    seat: false,
                    ..before
                };
                vec![before, after]
            }
            Action::Lease { .. } => {
                let leased = Self {
                    lease: true,
                    ..before
                };
                vec![before, leased]
            }
            _ => vec![before],
        }
    }
}
