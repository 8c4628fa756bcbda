//! What a slot must do, said without a word: there is a value or not, one creator or none, and
//! those who wait. This is written from the laws and from the documentation of each operation, not
//! from the transition table; so a cell that is wrong contradicts it.

use dogpile_core::slot::Abandoned;

/// The answer that is due to who asks to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It is the creator now.
    Won,
    /// Another is at work, in its time.
    Joined,
    /// What it knew of is gone.
    Changed,
}

/// What one who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// An outcome, and whether its creator began after the call did.
    Outcome(u64, bool),
    /// It is not known what there is now.
    Superseded,
}

/// A look, for a later claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// How much had happened until then.
    happened: u64,
    /// Somebody was at work.
    busy: bool,
}

#[derive(Debug)]
struct Creator {
    claim: u64,
    begun: bool,
    /// A soft invalidation came while there was no value: it means the one that is coming.
    marked: bool,
}

#[derive(Debug)]
struct Seat {
    /// The creator that it waits for.
    follows: u64,
    /// That creator began, or will begin, after the call that waits.
    patient: bool,
    told: Option<Told>,
}

/// The slot as the laws have it.
#[derive(Debug)]
pub(super) struct Laws {
    /// The value, by whether it was made stale.
    value: Option<bool>,
    creator: Option<Creator>,
    /// The number that names what is there.
    number: u64,
    /// Whether the number must have been raised since it was last compared.
    raised: bool,
    /// Claims, successions, sets, deletions and invalidations so far.
    happened: u64,
    seats: Vec<Seat>,
}

impl Laws {
    pub(super) fn of(value: Option<bool>, number: u64) -> Self {
        Self {
            value,
            creator: None,
            number,
            raised: false,
            happened: 0,
            seats: Vec::new(),
        }
    }

    pub(super) fn sight(&self) -> Sight {
        Sight {
            happened: self.happened,
            busy: self.is_busy(),
        }
    }

    /// Law 1: one creator; and none for a value that is not the one that was seen. Who saw somebody
    /// at work goes to wait, and learns there whether that is still so.
    pub(super) fn claim(&self, sight: Sight) -> Expected {
        match (&self.creator, self.value) {
            (Some(_), _) => Expected::Joined,
            _ if sight.busy => Expected::Joined,
            (None, Some(_)) if sight.happened != self.happened => Expected::Changed,
            (None, _) => Expected::Won,
        }
    }

    pub(super) fn creates(&mut self, claim: u64) {
        self.happens();
        self.creator = Some(Creator {
            claim,
            begun: false,
            marked: false,
        });
        assert!(claim > self.number, "no claim number repeats: {claim}");
    }

    /// The creation is another's now: whoever waited for it is patient, for this one begins after.
    pub(super) fn succeeds(&mut self, claim: u64) {
        let before = self.creator.as_ref().map(|creator| creator.claim);
        for seat in &mut self.seats {
            if Some(seat.follows) == before {
                (seat.follows, seat.patient) = (claim, true);
            }
        }
        self.creates(claim);
    }

    pub(super) fn begin(&mut self, claim: u64) -> bool {
        match &mut self.creator {
            Some(creator) if creator.claim == claim => {
                creator.begun = true;
                true
            }
            _ => false,
        }
    }

    /// The creation with `claim` ends. Law 3: only if it was not superseded. Those who still follow
    /// it are told either way.
    pub(super) fn settles(&mut self, claim: u64, publishes: bool, outcome: u64) -> bool {
        let current = self.creator.take_if(|creator| creator.claim == claim);
        if let (Some(creator), true) = (&current, publishes) {
            self.value = Some(creator.marked);
        }
        self.tell(claim, |patient| Some(Told::Outcome(outcome, patient)));
        current.is_some()
    }

