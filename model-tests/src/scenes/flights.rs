//! Flights: made on a miss, found by their key, taken out when their creation has ended.
//!
//! The slot is the production slot. The rule by which flights come and go is the one of the
//! package's flight table, written once more: that table is made for one machine, so no kit gets
//! at it. Its map is papaya's; each of its calls is one step under a lock here.

use std::sync::{Arc, Mutex, PoisonError};

use dogpile_core::kit::{Kit, Lock};
use dogpile_core::slot::{Abandoned, Change, Claimed, End, Slot};
use dogpile_core::state::{Claim, Snapshot};
use dogpile_core::waiters::{Room, Told};

use super::{LATE, wait};
use crate::kits::{Checker, Scratch};

/// What one party does with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Errand {
    /// Boards; creates and fails, or waits for who does.
    Call,
    /// Boards; creates and goes away, or leaves as soon as it would wait.
    Leave,
    /// Makes a flight whatever is under way.
    Refresh,
    /// A value was set: ends the flight with it.
    Set,
    /// The value was removed: ends the flight.
    Delete,
}

impl Errand {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Call,
        Self::Leave,
        Self::Refresh,
        Self::Set,
        Self::Delete,
    ];
}

struct Flight<C: Checker> {
    slot: Slot<C, u64>,
}

/// The place of one key, and every flight that was ever put there.
struct Table<C: Checker> {
    place: C::Lock<Option<Arc<Flight<C>>>>,
    made: Mutex<Vec<Arc<Flight<C>>>>,
    /// Written by each creator that nothing supersedes.
    creators: C::Scratch,
    /// Whether one of the errands supersedes: then two creators may be at work.
    supersedes: bool,
}

enum Boarding<C: Checker> {
    Won(Arc<Flight<C>>, Claim),
    Joined(Arc<Flight<C>>),
}

impl<C: Checker> Table<C> {
    fn new(errands: &[Errand]) -> Arc<Self> {
        let supersedes = |errand: &Errand| !matches!(errand, Errand::Call | Errand::Leave);
        Arc::new(Self {
            place: Lock::new(None),
            made: Mutex::default(),
            creators: Scratch::new(),
            supersedes: errands.iter().any(supersedes),
        })
    }

    fn born_claimed() -> (Arc<Flight<C>>, Claim) {
        let slot = Slot::from_parts(
            C::word(Snapshot::VACANT.bits()),
            C::word(0),
            <C as Kit>::Lock::new(Room::new()),
        );
        let flight = Arc::new(Flight { slot });
        match flight.slot.claim(flight.slot.look()) {
            Claimed::Won(claim) => (flight, claim),
            other => panic!("nobody else has seen it, but {other:?}"),
        }
    }

    fn board(&self) -> Boarding<C> {
        loop {
            let Some(flight) = self.place.with(|place| place.clone()) else {
                let (flight, claim) = Self::born_claimed();
                if self.insert_if_empty(&flight) {
                    return Boarding::Won(flight, claim);
                }
                continue;
            };
            if flight.slot.look().is_busy() {
                return Boarding::Joined(flight);
            }
            self.remove(&flight);
        }
    }

    fn insert_if_empty(&self, flight: &Arc<Flight<C>>) -> bool {
        let empty = self.place.with(|place| {
            let empty = place.is_none();
            place.get_or_insert_with(|| flight.clone());
            empty
        });
        if empty {
            self.list(flight);
        }
        empty
    }

