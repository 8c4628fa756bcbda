//! Counts that many threads raise and hardly anybody reads: each thread has cells of its own, which no
//! other writes, so that counting shares no line of the cache and needs no locked instruction. And a figure
//! that is written seldom, for those who must not wait to read it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use dogpile_backend::Span;

use super::Counted;
use crate::sync::{Mutex, process_wide, thread_local};

/// One region's counts.
pub(in crate::region) struct Tally {
    number: usize,
    /// Never given twice, as the number is.
    id: u64,
    all: Mutex<All>,
}

/// Every thread's cells, and what threads have left that are gone.
#[derive(Default)]
struct All {
    cells: Vec<Arc<Cells>>,
    left: [u64; Counted::KINDS],
    /// From so many on it pays to look for those that are gone.
    many: usize,
}

/// One thread's counts of one region. Only that thread writes them.
struct Cells {
    of: u64,
    counts: [AtomicU64; Counted::KINDS],
}

/// Places for tallies in each thread's list. They are used again, so that lists stay short.
#[derive(Default)]
struct Numbers {
    free: Vec<usize>,
    next: usize,
    ids: u64,
}

process_wide! { static NUMBERS: Mutex<Option<Numbers>> = Mutex::new(None); }

thread_local! {
    static MINE: RefCell<Vec<Option<Arc<Cells>>>> = const { RefCell::new(Vec::new()) };
}

/// A length of time that is read by every hit and written under a lock, which a reader does not take.
#[derive(Default)]
pub(super) struct Figure(AtomicU64);

impl Figure {
    pub(super) fn store(&self, span: Span) {
        self.0.store(span.as_nanos(), Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Span {
        Span::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Tally {
    pub(in crate::region) fn new() -> Self {
        let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = numbers.get_or_insert_default();
        numbers.ids += 1;
        let number = numbers.free.pop().unwrap_or_else(|| {
            numbers.next += 1;
            numbers.next - 1
        });
        Self {
            number,
            id: numbers.ids,
            all: Mutex::new(All::default()),
        }
    }

    #[inline]
    pub(in crate::region) fn count(&self, counted: Counted) {
        let done = MINE.try_with(|mine| {
            if let Some(Some(cells)) = mine.borrow().get(self.number)
                && cells.of == self.id
            {
                cells.raise(counted);
                return;
            }
            self.begin(mine, counted);
        });
        if done.is_err() {
            self.count_late(counted);
        }
    }

    /// The first count of this thread.
    #[cold]
    #[inline(never)]
    fn begin(&self, mine: &RefCell<Vec<Option<Arc<Cells>>>>, counted: Counted) {
        let cells = Arc::new(Cells {
            of: self.id,
            counts: [const { AtomicU64::new(0) }; Counted::KINDS],
        });
        cells.raise(counted);
        let mut mine = mine.borrow_mut();
        if mine.len() <= self.number {
            mine.resize(self.number + 1, None);
        }
        mine[self.number] = Some(Arc::clone(&cells));
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.cells.push(cells);
        if all.cells.len() > all.many {
            all.gather();
        }
    }

    /// A count of a thread that is about to end and has given its cells back.
    #[cold]
    fn count_late(&self, counted: Counted) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.left[counted.number()] += 1;
    }

    pub(in crate::region) fn sum(&self) -> [u64; Counted::KINDS] {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.gather();
        let mut sum = all.left;
        for cells in &all.cells {
            cells.add_to(&mut sum);
        }
        sum
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.get_or_insert_default().free.push(self.number);
    }
}

impl All {
    /// Takes over what threads have left that are gone.
    fn gather(&mut self) {
        let left = &mut self.left;
        self.cells.retain_mut(|cells| match Arc::get_mut(cells) {
            Some(cells) => {
                cells.add_to(left);
                false
            }
            None => true,
        });
        self.many = (self.cells.len() * 2).max(16);
    }
}

impl Cells {
    #[inline]
    fn raise(&self, counted: Counted) {
        let count = &self.counts[counted.number()];
        // Nobody else writes it: nothing is lost between the two.
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn add_to(&self, sum: &mut [u64; Counted::KINDS]) {
        for (sum, count) in sum.iter_mut().zip(&self.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Counted, ORIGINS};
    use super::*;
    use crate::region::answer::Origin;

    const HIT: Counted = Counted::Answer(Origin::Hit);

    #[test]
    fn what_threads_counted_stays_when_they_are_gone() {
        let tally = Tally::new();
        for _ in 0..50 {
            std::thread::scope(|threads| {
                let count = || (0..10).for_each(|_| tally.count(HIT));
                let both = [threads.spawn(count), threads.spawn(count)];
                // Joined, a thread has given its cells back; a scope alone does not wait for that.
                for thread in both {
                    thread.join().unwrap();
                }
            });
        }
        tally.count(Counted::Miss);
        let sum = tally.sum();
        assert_eq!((sum[HIT.number()], sum[ORIGINS]), (1_000, 1));
        let all = tally.all.lock().unwrap();
        assert_eq!(all.cells.len(), 1, "only this thread's cells are left");
    }

    #[test]
    fn a_place_that_is_used_again_begins_at_zero() {
        for _ in 0..3 {
            let tally = Tally::new();
            tally.count(HIT);
            assert_eq!(tally.sum()[HIT.number()], 1);
        }
    }

    #[test]
    fn every_kind_has_a_cell_of_its_own() {
        let origins = [
            Origin::Hit,
            Origin::Stale,
            Origin::StaleOnError,
            Origin::Kept,
            Origin::Shared,
            Origin::Created,
            Origin::Declined,
            Origin::Superseded,
            Origin::NotStored,
        ];
        let kinds = origins.map(Counted::Answer).into_iter();
        let kinds = kinds.chain([Counted::Miss, Counted::Error]);
        let mut numbers: Vec<_> = kinds.map(Counted::number).collect();
        numbers.dedup();
        assert_eq!(numbers, (0..Counted::KINDS).collect::<Vec<_>>());
    }
}
