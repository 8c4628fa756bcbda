//! Every sequence of operations on one slot, one after another, against the laws.
//!
//! Loom and shuttle try every order of steps of a few operations; here are all operations, in every
//! order, each to its end. The production slot runs under a plain kit. What it must do is said by
//! `laws`, which knows nothing of the word, its bits or the transition table.

// That a run panics when a promise does not hold is what it is for.
#![allow(clippy::missing_panics_doc)]

mod laws;

use std::sync::Arc;
use std::task::Poll;

use dogpile_core::kit::Lock;
use dogpile_core::slot::{Abandoned, Change, Claimed, End, Relief, Slot};
use dogpile_core::state::{Claim, Phase, Snapshot};
use dogpile_core::time::Time;
use dogpile_core::waiters::{Room, Told, Waiter};

use crate::hold;
use crate::kits::Plain;
use crate::kits::plain::{PlainLock, PlainWord, begins, guest};
use laws::{Expected, Laws, Sight};

/// One operation on the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    /// Looks, for a claim to come.
    Look,
    /// Claims what was last looked at.
    Claim,
    /// A creator begins: the oldest, or the latest.
    Begin(Which),
    /// A creator ends.
    Settle(Which, End),
    /// A creator goes away.
    Abandon(Which),
    /// A call sits down; it has waited before, or not.
    Join(bool),
    /// The first who waits goes.
    Leave,
    /// The first who waits has lost its patience.
    Relieve,
    TakeOver,
    Seize,
    Change(Change),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Oldest,
    Latest,
}

/// When creators are overdue that have begun.
const DUE: Time = Time::from_nanos(1_000);
/// More of either would only repeat what two do.
const CLAIMS: usize = 2;
const WAITERS: usize = 2;

/// Plays every sequence of up to `length` operations from every word that nobody is at work on.
/// Answers how many there were.
pub fn check(length: usize) -> usize {
    let starts = [
        Snapshot::VACANT,
        Snapshot::new(Phase::Ready, 3, false),
        Snapshot::new(Phase::Ready, 3, true),
    ];
    let mut played = 0;
    // Short ones first: what is wrong shows soon.
    for length in 1..=length {
        for start in starts {
            played += explore(start, &mut Vec::new(), length);
        }
    }
    played
}

fn explore(start: Snapshot, sequence: &mut Vec<Op>, left: usize) -> usize {
    let mut play = Play::from(start);
    for op in &*sequence {
        play.does(*op, sequence);
    }
    if left == 0 {
        return 1;
    }
    let mut played = 0;
    for op in play.possible() {
        sequence.push(op);
        played += explore(start, sequence, left - 1);
        sequence.pop();
    }
    played
}

/// The slot, those who use it, and what the laws say of them.
struct Play {
    slot: Slot<Plain, u64>,
    laws: Laws,
    sight: (Snapshot, Sight),
    claims: Vec<Claim>,
    waiters: Vec<Waiter<Plain, u64>>,
}

impl Play {
    fn from(start: Snapshot) -> Self {
        let slot = Slot::from_parts(
            PlainWord::new(start.bits()),
            PlainWord::new(0),
            PlainLock::new(Room::new()),
        );
        let laws = Laws::of(start.has_value().then_some(start.is_stale()), start.claim());
        Self {
            sight: (slot.look(), laws.sight()),
            slot,
            laws,
            claims: Vec::new(),
            waiters: Vec::new(),
        }
    }

    fn possible(&self) -> Vec<Op> {
        let mut ops = vec![Op::Look, Op::Claim, Op::TakeOver];
        ops.extend([Change::Set, Change::Delete, Change::Soften].map(Op::Change));
        if self.claims.len() < CLAIMS {
            ops.push(Op::Seize);
        }
        let whom: &[Which] = match self.claims.len() {
            0 => &[],
            1 => &[Which::Latest],
            _ => &[Which::Oldest, Which::Latest],
        };
        for which in whom {
            let ends = [End::Publish, End::Deliver, End::Fail];
            ops.extend(ends.map(|end| Op::Settle(*which, end)));
            ops.extend([Op::Begin(*which), Op::Abandon(*which)]);
        }
        if self.waiters.len() < WAITERS {
            ops.extend([Op::Join(false), Op::Join(true)]);
        }
        if !self.waiters.is_empty() {
            ops.extend([Op::Leave, Op::Relieve]);
        }
        ops
    }

    fn does(&mut self, op: Op, sequence: &[Op]) {
        begins();
        match op {
            Op::Look => self.sight = (self.slot.look(), self.laws.sight()),
            Op::Claim => self.claim(),
            Op::Begin(which) => {
                let claim = &self.claims[self.index(which)];
                let begun = self.slot.begin(claim, DUE);
                hold!(
                    "a superseded creator does not begin",
                    begun == self.laws.begin(claim.number())
                );
            }
            Op::Settle(which, end) => self.settle(which, end),
            Op::Abandon(which) => self.abandon(which),
            Op::Join(has_waited) => self.join(has_waited),
            Op::Leave => {
                let left = self.slot.leave(self.waiters.remove(0));
                self.laws.leaves(0);
                hold!(
                    "who leaves before it was told inherits nothing",
                    left.is_none()
                );
            }
            Op::Relieve => self.relieve(),
            Op::TakeOver => self.take_over(),
            Op::Seize => {
                let claim = self.slot.seize();
                self.laws.succeeds(claim.number());
                self.claims.push(claim);
            }
            Op::Change(change) => self.change(change),
        }
        self.hear(sequence);
        self.compare(sequence);
    }

