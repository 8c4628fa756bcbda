//! What each operation does: the calls of the product, and what the party writes down of them.

use std::sync::Arc;

use dogpile_core::published::Cell;
use dogpile_core::slot::{Abandoned, Change, Claimed, End, Relief};
use dogpile_core::state;
use dogpile_core::waiters::Told;

use super::super::{LATE, short};
use super::ledger::{FAILED, Readings};
use super::stage::{Answer, FIRST, Hand, Sleeper, Stage};
use super::{Depth, Operation};
use crate::kits::Checker;
use crate::kits::cell::ModelCell;

/// What a party sets.
const SET: u64 = 90;

/// A claim in the hand of a call: dropped with it, it goes to somebody else, as the product's
/// calls do.
struct Call<'s, C: Checker> {
    stage: &'s Stage<C>,
    claim: Option<state::Claim>,
    became: &'s mut Option<Abandoned>,
}

impl<C: Checker> Drop for Call<'_, C> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            *self.became = Some(self.stage.value.slot().abandon(claim));
        }
    }
}

impl<C: Checker> Stage<C> {
    /// Does `operation`. A creator works on until its creation has ended, if the whole house takes
    /// part.
    pub(super) fn act(&self, operation: Operation, mut hand: Hand<C>, index: usize) -> Answer<C> {
        let mut deed = match operation {
            Operation::Claim => self.claim(&mut hand),
            Operation::Begin | Operation::Abandon => self.of_a_creator(operation, &mut hand),
            Operation::Publish => self.end_own(&mut hand, End::Publish),
            Operation::Deliver => self.end_own(&mut hand, End::Deliver),
            Operation::Fail => self.end_own(&mut hand, End::Fail),
            Operation::TakeOver | Operation::Refresh => self.of_a_successor(operation, &mut hand),
            Operation::Set | Operation::Delete | Operation::Soften | Operation::Nudge => {
                self.come_from_outside(operation, index)
            }
            Operation::Wait => self.wait(&mut hand),
            Operation::Relieve | Operation::Leave | Operation::Poll => {
                self.of_a_waiter(operation, &mut hand)
            }
            Operation::Read => self.read_twice(),
        };
        if self.depth == Depth::Whole
            && let Some(claim) = hand.claim.take()
        {
            let published = if self.create(claim) { "" } else { ", refused" };
            deed = format!("{deed}, created{published}");
        }
        Answer { deed, hand }
    }

    fn claim(&self, hand: &mut Hand<C>) -> String {
        let slot = self.value.slot();
        let seen = slot.look();
        match slot.claim(seen) {
            Claimed::Won(claim) => {
                let after = self.ledger.followed(&claim, self.depth);
                let deed = format!("won {}{after}", claim.number());
                hand.claim = Some(claim);
                deed
            }
            Claimed::Joined => self.wait(hand),
            Claimed::Changed => "looks again".to_owned(),
        }
    }

    fn wait(&self, hand: &mut Hand<C>) -> String {
        let Some(waiter) = self.value.slot().join(false) else {
            return "came late".to_owned();
        };
        match Sleeper::new(self.value.slot(), waiter) {
            Ok(sleeper) => {
                hand.seat = Some(sleeper);
                "sat".to_owned()
            }
            Err(told) => self.told(told, hand),
        }
    }

    /// A party hears its answer.
    fn told(&self, told: Told<u64>, hand: &mut Hand<C>) -> String {
        let deed = format!("told {}", short(&told));
        match told {
            Told::Outcome { outcome, .. } => assert!(self.ledger.was_brought(outcome)),
            Told::Heir(claim) => {
                self.ledger.followed(&claim, self.depth);
                hand.claim = Some(claim);
            }
            Told::Superseded => {}
        }
        deed
    }

    fn of_a_creator(&self, operation: Operation, hand: &mut Hand<C>) -> String {
        let Some(claim) = hand.claim.take() else {
            panic!("{operation:?} needs a claim");
        };
        if operation == Operation::Begin {
            let superseded = self.ledger.is_superseded(claim.number());
            let current = self.value.slot().begin(&claim, LATE);
            assert!(!(current && superseded), "who was superseded is heard");
            hand.claim = Some(claim);
            return if current {
                "begun"
            } else {
                "begun for nothing"
            }
            .to_owned();
        }
        self.work(&claim);
        let superseded = self.ledger.is_superseded(claim.number());
        let mut became = None;
        drop(Call {
            stage: self,
            claim: Some(claim),
            became: &mut became,
        });
        assert!(!superseded || became == Some(Abandoned::Superseded));
        format!("abandoned: {became:?}")
    }

    fn end_own(&self, hand: &mut Hand<C>, end: End) -> String {
        let Some(claim) = hand.claim.take() else {
            panic!("{end:?} needs a claim");
        };
        let ended = self.end(claim, end);
        format!("{end:?}{}", if ended { "" } else { " refused" })
    }

