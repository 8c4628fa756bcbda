//! Values that check themselves when they are read and are counted when they are dropped.
//!
//! A value that is read after its end, torn, dropped twice or never dropped is found without any
//! tool; where it touches freed memory on the way, a sanitizer tells where.

use std::hint::black_box;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// What became of each value of a round.
pub struct Ledger {
    born: AtomicUsize,
    /// How often each was dropped.
    ends: Box<[AtomicU8]>,
}

impl Ledger {
    /// A ledger of at most `most` values a round.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            born: AtomicUsize::new(0),
            ends: (0..most).map(|_| AtomicU8::new(0)).collect(),
        }
    }

    fn birth(&self) -> usize {
        let instance = self.born.fetch_add(1, Ordering::Relaxed);
        assert!(instance < self.ends.len(), "the ledger is full");
        instance
    }

    fn is_alive(&self, instance: usize) -> bool {
        self.ends[instance].load(Ordering::Relaxed) == 0
    }

    /// How many values there were, and how many of them are still alive.
    #[must_use]
    pub fn census(&self) -> (usize, usize) {
        let born = self.born.load(Ordering::Relaxed);
        let alive = (0..born).filter(|instance| self.is_alive(*instance));
        (born, alive.count())
    }

    /// Begins anew, once every value is gone; answers how many there were.
    ///
    /// # Panics
    /// When one is still alive, or was dropped twice.
    pub fn close(&self) -> usize {
        let born = self.born.swap(0, Ordering::Relaxed);
        for (instance, ends) in self.ends[..born].iter().enumerate() {
            let ends = ends.swap(0, Ordering::Relaxed);
            assert_eq!(
                ends, 1,
                "value {instance} of {born} was dropped {ends} times"
            );
        }
        born
    }
}

/// What a body holds after its end.
const DEAD: u64 = 0xdead_dead_dead_dead;

/// A value in memory of its own. Clones are values too.
pub struct Counted {
    ledger: &'static Ledger,
    instance: usize,
    /// What it is a value of, so that none is found in another's place.
    key: u64,
    body: Box<[u64; 4]>,
}

impl Counted {
    /// A value of `key`.
    #[must_use]
    pub fn new(ledger: &'static Ledger, key: u64) -> Self {
        let instance = ledger.birth();
        let body = Box::new(Self::whole(instance, key));
        Self {
            ledger,
            instance,
            key,
            body,
        }
    }

    fn whole(instance: usize, key: u64) -> [u64; 4] {
        let number = instance as u64;
        [number, !number, key, number ^ key]
    }

    /// Reads all of it.
    ///
    /// # Panics
    /// When it is another key's, not whole, or was dropped.
    pub fn check(&self, key: u64) {
        assert_eq!(black_box(self.key), key, "a value of another key");
        let whole = Self::whole(self.instance, key);
        assert_eq!(
            black_box(&self.body)[..],
            whole,
            "a value that is not whole"
        );
        assert!(
            self.ledger.is_alive(self.instance),
            "it was dropped and is read"
        );
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.check(self.key);
        Self::new(self.ledger, self.key)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let before = self.ledger.ends[self.instance].fetch_add(1, Ordering::Relaxed);
        assert_eq!(before, 0, "value {} is dropped again", self.instance);
        black_box(&mut self.body).fill(DEAD);
    }
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "value {} of key {}", self.instance, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> &'static Ledger {
        Box::leak(Box::new(Ledger::new(8)))
    }

    #[test]
    fn every_value_is_counted_once() {
        let ledger = ledger();
        let first = Counted::new(ledger, 7);
        let second = first.clone();
        second.check(7);
        drop(first);
        assert_eq!(ledger.census(), (2, 1));
        drop(second);
        assert_eq!(ledger.close(), 2);
        assert_eq!(ledger.census(), (0, 0));
    }

    #[test]
    #[should_panic(expected = "was dropped 0 times")]
    fn a_value_that_is_never_dropped_is_told() {
        let ledger = ledger();
        std::mem::forget(Counted::new(ledger, 0));
        ledger.close();
    }

    #[test]
    #[should_panic(expected = "another key")]
    fn a_value_in_anothers_place_is_told() {
        Counted::new(ledger(), 1).check(2);
    }

    #[test]
    fn a_value_that_is_read_after_its_end_or_ends_again_is_told() {
        let value = std::mem::ManuallyDrop::new(Counted::new(ledger(), 1));
        value.ledger.ends[0].store(1, Ordering::Relaxed);
        let told = |work: &mut dyn FnMut()| {
            let work = std::panic::AssertUnwindSafe(work);
            std::panic::catch_unwind(|| { work }.0()).is_err()
        };
        assert!(told(&mut || value.check(1)));
        let mut again = Some(std::mem::ManuallyDrop::into_inner(value));
        assert!(told(&mut || drop(again.take())));
    }
}
