//! The hashes of items that left lately.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

/// A queue of hashes in the order in which their items left, and an index of it.
///
/// Four bytes of a hash are kept. Two keys that agree in them are taken for one, which puts an item
/// into the wrong queue once in thousands of times, and costs nothing else.
#[derive(Debug, Default)]
pub(crate) struct Ghost {
    /// When each remembered hash was added, counted in additions. The count may wrap, for the queue
    /// is shorter than that.
    added: HashMap<u32, u32, BuildHasherDefault<Spread>>,
    queue: VecDeque<u32>,
    /// The number of the addition at the front of the queue.
    first: u32,
    /// The number of the next addition.
    next: u32,
}

impl Ghost {
    /// How many hashes are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.added.len()
    }

    /// Remembers `hash`, and forgets the oldest beyond `most`.
    pub(crate) fn remember(&mut self, hash: u64, most: usize) {
        let hash = short(hash);
        self.added.insert(hash, self.next);
        self.next = self.next.wrapping_add(1);
        self.queue.push_back(hash);
        // What was forgotten meanwhile still stands in the queue, so that the queue is what is cut.
        while self.queue.len() > most {
            let Some(oldest) = self.queue.pop_front() else {
                break;
            };
            if self.added.get(&oldest) == Some(&self.first) {
                self.added.remove(&oldest);
            }
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Forgets `hash`, and says whether it was remembered.
    pub(crate) fn forget(&mut self, hash: u64) -> bool {
        self.added.remove(&short(hash)).is_some()
    }
}

#[allow(clippy::cast_possible_truncation)] // half of the bits is what is wanted
const fn short(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

/// The hasher of half a hash: a multiplication carries its bits up to where the map looks first.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only half hashes are hashed, and they are u32");
    }

    fn write_u32(&mut self, hash: u32) {
        self.0 = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut ghost = Ghost::default();
        for hash in 0..5 {
            ghost.remember(hash, 3);
        }
        assert_eq!(ghost.len(), 3);
        assert!(!ghost.forget(1), "two have left since");
        assert!(ghost.forget(2));
        assert!(!ghost.forget(2), "once");
    }

    #[test]
    fn a_hash_that_came_back_is_not_forgotten_for_its_first_time() {
        let mut ghost = Ghost::default();
        ghost.remember(7, 2);
        assert!(ghost.forget(7));
        ghost.remember(7, 2);
        ghost.remember(8, 2); // cuts the first 7 off the queue
        assert!(ghost.forget(7), "it was added again since");
    }
}
