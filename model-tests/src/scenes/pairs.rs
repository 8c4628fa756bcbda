//! Every operation against every other: two or more parties that each do one thing to a value that
//! starts in a given state, and what must hold whatever they do.
//!
//! A [`Program`] is a start and the operations. The parties run at once; what they hold then (a
//! claim, a seat) is brought to its end, and so are two waiters who were asleep all the time. A
//! sleeper is a task: it has left its waker, so that an answer without a call to that waker is a
//! lost wake-up. What the parties do is in `deeds`, what must hold is in `ledger`.
//!
//! | an operation needs | it has, in a busy start | in an idle start |
//! |---|---|---|
//! | a claim | the one at work; where two need one, the first has the one that was superseded | one that was superseded |
//! | a seat | one taken before the creator began, or after, as it comes | is left out |

mod deeds;
mod ledger;
mod stage;

use crate::kits::Checker;
use stage::Stage;

/// What one party does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Looks and asks to create; who has to wait sits down.
    Claim,
    /// Says that its creation begins.
    Begin,
    /// Ends its creation with a value.
    Publish,
    /// Ends its creation with a value for the waiters alone.
    Deliver,
    /// Ends its creation with an error, its creator's or that of its panic.
    Fail,
    /// Goes away while it creates: a dropped call, by a cancellation or a panic outside the creator.
    Abandon,
    /// Takes an overdue creator's place without waiting.
    TakeOver,
    /// Takes the creator's place as one who waits.
    Relieve,
    /// Becomes the creator whatever goes on.
    Refresh,
    /// Puts a value.
    Set,
    /// Takes the value away (also: a hard invalidation).
    Delete,
    /// Makes the value stale (a soft invalidation).
    Soften,
    /// Sits down to wait.
    Wait,
    /// Gives its seat up.
    Leave,
    /// A waiter asks again, with another waker, as a task does that was moved.
    Poll,
    /// Wakes all who wait without an answer.
    Nudge,
    /// Reads without a lock, twice.
    Read,
}

use Operation::{
    Abandon, Begin, Claim, Delete, Deliver, Fail, Leave, Nudge, Poll, Publish, Read, Refresh,
    Relieve, Set, Soften, TakeOver, Wait,
};

impl Operation {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Claim, Begin, Publish, Deliver, Fail, Abandon, TakeOver, Relieve, Refresh, Set, Delete,
        Soften, Wait, Leave, Poll, Nudge, Read,
    ];

    const fn needs_claim(self) -> bool {
        matches!(self, Begin | Publish | Deliver | Fail | Abandon)
    }

    const fn needs_seat(self) -> bool {
        matches!(self, Relieve | Leave | Poll)
    }
}

/// How things stand when the parties come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// No value, nobody creates.
    Vacant,
    /// Somebody creates and has not begun.
    Creating,
    /// Somebody has begun to create, and is overdue.
    Begun,
    /// As before, and a soft invalidation has marked what it will bring.
    Marked,
    /// A value.
    Ready,
    /// A value that a soft invalidation has made stale.
    Stale,
    /// A value, and somebody who has begun to create the next, and is overdue.
    Refreshing,
    /// A stale value, and somebody who has not begun to create the next.
    Renewing,
}

impl Start {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Vacant,
        Self::Creating,
        Self::Begun,
        Self::Marked,
        Self::Ready,
        Self::Stale,
        Self::Refreshing,
        Self::Renewing,
    ];

    const fn is_busy(self) -> bool {
        !matches!(self, Self::Vacant | Self::Ready | Self::Stale)
    }

    const fn has_begun(self) -> bool {
        matches!(self, Self::Begun | Self::Marked | Self::Refreshing)
    }

    /// Whether `operation` means anything here.
    pub const fn permits(self, operation: Operation) -> bool {
        self.is_busy() || !operation.needs_seat()
    }
}

/// How much of the house takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The operations alone, small enough to enumerate every schedule of two of them. What they
    /// leave is ended when all are done.
    Bare,
    /// With the value cell and its reclamation, two sleepers, and creations that go on to their end
    /// while the others act.
    Whole,
}

/// What runs.
#[derive(Clone, Debug)]
pub struct Program {
    /// How things stand.
    pub start: Start,
    /// Who comes: each is a thread, the last of them the one that explores.
    pub parties: Vec<Operation>,
    /// How much takes part.
    pub depth: Depth,
}

impl Program {
    /// Its name in reports.
    pub fn name(&self) -> String {
        format!("{:?}: {:?}", self.start, self.parties)
    }

    /// Whether somebody reads while another creates from beginning to end: the longest of all.
    pub fn is_long(&self) -> bool {
        let creates = |party: &Operation| matches!(party, Claim | TakeOver | Relieve | Refresh);
        self.parties.contains(&Read) && self.parties.iter().any(creates)
    }

    /// Runs it once; what it answers is what happened.
    pub fn play<C: Checker>(&self) -> String {
        let (stage, hands) = Stage::<C>::set(self);
        let mut parties = hands.into_iter().zip(self.parties.clone());
        let own = parties.next_back();
        let others: Vec<_> = parties
            .enumerate()
            .map(|(index, (hand, operation))| {
                let stage = stage.clone();
                C::spawn(move || stage.act(operation, hand, index))
            })
            .collect();
        let own = own.map(|(hand, operation)| stage.act(operation, hand, others.len()));
        let mut answers: Vec<_> = others.into_iter().map(|other| other()).collect();
        answers.extend(own);
        stage.finish(answers)
    }
}

/// Each pair of operations from `start`. One that is the same either way round is there once: only
/// who has which claim or which seat makes a first and a second.
pub fn pairs(start: Start, depth: Depth) -> Vec<Program> {
    let permitted = Operation::ALL.into_iter().filter(|one| start.permits(*one));
    let permitted: Vec<_> = permitted.collect();
    let mut pairs = Vec::new();
    for &first in &permitted {
        for &second in &permitted {
            let ordered = first.needs_claim() && second.needs_claim()
                || first.needs_seat() && second.needs_seat();
            if ordered || first <= second {
                pairs.push(Program {
                    start,
                    parties: vec![first, second],
                    depth,
                });
            }
        }
    }
    pairs
}

/// Each pair of operations from `start`, in the company of `others`.
pub fn crowds(start: Start, others: &[Operation]) -> Vec<Program> {
    let mut crowds = pairs(start, Depth::Whole);
    for program in &mut crowds {
        program.parties.extend(others);
    }
    crowds
}

fn pair<C: Checker>(start: Start, parties: [Operation; 2]) -> String {
    let program = Program {
        start,
        parties: parties.to_vec(),
        depth: Depth::Whole,
    };
    program.play::<C>()
}

/// A creator goes away while the first of those who wait leaves.
pub fn who_goes_away_meets_a_leaver<C: Checker>() -> String {
    pair::<C>(Start::Begun, [Abandon, Leave])
}

/// A creator that was superseded publishes while the one at work does.
pub fn two_claims_publish<C: Checker>() -> String {
    pair::<C>(Start::Refreshing, [Publish, Publish])
}

/// A waiter asks anew, with another waker, while its creator fails.
pub fn a_moved_task_meets_a_failure<C: Checker>() -> String {
    pair::<C>(Start::Begun, [Fail, Poll])
}

/// A whole creation meets a value that is set.
pub fn a_claim_meets_a_set<C: Checker>() -> String {
    pair::<C>(Start::Ready, [Claim, Set])
}
