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
    /// No number that was ever drawn is higher: below it nothing is surely fresh.
    floor: K::Word,
}

impl<K: Kit> EpochCell<K> {
    /// A cell of three words at zero.
    pub const fn from_parts(hard: K::Word, soft: K::Word, floor: K::Word) -> Self {
        Self { hard, soft, floor }
    }

    /// The highest number that is known: that of the region's last invalidation, or of one of its tags'
    /// ([`lift`](Self::lift)). In one load it is what a hit needs, and what a value carries whose creator
    /// starts now.
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

    /// The number of an invalidation that begins now: above all that values carry which were created
    /// before, since these carry the floor.
    ///
    /// Two that begin at once may get the same number: each then takes effect while the other is
    /// called, so every value created before either call is below it.
    pub fn next(&self, now: Time) -> Epoch {
        self.floor().raised(now)
    }

    /// Makes older values misses.
    pub fn raise_hard(&self, now: Time) {
        let raised = self.next(now);
        self.hard.raise(raised.number(), EPOCH);
        self.lift(raised);
    }

    /// Makes older values stale.
    pub fn raise_soft(&self, now: Time) {
        let raised = self.next(now);
        self.soft.raise(raised.number(), EPOCH);
        self.lift(raised);
    }

    /// Takes over what the store says; epochs never fall.
    pub fn merge(&self, epochs: Epochs) {
        self.hard.raise(epochs.hard.number(), EPOCH);
        self.soft.raise(epochs.soft.number(), EPOCH);
        self.lift(epochs.current());
    }

    /// Something that not all values of the region are under was invalidated, a tag, by this number:
    /// what is below it has to be looked at more closely.
    pub fn lift(&self, number: Epoch) {
        self.floor.raise(number.number(), EPOCH);
    }
}
