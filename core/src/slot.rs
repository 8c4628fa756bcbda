//! The word at work: who creates, who waits, who is told what.
//!
//! Reading and claiming touch only the word: a reader with a value it may use never meets a lock.
//! Whatever ends a creation changes the word under the lock of the [`Room`], because the same step
//! must decide who is told; a waiter sits down under that lock, after another look at the word.
//! So either the waiter sees that the creation has ended, or the one who ends it sees the waiter.
//!
//! Orderings, by label:
//!
//! | label | ordering | partner | what becomes visible |
//! |---|---|---|---|
//! | LOOK | Acquire | END, SUPERSEDE | the value cell as the publisher or setter left it |
//! | CLAIM | Acquire | END, SUPERSEDE | to a creator, all that the creator before it did |
//! | END | Release | LOOK, CLAIM | the value cell, and the creator's own writes |
//! | SUPERSEDE | Release | LOOK, CLAIM | the value cell as `set` or `delete` left it |
//! | SEIZE | Relaxed | none | under the lock, as RECHECK; it ends nothing, so it publishes nothing |
//! | RECHECK | Relaxed | none | under the lock, which orders it after whatever ended a creation |
//! | HINT | Relaxed | none | only whether to look under the lock |

mod answers;
pub(crate) mod order;

pub use answers::{Abandoned, Change, Claimed, End, Relief, Superseded};

use core::task::Waker;

use crate::kit::{Fault, Kit, Lock, Word};
use crate::state::{Claim, Request, Snapshot, Step};
use crate::time::Time;
use crate::waiters::{Room, Seat, Taken, Told, Waiter, tell_each, wake_each};

/// One value's lock: the word and the room of those who wait. `O` is what a creation brings to
/// its waiters, cloned for each.
pub struct Slot<K: Kit, O: Send> {
    word: K::Word,
    due: K::Word,
    room: K::Lock<Room<K, O>>,
}

/// What became of an abandoned claim, with those who are to be told so.
enum Bequest<K: Kit, O: Send> {
    Inherited(Option<Waker>),
    Ended,
    Superseded(Taken<Seat<K, O>>),
}

// Claims and waiters are passed by value because the call uses them up.
#[allow(clippy::needless_pass_by_value)]
impl<K: Kit, O: Send + Clone> Slot<K, O> {
    /// A slot of these parts: the word at [`Snapshot::VACANT`] or another start, a second word at
    /// zero, an empty room.
    pub const fn from_parts(word: K::Word, due: K::Word, room: K::Lock<Room<K, O>>) -> Self {
        Self { word, due, room }
    }

    /// The word as it is.
    #[inline]
    pub fn look(&self) -> Snapshot {
        Snapshot::from_bits(self.word.load(order::LOOK))
    }

    /// Asks to be the creator, by a caller that saw `seen`. Lock-free: it fails only when another
    /// succeeds.
    pub fn claim(&self, seen: Snapshot) -> Claimed {
        let request = Request::Claim { seen: seen.claim() };
        let mut now = seen;
        loop {
            match K::step(now, request) {
                Step::To(next) => match self.exchange(now, next, order::CLAIM) {
                    Ok(()) => return Claimed::Won(Claim::of(next)),
                    Err(other) => now = other,
                },
                Step::Joined => return Claimed::Joined,
                _ => return Claimed::Changed,
            }
        }
    }

    /// The creator begins now and has until `due`. Who waits already, and who comes before this,
    /// knows that the creator began after its own call. Does nothing and says `false` when the claim
    /// was superseded meanwhile: the creator at work now keeps its own time.
    pub fn begin(&self, claim: &Claim, due: Time) -> bool {
        self.room.with(|room| {
            let current = self.recheck().is_held_by(claim.number());
            if current {
                room.begin(claim.number(), due);
                self.due_hint(due);
            }
            current
        })
    }

    /// Sits down to wait for the creation that is under way. `has_waited` says that this call has
    /// waited for an earlier one. `None`: nobody creates; look again.
    pub fn join(&self, has_waited: bool) -> Option<Waiter<K, O>> {
        self.room.with(|room| {
            let now = self.recheck();
            now.is_busy().then(|| room.sit(now.claim(), has_waited))
        })
    }

