//! The hashes of items that left lately.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

/// A queue of hashes in the order in which their items left, and an index of it.
#[derive(Debug, Default)]
pub(crate) struct Ghost {
    /// When each remembered hash was added, counted in additions.
    added: HashMap<u64, u64, BuildHasherDefault<Itself>>,
    queue: VecDeque<u64>,
    /// The number of the addition at the front of the queue.
    first: u64,
}

impl Ghost {
    /// How many hashes are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.added.len()
    }

    /// Remembers `hash`, and forgets the oldest beyond `most`.
    pub(crate) fn remember(&mut self, hash: u64, most: usize) {
        self.added
            .insert(hash, self.first + self.queue.len() as u64);
        self.queue.push_back(hash);
        // What was forgotten meanwhile still stands in the queue, so that the queue is what is cut.
        while self.queue.len() > most {
            let Some(oldest) = self.queue.pop_front() else {
                break;
            };
            if self.added.get(&oldest) == Some(&self.first) {
                self.added.remove(&oldest);
            }
            self.first += 1;
        }
    }

    /// Forgets `hash`, and says whether it was remembered.
    pub(crate) fn forget(&mut self, hash: u64) -> bool {
        self.added.remove(&hash).is_some()
    }
}

/// The hasher of what is a hash already.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only hashes are hashed, and they are u64");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
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
