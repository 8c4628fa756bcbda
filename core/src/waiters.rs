//! Those who wait for a creation, in crowds: what is said is said once to all of a crowd.
//!
//! A crowd follows one claim. It has a verdict, a cell that is written once and read without a lock,
//! and a row of seats that hold the wakers. Whoever ends the creation writes the verdict and takes
//! the crowd out of the room under the slot's lock, and wakes the row after it has let the lock go:
//! so 10,000 who are woken meet in no lock, and nothing is said or stored for each of them. Nothing
//! here blocks; threads and tasks alike are woken through [`Waker`]s.
//!
//! A crowd is *patient* when the creator that it follows began (or will begin) after its calls did:
//! what that creator brings is then new enough for them even if it is superseded meanwhile, so a
//! patient crowd stays seated through a delete, and nobody waits for more than two creations.
//!
//! What concerns one waiter alone, that it is the creator now, lies in the room until that one asks.

mod crowd;
mod seats;
mod waking;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::swap;
use core::task::Waker;

use crate::kit::Kit;
use crate::state::Claim;
use crate::time::Time;
pub(crate) use crowd::Crowd;
use crowd::{Said, Verdict};
pub(crate) use waking::wake_each;

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

impl<O> Told<O> {
    /// The same with another form of the outcome.
    pub fn map<P>(self, form: impl FnOnce(O) -> P) -> Told<P> {
        match self {
            Self::Outcome {
                outcome,
                began_after_me,
            } => Told::Outcome {
                outcome: form(outcome),
                began_after_me,
            },
            Self::Heir(claim) => Told::Heir(claim),
            Self::Superseded => Told::Superseded,
        }
    }
}

/// One call that waits. Ends by being told, or by [`Slot::leave`](crate::slot::Slot::leave).
#[must_use = "a waiter that is dropped without leaving may swallow an inheritance"]
pub struct Waiter<K: Kit, O: Send + Sync> {
    ticket: u64,
    verdict: Arc<Verdict<K, O>>,
}

impl<K: Kit, O: Send + Sync> Waiter<K, O> {
    /// What its crowd was told, if it was told anything; takes no lock. Whoever hears nothing
    /// [asks the slot](crate::slot::Slot::hear), to leave its waker or to learn what concerns it alone.
    #[inline]
    pub fn told(&self) -> Option<Told<&O>> {
        match self.verdict.said()? {
            Said::Outcome {
                outcome,
                began_after_me,
            } => Some(Told::Outcome {
                outcome,
                began_after_me: *began_after_me,
            }),
            Said::Superseded => Some(Told::Superseded),
        }
    }
}

/// What the room answers to one who asks.
pub(crate) enum Heard {
    /// Its waker is here now, in exchange for the one before.
    Nothing,
    Heir(Claim),
    /// Its crowd is gone: the verdict says why.
    Told,
}

/// The crowds of one slot, and which creator has begun. Lives under the slot's lock.
pub struct Room<K: Kit, O: Send + Sync> {
    begun: Option<(u64, Time)>,
    tickets: u64,
    /// None of them is empty.
    crowds: Vec<Crowd<K, O>>,
    /// Who is a creator now and has not asked yet; those whose crowd was told hear that instead.
    heirs: Vec<(Waiter<K, O>, Claim)>,
}

