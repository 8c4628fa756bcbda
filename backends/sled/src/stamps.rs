//! Stamps that never repeat, and that say in which opening they were made.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use dogpile_backend::Stamp;

/// The stamps of one opening: 64 random bits drawn anew at each, and a count.
///
/// Nothing has to be read from the store or written to it for that, so a crash that loses the last
/// writes makes none repeat.
pub(crate) struct Stamps {
    opening: u64,
    count: Mutex<u64>,
}

impl Stamps {
    pub(crate) fn new() -> Self {
        let opening = RandomState::new().hash_one(std::process::id());
        Self {
            opening,
            count: Mutex::new(0),
        }
    }

    pub(crate) fn mint(&self) -> Stamp {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        Stamp::new(u128::from(self.opening) << 64 | u128::from(*count))
    }

    /// Whether `stamp` is of this opening.
    pub(crate) fn made(&self, stamp: Stamp) -> bool {
        stamp.number() >> 64 == u128::from(self.opening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_differ_and_show_their_opening() {
        let (first, second) = (Stamps::new(), Stamps::new());
        let one = first.mint();
        assert_ne!(one, first.mint());
        assert_ne!(one, second.mint());
        assert!(first.made(one) && !second.made(one));
        assert!(!first.made(Stamp::NONE));
    }
}
