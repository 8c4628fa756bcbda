//! The value before and after the parties act, and what each of them holds.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Wake, Waker};

use dogpile_core::kit::{Kit, Lock};
use dogpile_core::published::{Cell, Published};
use dogpile_core::slot::{Claimed, Slot};
use dogpile_core::state::{Claim, Snapshot};
use dogpile_core::waiters::{Room, Told, Waiter};

use super::super::{LATE, short};
use super::ledger::{FAILED, Ledger};
use super::{Depth, Operation, Program, Start};
use crate::kits::Checker;
use crate::kits::cell::ModelCell;

/// What is there before anything is created.
pub(super) const FIRST: u64 = 50;

pub(super) struct Stage<C: Checker> {
    pub(super) value: Published<C, ModelCell<C>, u64>,
    pub(super) ledger: Ledger<C>,
    pub(super) depth: Depth,
    parties: Vec<Operation>,
    /// Who is there from the beginning to the end: the claim that no party has, and the sleepers.
    crowd: Mutex<Crowd<C>>,
}

struct Crowd<C: Checker> {
    claim: Option<Claim>,
    patient: Option<Sleeper<C>>,
    impatient: Option<Sleeper<C>>,
}

/// What a party has in its hand.
pub(super) struct Hand<C: Checker> {
    pub(super) claim: Option<Claim>,
    pub(super) seat: Option<Sleeper<C>>,
}

/// What a party answers: what it did, and what it has left.
pub(super) struct Answer<C: Checker> {
    pub(super) deed: String,
    pub(super) hand: Hand<C>,
}

/// A task that waits: its waker is registered.
pub(super) struct Sleeper<C: Checker> {
    pub(super) waiter: Waiter<C, u64>,
    bell: Arc<Bell>,
}

