//! Latency as bars in a terminal, on a logarithmic scale.

use std::fmt::Write as _;
use std::time::Duration;

use crate::engine::Measured;

const WIDTH: f64 = 44.0;
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// Bars grouped by quantile, so that contenders stand beside each other.
pub(super) fn chart(measured: &[Measured]) -> String {
    let shown: Vec<_> = measured
        .iter()
        .filter(|one| !one.run.latency.is_empty())
        .collect();
    let least = shown
        .iter()
        .map(|one| one.run.latency.value_at_quantile(0.5))
        .min()
        .unwrap_or(1)
        .max(1);
    let most = shown
        .iter()
        .map(|one| one.run.latency.value_at_quantile(0.999))
        .max()
        .unwrap_or(1);
    let mut text = String::from("latency, logarithmic\n");
    for (label, quantile) in QUANTILES {
        for (index, one) in shown.iter().enumerate() {
            let ns = one.run.latency.value_at_quantile(quantile);
            let label = if index == 0 { label } else { "" };
            let bar = bar(share(ns, least, most));
            let _ = writeln!(text, "{label:>6} {:<8} {bar} {}", one.name, span(ns));
        }
    }
    text
}

/// A duration to three digits.
pub(super) fn span(ns: u64) -> String {
    format!("{:.3?}", Duration::from_nanos(ns))
}

/// Where a value lies between a tenth of the least and the most, logarithmically, from 0 to 1.
#[allow(clippy::cast_precision_loss)] // for drawing
pub(super) fn share(ns: u64, least: u64, most: u64) -> f64 {
    let low = (least.max(1) as f64 / 10.0).ln();
    let high = (most.max(least + 1) as f64).ln();
    (((ns.max(1) as f64).ln() - low) / (high - low)).clamp(0.0, 1.0)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to WIDTH * 8
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share * WIDTH * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_with_the_logarithm() {
        assert!((share(10, 100, 1000) - 0.0).abs() < 1e-9);
        assert!((share(100, 100, 1000) - 0.5).abs() < 1e-9);
        assert!((share(1000, 100, 1000) - 1.0).abs() < 1e-9);
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(0.5).chars().count(), 22);
    }
}
