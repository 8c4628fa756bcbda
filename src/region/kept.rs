//! The last values that were seen in this process, for when the store does not answer.
//!
//! What was read before a write must not be kept after it: who looks takes a [`Mark`] first, every
//! write of this process moves it on, and what comes with an older one is not kept.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::PoisonError;

use dogpile_backend::CachedValue;

use crate::sync::{Mutex, MutexGuard};

/// Keys share marks; a write then forgets a little more than it must.
const MARKS: usize = 64;

pub(super) struct Kept<V> {
    limit: usize,
    hasher: RandomState,
    values: Mutex<Values<V>>,
}

struct Values<V> {
    by_key: HashMap<Box<[u8]>, (u64, CachedValue<V>)>,
    /// The same keys by the number of their last use.
    by_use: BTreeMap<u64, Box<[u8]>>,
    uses: u64,
    writes: [u64; MARKS],
}

/// How many writes there were when somebody looked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl<V: Clone> Kept<V> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            hasher: RandomState::new(),
            values: Mutex::new(Values {
                by_key: HashMap::new(),
                by_use: BTreeMap::new(),
                uses: 0,
                writes: [0; MARKS],
            }),
        }
    }

    /// The mark of `key`, to be taken before the store is asked.
    pub(super) fn mark(&self, key: &[u8]) -> Mark {
        if self.limit == 0 {
            return Mark(0);
        }
        Mark(self.values().writes[self.stripe(key)])
    }

    /// Keeps a copy of `entry`, unless the key was written since `mark`, and lets the one go whose
    /// last use is longest ago.
    pub(super) fn keep(&self, key: &[u8], entry: &CachedValue<V>, mark: Mark) {
        if self.limit == 0 {
            return;
        }
        let entry = entry.clone();
        let mut values = self.values();
        if Mark(values.writes[self.stripe(key)]) != mark {
            return;
        }
        let replaced = values.put(key, entry);
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

    /// Keeps what was written, unless another write came since `mark`: nobody knows which is later.
    pub(super) fn write(&self, key: &[u8], entry: &CachedValue<V>, mark: Mark) {
        let alone = self.mark(key) == mark;
        self.forget(key);
        if alone {
            self.keep(key, entry, Mark(mark.0 + 1));
        }
    }

    /// Forgets a key that was written; what others have read of it before is not kept any more.
    pub(super) fn forget(&self, key: &[u8]) {
        if self.limit > 0 {
            let mut values = self.values();
            values.writes[self.stripe(key)] += 1;
            let forgotten = values.take(key);
            drop(values);
            drop(forgotten);
        }
    }

    #[allow(clippy::cast_possible_truncation)] // any bits of the hash will do
    fn stripe(&self, key: &[u8]) -> usize {
        self.hasher.hash_one(key) as usize % MARKS
    }

    fn values(&self) -> MutexGuard<'_, Values<V>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Values<V> {
    /// What was under the key comes back.
    fn put(&mut self, key: &[u8], entry: CachedValue<V>) -> Option<CachedValue<V>> {
        self.uses += 1;
        let number = self.uses;
        let Some(kept) = self.by_key.get_mut(key) else {
            self.by_key.insert(key.into(), (number, entry));
            self.by_use.insert(number, key.into());
            return None;
        };
        let (before, replaced) = std::mem::replace(kept, (number, entry));
        let key = self.by_use.remove(&before);
        self.by_use.extend(key.map(|key| (number, key)));
        Some(replaced)
    }

    fn take(&mut self, key: &[u8]) -> Option<CachedValue<V>> {
        let (number, entry) = self.by_key.remove(key)?;
        self.by_use.remove(&number);
        Some(entry)
    }

    /// Those go whose last use is longest ago.
    fn shrink(&mut self, limit: usize) -> Vec<CachedValue<V>> {
        let mut left = Vec::new();
        while self.by_key.len() > limit {
            let Some((_, key)) = self.by_use.pop_first() else {
                break;
            };
            left.extend(self.by_key.remove(&key).map(|(_, entry)| entry));
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dogpile_backend::{Epoch, Metadata, Stamp, Terms, Time};

    fn entry(value: u32) -> CachedValue<u32> {
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: Time::ZERO,
            terms: Terms::NONE,
        };
        CachedValue { value, metadata }
    }

    #[test]
    fn law_12_the_last_values_are_kept_and_no_more() {
        let kept = Kept::new(2);
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            kept.keep(key.as_bytes(), &entry(value), kept.mark(key.as_bytes()));
        }
        let get = |key: &str| kept.get(key.as_bytes()).map(|entry| entry.value);
        assert_eq!([get("a"), get("b"), get("c")], [Some(3), None, Some(4)]);
        kept.forget(b"a");
        assert_eq!(get("a"), None);
    }

    #[test]
    fn law_12_no_use_of_one_key_sends_another_away_while_there_is_room() {
        for limit in [3, usize::MAX] {
            let kept = Kept::new(limit);
            for key in ["a", "b"].into_iter().chain(["hot"; 1_000]) {
                kept.keep(key.as_bytes(), &entry(1), kept.mark(key.as_bytes()));
            }
            kept.forget(b"b");
            for key in ["c", "hot"] {
                kept.keep(key.as_bytes(), &entry(1), kept.mark(key.as_bytes()));
            }
            for key in ["a", "c", "hot"] {
                assert!(kept.get(key.as_bytes()).is_some(), "{key} of {limit}");
            }
        }
    }

    #[test]
    fn law_3_what_was_read_before_a_delete_is_not_kept_after_it() {
        let kept = Kept::new(2);
        let before = kept.mark(b"key");
        kept.forget(b"key");
        kept.keep(b"key", &entry(1), before);
        assert!(kept.get(b"key").is_none());
        kept.keep(b"key", &entry(2), kept.mark(b"key"));
        assert_eq!(kept.get(b"key").map(|entry| entry.value), Some(2));
    }

    #[test]
    fn many_uses_of_one_key_do_not_grow() {
        let kept = Kept::new(3);
        (0..1_000).for_each(|value| kept.keep(b"hot", &entry(value), kept.mark(b"hot")));
        assert_eq!(kept.values().by_use.len(), 1);
        assert_eq!(kept.get(b"hot").map(|entry| entry.value), Some(999));
    }
}
