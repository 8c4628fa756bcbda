//! The last values that were seen in this process, for when the store does not answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dogpile_backend::CachedValue;

pub(super) struct Kept<V> {
    limit: usize,
    values: Mutex<Values<V>>,
}

struct Values<V> {
    by_key: HashMap<Box<[u8]>, (u64, CachedValue<V>)>,
    /// Keys by the number of their last use; numbers that a key has outlived are skipped.
    by_use: VecDeque<(u64, Box<[u8]>)>,
    uses: u64,
}

impl<V: Clone> Kept<V> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            values: Mutex::new(Values {
                by_key: HashMap::new(),
                by_use: VecDeque::new(),
                uses: 0,
            }),
        }
    }

    /// Keeps a copy of `entry`, and lets the one go whose last use is longest ago.
    pub(super) fn keep(&self, key: &[u8], entry: &CachedValue<V>) {
        if self.limit == 0 {
            return;
        }
        let entry = entry.clone();
        let mut values = self.values();
        values.uses += 1;
        let number = values.uses;
        let replaced = values.by_key.insert(key.into(), (number, entry));
        values.by_use.push_back((number, key.into()));
        let left = values.shrink(self.limit);
        drop(values);
        // A user's value is dropped outside of the lock.
        drop((replaced, left));
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<CachedValue<V>> {
        if self.limit == 0 {
            return None;
        }
        self.values()
            .by_key
            .get(key)
            .map(|(_, entry)| entry.clone())
    }

    /// Forgets what was set or deleted elsewhere than here.
    pub(super) fn forget(&self, key: &[u8]) {
        if self.limit > 0 {
            let forgotten = self.values().by_key.remove(key);
            drop(forgotten);
        }
    }

    fn values(&self) -> MutexGuard<'_, Values<V>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Values<V> {
    fn shrink(&mut self, limit: usize) -> Vec<(u64, CachedValue<V>)> {
        let mut left = Vec::new();
        // Two uses a key are remembered at most, so that the queue does not outgrow the values.
        while self.by_key.len() > limit || self.by_use.len() > 2 * limit {
            let Some((number, key)) = self.by_use.pop_front() else {
                break;
            };
            match self.by_key.get(&key) {
                Some((last, _)) if *last == number => left.extend(self.by_key.remove(&key)),
                _ => {}
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dogpile_backend::{Epoch, Metadata, Stamp, Time};

    fn entry(value: u32) -> CachedValue<u32> {
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: Time::ZERO,
        };
        CachedValue { value, metadata }
    }

    #[test]
    fn law_12_the_last_values_are_kept_and_no_more() {
        let kept = Kept::new(2);
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            kept.keep(key.as_bytes(), &entry(value));
        }
        let get = |key: &str| kept.get(key.as_bytes()).map(|entry| entry.value);
        assert_eq!([get("a"), get("b"), get("c")], [Some(3), None, Some(4)]);
        kept.forget(b"a");
        assert_eq!(get("a"), None);
    }

    #[test]
    fn many_uses_of_one_key_do_not_grow() {
        let kept = Kept::new(3);
        (0..1_000).for_each(|value| kept.keep(b"hot", &entry(value)));
        assert!(kept.values().by_use.len() <= 6);
        assert_eq!(kept.get(b"hot").map(|entry| entry.value), Some(999));
    }
}
