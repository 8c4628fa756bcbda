//! What the parties write down about themselves, and what must hold of it.
//!
//! It is no part of what is checked: threads of a model run one at a time, so an ordinary lock
//! serves, and orders nothing in the eyes of a checker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dogpile_core::state::{Claim, Phase, Snapshot};

use super::Depth;
use crate::kits::{Checker, Scratch};

/// Outcomes from here on are errors.
pub(super) const FAILED: u64 = 1_000;

pub(super) struct Ledger<C: Checker>(Mutex<Entries<C>>);

struct Entries<C: Checker> {
    /// Each claim that was won, and what its creator touches while it works.
    claims: BTreeMap<u64, Arc<C::Scratch>>,
    /// Outcomes that somebody brought.
    brought: BTreeSet<u64>,
    /// Claims whose creators publish.
    published: BTreeSet<u64>,
    /// Values that were refused.
    refused: BTreeSet<u64>,
    /// Claims up to this number are superseded, or have ended: what did that has returned.
    superseded: u64,
}

impl<C: Checker> Ledger<C> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Entries {
            claims: BTreeMap::new(),
            brought: BTreeSet::new(),
            published: BTreeSet::new(),
            refused: BTreeSet::new(),
            superseded: 0,
        }))
    }

    fn entries(&self) -> MutexGuard<'_, Entries<C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has become the creator: nobody ever was under the same number, so at most one
    /// claim matches the word, and whoever was before has ended or is superseded.
    pub(super) fn won(&self, claim: &Claim) {
        let number = claim.number();
        let mut entries = self.entries();
        let before = entries.claims.insert(number, Arc::new(Scratch::new()));
        assert!(before.is_none(), "claim {number} has two creators");
        entries.superseded = entries.superseded.max(number - 1);
    }

    /// As [`won`](Self::won), by a claim for what was seen or by one whom the creator before has
    /// named: that creator, if its claim is the number before this one, has ended by itself, and
    /// all that it did is there.
    pub(super) fn followed(&self, claim: &Claim, depth: Depth) -> &'static str {
        self.won(claim);
        let before = claim.number().checked_sub(1);
        let before = before.and_then(|number| self.entries().claims.get(&number).cloned());
        if depth == Depth::Whole {
            if let Some(before) = &before {
                before.write();
            }
            self.work(claim);
        }
        before.map_or("", |_| " after another")
    }

    /// A creator works.
    pub(super) fn work(&self, claim: &Claim) {
        let scratch = self.entries().claims.get(&claim.number()).cloned();
        let Some(scratch) = scratch else {
            panic!("claim {} was never won", claim.number());
        };
        scratch.write();
    }

    pub(super) fn bring(&self, outcome: u64) {
        self.entries().brought.insert(outcome);
    }

    pub(super) fn was_brought(&self, outcome: u64) -> bool {
        self.entries().brought.contains(&outcome)
    }

    /// The claims that will be superseded by a change that begins now, once it has returned.
    pub(super) fn standing(&self) -> u64 {
        self.entries()
            .claims
            .keys()
            .next_back()
            .copied()
            .unwrap_or(0)
    }

    /// A change has returned before which `standing` were there.
    pub(super) fn supersede(&self, standing: u64) {
        let mut entries = self.entries();
        entries.superseded = entries.superseded.max(standing);
    }

    /// Whether the claim is known to be superseded before its end is tried.
    pub(super) fn is_superseded(&self, number: u64) -> bool {
        number <= self.entries().superseded
    }

    /// A creation is about to end with its value.
    pub(super) fn publish(&self, number: u64) {
        self.entries().published.insert(number);
    }

    /// The place of the value that a publication under `word` has put: a reader of that word finds
    /// it, or a newer one.
    pub(super) fn published_under(&self, word: Snapshot, placed: &[u64]) -> Option<usize> {
        let number = word.claim();
        if word.phase() != Phase::Ready || !self.entries().published.contains(&number) {
            return None;
        }
        let place = placed.iter().position(|value| *value == number);
        assert!(place.is_some(), "{word:?}, and its value is not there");
        place
    }

    /// A value that its creator could not publish.
    pub(super) fn refuse(&self, value: u64) {
        self.entries().refused.insert(value);
    }

    pub(super) fn check_refusals(&self, placed: &[u64]) {
        let entries = self.entries();
        let mut refused = placed
            .iter()
            .filter(|value| entries.refused.contains(value));
        assert_eq!(refused.next(), None, "a superseded creator got to the cell");
    }
}

/// What one party reads, one time after another: it never goes back.
#[derive(Default)]
pub(super) struct Readings {
    claim: u64,
    /// The place of the value in the order in which values were placed, from 1.
    place: usize,
    gone: bool,
}

impl Readings {
    pub(super) fn add(&mut self, (word, found): (Snapshot, Option<u64>), placed: &[u64]) {
        assert!(self.claim <= word.claim(), "the word went back to {word:?}");
        self.claim = word.claim();
        assert!(
            word.has_value() || found.is_none(),
            "{word:?} and {found:?}"
        );
        let Some(found) = found else {
            self.gone = self.place > 0;
            return;
        };
        let Some(place) = placed.iter().position(|value| *value == found) else {
            panic!("{found} was read and never placed");
        };
        assert!(self.place <= place + 1, "an older value: {found}");
        assert!(!self.gone || self.place < place + 1, "{found} came back");
        self.place = place + 1;
    }
}