    /// Creates to the end, under a claim that is at work or was superseded.
    pub(super) fn create(&self, claim: state::Claim) -> bool {
        self.end(claim, End::Publish)
    }

    fn end(&self, claim: state::Claim, end: End) -> bool {
        self.work(&claim);
        let number = claim.number();
        let superseded = self.ledger.is_superseded(number);
        let outcome = if end == End::Fail {
            FAILED + number
        } else {
            number
        };
        self.ledger.bring(outcome);
        if end == End::Publish {
            self.ledger.publish(number);
        }
        let settled = if end == End::Publish && self.depth == Depth::Whole {
            self.value.publish(claim, number, &Arc::new(outcome))
        } else {
            let slot = self.value.slot();
            slot.settle(claim, end, &Arc::new(outcome), || ())
        };
        if settled.is_err() && end == End::Publish {
            self.ledger.refuse(number);
        }
        assert!(
            !superseded || settled.is_err(),
            "claim {number} was superseded"
        );
        settled.is_ok()
    }

    fn work(&self, claim: &state::Claim) {
        if self.depth == Depth::Whole {
            self.ledger.work(claim);
        }
    }

    fn of_a_successor(&self, operation: Operation, hand: &mut Hand<C>) -> String {
        let slot = self.value.slot();
        let claim = match operation {
            Operation::TakeOver => slot.take_over(LATE),
            _ => Some(slot.seize()),
        };
        let Some(claim) = claim else {
            return "nobody is overdue".to_owned();
        };
        self.ledger.won(&claim);
        let deed = format!("took over as {}", claim.number());
        hand.claim = Some(claim);
        deed
    }

    fn come_from_outside(&self, operation: Operation, index: usize) -> String {
        match operation {
            Operation::Set => self.put(SET + index as u64),
            Operation::Delete => self.take_away(),
            Operation::Soften => self.value.soften(),
            _ => self.value.slot().nudge(),
        }
        format!("{operation:?}")
    }

    pub(super) fn put(&self, value: u64) {
        let standing = self.ledger.standing();
        self.ledger.bring(value);
        if self.depth == Depth::Whole {
            self.value.set(value, &Arc::new(value));
        } else {
            let slot = self.value.slot();
            slot.supersede(Change::Set, Some(&Arc::new(value)), || ());
        }
        self.ledger.supersede(standing);
    }

    pub(super) fn take_away(&self) {
        let standing = self.ledger.standing();
        if self.depth == Depth::Whole {
            self.value.delete();
        } else {
            let slot = self.value.slot();
            slot.supersede(Change::Delete, None, || ());
        }
        self.ledger.supersede(standing);
    }

    fn of_a_waiter(&self, operation: Operation, hand: &mut Hand<C>) -> String {
        let Some(mut sleeper) = hand.seat.take() else {
            panic!("{operation:?} needs a seat");
        };
        let slot = self.value.slot();
        match operation {
            Operation::Leave => format!("left: {:?}", slot.leave(sleeper.waiter)),
            Operation::Poll => match sleeper.move_and_ask(slot) {
                Some(told) => self.told(told, hand),
                None => {
                    hand.seat = Some(sleeper);
                    "sleeps on".to_owned()
                }
            },
            _ => match slot.relieve(&sleeper.waiter, LATE) {
                Relief::Heir(claim) => {
                    self.ledger.won(&claim);
                    let deed = format!("relieved as {}", claim.number());
                    hand.claim = Some(claim);
                    deed
                }
                Relief::Superseded => "nobody to relieve".to_owned(),
                other @ (Relief::NotYet(_) | Relief::NotBegun | Relief::Told) => {
                    hand.seat = Some(sleeper);
                    format!("{other:?}")
                }
            },
        }
    }

    /// Reads as a hit does, twice under one guard: the word, then the value.
    fn read_twice(&self) -> String {
        if self.depth == Depth::Bare {
            return format!("read {:?}", self.value.slot().look());
        }
        let guard = ModelCell::<C>::pin();
        let [first, second] = [(); 2].map(|()| {
            let (word, found) = self.value.read(&guard);
            let found = found.copied();
            let placed = self.value.cell().placed();
            if let Some(least) = self.ledger.published_under(word, &placed) {
                let place = placed.iter().position(|value| Some(*value) == found);
                let deleted = found.is_none() && self.does(Operation::Delete);
                assert!(deleted || place >= Some(least), "{word:?} and {found:?}");
            }
            (word, found)
        });
        let mut readings = Readings::default();
        let placed = self.value.cell().placed();
        readings.add(first, &placed);
        readings.add(second, &placed);
        let new = |found: Option<u64>| found.is_some_and(|value| value != FIRST);
        let sign = match () {
            () if first != second => "it changed",
            () if new(first.1) => "new",
            () => "as it was",
        };
        format!("read {first:?} {second:?} {sign}")
    }
}
