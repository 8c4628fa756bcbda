//! What came of a run of tiers.

use serde::Serialize;

use super::Plan;
use super::reader::Told;

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Tiers {
    pub(crate) backend: String,
    pub(crate) processes: u32,
    pub(crate) near_for_ms: u128,
    pub(crate) writes: u64,
    pub(crate) reads: u64,
    pub(crate) near_hits_ratio: f64,
    /// One sample for each write and reader that saw the number before it: how long after the
    /// acknowledgement its last read of that one ended; zero if it ended before.
    pub(crate) samples: u64,
    pub(crate) stale_p50_ms: f64,
    pub(crate) stale_p99_ms: f64,
    pub(crate) stale_max_ms: f64,
    /// What the store promises when all its messages are lost.
    pub(crate) worst_case_ms: u128,
    pub(crate) went_back: u64,
    pub(crate) errors: u64,
}

/// At p99, what is asked of a store that rings.
const PROMPT_MS: f64 = 50.0;

impl Tiers {
    pub(super) fn of(plan: &Plan, acknowledged: &[u64], told: &[Told]) -> Self {
        let sum = |of: fn(&Told) -> u64| told.iter().map(of).sum::<u64>();
        let mut stale: Vec<u64> = told
            .iter()
            .flat_map(|told| &told.last_seen)
            .filter_map(|(number, at)| {
                let next = acknowledged.get(usize::try_from(*number).ok()? + 1)?;
                Some(at.saturating_sub(*next))
            })
            .collect();
        stale.sort_unstable();
        let (reads, near) = (sum(|told| told.reads), sum(|told| told.near));
        Self {
            backend: plan.backend.clone(),
            processes: plan.processes,
            near_for_ms: plan.near_for.as_millis(),
            writes: acknowledged.len() as u64 - 1,
            reads,
            near_hits_ratio: ratio(near, reads),
            samples: stale.len() as u64,
            stale_p50_ms: at_share(&stale, 50),
            stale_p99_ms: at_share(&stale, 99),
            stale_max_ms: at_share(&stale, 100),
            worst_case_ms: plan.near_for.as_millis(),
            went_back: sum(|told| told.went_back),
            errors: sum(|told| told.errors),
        }
    }

    /// Whether near copies were dropped promptly, and nobody saw an older value after a newer one.
    pub(crate) fn are_prompt(&self) -> bool {
        self.samples > 0 && self.stale_p99_ms <= PROMPT_MS && self.went_back + self.errors == 0
    }
}

#[allow(clippy::cast_precision_loss)] // below 2^52
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// In milliseconds, what so many of a hundred do not exceed.
fn at_share(sorted: &[u64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    ratio(sorted.get(rank).copied().unwrap_or(0), 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn staleness_is_reckoned_from_the_next_number_s_acknowledgement() {
        let plan = Plan {
            backend: "file".into(),
            processes: 2,
            near_for: Duration::from_secs(1),
            pause: Duration::from_millis(1),
            time: Duration::from_secs(1),
        };
        let told = Told {
            reads: 4,
            near: 3,
            // The last read of 0 ended 2 ms after 1 was acknowledged; that of 1 before 2 was.
            last_seen: vec![(0, 12_000_000), (1, 15_000_000)],
            ..Told::default()
        };
        let tiers = Tiers::of(&plan, &[0, 10_000_000, 20_000_000], &[told]);
        assert_eq!((tiers.samples, tiers.writes), (2, 2));
        assert!((tiers.stale_max_ms - 2.0).abs() < 1e-9, "{tiers:?}");
        assert!((tiers.stale_p50_ms).abs() < 1e-9, "{tiers:?}");
        assert!((tiers.near_hits_ratio - 0.75).abs() < 1e-9);
        assert!(tiers.are_prompt());
    }
}
