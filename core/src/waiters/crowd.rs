//! A crowd: those who follow one claim with the same patience, and the verdict that they share.

use alloc::sync::Arc;
use core::mem::replace;
use core::task::Waker;

use super::Waiter;
use super::seats::Seats;
use crate::kit::{Kit, Once};

/// What a crowd is told.
pub(super) enum Said<O> {
    Outcome {
        outcome: Arc<O>,
        began_after_me: bool,
    },
    Superseded,
}

/// Where a crowd hears it: written once, under the slot's lock, and read without one.
///
/// On a line of its own: all who are woken read it, and beside it they count how many still hold it.
#[repr(align(128))]
pub(super) struct Verdict<K: Kit, O: Send + Sync>(K::Once<Said<O>>);

impl<K: Kit, O: Send + Sync> Verdict<K, O> {
    #[inline]
    pub(super) fn said(&self) -> Option<&Said<O>> {
        self.0.get()
    }
}

pub(crate) struct Crowd<K: Kit, O: Send + Sync> {
    claim: u64,
    patient: bool,
    verdict: Arc<Verdict<K, O>>,
    seats: Seats<Waker>,
}

impl<K: Kit, O: Send + Sync> Crowd<K, O> {
    pub(super) fn new(claim: u64, patient: bool) -> Self {
        Self {
            claim,
            patient,
            verdict: Arc::new(Verdict(Once::new())),
            seats: Seats::new(),
        }
    }

    pub(super) const fn follows(&self, claim: u64) -> bool {
        self.claim == claim
    }

    pub(super) const fn is_patient(&self) -> bool {
        self.patient
    }

    /// Follows the creator that begins anew under `next`, after all of its calls did.
    pub(super) const fn follow(&mut self, next: u64) {
        (self.claim, self.patient) = (next, true);
    }

    /// Whether `waiter` sat down here. It may have been told since what concerns it alone.
    pub(super) fn has(&self, waiter: &Waiter<K, O>) -> bool {
        Arc::ptr_eq(&self.verdict, &waiter.verdict)
    }

    /// A seat for who holds `ticket`, higher than all before. It has no waker yet.
    pub(super) fn sit(&mut self, ticket: u64) -> Waiter<K, O> {
        self.seats.push(ticket, Waker::noop().clone());
        self.waiter(ticket)
    }

    fn waiter(&self, ticket: u64) -> Waiter<K, O> {
        let verdict = Arc::clone(&self.verdict);
        Waiter { ticket, verdict }
    }

    pub(super) fn seat(&mut self, ticket: u64) -> Option<&mut Waker> {
        self.seats.get_mut(ticket)
    }

    pub(super) fn claim_of(&self, ticket: u64) -> Option<u64> {
        self.seats.has(ticket).then_some(self.claim)
    }

    pub(super) fn leave(&mut self, ticket: u64) -> Option<Waker> {
        self.seats.remove(ticket)
    }

    pub(super) fn first(&self) -> Option<Waiter<K, O>> {
        Some(self.waiter(self.seats.first()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn tell(&self, outcome: &Arc<O>) {
        self.verdict.0.set(Said::Outcome {
            outcome: Arc::clone(outcome),
            began_after_me: self.patient,
        });
    }

    pub(super) fn send_back(&self) {
        self.verdict.0.set(Said::Superseded);
    }

    /// The wakers, which those who sit here leave anew.
    pub(super) fn nudge(&mut self) -> impl Iterator<Item = Waker> {
        let seats = self.seats.iter_mut();
        seats.map(|waker| replace(waker, Waker::noop().clone()))
    }

    /// The wakers of a crowd that was told.
    pub(crate) fn wakers(self) -> impl Iterator<Item = Waker> {
        self.seats.into_iter()
    }
}
