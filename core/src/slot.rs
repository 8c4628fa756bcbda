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

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::{Poll, Waker};

use crate::kit::{Fault, Kit, Lock, Word};
use crate::state::{Claim, Request, Snapshot, Step};
use crate::time::Time;
use crate::waiters::{Crowd, Heard, Room, Told, Waiter, wake_each};

/// One value's lock: the word and the room of those who wait. `O` is what a creation brings to
/// its waiters, who share it.
pub struct Slot<K: Kit, O: Send + Sync> {
    word: K::Word,
    due: K::Word,
    room: K::Lock<Room<K, O>>,
}

/// What became of an abandoned claim, with those who are to be woken for it.
enum Bequest<K: Kit, O: Send + Sync> {
    Inherited(Option<Waker>),
    Ended,
    Superseded(Vec<Crowd<K, O>>),
}

// Claims and waiters are passed by value because the call uses them up.
#[allow(clippy::needless_pass_by_value)]
impl<K: Kit, O: Send + Sync> Slot<K, O> {
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

    /// What `waiter` was told, or `Pending` with `waker` in place of the one it left before.
    pub fn hear<'w>(&self, waiter: &'w Waiter<K, O>, waker: &Waker) -> Poll<Told<&'w O>> {
        if let Some(told) = waiter.told() {
            return Poll::Ready(told);
        }
        // Cloned before and dropped after the lock is held: a waker is somebody else's code.
        let mut waker = waker.clone();
        match self.room.with(|room| room.hear(waiter, &mut waker)) {
            Heard::Nothing => Poll::Pending,
            Heard::Heir(claim) => Poll::Ready(Told::Heir(claim)),
            // Who asks again after it was told what concerned it alone looks again.
            Heard::Told => Poll::Ready(waiter.told().unwrap_or(Told::Superseded)),
        }
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
        outcome: &Arc<O>,
        place: impl FnOnce() -> G,
    ) -> Result<G, Superseded> {
        let number = claim.number();
        let request = match end {
            End::Publish => Request::Publish(number),
            End::Deliver => Request::Deliver(number),
            End::Fail => Request::Fail(number),
        };
        let (placed, told) = self.room.with(|room| {
            let placed = self.end(request, place);
            (placed, room.tell(number, outcome))
        });
        wake_all(told);
        placed
    }

    /// Gives the claim to the first in line, or ends the creation with nothing where nobody waits.
    /// Those who follow a superseded claim look again.
    pub fn abandon(&self, claim: Claim) -> Abandoned {
        match self.room.with(|room| self.bequeath(room, claim.number())) {
            Bequest::Inherited(waker) => {
                wake_each(waker);
                Abandoned::Inherited
            }
            Bequest::Ended => Abandoned::Ended,
            Bequest::Superseded(orphans) => {
                wake_all(orphans);
                Abandoned::Superseded
            }
        }
    }

    fn bequeath(&self, room: &mut Room<K, O>, number: u64) -> Bequest<K, O> {
        if !room.has_followers(number) {
            return match self.end(Request::Abandon(number), || ()) {
                Ok(()) => Bequest::Ended,
                Err(Superseded) => Bequest::Superseded(Vec::new()),
            };
        }
        // Left under the lock: who leaves takes the lock too, so it either still has its seat or
        // finds what was left to it, and passes the claim on.
        match self.succeed(room, Request::HandOver(number)) {
            Ok(next) => Bequest::Inherited(room.bequeath(next)),
            Err(Superseded) => Bequest::Superseded(room.send_back(number)),
        }
    }

    /// Stops waiting. If this waiter has inherited meanwhile, the claim is abandoned in turn, and
    /// the answer says what became of it.
    pub fn leave(&self, waiter: Waiter<K, O>) -> Option<Abandoned> {
        match self.room.with(|room| room.leave(&waiter)) {
            Ok(_waker) => None,
            Err(inherited) => inherited.map(|claim| self.abandon(claim)),
        }
    }

    /// Asks to take the creator's place because its time is up; see [`Relief`].
    pub fn relieve(&self, waiter: &Waiter<K, O>, now: Time) -> Relief {
        let (relief, _left) = self.room.with(|room| {
            let Some(claim) = room.claim_of(waiter) else {
                return (Relief::Told, None);
            };
            match room.due(claim) {
                Some(due) if now < due => return (Relief::NotYet(due), None),
                // Else all who lose their patience at once would take each other's place.
                None if self.recheck().is_held_by(claim) => return (Relief::NotBegun, None),
                _ => {}
            }
            let left = room.leave(waiter).ok();
            match self.succeed(room, Request::TakeOver(claim)) {
                Ok(next) => (Relief::Heir(next), left),
                Err(Superseded) => (Relief::Superseded, left),
            }
        });
        relief
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
        outcome: Option<&Arc<O>>,
        place: impl FnOnce() -> G,
    ) -> G {
        let request = match change {
            Change::Set => Request::Set,
            Change::Delete => Request::Delete,
            Change::Soften => Request::Soften,
        };
        let (placed, told) = self.room.with(|room| {
            let placed = place();
            let told = match (self.force(request), outcome) {
                (None, _) => Vec::new(),
                (Some(claim), Some(outcome)) => room.tell(claim, outcome),
                (Some(claim), None) => room.send_back_impatient(claim),
            };
            (placed, told)
        });
        wake_all(told);
        placed
    }

    /// Wakes all who wait without telling them anything, for them to look at the time.
    pub fn nudge(&self) {
        wake_each(self.room.with(Room::nudge));
    }

    /// Whether anybody waits for what the creator with `claim` brings. Who waits for a creator whose place was
    /// taken follows its successor.
    pub fn is_followed(&self, claim: &Claim) -> bool {
        self.room.with(|room| room.has_followers(claim.number()))
    }

    /// Whether this waiter follows a creator whose claim was superseded, and has not been told yet what it
    /// brings.
    pub fn is_orphan(&self, waiter: &Waiter<K, O>) -> bool {
        self.room.with(|room| {
            let claim = room.claim_of(waiter);
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

/// Wakes those who were told.
fn wake_all<K: Kit, O: Send + Sync>(told: Vec<Crowd<K, O>>) {
    if K::has(Fault::LoseWake) {
        return;
    }
    wake_each(told.into_iter().flat_map(Crowd::wakers));
}