impl<K: Kit, O: Send + Sync> Room<K, O> {
    /// An empty room.
    pub const fn new() -> Self {
        Self {
            begun: None,
            tickets: 0,
            crowds: Vec::new(),
            heirs: Vec::new(),
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
        let patient = has_waited || self.due(claim).is_none();
        let is_alike = |crowd: &Crowd<K, O>| crowd.follows(claim) && crowd.is_patient() == patient;
        let place = self.crowds.iter().position(is_alike);
        let place = place.unwrap_or_else(|| {
            self.crowds.push(Crowd::new(claim, patient));
            self.crowds.len() - 1
        });
        self.crowds[place].sit(ticket)
    }

    /// Exchanges `waker` for the one that `waiter` left before, if it has been told nothing. Whichever is
    /// there then is to be dropped outside of the lock.
    pub(crate) fn hear(&mut self, waiter: &Waiter<K, O>, waker: &mut Waker) -> Heard {
        if let Some(seat) = self.seat(waiter) {
            swap(seat, waker);
            return Heard::Nothing;
        }
        match self.inherited(waiter) {
            Some(claim) => Heard::Heir(claim),
            None => Heard::Told,
        }
    }

    fn seat(&mut self, waiter: &Waiter<K, O>) -> Option<&mut Waker> {
        let place = self.place(waiter)?;
        self.crowds[place].seat(waiter.ticket)
    }

    /// The claim that was left to `waiter`, which takes it.
    fn inherited(&mut self, waiter: &Waiter<K, O>) -> Option<Claim> {
        let mut heirs = self.heirs.iter();
        let place = heirs.position(|(heir, _)| heir.ticket == waiter.ticket)?;
        Some(self.heirs.swap_remove(place).1)
    }

    /// Takes `waiter` out of the room. Its waker comes back, to be dropped outside of the lock.
    ///
    /// # Errors
    /// It has been told something: the claim that was left to it, if one was.
    pub(crate) fn leave(&mut self, waiter: &Waiter<K, O>) -> Result<Waker, Option<Claim>> {
        self.remove(waiter).ok_or_else(|| self.inherited(waiter))
    }

    fn remove(&mut self, waiter: &Waiter<K, O>) -> Option<Waker> {
        let place = self.place(waiter)?;
        let waker = self.crowds[place].leave(waiter.ticket);
        if self.crowds[place].is_empty() {
            self.crowds.swap_remove(place);
        }
        waker
    }

    /// Which claim `waiter` follows, unless it has been told something.
    pub(crate) fn claim_of(&self, waiter: &Waiter<K, O>) -> Option<u64> {
        self.crowds[self.place(waiter)?].claim_of(waiter.ticket)
    }

    /// Where the crowd of `waiter` is, unless that was told.
    fn place(&self, waiter: &Waiter<K, O>) -> Option<usize> {
        self.crowds.iter().position(|crowd| crowd.has(waiter))
    }

    /// Takes out the crowds that follow `claim`, and tells them its outcome.
    pub(crate) fn tell(&mut self, claim: u64, outcome: &Arc<O>) -> Vec<Crowd<K, O>> {
        self.take(|crowd| crowd.follows(claim), |crowd| crowd.tell(outcome))
    }

    /// Takes out the crowds that follow `claim`, and tells them that it was superseded.
    pub(crate) fn send_back(&mut self, claim: u64) -> Vec<Crowd<K, O>> {
        self.take(|crowd| crowd.follows(claim), Crowd::send_back)
    }

    /// The same for those who do not want its value once it is superseded.
    pub(crate) fn send_back_impatient(&mut self, claim: u64) -> Vec<Crowd<K, O>> {
        let impatient = |crowd: &Crowd<K, O>| crowd.follows(claim) && !crowd.is_patient();
        self.take(impatient, Crowd::send_back)
    }

    fn take(
        &mut self,
        whom: impl Fn(&Crowd<K, O>) -> bool,
        tell: impl Fn(&Crowd<K, O>),
    ) -> Vec<Crowd<K, O>> {
        let told: Vec<_> = self.crowds.extract_if(.., |crowd| whom(crowd)).collect();
        told.iter().for_each(tell);
        let is_told = |heir: &Waiter<K, O>| told.iter().any(|crowd| crowd.has(heir));
        self.heirs.retain(|(heir, _)| !is_told(heir));
        told
    }

    /// Crowds whose creation begins anew under `next` follow that; it begins after all their calls.
    pub(crate) fn succeed(&mut self, claim: u64, next: u64) {
        for crowd in self.crowds.iter_mut().filter(|crowd| crowd.follows(claim)) {
            crowd.follow(next);
        }
    }

    /// Whether anybody is in line behind `claim`.
    pub(crate) fn has_followers(&self, claim: u64) -> bool {
        self.crowds.iter().any(|crowd| crowd.follows(claim))
    }

    /// Makes the first in line behind the claim `next` its heir.
    pub(crate) fn bequeath(&mut self, next: Claim) -> Option<Waker> {
        let number = next.number();
        let crowds = self.crowds.iter().filter(|crowd| crowd.follows(number));
        let first = crowds.filter_map(Crowd::first);
        let heir = first.min_by_key(|waiter| waiter.ticket)?;
        let waker = self.remove(&heir);
        self.heirs.push((heir, next));
        waker
    }

    /// The wakers of all who wait, who leave theirs anew.
    pub(crate) fn nudge(&mut self) -> Vec<Waker> {
        self.crowds.iter_mut().flat_map(Crowd::nudge).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.crowds.iter().map(Crowd::len).sum()
    }
}

impl<K: Kit, O: Send + Sync> Default for Room<K, O> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::kit::Std;
    use crate::state::{Phase, Snapshot};

    fn seated(room: &Room<Std, u64>) -> usize {
        room.crowds.iter().filter(|crowd| !crowd.is_empty()).count()
    }

    #[test]
    fn law_7_nothing_is_kept_of_those_who_gave_up() {
        let mut room = Room::<Std, u64>::new();
        let waiters: Vec<_> = (0..10_000).map(|_| room.sit(1, false)).collect();
        let verdict = Arc::downgrade(&waiters[0].verdict);
        assert_eq!((room.len(), seated(&room)), (10_000, 1));
        for waiter in waiters {
            assert!(room.leave(&waiter).is_ok(), "it has its seat");
        }
        assert_eq!((room.len(), room.crowds.len()), (0, 0));
        assert!(verdict.upgrade().is_none());
    }

    #[test]
    fn law_5_who_came_before_the_creator_began_and_who_came_after_are_told_so() {
        let mut room = Room::<Std, u64>::new();
        let before = room.sit(1, false);
        room.begin(1, Time::END);
        let (after, has_waited) = (room.sit(1, false), room.sit(1, true));
        let orphans = room.send_back_impatient(1);
        assert_eq!(orphans.iter().map(Crowd::len).sum::<usize>(), 1);
        assert!(matches!(after.told(), Some(Told::Superseded)));
        assert!(before.told().is_none() && has_waited.told().is_none());
        room.tell(1, &Arc::new(7));
        for patient in [before, has_waited] {
            let told = patient.told();
            assert!(matches!(
                told,
                Some(Told::Outcome {
                    outcome: 7,
                    began_after_me: true
                })
            ));
        }
        assert_eq!((room.len(), room.crowds.len()), (0, 0));
    }

    #[test]
    fn law_7_nothing_is_kept_of_an_heir_who_was_told_with_its_crowd() {
        let mut room = Room::<Std, u64>::new();
        for seized in [false, true] {
            let [heir, other] = [(); 2].map(|()| room.sit(1, false));
            let left = Claim::of(Snapshot::new(Phase::Creating, 2, false));
            room.succeed(1, 2);
            assert!(room.bequeath(left).is_some());
            if seized {
                room.succeed(2, 3);
            }
            room.tell(if seized { 3 } else { 2 }, &Arc::new(7));
            // It hears what the others do, and asks nobody.
            for waiter in [heir, other] {
                let told = waiter.told();
                assert!(matches!(told, Some(Told::Outcome { outcome: 7, .. })));
            }
            assert!(room.heirs.is_empty() && room.crowds.is_empty());
        }
    }
}
