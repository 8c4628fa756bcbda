//! What a writer does, one deed after another, and what must be found of it afterwards.

use std::collections::BTreeMap;

use dogpile::backend::{CachedValue, Epoch, Metadata, Payload, Stamp, Terms, Time};

use crate::random::mix;

/// The n-th deed of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Set(u64),
    /// Takes the lease of a key, and commits under it.
    Commit(u64),
    Delete(u64),
    /// Invalidates the region.
    Invalidate,
}

impl Deed {
    pub(super) fn of(number: u64) -> Self {
        match number % 10 {
            3 => Self::Commit(number),
            // Now of a value that was set, now of one that was committed.
            7 => Self::Delete(number - 2 - 2 * (number / 10 % 2)),
            9 if number % 100 == 9 => Self::Invalidate,
            _ => Self::Set(number),
        }
    }
}

/// The key of a writer's deed.
pub(super) fn key(writer: u64, number: u64) -> Vec<u8> {
    // Some are longer than an engine takes them.
    let padding = if number % 50 == 1 { 700 } else { 0 };
    format!("{writer:x} {number:x}{}", "k".repeat(padding)).into_bytes()
}

/// What is written there: bytes that follow from the key, more or fewer.
pub(super) fn value(writer: u64, number: u64) -> CachedValue<Payload> {
    let seed = mix(writer + 1) ^ number;
    let length = match number % 500 {
        0 => 20_000,
        _ => mix(seed) % 400,
    };
    let bytes = (0..length).map(|at| mix(seed.wrapping_add(at)).to_le_bytes()[0]);
    CachedValue {
        value: Payload {
            schema: 0,
            bytes: bytes.collect(),
        },
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::new(number),
            created: Time::from_nanos(number + 1),
            terms: Terms::NONE,
        },
    }
}

/// What is known of one writer.
pub(super) struct Book {
    pub(super) writer: u64,
    /// How many deeds were answered.
    pub(super) answered: u64,
}

impl Book {
    /// Which keys must have their value and which must not; nothing of the one that the deed after the last
    /// answered one is about: that may have been done or not.
    pub(super) fn must_be(&self) -> BTreeMap<u64, bool> {
        let mut all = BTreeMap::new();
        for number in 0..self.answered {
            match Deed::of(number) {
                Deed::Set(number) | Deed::Commit(number) => all.insert(number, true),
                Deed::Delete(number) => all.insert(number, false),
                Deed::Invalidate => None,
            };
        }
        match Deed::of(self.answered) {
            Deed::Set(number) | Deed::Commit(number) | Deed::Delete(number) => {
                all.remove(&number);
            }
            Deed::Invalidate => {}
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_deletion_is_of_something_that_was_there() {
        for number in 0..1_000 {
            if let Deed::Delete(deleted) = Deed::of(number) {
                let before = Deed::of(deleted);
                assert!(matches!(before, Deed::Set(_) | Deed::Commit(_)), "{number}");
            }
        }
    }

    #[test]
    fn what_may_have_been_done_is_not_asked_for() {
        let book = |answered| Book {
            writer: 1,
            answered,
        };
        // The deletion of 5 is on its way.
        let must_be: Vec<_> = book(7).must_be().into_keys().collect();
        assert_eq!(must_be, [0, 1, 2, 3, 4, 6]);
        assert_eq!(book(8).must_be().get(&5), Some(&false));
    }
}