    /// Ends the creation: `place` puts the value where readers find it, then the word changes, then
    /// those who follow the claim are told `outcome`.
    ///
    /// `place` runs under the slot's lock and must not run anybody else's code; what it returns is
    /// given back for the caller to drop.
    ///
    /// # Errors
    /// [`Superseded`] when the claim no longer holds: nothing was placed. Those who follow it
    /// still (they called before its creator began) have been told `outcome`.
    pub fn settle<G>(
        &self,
        claim: Claim,
        end: End,
        outcome: &O,
        place: impl FnOnce() -> G,
    ) -> Result<G, Superseded> {
        let number = claim.number();
        let request = match end {
            End::Publish => Request::Publish(number),
            End::Deliver => Request::Deliver(number),
            End::Fail => Request::Fail(number),
        };
        let (placed, seats) = self.room.with(|room| {
            let placed = self.end(request, place);
            (placed, room.followers(number))
        });
        tell_all::<K, O>(seats, outcome);
        placed
    }

    /// Gives the claim to the first in line, or ends the creation with nothing where nobody waits.
    /// Those who follow a superseded claim look again.
    pub fn abandon(&self, claim: Claim) -> Abandoned {
        match self.room.with(|room| self.bequeath(room, claim.number())) {
            Bequest::Inherited(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                Abandoned::Inherited
            }
            Bequest::Ended => Abandoned::Ended,
            Bequest::Superseded(orphans) => {
                tell_each(orphans, |_| Told::Superseded);
                Abandoned::Superseded
            }
        }
    }

    fn bequeath(&self, room: &mut Room<K, O>, number: u64) -> Bequest<K, O> {
        let Some(heir) = room.first(number) else {
            return match self.end(Request::Abandon(number), || ()) {
                Ok(()) => Bequest::Ended,
                Err(Superseded) => Bequest::Superseded(Taken::none()),
            };
        };
        let Ok(next) = self.succeed(room, Request::HandOver(number)) else {
            return Bequest::Superseded(room.followers(number));
        };
        // Said under the lock: who leaves takes the lock first, so it either still has its seat or
        // has heard, and passes the claim on. An ear is closed only after its seat is gone, so
        // this one listens.
        let said = room
            .remove(heir)
            .map(|seat| seat.ear().say(Told::Heir(next)));
        Bequest::Inherited(said.and_then(Result::ok).flatten())
    }

    /// Stops waiting. If this waiter has inherited meanwhile, the claim is abandoned in turn, and
    /// the answer says what became of it.
    pub fn leave(&self, waiter: Waiter<K, O>) -> Option<Abandoned> {
        self.room.with(|room| room.remove(waiter.ticket));
        match waiter.ear().close() {
            Some(Told::Heir(claim)) => Some(self.abandon(claim)),
            Some(Told::Outcome { .. } | Told::Superseded) | None => None,
        }
    }

    /// Asks to take the creator's place because its time is up; see [`Relief`].
    pub fn relieve(&self, waiter: &Waiter<K, O>, now: Time) -> Relief {
        self.room.with(|room| {
            let Some(claim) = room.claim_of(waiter.ticket) else {
                return Relief::Told;
            };
            match room.due(claim) {
                Some(due) if now < due => return Relief::NotYet(due),
                // Else all who lose their patience at once would take each other's place.
                None if self.recheck().is_held_by(claim) => return Relief::NotBegun,
                _ => {}
            }
            room.remove(waiter.ticket);
            match self.succeed(room, Request::TakeOver(claim)) {
                Ok(next) => Relief::Heir(next),
                Err(Superseded) => Relief::Superseded,
            }
        })
    }

    /// Takes an overdue creator's place, by a caller that does not wait. `None` while nobody is
    /// overdue; that is found out without a lock.
    pub fn take_over(&self, now: Time) -> Option<Claim> {
        if now.as_nanos() < self.due.load(order::HINT) {
            return None;
        }
        self.room.with(|room| {
            let claim = self.recheck().claim();
            if room.due(claim).is_none_or(|due| now < due) {
                return None;
            }
            self.succeed(room, Request::TakeOver(claim)).ok()
        })
    }

    /// Makes the caller the creator whatever goes on (`refresh`). Who waits already follows it.
    pub fn seize(&self) -> Claim {
        self.room.with(|room| {
            loop {
                let now = self.recheck();
                let busy = now.is_busy();
                let request = if busy {
                    Request::TakeOver(now.claim())
                } else {
                    Request::Claim { seen: now.claim() }
                };
                let Step::To(next) = K::step(now, request) else {
                    continue;
                };
                if self.exchange(now, next, order::SEIZE).is_ok() {
                    room.succeed(now.claim(), next.claim());
                    return Claim::of(next);
                }
            }
        })
    }

