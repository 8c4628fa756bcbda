//! The word: its bits, typed snapshots of it, and the transition table. No atomics here.
//!
//! ```text
//!  63                                     3   2     1   0
//! +----------------------------------------+-----+-------+
//! | claim number n                         |stale| phase |
//! +----------------------------------------+-----+-------+
//! ```
//!
//! Every claim, take-over and supersession raises the claim number, so that a claim which was
//! superseded never matches the word again. 61 bits last 73 years at one claim a nanosecond;
//! after that the number begins again at zero.
//!
//! | | Vacant(n) | Creating(n) | Ready(n) | Refreshing(n) |
//! |---|---|---|---|---|
//! | claim | Creating(n+1) | joined | Refreshing(n+1), if still n | joined |
//! | publish | - | Ready(n) | - | Ready(n) |
//! | deliver, fail | - | Vacant(n) | - | Ready(n), old value |
//! | abandon, with an heir | - | Creating(n+1) | - | Refreshing(n+1) |
//! | abandon, nobody there | - | Vacant(n) | - | Ready(n), old value |
//! | take over | - | Creating(n+1) | - | Refreshing(n+1) |
//! | set | Ready(n+1) | Ready(n+1) | Ready(n+1) | Ready(n+1) |
//! | delete, hard invalidate | Vacant(n+1) | Vacant(n+1) | Vacant(n+1) | Vacant(n+1) |
//! | soft invalidate | Vacant(n) | Creating(n), stale | Ready(n+1), stale | Ready(n+1), stale |
//!
//! A `refresh` asks for none of this: it takes over what is busy and claims what is not, under the
//! slot's lock, whatever it saw.
//!
//! The stale mark says: whatever its age, the value that is here, or that this creation will
//! bring, is stale. It goes when a newer value is published or set.
//! A dash is a transition that cannot be asked for: a [`Claim`] is not `Clone` and is used up by
//! whatever ends it.

/// The phase of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No value, nobody creates one.
    Vacant = 0,
    /// No value, one creator at work: who comes waits.
    Creating = 1,
    /// A value.
    Ready = 2,
    /// A value, and one creator at work on the next: who may use the old one gets it at once.
    Refreshing = 3,
}

/// The word at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Snapshot(u64);

/// The right to end one creation: won by a claim or a take-over, used up by what ends it.
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "a claim that is neither settled nor abandoned leaves the word busy"]
pub struct Claim(u64);

/// What is asked of the word. Those that end a creation name its claim number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// To be the creator, by somebody who saw the word with claim number `seen`.
    Claim {
        /// The claim number of the value that was found stale.
        seen: u64,
    },
    /// The value is in its place.
    Publish(u64),
    /// The value goes to the waiters and is not kept.
    Deliver(u64),
    /// There is no value.
    Fail(u64),
    /// The creator goes away; a waiter takes its place.
    HandOver(u64),
    /// The creator goes away, and nobody waits.
    Abandon(u64),
    /// The creator is past its limit; another takes its place.
    TakeOver(u64),
    /// A value comes from outside.
    Set,
    /// The value goes (delete, hard invalidation).
    Delete,
    /// The value becomes stale.
    Soften,
}

/// The answer of the transition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a transition does nothing until the word is exchanged"]
pub enum Step {
    /// The word becomes this.
    To(Snapshot),
    /// Somebody else creates.
    Joined,
    /// The value that was found stale is gone: look again.
    Changed,
    /// The claim was superseded; the word stays as it is.
    Superseded,
    /// Cannot be asked for; the text says why.
    Never(&'static str),
}

const PHASE: u64 = 0b011;
const STALE: u64 = 0b100;
const CLAIM_SHIFT: u32 = 3;
const CLAIMS: u64 = u64::MAX >> CLAIM_SHIFT;

impl Claim {
    /// The claim number.
    pub const fn number(&self) -> u64 {
        self.0
    }

    /// Names the claim that won `snapshot`. Only the winner of the exchange, or the heir that it
    /// names, may ask.
    pub(crate) const fn of(snapshot: Snapshot) -> Self {
        Self(snapshot.claim())
    }
}

impl Snapshot {
    /// A word without a value and without a past: all bits zero.
    pub const VACANT: Self = Self::new(Phase::Vacant, 0, false);

