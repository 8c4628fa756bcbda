//! What one process knows of the invalidations of one tag, and how much of it that is.
//!
//! A tag is invalidated in three steps: its epoch is raised, a number is drawn from the region's *order*
//! that is no lower, and only then is the call over. So whoever knows a number of the order and then asks
//! for the tag's epochs knows of all that ended up to that number; the number is kept beside them.

use crate::cached_value::{Epoch, Epochs};
use crate::kit::{Kit, Word};
use crate::slot::order::{AS_OF, EPOCH, TOLD};

/// A tag's epochs, and as of which number of the region's order they are known.
#[derive(Debug)]
pub struct TagEpochs<K: Kit> {
    hard: K::Word,
    soft: K::Word,
    /// One more than that number; zero: nobody has asked.
    as_of: K::Word,
}

impl<K: Kit> TagEpochs<K> {
    /// A tag of which nothing is known, from three words at zero.
    pub const fn from_parts(hard: K::Word, soft: K::Word, as_of: K::Word) -> Self {
        Self { hard, soft, as_of }
    }

    /// The epochs as far as they are known: they may be higher.
    #[inline]
    pub fn at_least(&self) -> Epochs {
        Epochs {
            hard: Epoch::new(self.hard.load(EPOCH)),
            soft: Epoch::new(self.soft.load(EPOCH)),
        }
    }

    /// The epochs, if all is known that ended up to `number` of the order.
    #[inline]
    pub fn as_of(&self, number: Epoch) -> Option<Epochs> {
        let known = self.as_of.load(AS_OF);
        (known > number.number()).then(|| self.at_least())
    }

    /// The tag was invalidated, among other times perhaps.
    pub fn raise(&self, epochs: Epochs) {
        self.hard.raise(epochs.hard.number(), EPOCH);
        self.soft.raise(epochs.soft.number(), EPOCH);
    }

    /// The store told these epochs to somebody who knew `number` of the order before asking.
    ///
    /// ```
    /// use dogpile_core::cached_value::{Epoch, Epochs};
    /// use dogpile_core::{kit::Std, tag_epochs::TagEpochs};
    /// let tag = TagEpochs::<Std>::from_parts(0.into(), 0.into(), 0.into());
    /// assert_eq!(tag.as_of(Epoch::FIRST), None);
    /// let told = Epochs { hard: Epoch::new(7), ..Epochs::default() };
    /// tag.learn(told, Epoch::new(8));
    /// assert_eq!(tag.as_of(Epoch::new(8)), Some(told));
    /// assert_eq!(tag.as_of(Epoch::new(9)), None, "it may have been invalidated since");
    /// ```
    pub fn learn(&self, told: Epochs, number: Epoch) {
        self.raise(told);
        self.as_of.raise(number.number().saturating_add(1), TOLD);
    }
}