#[derive(Default)]
struct Bell(Mutex<bool>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

impl<C: Checker> Sleeper<C> {
    /// Asks for the first time: it sleeps, unless it has been told already.
    pub(super) fn new(slot: &Slot<C, u64>, waiter: Waiter<C, u64>) -> Result<Self, Told<u64>> {
        let bell = Arc::default();
        let mut sleeper = Self { waiter, bell };
        match sleeper.move_and_ask(slot) {
            Some(told) => Err(told),
            None => Ok(sleeper),
        }
    }

    /// Asks again, as one that is awake.
    pub(super) fn move_and_ask(&mut self, slot: &Slot<C, u64>) -> Option<Told<u64>> {
        self.bell = Arc::default();
        let waker = Waker::from(Arc::clone(&self.bell));
        match slot.hear(&self.waiter, &waker) {
            Poll::Ready(told) => Some(told.map(|outcome| *outcome)),
            Poll::Pending => None,
        }
    }

    /// What it was told, if it was: then its waker has been called.
    fn wake_up(&mut self, slot: &Slot<C, u64>) -> Option<Told<u64>> {
        let woken = *self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = self.move_and_ask(slot);
        assert!(woken || told.is_none(), "it was told and sleeps: {told:?}");
        told
    }
}

impl<C: Checker> Stage<C> {
    /// Sets the stage, and gives each party what it needs.
    pub(super) fn set(program: &Program) -> (Arc<Self>, Vec<Hand<C>>) {
        let Program {
            start,
            ref parties,
            depth,
        } = *program;
        let slot = Slot::from_parts(
            C::word(Snapshot::VACANT.bits()),
            C::word(0),
            <C as Kit>::Lock::new(Room::new()),
        );
        let stage = Self {
            value: Published::from_parts(slot, ModelCell::new()),
            ledger: Ledger::new(),
            depth,
            parties: parties.clone(),
            crowd: Mutex::new(Crowd {
                claim: None,
                patient: None,
                impatient: None,
            }),
        };
        let needing =
            |need: fn(Operation) -> bool| parties.iter().filter(|&&one| need(one)).count();
        let claims = stage.begin(start, needing(Operation::needs_claim));
        let mut seats = stage.seat(start, needing(Operation::needs_seat), claims.last());
        let mut claims = claims.into_iter();
        let hands = parties.iter().map(|party| Hand {
            claim: party.needs_claim().then(|| claims.next()).flatten(),
            seat: party.needs_seat().then(|| seats.next()).flatten(),
        });
        let hands = hands.collect();
        stage.crowd().claim = claims.next();
        (Arc::new(stage), hands)
    }

    /// Brings the word to its start; the claims that come back are superseded but for the last of
    /// a busy start.
    fn begin(&self, start: Start, needed: usize) -> Vec<Claim> {
        if !matches!(
            start,
            Start::Vacant | Start::Creating | Start::Begun | Start::Marked
        ) {
            self.put(FIRST);
        }
        if matches!(start, Start::Stale | Start::Renewing) {
            self.value.soften();
        }
        let busy = start.is_busy();
        let mut claims = Vec::new();
        for _ in 0..needed.max(usize::from(busy)) {
            let slot = self.value.slot();
            let claim = match slot.claim(slot.look()) {
                Claimed::Won(claim) => claim,
                Claimed::Joined | Claimed::Changed => slot.seize(),
            };
            self.ledger.won(&claim);
            claims.push(claim);
        }
        // What ends the last claim of an idle start leaves the word as the start says.
        if !busy && needed > 0 {
            match start {
                Start::Vacant => self.take_away(),
                Start::Ready => self.put(FIRST + 1),
                _ => self.value.soften(),
            }
            self.ledger.supersede(self.ledger.standing());
        }
        claims
    }

    /// Seats the two sleepers and those who need it: half of them before the creator begins.
    fn seat(
        &self,
        start: Start,
        needed: usize,
        claim: Option<&Claim>,
    ) -> std::vec::IntoIter<Sleeper<C>> {
        let Some(claim) = claim.filter(|_| start.is_busy()) else {
            return Vec::new().into_iter();
        };
        let seated = |waiter| Sleeper::new(self.value.slot(), waiter);
        let sit = || match self.value.slot().join(false).map(seated) {
            Some(Ok(sleeper)) => sleeper,
            _ => panic!("somebody creates, and nobody ends it yet"),
        };
        let whole = self.depth == Depth::Whole;
        let mut seats: Vec<_> = (0..needed.div_ceil(2)).map(|_| sit()).collect();
        self.crowd().patient = whole.then(sit);
        if start.has_begun() {
            self.value.slot().begin(claim, LATE);
        }
        if start == Start::Marked {
            // The impatient are not there yet: they would have been told.
            self.value.soften();
        }
        seats.extend((seats.len()..needed).map(|_| sit()));
        self.crowd().impatient = (whole && start.has_begun()).then(sit);
        seats.into_iter()
    }

    /// Whether one of the parties does that.
    pub(super) fn does(&self, operation: Operation) -> bool {
        self.parties.contains(&operation)
    }

    fn crowd(&self) -> std::sync::MutexGuard<'_, Crowd<C>> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what the parties have left, wakes who sleeps, and says how it all ended.
    ///
    /// # Panics
    /// When somebody has no answer, the word is busy, or a value was not freed once.
    pub(super) fn finish(&self, answers: Vec<Answer<C>>) -> String {
        let mut outcome = Vec::new();
        let (mut claims, mut sleepers) = (Vec::new(), Vec::new());
        for (index, Answer { deed, hand }) in answers.into_iter().enumerate() {
            outcome.push(deed);
            claims.extend(hand.claim);
            sleepers.extend(hand.seat.map(|seat| (format!("seat {index}"), seat, false)));
        }
        let mut crowd = self.crowd();
        claims.extend(crowd.claim.take());
        let (patient, impatient) = (crowd.patient.take(), crowd.impatient.take());
        drop(crowd);
        sleepers.extend(patient.map(|one| ("patient".to_owned(), one, true)));
        sleepers.extend(impatient.map(|one| ("impatient".to_owned(), one, false)));
        // Those that were told by the parties first, then those whom the last claims tell.
        let mut when = "woken";
        loop {
            sleepers.retain_mut(|(name, sleeper, patient)| {
                match sleeper.wake_up(self.value.slot()) {
                    None => true,
                    Some(told) => {
                        outcome.push(format!("{name} {when}: {}", short(&told)));
                        claims.extend(self.hear(told, *patient));
                        false
                    }
                }
            });
            let Some(claim) = claims.pop() else { break };
            self.create(claim);
            when = "at last";
        }
        assert!(sleepers.is_empty(), "nobody is left to tell who sleeps");
        self.check_the_end();
        if self.value.cell().had_to_wait() {
            outcome.push("freed after its reader".to_owned());
        }
        outcome.push(format!("{:?}", self.value.slot().look()));
        outcome.join("; ")
    }

    /// A sleeper's only answer; an heir's claim comes back.
    fn hear(&self, told: Told<u64>, patient: bool) -> Option<Claim> {
        match told {
            Told::Outcome { outcome, .. } => {
                assert!(self.ledger.was_brought(outcome), "nobody brought {outcome}");
                None
            }
            Told::Heir(claim) => {
                self.ledger.followed(&claim, self.depth);
                Some(claim)
            }
            Told::Superseded => {
                // Whoever goes away sends even the patient of a superseded claim back.
                let goes_away = self.does(Operation::Abandon);
                assert!(!patient || goes_away, "law 5: the patient stay seated");
                None
            }
        }
    }

    fn check_the_end(&self) {
        let slot = self.value.slot();
        let end = slot.look();
        assert!(!end.is_busy(), "the word is left busy: {end:?}");
        assert_eq!(slot.waiting(), 0, "somebody is left seated");
        if self.depth == Depth::Bare {
            return;
        }
        let guard = ModelCell::<C>::pin();
        let found = self.value.read(&guard).1.copied();
        drop(guard);
        assert_eq!(found.is_some(), end.has_value(), "{end:?}");
        let mut expected = self.value.cell().placed();
        if let Some(found) = found {
            assert_eq!(expected.pop(), Some(found), "what was placed last stays");
            assert!(found < FAILED);
        }
        assert_eq!(self.value.cell().freed(), expected, "each value once");
        self.ledger.check_refusals(&self.value.cell().placed());
    }
}
