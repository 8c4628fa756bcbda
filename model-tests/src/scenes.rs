//! Scenes: short programs over one slot, written once for every checker.

// That a scene panics when a promise does not hold is what it is for.
#![allow(clippy::missing_panics_doc)]

pub mod cell;
pub mod claims;
pub mod epochs;
pub mod flights;
pub mod mix;
pub mod pairs;
pub mod supersede;
pub mod waiting;

use std::sync::Arc;

use dogpile_core::kit::{Kit, Lock, Park};
use dogpile_core::slot::{Claimed, Slot};
use dogpile_core::state::{Claim, Snapshot};
use dogpile_core::time::Time;
use dogpile_core::waiters::{Room, Told, Waiter};

use crate::kits::{Checker, Scratch};

/// One slot, and the memory that it protects.
pub struct World<C: Checker> {
    /// The slot; an outcome is the number of its creation.
    pub slot: Slot<C, u64>,
    /// Written by each creator: two at once, or one that does not see the last, is a defect.
    pub creators: C::Scratch,
    /// The value cell: written once before it is published, read by whoever finds a value.
    pub value: C::Scratch,
}

/// Before the creation limit of every creator in these scenes.
pub const EARLY: Time = Time::ZERO;
/// When every creator in these scenes that has begun is overdue.
pub const LATE: Time = Time::from_nanos(1_000);

impl<C: Checker> World<C> {
    /// A slot whose word starts at `word`, with nobody waiting.
    pub fn new(word: Snapshot) -> Arc<Self> {
        Arc::new(Self {
            slot: Slot::from_parts(
                C::word(word.bits()),
                C::word(0),
                <C as Kit>::Lock::new(Room::new()),
            ),
            creators: C::Scratch::new(),
            value: C::Scratch::new(),
        })
    }

    /// A slot that nobody has touched.
    pub fn vacant() -> Arc<Self> {
        Self::new(Snapshot::VACANT)
    }

    /// Looks, and asks to create.
    pub fn enter(&self) -> Claimed {
        self.slot.claim(self.slot.look())
    }

    /// Claims a slot that nobody else touches yet.
    ///
    /// # Panics
    /// When somebody does.
    pub fn claim_alone(&self) -> Claim {
        match self.enter() {
            Claimed::Won(claim) => claim,
            other => panic!("nobody else is there, but {other:?}"),
        }
    }

    /// Joins the creation that is under way, for a scene in which there is one.
    ///
    /// # Panics
    /// When there is none.
    pub fn sit(&self) -> Waiter<C, u64> {
        match self.slot.join(false) {
            Some(waiter) => waiter,
            None => panic!("a creation is under way"),
        }
    }
}

/// Sleeps until the waiter is told. A wake-up that is lost is a deadlock, which checkers report.
pub fn wait<C: Checker>(slot: &Slot<C, u64>, waiter: &Waiter<C, u64>) -> Told<u64> {
    let place = C::Park::here();
    let waker = place.waker();
    loop {
        match slot.hear(waiter, &waker) {
            std::task::Poll::Ready(told) => return told.map(|outcome| *outcome),
            std::task::Poll::Pending => place.park(None),
        }
    }
}

/// What a waiter was told, in short.
pub fn short(told: &Told<u64>) -> String {
    match told {
        Told::Outcome {
            outcome,
            began_after_me,
        } => {
            let began = if *began_after_me { "after" } else { "before" };
            format!("outcome {outcome} begun {began}")
        }
        Told::Heir(claim) => format!("heir {}", claim.number()),
        Told::Superseded => "superseded".to_owned(),
    }
}
