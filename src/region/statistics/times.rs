//! How long creators took, in powers of two.

use std::sync::PoisonError;
use std::time::Duration;

use dogpile_backend::Span;

use super::cells::Figure;
use crate::sync::{Mutex, MutexGuard};

/// The runs of a region's creators in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Creations {
    /// How many made a value.
    pub ended: u64,
    /// How many failed or panicked.
    pub failed: u64,
    /// The time of all of them together.
    pub total: Duration,
    /// The longest.
    pub longest: Duration,
    /// How long those took that made a value.
    pub histogram: Histogram,
}

/// Counts of durations in buckets that double.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Bucket n holds what took less than 2^n nanoseconds and no less than half of that.
    counts: [u64; BUCKETS],
}

const BUCKETS: usize = 65;

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
        }
    }
}

impl Histogram {
    /// The buckets that are not empty: what each of them is below, and its count.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let all = self.counts.iter().enumerate();
        let some = all.filter(|(_, count)| **count > 0);
        some.map(|(bits, count)| (below(bits), *count))
    }

    /// A duration that this part of all stayed below, as exact as the buckets are: at most twice what it
    /// was. Nothing where nothing was counted.
    ///
    /// # Panics
    /// When `part` is no number between 0 and 1.
    #[allow(clippy::cast_precision_loss)] // a part is no finer
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        assert!((0.0..=1.0).contains(&part), "{part} is no part of all");
        let wanted = self.counts.iter().sum::<u64>() as f64 * part;
        let mut seen = 0;
        let mut buckets = self.buckets();
        let last = buckets.find(|(_, count)| {
            seen += count;
            seen as f64 >= wanted
        });
        last.map(|(below, _)| below)
    }

    fn count(&mut self, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.counts[(u64::BITS - nanos.leading_zeros()) as usize] += 1;
    }
}

fn below(bits: usize) -> Duration {
    1_u64
        .checked_shl(u32::try_from(bits).unwrap_or(u32::MAX))
        .map_or(Duration::from_nanos(u64::MAX), Duration::from_nanos)
}

/// What a region keeps of its creations' times.
#[derive(Default)]
pub(in crate::region) struct Times {
    creations: Mutex<Creations>,
    /// Smoothed over the last few. Whoever has the creations writes it; a hit reads it.
    usual: Figure,
}

impl Times {
    pub(in crate::region) fn took(&self, span: Duration, is_value: bool) {
        let mut creations = self.creations();
        creations.total = creations.total.saturating_add(span);
        creations.longest = creations.longest.max(span);
        if !is_value {
            creations.failed += 1;
            return;
        }
        creations.ended += 1;
        creations.histogram.count(span);
        self.usual.store(match creations.ended {
            1 => span.into(),
            _ => smoothed(self.usual.read(), span.into()),
        });
    }

    /// What has been counted so far.
    pub(in crate::region) fn so_far(&self) -> Creations {
        self.creations().clone()
    }

    /// How long creations take lately; nothing before the first.
    pub(in crate::region) fn usual(&self) -> Duration {
        self.usual.read().to_duration()
    }

    fn creations(&self) -> MutexGuard<'_, Creations> {
        self.creations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seven eighths of what was usual, and one of the last.
fn smoothed(usual: Span, last: Span) -> Span {
    let eighths = u128::from(usual.as_nanos()) * 7 + u128::from(last.as_nanos());
    Span::from_nanos(u64::try_from(eighths / 8).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_buckets_that_double() {
        let mut histogram = Histogram::default();
        for nanos in [0, 1, 2, 3, 4, 1_000] {
            histogram.count(Duration::from_nanos(nanos));
        }
        histogram.count(Duration::MAX);
        let buckets: Vec<_> = histogram.buckets().collect();
        let nanos = Duration::from_nanos;
        let expected = [(1, 1), (2, 1), (4, 2), (8, 1), (1_024, 1), (u64::MAX, 1)];
        assert_eq!(
            buckets,
            expected.map(|(below, count)| (nanos(below), count))
        );
        assert_eq!(histogram.quantile(0.5), Some(nanos(4)));
        assert_eq!(histogram.quantile(1.0), Some(nanos(u64::MAX)));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn the_usual_time_is_read_while_the_others_are_locked_and_no_time_is_too_long_for_it() {
        let times = Times::default();
        times.took(Duration::MAX, true);
        times.took(Duration::MAX, true);
        let longest = Span::FOREVER.to_duration();
        let (told, heard) = std::sync::mpsc::channel();
        let counting = times.creations();
        std::thread::scope(|threads| {
            threads.spawn(|| told.send(times.usual()));
            assert_eq!(heard.recv_timeout(Duration::from_secs(20)), Ok(longest));
            drop(counting);
        });
    }

    #[test]
    fn the_usual_time_follows_what_happens() {
        let times = Times::default();
        assert_eq!(times.usual(), Duration::ZERO);
        times.took(Duration::from_secs(8), true);
        assert_eq!(times.usual(), Duration::from_secs(8));
        times.took(Duration::from_secs(16), true);
        assert_eq!(times.usual(), Duration::from_secs(9));
        times.took(Duration::from_secs(99), false);
        assert_eq!(
            times.usual(),
            Duration::from_secs(9),
            "a failure tells nothing"
        );
        let so_far = times.so_far();
        assert_eq!((so_far.ended, so_far.failed), (2, 1));
        assert_eq!(so_far.total, Duration::from_secs(123));
    }
}
