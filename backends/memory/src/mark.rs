//! The two words of an entry that change in place, and the only atomics of this crate.
//!
//! | label | word | written by | partner | what becomes visible |
//! |---|---|---|---|---|
//! | USE | [`Mark`] | readers, and the evicting writer | the evicting writer | nothing but the count |
//! | STAMP | [`StampCell`] | a writer in its turn | writers: the turn's lock; readers: none | nothing but the number |
//!
//! Both are `Relaxed`, because neither publishes anything: an entry's other fields never change, and
//! the map publishes the entry as a whole. A reader may see a stamp from before or after a lease was
//! given; it compares it with nothing. Writers, which do compare it, hold the lock of the key's
//! turn, and the lock orders them.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use dogpile_backend::Stamp;

/// How often an entry was read since it last stood for eviction, up to [`Mark::MOST`].
#[derive(Debug)]
pub(crate) struct Mark(AtomicU8);

impl Mark {
    /// The count is cut here, so that an entry that was popular once does not stay for ever.
    pub(crate) const MOST: u8 = 7;

    /// A mark that stands at `uses`.
    pub(crate) const fn at(uses: u8) -> Self {
        Self(AtomicU8::new(uses))
    }

    /// A mark that no read changes any more: that of entries which are never evicted.
    pub(crate) const fn full() -> Self {
        Self(AtomicU8::new(Self::MOST))
    }

    /// Counts one read. A hot entry's mark is full, so that hits on it share no written memory. Two
    /// readers at once may count as one.
    #[inline]
    pub(crate) fn touch(&self) {
        let uses = self.uses();
        if uses < Self::MOST {
            self.set(uses + 1);
        }
    }

    /// The reads counted.
    #[inline]
    pub(crate) fn uses(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts anew from `uses`.
    #[inline]
    pub(crate) fn set(&self, uses: u8) {
        self.0.store(uses, Ordering::Relaxed);
    }
}

/// The current stamp of an entry.
#[derive(Debug)]
pub(crate) struct StampCell(AtomicU64);

impl StampCell {
    pub(crate) const fn new(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }

    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::new(u128::from(self.number()))
    }

    /// Only for a writer in its turn.
    pub(crate) fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }
}

/// Numbers that never repeat, for a store that keeps nothing.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(1))
    }

    pub(crate) fn next(&self) -> Stamp {
        Stamp::new(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_reads_and_stops() {
        let mark = Mark::at(0);
        for expected in [1, 2, 3, 4, 5, 6, 7, 7] {
            mark.touch();
            assert_eq!(mark.uses(), expected);
        }
        let full = Mark::full();
        full.touch();
        assert_eq!(full.uses(), Mark::MOST);
    }
}