    pub(super) fn abandons(&mut self, claim: u64) -> Abandoned {
        let followed = self.seats.iter().any(|seat| seat.follows == claim);
        let is_current = |creator: &mut Creator| creator.claim == claim;
        if !self.creator.as_mut().is_some_and(is_current) {
            self.tell(claim, |_| Some(Told::Superseded));
            return Abandoned::Superseded;
        }
        if followed {
            return Abandoned::Inherited;
        }
        self.creator = None;
        Abandoned::Ended
    }

    /// Who inherits: the first in line behind the creator at work.
    pub(super) fn heir(&self) -> Option<usize> {
        let claim = self.creator.as_ref()?.claim;
        self.seats.iter().position(|seat| seat.follows == claim)
    }

    pub(super) fn joins(&mut self, has_waited: bool) -> bool {
        let Some(creator) = &self.creator else {
            return false;
        };
        self.seats.push(Seat {
            follows: creator.claim,
            patient: has_waited || !creator.begun,
            told: None,
        });
        true
    }

    pub(super) fn leaves(&mut self, seat: usize) {
        self.seats.remove(seat);
    }

    pub(super) fn told(&self, seat: usize) -> Option<Told> {
        self.seats[seat].told
    }

    pub(super) fn waiting(&self) -> usize {
        self.seats.iter().filter(|seat| seat.told.is_none()).count()
    }

    /// What one who has lost its patience is to be told, when all who have begun are overdue.
    pub(super) fn relieves(&self, seat: usize) -> Expected {
        match &self.creator {
            Some(creator) if creator.claim == self.seats[seat].follows => {
                if creator.begun {
                    Expected::Won
                } else {
                    Expected::Joined
                }
            }
            _ => Expected::Changed,
        }
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.creator.as_ref().is_some_and(|creator| creator.begun)
    }

    /// A value comes from outside, and everybody is told it.
    pub(super) fn set(&mut self, outcome: u64) {
        self.happens();
        self.value = Some(false);
        if let Some(creator) = self.creator.take() {
            self.tell(creator.claim, |patient| {
                Some(Told::Outcome(outcome, patient))
            });
        }
    }

    /// The value goes. Law 5: who waits patiently waits on.
    pub(super) fn delete(&mut self) {
        self.happens();
        self.value = None;
        self.supersede();
    }

    /// The value becomes stale, or the one that is coming; a refresh brings none that is newer.
    pub(super) fn soften(&mut self) {
        match (&mut self.value, &mut self.creator) {
            (Some(stale), _) => {
                *stale = true;
                self.happens();
                self.supersede();
            }
            (None, Some(creator)) => creator.marked = true,
            (None, None) => {}
        }
    }

    fn supersede(&mut self) {
        if let Some(creator) = self.creator.take() {
            self.tell(creator.claim, |patient| {
                (!patient).then_some(Told::Superseded)
            });
        }
    }

    fn tell(&mut self, claim: u64, what: impl Fn(bool) -> Option<Told>) {
        let untold = self.seats.iter_mut().filter(|seat| seat.told.is_none());
        for seat in untold.filter(|seat| seat.follows == claim) {
            seat.told = what(seat.patient);
        }
    }

    fn happens(&mut self) {
        self.happened += 1;
        self.raised = true;
    }

    pub(super) fn has_value(&self) -> bool {
        self.value.is_some()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.creator.is_some()
    }

    pub(super) fn is_marked(&self) -> bool {
        let coming = self.creator.as_ref().is_some_and(|creator| creator.marked);
        self.value.unwrap_or(coming)
    }

    pub(super) fn has_begun(&self) -> Option<bool> {
        self.creator.as_ref().map(|creator| creator.begun)
    }

    /// Whether the word may name this number now: a new one if something happened, and the claim's
    /// own while one is at work.
    pub(super) fn names(&mut self, number: u64) -> bool {
        let raised = std::mem::take(&mut self.raised);
        let fits = if raised {
            number > self.number
        } else {
            number == self.number
        };
        self.number = number;
        fits && self
            .creator
            .as_ref()
            .is_none_or(|creator| creator.claim == number)
    }
}
