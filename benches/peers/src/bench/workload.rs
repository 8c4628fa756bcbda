//! Keys, and the order in which they are asked for.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Zipf};
use serde::Serialize;

/// Keys that every cache holds in the `hit` course.
pub const KEYS: usize = 10_000;

/// Exponent of the zipf workload: the second key is asked for half as often as the first.
pub const ZIPF_EXPONENT: f64 = 1.0;

/// Where the random sequences begin; the same in every run.
pub const SEED: u64 = 0x00d0_6011;

/// Keys in one thread's sequence, which it repeats.
const SEQUENCE: usize = 16_384;

/// Which keys are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// One key, always the same.
    Hot,
    /// All keys, few of them often.
    Zipf,
}

impl Workload {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hot, Self::Zipf];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Zipf => "zipf",
        }
    }

    /// What `thread` asks for, in order. Each thread has its own sequence, each run the same ones.
    pub fn sequence(self, keys: &[String], thread: usize) -> Vec<&str> {
        match self {
            Self::Hot => keys
                .iter()
                .take(1)
                .cycle()
                .take(64)
                .map(String::as_str)
                .collect(),
            Self::Zipf => zipf(keys, SEED + thread as u64),
        }
    }
}

/// The key of number `number`: 20 bytes, no two alike.
pub fn key(number: usize) -> String {
    let mut key = String::with_capacity(20);
    key.push_str("user:");
    let digits = number.to_string();
    key.extend(std::iter::repeat_n(
        '0',
        15_usize.saturating_sub(digits.len()),
    ));
    key.push_str(&digits);
    key
}

/// All keys of the `hit` course.
pub fn keys() -> Vec<String> {
    (0..KEYS).map(key).collect()
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn zipf(keys: &[String], seed: u64) -> Vec<&str> {
    let Ok(ranks) = Zipf::new(keys.len() as f64, ZIPF_EXPONENT) else {
        return Vec::new();
    };
    let random = SmallRng::seed_from_u64(seed);
    // A rank is a whole number from 1 to the number of keys, held in a float.
    ranks
        .sample_iter(random)
        .take(SEQUENCE)
        .map(|rank| keys[rank as usize - 1].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_twenty_bytes_and_distinct() {
        let keys = keys();
        assert!(keys.iter().all(|key| key.len() == 20));
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), KEYS);
    }

    #[test]
    fn zipf_asks_for_the_first_key_about_one_time_in_ten() {
        let keys = keys();
        let sequence = Workload::Zipf.sequence(&keys, 0);
        let first = sequence.iter().filter(|key| **key == keys[0]).count();
        // 1 / (sum of 1/k for k up to 10,000) is 0.102.
        assert!(
            (1_400..1_950).contains(&first),
            "{first} of {}",
            sequence.len()
        );
    }

    #[test]
    fn threads_differ_and_runs_do_not() {
        let keys = keys();
        assert_ne!(
            Workload::Zipf.sequence(&keys, 0),
            Workload::Zipf.sequence(&keys, 1)
        );
        assert_eq!(
            Workload::Zipf.sequence(&keys, 1),
            Workload::Zipf.sequence(&keys, 1)
        );
    }

    #[test]
    fn hot_is_one_key() {
        let keys = keys();
        assert!(
            Workload::Hot
                .sequence(&keys, 3)
                .iter()
                .all(|key| *key == keys[0])
        );
    }
}
