//! One round of a stampede, whoever its callers were, and what many of them come to.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::histogram;
use crate::contender::{CallError, Origin, Served};
use crate::figures::{TogetherFigures, millis};
use crate::scenario::Mode;

/// What a caller brings back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Returned {
    pub(crate) begun_ns: u64,
    pub(crate) ended_ns: u64,
    /// Where its value came from, or the error's text.
    pub(crate) served: Result<Origin, String>,
}

impl Returned {
    pub(super) fn new(begun_ns: u64, ended_ns: u64, served: Result<Served, CallError>) -> Self {
        Self::from(begun_ns, ended_ns, served.map(|served| served.origin))
    }

    pub(super) fn from(begun_ns: u64, ended_ns: u64, served: Result<Origin, CallError>) -> Self {
        Self {
            begun_ns,
            ended_ns,
            served: served.map_err(|error| error.to_string()),
        }
    }
}

/// What one round was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// The most of any key.
    pub(crate) creators: u64,
    /// Of all keys.
    pub(crate) creations: u64,
    pub(crate) hung: u64,
    /// Served an old value that the cache had.
    pub(crate) stale: u64,
    /// Served an old value that their process had kept.
    pub(crate) kept: u64,
    /// Created what the store refused.
    pub(crate) refused: u64,
    pub(crate) errors: u64,
    pub(crate) last_waiter_ns: u64,
    pub(crate) slowest_ns: u64,
    pooled_ns: Vec<u64>,
    first_error: Option<String>,
}

impl Round {
    /// `created_ns` is when the value was there that callers waited for, if it ever was.
    pub(crate) fn of(returned: Vec<Returned>, mode: Mode, created_ns: Option<u64>) -> Self {
        let mut round = Self::default();
        for one in returned {
            round.take(one, mode, created_ns.unwrap_or(u64::MAX));
        }
        round
    }

    fn take(&mut self, returned: Returned, mode: Mode, created_ns: u64) {
        let took_ns = returned.ended_ns.saturating_sub(returned.begun_ns);
        self.slowest_ns = self.slowest_ns.max(took_ns);
        let origin = match returned.served {
            Ok(origin) => Some(origin),
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert(error);
                None
            }
        };
        let is_old = origin.is_some_and(Origin::is_old);
        let is_kept = origin == Some(Origin::Kept);
        let is_refused = origin == Some(Origin::Superseded);
        self.kept += u64::from(is_kept);
        self.stale += u64::from(is_old && !is_kept);
        self.refused += u64::from(is_refused);
        if is_old || mode == Mode::Cold {
            self.pooled_ns.push(took_ns);
        }
        // Whoever creates to the end and is refused waits for nobody.
        if !is_old && !is_refused {
            let after_ns = returned.ended_ns.saturating_sub(created_ns);
            self.last_waiter_ns = self.last_waiter_ns.max(after_ns);
        }
    }
}

/// All rounds together: the figures, the latencies that they pool, and an error as an example.
pub(crate) fn sum_up(
    rounds: &[Round],
    callers: u32,
) -> (TogetherFigures, Histogram<u64>, Option<String>) {
    let mut latency = histogram();
    for &ns in rounds.iter().flat_map(|round| &round.pooled_ns) {
        let _ = latency.record(ns);
    }
    let mut last_waiters: Vec<u64> = rounds.iter().map(|round| round.last_waiter_ns).collect();
    last_waiters.sort_unstable();
    let median = last_waiters
        .get(last_waiters.len() / 2)
        .copied()
        .unwrap_or(0);
    let figures = TogetherFigures {
        creators: most(rounds, |round| round.creators),
        callers,
        stale_served: fewest(rounds, |round| round.stale),
        last_waiter_ms: millis(median),
        p50_ms: millis(latency.value_at_quantile(0.5)),
        p99_ms: millis(latency.value_at_quantile(0.99)),
        errors: rounds.iter().map(|round| round.errors).sum(),
        hung: rounds.iter().map(|round| round.hung).sum(),
        creations: rounds.iter().map(|round| round.creations).sum(),
        batches: None,
    };
    let first_error = rounds.iter().find_map(|round| round.first_error.clone());
    (figures, latency, first_error)
}

/// The most of something in any round.
pub(crate) fn most(rounds: &[Round], of: impl Fn(&Round) -> u64) -> u64 {
    rounds.iter().map(of).max().unwrap_or(0)
}

/// The fewest of something in any round.
pub(crate) fn fewest(rounds: &[Round], of: impl Fn(&Round) -> u64) -> u64 {
    rounds.iter().map(of).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returned(ended_ns: u64, served: Result<Origin, String>) -> Returned {
        Returned {
            begun_ns: 100,
            ended_ns,
            served,
        }
    }

    #[test]
    fn callers_are_counted_by_what_they_were_served() {
        let all = vec![
            returned(1_000, Ok(Origin::Created)),
            returned(1_500, Ok(Origin::Shared)),
            returned(7_000, Ok(Origin::Superseded)),
            returned(9_000, Ok(Origin::Stale)),
            returned(9_000, Ok(Origin::Kept)),
            returned(1_200, Err("no".into())),
        ];
        let round = Round::of(all, Mode::Cold, Some(900));
        assert_eq!(
            (round.stale, round.kept, round.refused, round.errors),
            (1, 1, 1, 1)
        );
        assert_eq!(
            round.last_waiter_ns, 600,
            "of those who waited for the value"
        );
        assert_eq!(round.slowest_ns, 8_900);
        assert_eq!(round.first_error.as_deref(), Some("no"));
    }

    #[test]
    fn of_rounds_the_worst_and_the_median_are_told() {
        let with = |creators, stale, last_waiter_ns| Round {
            creators,
            stale,
            last_waiter_ns,
            ..Round::default()
        };
        let rounds = [with(1, 9, 5_000), with(3, 8, 7_000), with(1, 9, 90_000)];
        let (figures, ..) = sum_up(&rounds, 10);
        assert_eq!((figures.creators, figures.stale_served), (3, 8));
        assert!((figures.last_waiter_ms - 0.007).abs() < 1e-9);
    }
}
