//! What is known of a stored value beside the value itself.
//!
//! Three names that are never mixed: a [`Stamp`] says *which* value or claim this is and is only
//! ever compared for equality; an [`Epoch`] says under which invalidations it was created and is
//! only ever ordered; the record's format and the user's schema number belong to the bytes of a
//! store and are not known here.

use crate::terms::Terms;
use crate::time::Time;

/// The identity of one stored value or of one claim to create it.
///
/// Equality is the only question a stamp answers. A store never gives the same stamp twice for one
/// key: a random 128-bit token, a counter that outlives the entries, the server's own CAS number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp(u128);

impl Stamp {
    /// The stamp of a value that has not been stored, and of stores that know no stamps.
    pub const NONE: Self = Self(0);

    /// A stamp from the number that the store gave.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// The number behind the stamp, for a store to write it down.
    pub const fn number(self) -> u128 {
        self.0
    }
}

/// How many invalidations of its region a value has seen; a count, raised to the clock where that
/// is higher, so that losing it never lowers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// Before any invalidation.
    pub const FIRST: Self = Self(0);
    /// The value came from a writer that knows no epochs; its creation time speaks instead.
    pub const UNKNOWN: Self = Self(u64::MAX);

    /// An epoch from its number. `u64::MAX` is [`Epoch::UNKNOWN`].
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number behind the epoch.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The epoch after this one: one more, or the time in microseconds where that is higher.
    ///
    /// ```
    /// use dogpile_core::{cached_value::Epoch, time::Time};
    /// let lost = Epoch::FIRST.raised(Time::from_nanos(5_000_000));
    /// assert_eq!(lost, Epoch::new(5_000));
    /// assert_eq!(lost.raised(Time::ZERO), Epoch::new(5_001));
    /// ```
    #[must_use]
    pub const fn raised(self, now: Time) -> Self {
        let (next, clock) = (self.0.saturating_add(1), now.as_nanos() / 1_000);
        let highest = if next > clock { next } else { clock };
        // UNKNOWN is no epoch that counting may reach.
        Self(if highest == u64::MAX {
            u64::MAX - 1
        } else {
            highest
        })
    }
}

/// The two epochs of a region: values below `hard` are misses, values below `soft` are stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// Raised by a hard invalidation.
    pub hard: Epoch,
    /// Raised by a soft invalidation.
    pub soft: Epoch,
}

impl Epochs {
    /// The higher of both.
    pub const fn current(self) -> Epoch {
        if self.hard.0 > self.soft.0 {
            self.hard
        } else {
            self.soft
        }
    }
}

/// What a store keeps beside a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Which value this is.
    pub stamp: Stamp,
    /// The region's epoch as it was known before the creator started.
    pub epoch: Epoch,
    /// When the creator finished, on the store's time-line.
    pub created: Time,
    /// What its creator said of this value alone.
    pub terms: Terms,
}

/// A value with its metadata. The core never looks at the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedValue<V> {
    /// The value.
    pub value: V,
    /// What is known of it.
    pub metadata: Metadata,
}

impl<V> CachedValue<V> {
    /// The same metadata around another form of the value.
    pub fn map<W>(self, form: impl FnOnce(V) -> W) -> CachedValue<W> {
        CachedValue {
            value: form(self.value),
            metadata: self.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_11_an_epoch_only_rises() {
        let high = Epoch::new(1_000_000);
        assert!(
            high.raised(Time::ZERO) > high,
            "a clock set back must not lower it"
        );
        assert!(Epoch::new(u64::MAX - 1).raised(Time::END) < Epoch::UNKNOWN);
    }

    #[test]
    fn a_creation_carries_the_higher_epoch() {
        let epochs = Epochs {
            hard: Epoch::new(4),
            soft: Epoch::new(9),
        };
        assert_eq!(epochs.current(), Epoch::new(9));
    }
}
