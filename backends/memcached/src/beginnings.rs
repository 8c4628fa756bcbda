//! Which regions began anew because all servers had lost their epochs, as this client has heard of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dogpile_backend::Epoch;

use crate::epochs::{Held, Place};

#[derive(Debug, Default)]
pub(crate) struct Beginnings {
    by_item: Mutex<HashMap<Vec<u8>, Beginning>>,
}

/// With which hard epoch a region began anew, and the last one before it that an invalidation raised.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    hard: Epoch,
    invalidated: Epoch,
}

impl Beginnings {
    /// Somebody has read this, or made it so.
    pub(crate) fn heard(&self, place: &Place, held: Held) {
        let (hard, invalidated) = held.hard();
        let mut known = self.known();
        // Who read before others may come after them.
        let newer = |known: &Beginning| known.hard > hard;
        if known.get(place.key.bytes()).is_some_and(newer) {
            return;
        }
        if hard == invalidated {
            known.remove(place.key.bytes());
        } else {
            known.insert(place.key.bytes().to_vec(), Beginning { hard, invalidated });
        }
    }

    /// As much of this hard epoch as an invalidation raised.
    pub(crate) fn invalidated(&self, place: &Place, hard: Epoch) -> Epoch {
        match self.known().get(place.key.bytes()) {
            Some(begun) if begun.hard == hard => begun.invalidated,
            _ => hard,
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Beginning>> {
        self.by_item.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memcached;
    use crate::epochs::Change;
    use dogpile_backend::{Invalidation, Time};

    #[test]
    fn law_12_a_reading_from_before_a_new_beginning_does_not_make_it_an_invalidation() {
        let store = Memcached::open("127.0.0.1").expect("a good address");
        let region = Place::new(&store, "users");
        let now = Time::from_nanos(1_000_000);
        let begun = Change::Restore(Held::default()).of(&region, None, now);
        let hard = region.of(begun).hard;
        let known = Beginnings::default();
        let before = Change::Raise(Invalidation::Hard, Held::default());
        let before = before.of(&region, Some(Held::default()), Time::ZERO);
        for heard in [begun, before] {
            known.heard(&region, heard);
            assert_eq!(known.invalidated(&region, hard), Epoch::FIRST);
        }
        let raised = Change::Raise(Invalidation::Hard, Held::default());
        let raised = raised.of(&region, Some(begun), now);
        known.heard(&region, raised);
        let hard = region.of(raised).hard;
        assert_eq!(known.invalidated(&region, hard), hard);
    }
}
