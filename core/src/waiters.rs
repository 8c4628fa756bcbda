//! Those who wait for a creation: a list of seats, and an ear for each waiter.
//!
//! A waiter keeps its ear and the room keeps a second handle to it in a seat. Whoever ends the
//! creation takes the seats out of the room under the slot's lock and speaks into the ears after it
//! has let the lock go, so that 10,000 waiters never queue for one lock: each looks only into its
//! own ear. The ears of a crowd lie side by side, in pages, for they are spoken into one after
//! another. Nothing here blocks; threads and tasks alike are woken through [`Waker`]s.
//!
//! A seat follows one claim. Its waiter is *patient* when the creator that it follows began (or
//! will begin) after the waiter's own call did: what that creator brings is then new enough for
//! the waiter even if it is superseded meanwhile, so a patient waiter stays seated through a
//! delete, and nobody waits for more than two creations.

mod pages;
mod seats;
mod telling;

use alloc::vec::Vec;
use core::task::{Poll, Waker};

use crate::kit::{Kit, Lock};
use crate::state::Claim;
use crate::time::Time;
use pages::{Page, Pages};
use seats::Seats;
pub(crate) use seats::Taken;
pub(crate) use telling::{tell_each, wake_each};

/// What a waiter is told, once.
#[derive(Debug)]
pub enum Told<O> {
    /// The creation ended with this outcome.
    Outcome {
        /// What it brought.
        outcome: O,
        /// Whether its creator began after this waiter's call.
        began_after_me: bool,
    },
    /// The creator went away; this waiter is the creator now.
    Heir(Claim),
    /// The creation was superseded; it is not known what there is now.
    Superseded,
}

enum Heard<O> {
    /// Nothing yet.
    Listening(Option<Waker>),
    Told(Told<O>),
    /// Taken by the waiter, or the waiter is gone.
    Closed,
}

/// Where one waiter hears its outcome.
pub(crate) struct Ear<K: Kit, O: Send>(K::Lock<Heard<O>>);

impl<K: Kit, O: Send> Ear<K, O> {
    fn new() -> Self {
        Self(Lock::new(Heard::Listening(None)))
    }

    /// Says `told`; the waker that comes back is to be called outside of all locks, for it is
    /// somebody else's code.
    ///
    /// # Errors
    /// What nobody is there to hear any more.
    pub(crate) fn say(&self, told: Told<O>) -> Result<Option<Waker>, Told<O>> {
        self.0.with(|heard| match heard {
            Heard::Listening(waker) => {
                let waker = waker.take();
                *heard = Heard::Told(told);
                Ok(waker)
            }
            Heard::Told(_) | Heard::Closed => Err(told),
        })
    }

    /// The waker of one who hears nothing yet, to be woken without a word; it polls again and
    /// leaves its waker anew.
    pub(crate) fn nudge(&self) -> Option<Waker> {
        self.0.with(|heard| match heard {
            Heard::Listening(waker) => waker.take(),
            Heard::Told(_) | Heard::Closed => None,
        })
    }

    fn hear(&self, waker: &Waker) -> Poll<Told<O>> {
        // Cloned before and dropped after the lock is held: a waker is somebody else's code.
        let mine = waker.clone();
        let (answer, _spare) = self.0.with(|heard| match heard {
            Heard::Listening(Some(same)) if same.will_wake(&mine) => (Poll::Pending, Some(mine)),
            Heard::Listening(registered) => (Poll::Pending, registered.replace(mine)),
            Heard::Told(_) | Heard::Closed => {
                let told = match core::mem::replace(heard, Heard::Closed) {
                    Heard::Told(told) => told,
                    // Polled after it was told, which the drivers never do; a look decides.
                    Heard::Listening(_) | Heard::Closed => Told::Superseded,
                };
                (Poll::Ready(told), Some(mine))
            }
        });
        answer
    }

    /// What was said, if anything was, which ends the listening then.
    fn told(&self) -> Option<Told<O>> {
        self.0
            .with(|heard| match core::mem::replace(heard, Heard::Closed) {
                Heard::Told(told) => Some(told),
                nothing => {
                    *heard = nothing;
                    None
                }
            })
    }

    /// Ends the listening and gives back what was said and not heard.
    pub(crate) fn close(&self) -> Option<Told<O>> {
        let heard = self
            .0
            .with(|heard| core::mem::replace(heard, Heard::Closed));
        match heard {
            Heard::Told(told) => Some(told),
            Heard::Listening(_) | Heard::Closed => None,
        }
    }
}

