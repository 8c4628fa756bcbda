//! Which keys a run asks for, in order: a trace or a seeded distribution.

use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::random::{Random, mix};
use crate::scenario::Keys;
use crate::trace;

/// A key of the workload. Contenders that want bytes take [`Key::bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key(pub(crate) u64);

impl Key {
    pub(crate) fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The one key that everyone asks for in a round of a stampede.
    pub(crate) fn of_round(round: u32) -> Self {
        Self(mix(u64::from(round) + 1))
    }

    /// The first and its likes, so many in all, where a round asks for several.
    pub(crate) fn and_others(self, count: u32) -> Vec<Self> {
        (0..u64::from(count))
            .map(|number| match number {
                0 => self,
                _ => Self(mix(self.0 ^ number)),
            })
            .collect()
    }
}

/// Draws the whole sequence of keys, the same for the same seed.
///
/// # Errors
/// A trace that cannot be read.
pub(crate) fn draw(keys: &Keys, seed: u64) -> Result<Vec<Key>, LabError> {
    let mut random = Random::new(seed);
    Ok(match keys {
        Keys::Trace { trace, requests } => {
            let mut all = trace::load(trace)?;
            all.truncate(requests.unwrap_or(usize::MAX));
            all.into_iter().map(|key| Key(u64::from(key))).collect()
        }
        Keys::One { requests, .. } => vec![Key::of_round(0); *requests],
        Keys::Uniform { count, requests } => {
            let count = u64::from(*count);
            (0..*requests).map(|_| Key(random.next() % count)).collect()
        }
        Keys::Zipf {
            count,
            exponent,
            requests,
        } => {
            let table = cumulative(*count, *exponent);
            (0..*requests)
                .map(|_| Key(rank(&table, random.unit())))
                .collect()
        }
    })
}

/// Cumulative weights of `1 / rank ^ exponent`, scaled to end at 1.
fn cumulative(count: u32, exponent: f64) -> Vec<f64> {
    let mut sum = 0.0;
    let mut table: Vec<f64> = (1..=count)
        .map(|rank| {
            sum += f64::from(rank).powf(-exponent);
            sum
        })
        .collect();
    for weight in &mut table {
        *weight /= sum;
    }
    table
}

fn rank(table: &[f64], unit: f64) -> u64 {
    let found = table
        .partition_point(|&weight| weight <= unit)
        .min(table.len() - 1);
    found as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_keys_and_another_seed_others() {
        let keys = Keys::Zipf {
            count: 1000,
            exponent: 1.0,
            requests: 500,
        };
        let draw = |seed| draw(&keys, seed).expect("no file");
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn zipf_asks_for_the_first_key_most_and_never_beyond_the_count() {
        let keys = Keys::Zipf {
            count: 50,
            exponent: 1.0,
            requests: 20_000,
        };
        let mut counts = [0_u32; 50];
        for key in draw(&keys, 1).expect("no file") {
            counts[usize::try_from(key.0).expect("small")] += 1;
        }
        assert!(counts[0] > counts[1] && counts[1] > counts[9] && counts[9] > counts[49]);
        // 1 / H(50) = 22.2 %: three sigma of 20,000 draws are 0.9 points.
        assert!((4270..=4620).contains(&counts[0]), "{}", counts[0]);
    }

    #[test]
    fn a_trace_may_be_shortened() {
        let keys = Keys::Trace {
            trace: "web12".into(),
            requests: Some(10),
        };
        assert_eq!(draw(&keys, 1).expect("bundled").len(), 10);
    }
}