    fn index(&self, which: Which) -> usize {
        match which {
            Which::Oldest => 0,
            Which::Latest => self.claims.len() - 1,
        }
    }

    fn claim(&mut self) {
        let expected = self.laws.claim(self.sight.1);
        match (self.slot.claim(self.sight.0), expected) {
            (Claimed::Won(claim), Expected::Won) => {
                self.laws.creates(claim.number());
                self.claims.push(claim);
            }
            (Claimed::Joined, Expected::Joined) | (Claimed::Changed, Expected::Changed) => {}
            (answer, expected) => panic!("law 1: {answer:?}, but {expected:?}"),
        }
    }

    fn settle(&mut self, which: Which, end: End) {
        let claim = self.claims.remove(self.index(which));
        let number = claim.number();
        let mut placed = false;
        let settled = self
            .slot
            .settle(claim, end, &Arc::new(number), || placed = true);
        let current = self.laws.settles(number, end == End::Publish, number);
        hold!(
            "only who is not superseded ends a creation",
            settled.is_ok() == current
        );
        hold!("a superseded creator places nothing", placed == current);
    }

    fn abandon(&mut self, which: Which) {
        let claim = self.claims.remove(self.index(which));
        let number = claim.number();
        let abandoned = self.slot.abandon(claim);
        let expected = self.laws.abandons(number);
        hold!(
            "who goes away leaves the creation to the first in line",
            abandoned == expected
        );
        if let (Abandoned::Inherited, Some(heir)) = (abandoned, self.laws.heir()) {
            let waiter = self.waiters.remove(heir);
            match self.slot.hear(&waiter, &guest()) {
                Poll::Ready(Told::Heir(claim)) => {
                    self.laws.leaves(heir);
                    self.laws.succeeds(claim.number());
                    self.claims.push(claim);
                }
                other => panic!("the first in line inherits, but {other:?}"),
            }
        }
    }

    fn join(&mut self, has_waited: bool) {
        let waiter = self.slot.join(has_waited);
        let sits = self.laws.joins(has_waited);
        hold!(
            "only a creation under way is waited for",
            waiter.is_some() == sits
        );
        self.waiters.extend(waiter);
    }

    fn relieve(&mut self) {
        let relief = self.slot.relieve(&self.waiters[0], DUE);
        match (relief, self.laws.relieves(0)) {
            (Relief::Heir(claim), Expected::Won) => {
                self.laws.leaves(0);
                drop(self.waiters.remove(0));
                self.laws.succeeds(claim.number());
                self.claims.push(claim);
            }
            (Relief::Superseded, Expected::Changed) => {
                self.laws.leaves(0);
                drop(self.waiters.remove(0));
            }
            (Relief::NotBegun, Expected::Joined) => {}
            (answer, expected) => panic!("law 6: {answer:?}, but {expected:?}"),
        }
    }

    fn take_over(&mut self) {
        let taken = self.slot.take_over(DUE);
        hold!(
            "only an overdue creator is replaced",
            taken.is_some() == self.laws.is_overdue()
        );
        if let Some(claim) = taken {
            self.laws.succeeds(claim.number());
            self.claims.push(claim);
        }
    }

    fn change(&mut self, change: Change) {
        let outcome = (change == Change::Set).then(|| Arc::new(99));
        let mut placed = false;
        self.slot
            .supersede(change, outcome.as_ref(), || placed = true);
        hold!("what comes from outside is placed", placed);
        match change {
            Change::Set => self.laws.set(99),
            Change::Delete => self.laws.delete(),
            Change::Soften => self.laws.soften(),
        }
    }

    /// Each who waits has heard what it must have heard, and nothing else.
    fn hear(&mut self, sequence: &[Op]) {
        let mut seat = 0;
        while seat < self.waiters.len() {
            let heard = match self.slot.hear(&self.waiters[seat], &guest()) {
                Poll::Pending => None,
                Poll::Ready(Told::Outcome {
                    outcome,
                    began_after_me,
                }) => Some(laws::Told::Outcome(*outcome, began_after_me)),
                Poll::Ready(Told::Superseded) => Some(laws::Told::Superseded),
                Poll::Ready(Told::Heir(claim)) => panic!("nobody left it {claim:?}: {sequence:?}"),
            };
            let due = self.laws.told(seat);
            hold!(
                "who waits is told what it must be, once",
                heard == due,
                "{heard:?}, not {due:?}: {sequence:?}"
            );
            if heard.is_some() {
                self.laws.leaves(seat);
                drop(self.waiters.remove(seat));
            } else {
                seat += 1;
            }
        }
    }

    /// A reader finds what the laws say.
    fn compare(&mut self, sequence: &[Op]) {
        let word = self.slot.look();
        let laws = &mut self.laws;
        hold!(
            "a reader finds a value where there is one",
            word.has_value() == laws.has_value(),
            "{word:?} after {sequence:?}"
        );
        hold!(
            "somebody is at work or nobody",
            word.is_busy() == laws.is_busy(),
            "{word:?} after {sequence:?}"
        );
        hold!(
            "the mark is on what was made stale",
            word.is_stale() == laws.is_marked(),
            "{word:?} after {sequence:?}"
        );
        hold!(
            "a number is raised when it must be, and never goes back",
            laws.names(word.claim()),
            "{word:?} after {sequence:?}"
        );
        hold!(
            "nobody who was told keeps a seat",
            self.slot.waiting() == laws.waiting(),
            "{word:?} after {sequence:?}"
        );
        if let Some(begun) = laws.has_begun() {
            hold!(
                "a creator has the time that it was given",
                self.slot.due() == begun.then_some(DUE)
            );
        }
    }
}
