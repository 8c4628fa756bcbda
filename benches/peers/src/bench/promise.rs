//! What is promised of one contender's throughput beside another's, and whether a run kept it.

use serde::Serialize;

use super::rounds::{median, rounded};

/// A throughput beside another contender's.
#[derive(Debug, Serialize)]
pub struct Promise {
    contender: &'static str,
    /// Median over the rounds of both figures of one round, divided; nothing if the other is missing.
    ratio: Option<f64>,
    /// Nothing if the pair is only shown.
    promised: Option<f64>,
    kept: Option<bool>,
    samples: Vec<f64>,
}

impl Promise {
    /// Figures of one round are divided by each other: a slow minute of the machine falls on both.
    pub fn new(
        contender: &'static str,
        ours: &[f64],
        theirs: &[f64],
        promised: Option<f64>,
    ) -> Self {
        let pairs = ours.iter().zip(theirs);
        let samples: Vec<f64> = pairs.map(|(ours, theirs)| rounded(ours / theirs)).collect();
        let ratio = (!samples.is_empty()).then(|| rounded(median(&samples)));
        Self {
            contender,
            ratio,
            promised,
            kept: ratio
                .zip(promised)
                .map(|(ratio, promised)| ratio >= promised),
            samples,
        }
    }

    /// The cell of a table.
    pub fn cell(&self) -> String {
        let Some(ratio) = self.ratio else {
            return format!("{} is missing", self.contender);
        };
        let promised = self
            .promised
            .map(|promised| format!(" (promised: {promised})"));
        let promised = promised.unwrap_or_default();
        format!("{ratio:.2} x {}{promised}", self.contender)
    }
}

/// So many calls in a second.
#[allow(clippy::cast_precision_loss)] // a sample is some thousand calls
pub fn per_second(calls: usize, taken: std::time::Duration) -> f64 {
    calls as f64 / taken.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_kept_by_the_median_of_the_ratios() {
        let kept = Promise::new("other", &[2.0, 8.0, 3.0], &[1.0, 1.0, 1.0], Some(3.0));
        assert_eq!((kept.ratio, kept.kept), (Some(3.0), Some(true)));
        assert_eq!(kept.cell(), "3.00 x other (promised: 3)");
        let shown = Promise::new("other", &[2.0], &[1.0], None);
        assert_eq!((shown.ratio, shown.kept), (Some(2.0), None));
        assert_eq!(shown.cell(), "2.00 x other");
        let missing = Promise::new("other", &[2.0], &[], Some(3.0));
        assert_eq!((missing.ratio, missing.kept), (None, None));
        assert_eq!(missing.cell(), "other is missing");
    }
}
