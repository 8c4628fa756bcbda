//! A region's epochs in one process: words that only rise.

use crate::cached_value::{Epoch, Epochs};
use crate::kit::{Kit, Word};
use crate::slot::order::EPOCH;
use crate::time::Time;

/// The epochs of a region, read on every hit without a lock.
#[derive(Debug)]
pub struct EpochCell<K: Kit> {
    hard: K::Word,
    soft: K::Word,
    /// The higher of both: below it nothing is fresh.
    floor: K::Word,
}

impl<K: Kit> EpochCell<K> {
    /// A cell of three words at zero.
    pub const fn from_parts(hard: K::Word, soft: K::Word, floor: K::Word) -> Self {
        Self { hard, soft, floor }
    }

    /// The higher of both epochs, in one load: what a hit needs.
    #[inline]
    pub fn floor(&self) -> Epoch {
        Epoch::new(self.floor.load(EPOCH))
    }

    /// Both epochs.
    #[inline]
    pub fn read(&self) -> Epochs {
        Epochs {
            hard: Epoch::new(self.hard.load(EPOCH)),
            soft: Epoch::new(self.soft.load(EPOCH)),
        }
    }

    /// Makes older values misses.
    ///
    /// Two that raise at once may arrive at the same epoch: each then took effect while the other
    /// was called, so every value created before either call is below it.
    pub fn raise_hard(&self, now: Time) {
        let raised = self.read().current().raised(now).number();
        self.hard.raise(raised, EPOCH);
        self.floor.raise(raised, EPOCH);
    }

    /// Makes older values stale.
    pub fn raise_soft(&self, now: Time) {
        let raised = self.read().current().raised(now).number();
        self.soft.raise(raised, EPOCH);
        self.floor.raise(raised, EPOCH);
    }

    /// Takes over what the store says; epochs never fall.
    pub fn merge(&self, epochs: Epochs) {
        self.hard.raise(epochs.hard.number(), EPOCH);
        self.soft.raise(epochs.soft.number(), EPOCH);
        self.floor.raise(epochs.current().number(), EPOCH);
    }
}