/// One call that waits. Ends by being told, or by [`Slot::leave`](crate::slot::Slot::leave).
#[must_use = "a waiter that is dropped without leaving may swallow an inheritance"]
pub struct Waiter<K: Kit, O: Send> {
    pub(crate) ticket: u64,
    page: Page<K, O>,
}

impl<K: Kit, O: Send> Waiter<K, O> {
    pub(crate) fn ear(&self) -> &Ear<K, O> {
        self.page.ear(self.ticket)
    }

    /// What was said, or `Pending` with `waker` registered in place of the one before.
    pub fn poll(&self, waker: &Waker) -> Poll<Told<O>> {
        self.ear().hear(waker)
    }

    /// What was said, if anything was. Whoever was told nothing [polls](Self::poll), to leave its waker.
    pub fn told(&self) -> Option<Told<O>> {
        self.ear().told()
    }
}

pub(crate) struct Seat<K: Kit, O: Send> {
    claim: u64,
    pub(crate) patient: bool,
    /// As much of its ticket as its page asks for.
    place: u8,
    page: Page<K, O>,
}

impl<K: Kit, O: Send> Clone for Seat<K, O> {
    fn clone(&self) -> Self {
        Self {
            page: self.page.clone(),
            ..*self
        }
    }
}

impl<K: Kit, O: Send> Seat<K, O> {
    pub(crate) fn ear(&self) -> &Ear<K, O> {
        self.page.ear(self.place.into())
    }
}

/// The seats of one slot, and which creator has begun. Lives under the slot's lock.
pub struct Room<K: Kit, O: Send> {
    begun: Option<(u64, Time)>,
    tickets: u64,
    seats: Seats<Seat<K, O>>,
    pages: Pages<K, O>,
}

impl<K: Kit, O: Send> Room<K, O> {
    /// An empty room.
    pub const fn new() -> Self {
        Self {
            begun: None,
            tickets: 0,
            seats: Seats::new(),
            pages: Pages::new(),
        }
    }

    pub(crate) fn begin(&mut self, claim: u64, due: Time) {
        self.begun = Some((claim, due));
    }

    /// When the creator with `claim` is past its limit, if it has begun.
    pub(crate) fn due(&self, claim: u64) -> Option<Time> {
        self.begun
            .filter(|&(begun, _)| begun == claim)
            .map(|(_, due)| due)
    }

    pub(crate) fn sit(&mut self, claim: u64, has_waited: bool) -> Waiter<K, O> {
        let ticket = self.tickets;
        self.tickets += 1; // 584 years at one a nanosecond
        let page = self.pages.of(ticket, self.seats.len());
        let seat = Seat {
            claim,
            patient: has_waited || self.due(claim).is_none(),
            place: ticket.to_le_bytes()[0],
            page: page.clone(),
        };
        self.seats.push(ticket, seat);
        Waiter { ticket, page }
    }

    pub(crate) fn remove(&mut self, ticket: u64) -> Option<Seat<K, O>> {
        self.seats.remove(ticket)
    }

    pub(crate) fn claim_of(&self, ticket: u64) -> Option<u64> {
        self.seats.get(ticket).map(|seat| seat.claim)
    }

    /// Takes out the seats that follow `claim`.
    pub(crate) fn followers(&mut self, claim: u64) -> Taken<Seat<K, O>> {
        self.seats.take(|seat| seat.claim == claim)
    }

    /// Takes out the seats that follow `claim` and do not want its value once it is superseded.
    pub(crate) fn impatient(&mut self, claim: u64) -> Taken<Seat<K, O>> {
        self.seats.take(|seat| seat.claim == claim && !seat.patient)
    }

    /// Seats whose creation begins anew under `next` follow that; it begins after all their calls.
    pub(crate) fn succeed(&mut self, claim: u64, next: u64) {
        for seat in self.seats.iter_mut().filter(|seat| seat.claim == claim) {
            seat.claim = next;
            seat.patient = true;
        }
    }

    /// The first in line behind `claim`.
    pub(crate) fn first(&self, claim: u64) -> Option<u64> {
        let mut seats = self.seats.iter();
        seats
            .find(|(_, seat)| seat.claim == claim)
            .map(|(ticket, _)| ticket)
    }

    /// A copy of each seat.
    pub(crate) fn seats(&self) -> Vec<Seat<K, O>> {
        let seats = self.seats.iter();
        seats.map(|(_, seat)| seat.clone()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.seats.len()
    }
}

impl<K: Kit, O: Send> Default for Room<K, O> {
    fn default() -> Self {
        Self::new()
    }
}