    fn list(&self, flight: &Arc<Flight<C>>) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(flight.clone());
    }

    /// Takes out a flight that has ended, unless another is there in its place.
    fn remove(&self, ended: &Arc<Flight<C>>) {
        self.place.with(|place| {
            if place
                .as_ref()
                .is_some_and(|there| Arc::ptr_eq(there, ended))
            {
                *place = None;
            }
        });
    }

    fn supersede(&self) -> (Arc<Flight<C>>, Claim) {
        let (flight, claim) = Self::born_claimed();
        self.list(&flight);
        let old = self.place.with(|place| place.replace(flight.clone()));
        if let Some(old) = old {
            old.slot.supersede(Change::Delete, None, || ());
        }
        (flight, claim)
    }

    fn detach(&self, outcome: Option<u64>) -> &'static str {
        let Some(flight) = self.place.with(Option::take) else {
            return "nothing under way";
        };
        let change = match outcome {
            Some(_) => Change::Set,
            None => Change::Delete,
        };
        flight
            .slot
            .supersede(change, outcome.map(Arc::new).as_ref(), || ());
        "detached"
    }

    fn run(&self, errand: Errand) -> String {
        match errand {
            Errand::Call | Errand::Leave => self.call(errand == Errand::Leave),
            Errand::Refresh => {
                let (flight, claim) = self.supersede();
                format!("refreshed: {}", self.create(&flight, claim))
            }
            Errand::Set => self.detach(Some(9)).to_owned(),
            Errand::Delete => self.detach(None).to_owned(),
        }
    }

    fn call(&self, leaves: bool) -> String {
        let mut words = String::new();
        let mut has_waited = false;
        loop {
            let flight = match self.board() {
                Boarding::Won(flight, claim) if leaves => {
                    return words + &self.go_away(&flight, claim);
                }
                Boarding::Won(flight, claim) => return words + &self.create(&flight, claim),
                Boarding::Joined(flight) => flight,
            };
            let Some(waiter) = flight.slot.join(has_waited) else {
                words += "it had ended, ";
                continue;
            };
            if leaves {
                let became = flight.slot.leave(waiter);
                if became == Some(Abandoned::Ended) {
                    self.remove(&flight);
                }
                return format!("{words}left {became:?}");
            }
            match wait(&flight.slot, &waiter) {
                Told::Outcome { .. } => return words + "shared",
                Told::Heir(claim) => return words + "heir, " + &self.create(&flight, claim),
                Told::Superseded => words += "superseded, ",
            }
            has_waited = true;
        }
    }

    /// Creates, fails, and takes the flight out.
    fn create(&self, flight: &Arc<Flight<C>>, claim: Claim) -> String {
        self.work();
        flight.slot.begin(&claim, LATE);
        let settled = flight.slot.settle(claim, End::Fail, &Arc::new(1), || ());
        if settled.is_ok() {
            self.remove(flight);
        }
        format!("created {}", settled.is_ok())
    }

    /// Goes away in the middle of a creation.
    fn go_away(&self, flight: &Arc<Flight<C>>, claim: Claim) -> String {
        self.work();
        let became = flight.slot.abandon(claim);
        if became == Abandoned::Ended {
            self.remove(flight);
        }
        format!("went away {became:?}")
    }

    fn work(&self) {
        if !self.supersedes {
            self.creators.write();
        }
    }
}

/// Two or more parties with one key, each with its errand, all at once.
///
/// # Panics
/// When a flight is left busy or somebody in it; a checker reports two creators at work.
pub fn one_key<C: Checker>(errands: &[Errand]) -> String {
    let table = Table::<C>::new(errands);
    let mut errands = errands.to_vec();
    let own = errands.pop();
    let others: Vec<_> = errands
        .into_iter()
        .map(|errand| {
            let table = table.clone();
            C::spawn(move || table.run(errand))
        })
        .collect();
    let own = own.map(|errand| table.run(errand));
    let mut answers: Vec<_> = others.into_iter().map(|other| other()).collect();
    answers.extend(own);
    let left = table.place.with(|place| place.is_some());
    assert!(!left, "a flight that nobody is in is left in the table");
    let made = table.made.lock().unwrap_or_else(PoisonError::into_inner);
    for flight in &*made {
        let end = flight.slot.look();
        assert!(!end.is_busy(), "a flight is left busy: {end:?}");
        assert_eq!(flight.slot.waiting(), 0, "somebody is left in a flight");
    }
    format!("{}; {} flights", answers.join("; "), made.len())
}

/// Each pair of errands.
pub fn pairs() -> Vec<[Errand; 2]> {
    let all = Errand::ALL.into_iter();
    let pairs = all.flat_map(|first| Errand::ALL.map(|second| [first, second]));
    pairs.filter(|[first, second]| first <= second).collect()
}

/// Two calls for one key, each of which creates and fails, or waits.
pub fn two_calls<C: Checker>() -> String {
    one_key::<C>(&[Errand::Call, Errand::Call])
}

/// A call for a key, and one that goes away.
pub fn a_call_meets_a_leaver<C: Checker>() -> String {
    one_key::<C>(&[Errand::Call, Errand::Leave])
}