    /// Supersedes whatever goes on. `place` changes what readers find, as in
    /// [`settle`](Self::settle). With an outcome everybody is told that; without one the impatient
    /// look again, and the patient stay with the creator they follow.
    pub fn supersede<G>(
        &self,
        change: Change,
        outcome: Option<&O>,
        place: impl FnOnce() -> G,
    ) -> G {
        let request = match change {
            Change::Set => Request::Set,
            Change::Delete => Request::Delete,
            Change::Soften => Request::Soften,
        };
        let (placed, seats) = self.room.with(|room| {
            let placed = place();
            let before = self.force(request);
            let seats = match (before, outcome) {
                (None, _) => Taken::none(),
                (Some(claim), Some(_)) => room.followers(claim),
                (Some(claim), None) => room.impatient(claim),
            };
            (placed, seats)
        });
        match outcome {
            Some(outcome) => tell_all::<K, O>(seats, outcome),
            None => tell_each(seats, |_| Told::Superseded),
        }
        placed
    }

    /// Wakes all who wait without telling them anything, for them to look at the time.
    pub fn nudge(&self) {
        let seats = self.room.with(|room| room.seats());
        wake_each(seats.iter().filter_map(|seat| seat.ear().nudge()).collect());
    }

    /// Whether anybody waits for what the creator with `claim` brings. Who waits for a creator whose place was
    /// taken follows its successor.
    pub fn is_followed(&self, claim: &Claim) -> bool {
        self.room.with(|room| room.first(claim.number()).is_some())
    }

    /// Whether this waiter follows a creator whose claim was superseded, and has not been told yet what it
    /// brings.
    pub fn is_orphan(&self, waiter: &Waiter<K, O>) -> bool {
        self.room.with(|room| {
            let claim = room.claim_of(waiter.ticket);
            claim.is_some_and(|claim| !self.recheck().is_held_by(claim))
        })
    }

    /// How many wait; for observers, out of date at once.
    pub fn waiting(&self) -> usize {
        self.room.with(|room| room.len())
    }

    /// Until when the creator at work has time, if it has begun.
    pub fn due(&self) -> Option<Time> {
        self.room.with(|room| room.due(self.recheck().claim()))
    }

    /// Ends a creation under the lock. Only a claim can change the word meanwhile, and none can
    /// while the word is busy, so the first exchange succeeds.
    fn end<G>(&self, request: Request, place: impl FnOnce() -> G) -> Result<G, Superseded> {
        let now = self.recheck();
        let Step::To(next) = K::step(now, request) else {
            return Err(Superseded);
        };
        let placed = place();
        self.exchange(now, next, order::END)
            .map_err(|_| Superseded)?;
        Ok(placed)
    }

    /// Gives the creation to a new claim, which those who followed the old one follow now.
    fn succeed(&self, room: &mut Room<K, O>, request: Request) -> Result<Claim, Superseded> {
        let now = self.recheck();
        let Step::To(next) = K::step(now, request) else {
            return Err(Superseded);
        };
        self.exchange(now, next, order::END)
            .map_err(|_| Superseded)?;
        room.succeed(now.claim(), next.claim());
        Ok(Claim::of(next))
    }

    /// Changes the word whatever it is; names the claim that was superseded, if one was.
    fn force(&self, request: Request) -> Option<u64> {
        let mut now = self.recheck();
        loop {
            let Step::To(next) = K::step(now, request) else {
                return None;
            };
            match self.exchange(now, next, order::SUPERSEDE) {
                Ok(()) => return (now.is_busy() && !next.is_busy()).then_some(now.claim()),
                Err(other) => now = other,
            }
        }
    }

    fn recheck(&self) -> Snapshot {
        Snapshot::from_bits(self.word.load(order::RECHECK))
    }

    fn due_hint(&self, due: Time) {
        let before = self.due.load(order::HINT);
        // Under the lock, as every change of the hint: never lost.
        let _ = self
            .due
            .compare_exchange(before, due.as_nanos(), order::HINT, order::HINT);
    }

    fn exchange(
        &self,
        now: Snapshot,
        next: Snapshot,
        order: crate::kit::Order,
    ) -> Result<(), Snapshot> {
        self.word
            .compare_exchange(now.bits(), next.bits(), order, order::LOST)
            .map(|_| ())
            .map_err(Snapshot::from_bits)
    }
}

fn tell_all<K: Kit, O: Send + Clone>(mut seats: Taken<Seat<K, O>>, outcome: &O) {
    if K::has(Fault::LoseWake) {
        seats.but_the_last();
    }
    tell_each(seats, |seat| Told::Outcome {
        outcome: outcome.clone(),
        began_after_me: seat.patient,
    });
}