    /// The word of these parts; a claim number beyond 61 bits wraps.
    pub const fn new(phase: Phase, claim: u64, stale: bool) -> Self {
        let mark = if stale { STALE } else { 0 };
        Self((claim & CLAIMS) << CLAIM_SHIFT | mark | phase as u64)
    }

    /// The word as it is stored.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The stored word, typed.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The phase.
    #[inline]
    pub const fn phase(self) -> Phase {
        match self.0 & PHASE {
            0 => Phase::Vacant,
            1 => Phase::Creating,
            2 => Phase::Ready,
            _ => Phase::Refreshing,
        }
    }

    /// The claim number.
    pub const fn claim(self) -> u64 {
        self.0 >> CLAIM_SHIFT
    }

    /// Whether the value, whatever its age, is stale.
    pub const fn is_stale(self) -> bool {
        self.0 & STALE != 0
    }

    /// Whether a reader finds a value.
    #[inline]
    pub const fn has_value(self) -> bool {
        matches!(self.phase(), Phase::Ready | Phase::Refreshing)
    }

    /// Whether a creator is at work.
    pub const fn is_busy(self) -> bool {
        matches!(self.phase(), Phase::Creating | Phase::Refreshing)
    }

    /// Whether `claim` is at work here.
    pub const fn is_held_by(self, claim: u64) -> bool {
        self.is_busy() && self.claim() == claim
    }

    /// The transition table.
    pub const fn on(self, request: Request) -> Step {
        match request {
            Request::Claim { seen } => self.claimed(seen),
            Request::Publish(claim) => self.ended(claim, self.published()),
            Request::Deliver(claim) | Request::Fail(claim) | Request::Abandon(claim) => {
                self.ended(claim, self.as_before())
            }
            Request::HandOver(claim) | Request::TakeOver(claim) => {
                self.ended(claim, self.succeeded())
            }
            Request::Set => Step::To(self.next(Phase::Ready, false)),
            Request::Delete => Step::To(self.next(Phase::Vacant, false)),
            Request::Soften => Step::To(self.softened()),
        }
    }

    const fn claimed(self, seen: u64) -> Step {
        match self.phase() {
            Phase::Vacant => Step::To(self.next(Phase::Creating, false)),
            Phase::Ready if self.claim() == seen => {
                Step::To(self.next(Phase::Refreshing, self.is_stale()))
            }
            Phase::Ready => Step::Changed,
            Phase::Creating | Phase::Refreshing => Step::Joined,
        }
    }

    /// A creation ends: only while its claim is at work.
    const fn ended(self, claim: u64, end: Self) -> Step {
        match self.phase() {
            _ if self.claim() != claim => Step::Superseded,
            Phase::Creating | Phase::Refreshing => Step::To(end),
            Phase::Vacant | Phase::Ready => Step::Never("a claim is used up by what ends it"),
        }
    }

    /// The stale mark of a first creation means the value that it brings; that of a refresh means
    /// the old value.
    const fn published(self) -> Self {
        let stale = matches!(self.phase(), Phase::Creating) && self.is_stale();
        Self::new(Phase::Ready, self.claim(), stale)
    }

    const fn as_before(self) -> Self {
        match self.phase() {
            Phase::Refreshing => Self::new(Phase::Ready, self.claim(), self.is_stale()),
            _ => Self::new(Phase::Vacant, self.claim(), false),
        }
    }

    /// The successor begins after any invalidation so far, so what it brings is not marked.
    const fn succeeded(self) -> Self {
        let stale = matches!(self.phase(), Phase::Refreshing) && self.is_stale();
        self.next(self.phase(), stale)
    }

    const fn softened(self) -> Self {
        match self.phase() {
            Phase::Vacant => self,
            Phase::Creating => Self::new(Phase::Creating, self.claim(), true),
            Phase::Ready | Phase::Refreshing => self.next(Phase::Ready, true),
        }
    }

    const fn next(self, phase: Phase, stale: bool) -> Self {
        Self::new(phase, self.claim().wrapping_add(1), stale)
    }
}

impl core::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mark = if self.is_stale() { ", stale" } else { "" };
        write!(f, "{:?}({}{mark})", self.phase(), self.claim())
    }
}

