//! What a call holds of a flight and of a store, and how it gives it back (law 6).

use std::sync::Arc;

use dogpile_backend::{Lease, Time};
use dogpile_core::slot::{Abandoned, End};
use dogpile_core::state::Claim;

use super::subject::Subject;
use crate::chores;
use crate::flight::{Boarding, Flight, Opened, Outcome, Seat, leases};

/// A claim, a seat, a lease. Its call gives back what is left when it is dropped.
pub(super) struct Hold<V: Clone + Send + Sync + 'static> {
    flight: Option<Arc<Flight<V>>>,
    claim: Option<Claim>,
    seat: Option<Seat<V>>,
    lease: Option<Box<Lease>>,
}

/// All that a follower holds.
pub(super) struct Followed<V: Clone + Send + Sync + 'static> {
    pub(super) flight: Arc<Flight<V>>,
    pub(super) seat: Seat<V>,
}

impl<V: Clone + Send + Sync + 'static> Hold<V> {
    pub(super) const fn nothing() -> Self {
        Self {
            flight: None,
            claim: None,
            seat: None,
            lease: None,
        }
    }

    pub(super) fn following(followed: Followed<V>) -> Self {
        Self {
            flight: Some(followed.flight),
            seat: Some(followed.seat),
            ..Self::nothing()
        }
    }

    /// What a follower holds, who holds nothing any more then; `None` for others.
    pub(super) fn take_followed(&mut self) -> Option<Followed<V>> {
        if self.claim.is_some() || self.lease.is_some() {
            return None;
        }
        match (self.flight.take(), self.seat.take()) {
            (Some(flight), Some(seat)) => Some(Followed { flight, seat }),
            (flight, seat) => {
                (self.flight, self.seat) = (flight, seat);
                None
            }
        }
    }

    pub(super) fn flight(&self) -> Option<&Arc<Flight<V>>> {
        self.flight.as_ref()
    }

    pub(super) fn lease(&self) -> Option<&Lease> {
        self.lease.as_deref()
    }

    /// Asks who creates; `true` when it is this call.
    pub(super) fn board(&mut self, subject: &Subject<'_, V>, supersede: bool, now: Time) -> bool {
        let (flights, key) = (&subject.opened().flights, subject.key());
        let boarding = if supersede {
            flights.supersede(key)
        } else {
            flights.board(key, now)
        };
        let (flight, claim) = match boarding {
            Boarding::Won(flight, claim) => (flight, Some(claim)),
            Boarding::Joined(flight) => (flight, None),
        };
        self.claim = claim;
        self.flight = Some(flight);
        self.claim.is_some()
    }

    /// Takes the seat in the flight that was joined. `None`: the flight has ended.
    pub(super) fn seat(&mut self, has_waited: bool) -> Option<(&Arc<Flight<V>>, &Seat<V>)> {
        let flight = self.flight.as_ref()?;
        if self.seat.is_none() {
            self.seat = flight.slot.join(has_waited);
        }
        Some((flight, self.seat.as_ref()?))
    }

    pub(super) fn seated(&self) -> Option<&Seat<V>> {
        self.seat.as_ref()
    }

    /// The seat is no longer taken: its waiter, which comes back, was told, or relieved the creator.
    pub(super) fn rise(&mut self, inherited: Option<Claim>) -> Option<Seat<V>> {
        self.claim = inherited;
        self.seat.take()
    }

    /// Takes a seat beside its own creator, which is to begin, and gives away all else. `None`, and
    /// nothing is given away, where the claim was superseded: no seat is to be had there.
    pub(super) fn give(&mut self, has_waited: bool) -> Option<Self> {
        let flight = self.flight.as_ref().filter(|_| self.is_current())?;
        // Whoever supersedes the claim now ends the word, so a seat that is given follows this claim.
        self.seat = Some(flight.slot.join(has_waited)?);
        Some(Self {
            flight: Some(Arc::clone(flight)),
            claim: self.claim.take(),
            seat: None,
            lease: self.lease.take(),
        })
    }

    /// Has again what it gave away, and no seat.
    pub(super) fn take_back(&mut self, subject: &Subject<'_, V>, given: &mut Self) {
        self.leave(subject);
        *self = std::mem::replace(given, Self::nothing());
    }

    /// Makes the lease that the creator before this one left its own. One whose place was taken has none
    /// to inherit: what is recorded then is its successor's.
    pub(super) fn inherit_lease(&mut self) -> Option<Lease> {
        if self.lease.is_none() {
            let left = self.flight.as_ref().and_then(|left| left.inherited_lease());
            self.lease = left.filter(|_| self.is_current()).map(Box::new);
        }
        self.lease().cloned()
    }

    /// What nobody would give back once the flight has ended. The record is read before the claim:
    /// while the claim stands, nobody else's lease can have come there.
    pub(super) fn lease_at_the_end(&self) -> Option<Lease> {
        if let Some(own) = self.lease() {
            return Some(own.clone());
        }
        let left = self.flight.as_ref()?.inherited_lease();
        left.filter(|_| self.is_current())
    }

    pub(super) fn take_lease(&mut self, lease: Lease) {
        if let Some(flight) = &self.flight {
            flight.record_lease(lease.clone());
        }
        self.lease = Some(Box::new(lease));
    }

    /// The lease is used up, or was never given.
    pub(super) fn lose_lease(&mut self) {
        if let (Some(lease), Some(flight)) = (self.lease.take(), &self.flight) {
            flight.forget_lease(&lease);
        }
    }

    /// Whether a creation that was given away is for anybody still: nobody took its place, or somebody waits
    /// for it all the same.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_current()
            || match (&self.flight, &self.claim) {
                (Some(flight), Some(claim)) => flight.slot.is_followed(claim),
                _ => false,
            }
    }

    /// Whether the claim still stands.
    pub(super) fn is_current(&self) -> bool {
        match (&self.flight, &self.claim) {
            (Some(flight), Some(claim)) => flight.slot.look().is_held_by(claim.number()),
            _ => false,
        }
    }

    /// Whether the key was set or deleted in this process since the creation began that this call carries out
    /// or waits for, and nobody has told it yet.
    pub(super) fn was_written(&self) -> bool {
        match (&self.flight, &self.seat, &self.claim) {
            (Some(flight), Some(seat), _) => flight.slot.is_orphan(seat),
            (Some(flight), None, Some(_)) => !flight.slot.look().is_busy(),
            _ => false,
        }
    }

    /// This creation is at work from now on, and has until `due`.
    pub(super) fn begin(&self, creation: u64, due: Time) {
        if let (Some(flight), Some(claim)) = (&self.flight, &self.claim)
            && flight.slot.begin(claim, due)
        {
            flight.begin_creation(creation);
        }
    }

    /// Ends the flight: its waiters are told `outcome`.
    pub(super) fn settle(&mut self, subject: &Subject<'_, V>, end: End, outcome: Outcome<V>) {
        let (Some(flight), Some(claim)) = (self.flight.take(), self.claim.take()) else {
            return;
        };
        let settled = flight.slot.settle(claim, end, &Arc::new(outcome), || ());
        // Superseded: those who still follow have been told all the same, but the flight may go on
        // with whoever took this creator's place.
        if settled.is_ok() {
            subject.opened().flights.remove(subject.key(), &flight);
        }
    }

    /// Gives claim and lease to a waiter, or frees both where nobody waits.
    pub(super) fn hand_over(&mut self, subject: &Subject<'_, V>) {
        if self.seat.is_some() {
            // It gave the claim away, and was cut off before it knew to whom.
            self.leave(subject);
        }
        let flight = self.flight.take();
        if let (Some(flight), Some(claim)) = (&flight, self.claim.take()) {
            let what_became = flight.slot.abandon(claim);
            self.forsake(subject, flight, what_became);
        }
        self.lease = None;
    }

    /// Leaves the seat; an inheritance that was not heard of goes on.
    pub(super) fn leave(&mut self, subject: &Subject<'_, V>) {
        if let (Some(flight), Some(seat)) = (self.flight.take(), self.seat.take())
            && let Some(what_became) = flight.slot.leave(seat)
        {
            self.forsake(subject, &flight, what_became);
        }
    }

    /// Where nobody goes on with the flight, it is taken out and its lease given back. A lease of
    /// our own is given back also when somebody superseded us: it may be void, or may not.
    fn forsake(
        &mut self,
        subject: &Subject<'_, V>,
        flight: &Arc<Flight<V>>,
        what_became: Abandoned,
    ) {
        let lease = match what_became {
            Abandoned::Inherited => None,
            Abandoned::Superseded => self.lease.take().map(|lease| *lease),
            Abandoned::Ended => {
                subject.opened().flights.remove(subject.key(), flight);
                let own = self.lease.take().map(|lease| *lease);
                own.or_else(|| flight.inherited_lease())
            }
        };
        if let Some(lease) = lease {
            give_back(subject.opened(), subject.key(), lease);
        }
    }
}

/// Gives a lease back without waiting: at once where the store answers at once, else by the keeper.
pub(super) fn give_back<V: Send + Sync + 'static>(
    opened: &Arc<Opened<V>>,
    key: &[u8],
    lease: Lease,
) {
    if opened.store.blocks() {
        release_later(opened, key, lease);
        return;
    }
    let pending = {
        let reply = leases(&*opened.store).release(key, &lease, false);
        !reply.is_ready()
    };
    if pending {
        release_later(opened, key, lease);
    }
}

/// A store that answers late must keep nobody waiting.
fn release_later<V: Send + Sync + 'static>(opened: &Arc<Opened<V>>, key: &[u8], lease: Lease) {
    let (opened, key): (_, Box<[u8]>) = (Arc::clone(opened), key.into());
    chores::run(async move {
        // Nobody is there to be told of a failure; the lease then runs out by itself.
        let _ = leases(opened.for_tasks())
            .release(&key, &lease, false)
            .await;
    });
}
