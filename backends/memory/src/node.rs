//! What the map holds under a key: a value or a claim, never both and never neither.

use dogpile_backend::{CachedValue, Epoch, Metadata, Stamp, Terms, Time};

use crate::lifetime::Lifetime;
use crate::mark::{Mark, StampCell};

/// One entry. With its key of 16 bytes, an entry of a value of 8 bytes takes 56; one byte more, and
/// common allocators would spend 16 more.
#[derive(Debug)]
pub(crate) enum Node<V> {
    Value(Held<V>),
    Termed(Box<Termed<V>>),
    Claim(Claim),
}

/// A value and what is known of it. Only `stamp` and `mark` change in place.
#[derive(Debug)]
pub(crate) struct Held<V> {
    pub(crate) value: V,
    pub(crate) created: Time,
    pub(crate) epoch: Epoch,
    pub(crate) stamp: StampCell,
    /// The entry's place in the eviction queues, where there are any.
    pub(crate) slot: u32,
    pub(crate) lifetime: Lifetime,
    pub(crate) mark: Mark,
    #[allow(dead_code)] // only the compiler reads it
    pub(crate) kind: IsValue,
}

/// A value with terms of its own; apart, so that the many without are no larger for the few.
#[derive(Debug)]
pub(crate) struct Termed<V> {
    pub(crate) held: Held<V>,
    pub(crate) terms: Terms,
}

/// A byte that is never zero in a value, so that the compiler tells claims by it and needs no word of
/// its own to do so.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum IsValue {
    Yes = 1,
}

/// The promise of a value. Its stamp changes when another takes over.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) stamp: StampCell,
}

impl<V> Held<V> {
    /// The value for somebody to read, who has then used it.
    #[inline]
    fn lend(&self, terms: Terms) -> CachedValue<&V> {
        self.mark.touch();
        CachedValue {
            value: &self.value,
            metadata: self.metadata(terms),
        }
    }

    #[inline]
    fn metadata(&self, terms: Terms) -> Metadata {
        Metadata {
            stamp: self.stamp.stamp(),
            epoch: self.epoch,
            created: self.created,
            terms,
        }
    }

    pub(crate) fn end(&self) -> Time {
        self.lifetime.end(self.created)
    }
}

impl<V> Termed<V> {
    #[inline(never)]
    fn lend<W, R>(&self, with: W, borrow: impl FnOnce(CachedValue<&V>, W) -> R) -> R {
        borrow(self.held.lend(self.terms), with)
    }
}

impl<V> Node<V> {
    pub(crate) fn stamp(&self) -> &StampCell {
        match self {
            Self::Value(held) => &held.stamp,
            Self::Termed(termed) => &termed.held.stamp,
            Self::Claim(claim) => &claim.stamp,
        }
    }

    /// A value that was put there.
    pub(crate) fn of(held: Held<V>, terms: Terms) -> Self {
        if terms.is_none() {
            return Self::Value(held);
        }
        Self::Termed(Box::new(Termed { held, terms }))
    }

    pub(crate) fn value(&self) -> Option<&Held<V>> {
        match self {
            Self::Value(held) => Some(held),
            Self::Termed(termed) => Some(&termed.held),
            Self::Claim(_) => None,
        }
    }

    /// Lends the value, and `with` to use it; gives `with` back where there is none.
    #[inline(always)]
    pub(crate) fn lend<W, R>(
        &self,
        with: W,
        borrow: impl FnOnce(CachedValue<&V>, W) -> R,
    ) -> Result<R, W> {
        match self {
            // Compiled into a hit of its own: that there are no terms is then known, and nothing is asked of them.
            Self::Value(held) => Ok(borrow(held.lend(Terms::NONE), with)),
            Self::Termed(termed) => Ok(termed.lend(with, borrow)),
            Self::Claim(_) => Err(with),
        }
    }

    /// What is known of the value.
    pub(crate) fn metadata(&self) -> Option<Metadata> {
        match self {
            Self::Value(held) => Some(held.metadata(Terms::NONE)),
            Self::Termed(termed) => Some(termed.held.metadata(termed.terms)),
            Self::Claim(_) => None,
        }
    }

    /// Whether somebody holds a lease on this entry.
    pub(crate) fn is_leased(&self) -> bool {
        self.stamp().number() % 2 == LEASED
    }

    /// Whether `stamp` is the lease that is out on this entry.
    pub(crate) fn is_leased_to(&self, stamp: Stamp) -> bool {
        self.is_leased() && self.stamp().stamp() == stamp
    }
}

/// What an odd stamp says: it was given to the holder of a lease. Even ones name a value that nobody
/// has leased.
const LEASED: u64 = 1;

/// The source of one turn's stamps: no number is given twice.
#[derive(Debug, Default)]
pub(crate) struct Stamps(u64);

impl Stamps {
    /// A stamp for a value that nobody has leased.
    pub(crate) fn value(&mut self) -> u64 {
        self.0 += 2; // 2^63 writes at a billion a second are 292 years
        self.0
    }

    /// A stamp for a lease.
    pub(crate) fn lease(&mut self) -> u64 {
        self.value() + LEASED
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    #[test]
    fn a_small_entry_fits_in_56_bytes() {
        assert_eq!(size_of::<Key>() + size_of::<Node<u64>>(), 56);
        assert_eq!(size_of::<Key>() + size_of::<Node<Box<u64>>>(), 56);
    }

    #[test]
    fn stamps_never_repeat_and_tell_leases_from_values() {
        let mut stamps = Stamps::default();
        let all = [
            stamps.value(),
            stamps.lease(),
            stamps.lease(),
            stamps.value(),
        ];
        for (at, stamp) in all.iter().enumerate() {
            assert!(!all[..at].contains(stamp));
            assert_ne!(Stamp::new(u128::from(*stamp)), Stamp::NONE);
        }
        let claim = |number| {
            Node::<()>::Claim(Claim {
                stamp: StampCell::new(number),
            })
        };
        assert!(!claim(all[0]).is_leased());
        assert!(claim(all[1]).is_leased());
    }
}
