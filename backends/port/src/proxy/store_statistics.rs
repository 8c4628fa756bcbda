//! How often each operation of a store was asked, what came of it, and how long it took.

use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::observer::{Answered, Call, Observer, Outcome};

/// How many threads may count at once without waiting for each other, if they are lucky.
const SHARDS: usize = 16;

/// Counts a store's operations by what came of them, and adds up their times. Clones count together: one
/// goes before the store, another is asked for its [`figures`](Self::figures).
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// # struct Files;
/// # impl Backend<u64> for Files {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::proxy::{Call, Observed, Outcome, StoreStatistics, Wrap};
/// use dogpile_backend::{Blocking, Store};
/// let statistics = StoreStatistics::new();
/// let store = Blocking::new(Files).wrap(Observed::by(statistics.clone()));
/// store.get(b"key").wait()?;
/// let gets = statistics.figures().of(Call::Get);
/// assert_eq!((gets.count(Outcome::Absent), gets.errors), (1, 0));
/// println!("{} looks in {:?}", gets.ended(), gets.total);
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoreStatistics {
    shards: Arc<[Shard; SHARDS]>,
}

/// On lines of the cache of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<StoreFigures>);

/// The figures of a store's operations at one moment. They only rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreFigures {
    calls: [Calls; Call::ALL.len()],
}

/// The figures of one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calls {
    outcomes: [u64; Outcome::ALL.len()],
    /// How many failed.
    pub errors: u64,
    /// The time of all together, failed ones included. Looks into memory are not timed.
    pub total: Duration,
    /// The longest of them.
    pub longest: Duration,
}

impl StoreStatistics {
    /// Counts from zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was counted so far.
    pub fn figures(&self) -> StoreFigures {
        let mut sum = StoreFigures::default();
        for shard in &*self.shards {
            let figures = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            for (sum, calls) in sum.calls.iter_mut().zip(&figures.calls) {
                sum.add(calls);
            }
        }
        sum
    }
}

impl StoreFigures {
    /// Those of one operation.
    pub const fn of(&self, call: Call) -> Calls {
        self.calls[call as usize]
    }

    /// Which part of the looks, into memory or into the store, found something, fresh or not. Zero while
    /// there are none.
    #[allow(clippy::cast_precision_loss)] // a ratio is no finer
    pub fn found_ratio(&self) -> f64 {
        let looks = [Call::LookLocal, Call::Get].map(|call| self.of(call));
        let all: u64 = looks.iter().map(Calls::ended).sum();
        let found: u64 = looks.iter().map(|calls| calls.count(Outcome::Found)).sum();
        match all {
            0 => 0.0,
            all => found as f64 / all as f64,
        }
    }
}

impl Calls {
    /// How many came to that.
    pub const fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// How many have ended, in whatever way.
    pub fn ended(&self) -> u64 {
        self.outcomes.iter().sum::<u64>() + self.errors
    }

    /// The time of one on average; nothing before the first.
    pub fn mean(&self) -> Option<Duration> {
        let nanos = self.total.as_nanos().checked_div(self.ended().into())?;
        Some(Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ))
    }

    fn add(&mut self, other: &Self) {
        for (sum, count) in self.outcomes.iter_mut().zip(other.outcomes) {
            *sum += count;
        }
        self.errors += other.errors;
        self.total = self.total.saturating_add(other.total);
        self.longest = self.longest.max(other.longest);
    }
}

/// Where the calling thread counts. Threads have their locals at addresses of their own; which shard two of
/// them share is left to chance.
fn own_shard() -> usize {
    thread_local! { static HERE: u8 = const { 0 }; }
    let here = HERE.try_with(|here| ptr::from_ref(here).addr());
    // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the high bits are well mixed.
    let mixed = (here.unwrap_or(0) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 32).unwrap_or(0) % SHARDS
}

impl Observer for StoreStatistics {
    fn answered(&self, answered: &Answered<'_>) {
        let took = answered.took.unwrap_or_default();
        let mut one = Calls {
            total: took,
            longest: took,
            ..Calls::default()
        };
        match answered.outcome {
            Ok(outcome) => one.outcomes[outcome as usize] = 1,
            Err(_) => one.errors = 1,
        }
        let shard = &self.shards[own_shard()].0;
        let mut figures = shard.lock().unwrap_or_else(PoisonError::into_inner);
        figures.calls[answered.call as usize].add(&one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_every_outcome_has_a_place_of_its_own() {
        for (number, call) in Call::ALL.iter().enumerate() {
            assert_eq!(*call as usize, number, "{call}");
        }
        for (number, outcome) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, number, "{outcome}");
        }
    }

    #[test]
    fn what_threads_count_at_once_is_all_counted() {
        let statistics = StoreStatistics::new();
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for nanos in 1..=1_000 {
                        statistics.answered(&Answered {
                            backend: "none",
                            call: Call::Get,
                            key: b"key",
                            outcome: Ok(Outcome::Found),
                            took: Some(Duration::from_nanos(nanos)),
                        });
                    }
                });
            }
        });
        let gets = statistics.figures().of(Call::Get);
        assert_eq!((gets.count(Outcome::Found), gets.ended()), (8_000, 8_000));
        assert_eq!(gets.total, Duration::from_nanos(8 * 500_500));
        assert_eq!(gets.longest, Duration::from_nanos(1_000));
        assert_eq!(gets.mean(), Some(Duration::from_nanos(500)));
    }
}
