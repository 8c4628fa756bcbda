//! Interleaved rounds: everybody runs in every round, in another order each time, so that a slow minute of the machine is
//! shared out instead of being laid on one contender.

/// The order in which `contenders` run in `round`: rotated by one each round, and backwards in every second one, so that
/// nobody always follows the same neighbour.
pub fn order(contenders: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..contenders)
        .map(|place| (place + round) % contenders)
        .collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// The middle of `samples`, or the mean of the two middle ones; zero for none.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The least of `samples`, or infinity for none.
pub fn least(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}

/// A figure with as many decimals as it deserves: three.
pub fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_runs_everybody_once() {
        for round in 0..7 {
            let mut seen = order(5, round);
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4], "round {round}");
        }
    }

    #[test]
    fn everybody_runs_first_at_some_time() {
        let mut first: Vec<usize> = (0..10).map(|round| order(5, round)[0]).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_median_ignores_an_outlier() {
        assert_eq!(
            median(&[3.0, 900.0, 1.0]).total_cmp(&3.0),
            std::cmp::Ordering::Equal
        );
        assert_eq!(
            median(&[4.0, 2.0]).total_cmp(&3.0),
            std::cmp::Ordering::Equal
        );
        assert_eq!(median(&[]).total_cmp(&0.0), std::cmp::Ordering::Equal);
    }
}