#[cfg(test)]
mod tests {
    use super::Phase::{Creating, Ready, Refreshing, Vacant};
    use super::*;

    const N: u64 = 7;

    fn to(phase: Phase, claim: u64) -> Step {
        Step::To(Snapshot::new(phase, claim, false))
    }

    fn never() -> Step {
        Step::Never("a claim is used up by what ends it")
    }

    /// The table of the module's documentation, cell by cell.
    #[test]
    fn every_cell_of_the_table() {
        let rows = [
            (
                Request::Claim { seen: N },
                [
                    to(Creating, 8),
                    Step::Joined,
                    to(Refreshing, 8),
                    Step::Joined,
                ],
            ),
            (
                Request::Publish(N),
                [never(), to(Ready, 7), never(), to(Ready, 7)],
            ),
            (
                Request::Deliver(N),
                [never(), to(Vacant, 7), never(), to(Ready, 7)],
            ),
            (
                Request::Fail(N),
                [never(), to(Vacant, 7), never(), to(Ready, 7)],
            ),
            (
                Request::HandOver(N),
                [never(), to(Creating, 8), never(), to(Refreshing, 8)],
            ),
            (
                Request::Abandon(N),
                [never(), to(Vacant, 7), never(), to(Ready, 7)],
            ),
            (
                Request::TakeOver(N),
                [never(), to(Creating, 8), never(), to(Refreshing, 8)],
            ),
            (Request::Set, [to(Ready, 8); 4]),
            (Request::Delete, [to(Vacant, 8); 4]),
            (
                Request::Soften,
                [
                    to(Vacant, 7),
                    Step::To(Snapshot::new(Creating, 7, true)),
                    Step::To(Snapshot::new(Ready, 8, true)),
                    Step::To(Snapshot::new(Ready, 8, true)),
                ],
            ),
        ];
        for (request, cells) in rows {
            for (phase, expected) in [Vacant, Creating, Ready, Refreshing].into_iter().zip(cells) {
                let word = Snapshot::new(phase, N, false);
                assert_eq!(word.on(request), expected, "{request:?} on {word:?}");
            }
        }
    }

    #[test]
    fn law_3_a_superseded_claim_ends_nothing() {
        let ends: [fn(u64) -> Request; 6] = [
            Request::Publish,
            Request::Deliver,
            Request::Fail,
            Request::HandOver,
            Request::Abandon,
            Request::TakeOver,
        ];
        for phase in [Vacant, Creating, Ready, Refreshing] {
            let word = Snapshot::new(phase, N, false);
            for end in ends {
                assert_eq!(word.on(end(N - 1)), Step::Superseded);
            }
        }
    }

    #[test]
    fn law_2_a_claim_for_a_value_that_was_replaced_looks_again() {
        let word = Snapshot::new(Ready, N, false);
        assert_eq!(word.on(Request::Claim { seen: N - 2 }), Step::Changed);
    }

    #[test]
    fn the_stale_mark_stays_with_its_value() {
        let step = |word: Snapshot, request| match word.on(request) {
            Step::To(next) => next,
            other => panic!("{other:?}"),
        };
        let softened = step(Snapshot::new(Creating, N, false), Request::Soften);
        assert!(
            step(softened, Request::Publish(N)).is_stale(),
            "its creator began before"
        );
        assert!(
            !step(softened, Request::TakeOver(N)).is_stale(),
            "the successor begins after"
        );
        assert!(!step(softened, Request::Fail(N)).is_stale());
        let refreshing = Snapshot::new(Refreshing, N, true);
        assert!(
            step(refreshing, Request::Fail(N)).is_stale(),
            "the old value is still stale"
        );
        assert!(step(refreshing, Request::TakeOver(N)).is_stale());
        assert!(!step(refreshing, Request::Publish(N)).is_stale());
        assert!(!step(Snapshot::new(Ready, N, true), Request::Set).is_stale());
    }

    #[test]
    fn the_claim_number_wraps_without_touching_the_phase() {
        let last = Snapshot::new(Vacant, CLAIMS, false);
        let Step::To(first) = last.on(Request::Claim { seen: 0 }) else {
            panic!("a vacant word can be claimed");
        };
        assert_eq!((first.phase(), first.claim()), (Creating, 0));
    }
}
