//! `hitratio`: how often a bounded cache still holds what a real trace asks for.

use comfy_table::Table;
use serde::Serialize;

use super::asked_for;
use crate::bench::environment::{Environment, version_of};
use crate::bench::pinning::Cores;
use crate::bench::report::{progress, table};
use crate::bench::rounds::{median, order, rounded};
use crate::bench::trace::Trace;
use crate::contender::Contender;
use crate::error::PeersError;

/// The better of these is what the others are set against.
const BASELINES: [&str; 2] = ["moka", "quick_cache"];

/// Every so many accesses the entries are counted; a prime, so that it meets every phase of a cache's maintenance.
const CENSUS: usize = 97;

/// How much to measure.
#[derive(Debug, Clone)]
pub struct HitRatioOptions {
    /// Rounds: hashes are seeded anew in each, and some caches evict by them.
    pub rounds: usize,
    /// Capacities, in percent of the trace's distinct keys.
    pub percent: Vec<f64>,
    /// Parts of the names of those who run; everybody if empty.
    pub only: Vec<String>,
}

/// One contender, one trace, one capacity.
#[derive(Debug, Serialize)]
pub struct HitRatioRow {
    trace: String,
    accesses: usize,
    distinct_keys: usize,
    capacity_percent: f64,
    capacity: usize,
    contender: &'static str,
    /// Hits of a hundred accesses, median over the rounds.
    hit_percent: f64,
    /// Points above the better of moka and `quick_cache`; negative: below.
    points_over_best: Option<f64>,
    /// The most entries that were seen at any time; above the capacity: the cache had more room than it was given.
    most_entries: usize,
    samples_percent: Vec<f64>,
    package: &'static str,
    version: &'static str,
    rounds: usize,
    #[serde(flatten)]
    environment: Environment,
}

/// Replays every trace through every contender at every capacity, from one thread.
///
/// # Errors
/// If a capacity is less than one entry, or if the filter leaves nobody.
pub fn run(
    contenders: &[&dyn Contender],
    traces: &[Trace],
    options: &HitRatioOptions,
) -> Result<Vec<HitRatioRow>, PeersError> {
    let entrants: Vec<&dyn Contender> = contenders
        .iter()
        .copied()
        .filter(|contender| {
            asked_for(contender.name(), &options.only) && contender.replay(1).is_some()
        })
        .collect();
    if entrants.is_empty() {
        return Err(PeersError::NobodyLeft {
            only: options.only.clone(),
        });
    }
    let cores = Cores::allowed();
    let environment = Environment::look(&cores, "not pinned".to_owned());
    let bar = progress(
        traces.len() * options.percent.len() * options.rounds * entrants.len(),
        "hitratio",
    );
    let mut rows = Vec::new();
    for trace in traces {
        for percent in &options.percent {
            let capacity = capacity(trace, *percent)?;
            let mut samples = vec![Vec::with_capacity(options.rounds); entrants.len()];
            for round in 0..options.rounds {
                for who in order(entrants.len(), round) {
                    samples[who].extend(replay(entrants[who], trace, capacity));
                    bar.inc(1);
                }
            }
            let setting = (trace, *percent, capacity);
            rows.extend(setting_rows(setting, &entrants, samples, &environment));
        }
    }
    bar.finish_and_clear();
    Ok(rows)
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn capacity(trace: &Trace, percent: f64) -> Result<usize, PeersError> {
    match (trace.distinct as f64 * percent / 100.0) as usize {
        0 => Err(PeersError::NoCapacity {
            trace: trace.name.clone(),
            distinct: trace.distinct,
            percent,
        }),
        capacity => Ok(capacity),
    }
}

/// What one replay found.
#[derive(Clone, Copy)]
struct Replayed {
    hit_percent: f64,
    most_entries: usize,
}

#[allow(clippy::cast_precision_loss)]
fn replay(contender: &dyn Contender, trace: &Trace, capacity: usize) -> Option<Replayed> {
    let mut cache = contender.replay(capacity)?;
    let (mut hits, mut most_entries) = (0_usize, 0);
    for (access, key) in trace.keys.iter().enumerate() {
        hits += usize::from((cache.ask)(*key));
        if access % CENSUS == 0 {
            most_entries = most_entries.max((cache.held)());
        }
    }
    Some(Replayed {
        hit_percent: rounded(100.0 * hits as f64 / trace.keys.len() as f64),
        most_entries,
    })
}

fn setting_rows(
    (trace, capacity_percent, capacity): (&Trace, f64, usize),
    entrants: &[&dyn Contender],
    samples: Vec<Vec<Replayed>>,
    environment: &Environment,
) -> Vec<HitRatioRow> {
    let best = entrants
        .iter()
        .zip(&samples)
        .filter(|(contender, _)| BASELINES.contains(&contender.name()))
        .map(|(_, replays)| median(&percents(replays)))
        .reduce(f64::max);
    entrants
        .iter()
        .zip(samples)
        .map(|(contender, replays)| {
            let samples_percent = percents(&replays);
            let hit_percent = rounded(median(&samples_percent));
            HitRatioRow {
                trace: trace.name.clone(),
                accesses: trace.keys.len(),
                distinct_keys: trace.distinct,
                capacity_percent,
                capacity,
                contender: contender.name(),
                hit_percent,
                points_over_best: best.map(|best| rounded(hit_percent - best)),
                most_entries: replays
                    .iter()
                    .map(|replay| replay.most_entries)
                    .max()
                    .unwrap_or(0),
                rounds: replays.len(),
                samples_percent,
                package: contender.package(),
                version: version_of(contender.package()),
                environment: environment.clone(),
            }
        })
        .collect()
}

fn percents(replays: &[Replayed]) -> Vec<f64> {
    replays.iter().map(|replay| replay.hit_percent).collect()
}

/// The rows for people.
pub fn as_table(rows: &[HitRatioRow]) -> Table {
    let headings = [
        "trace",
        "contender",
        "capacity",
        "entries",
        "most held",
        "hits, %",
        "points over the better of moka, quick_cache",
    ];
    let mut table = table(&headings, 2);
    for row in rows {
        table.add_row([
            row.trace.clone(),
            row.contender.to_owned(),
            format!("{} %", row.capacity_percent),
            row.capacity.to_string(),
            row.most_entries.to_string(),
            format!("{:.2}", row.hit_percent),
            row.points_over_best
                .map_or_else(|| "-".to_owned(), |points| format!("{points:+.2}")),
        ]);
    }
    table
}

/// What has to be said below the table.
pub const NOTES: [&str; 3] = [
    "Each access is a get-or-create of one key, from one thread, on a cache that begins empty. Capacity: of the distinct keys.",
    "Most held: the most entries seen at any time; who holds more than its entries hits more often by that.",
    "Traces: Copyright headissue GmbH, Jens Wilke, CC BY 4.0, recorded for cache2k (benches/traces/README.md).",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten keys, asked for in turn, ten times.
    fn loops() -> Trace {
        let bytes: Vec<u8> = (0..100_u32)
            .flat_map(|access| (access % 10).to_be_bytes())
            .collect();
        Trace::decode("loops", &bytes).expect("whole keys")
    }

    fn options(percent: f64) -> HitRatioOptions {
        HitRatioOptions {
            rounds: 1,
            percent: vec![percent],
            only: Vec::new(),
        }
    }

    #[test]
    fn a_cache_with_room_for_everything_misses_each_key_once() {
        let rows = run(&crate::contenders::all(), &[loops()], &options(300.0)).expect("a run");
        assert!(rows.len() >= 3);
        for row in rows {
            assert_eq!(
                row.hit_percent.total_cmp(&90.0),
                std::cmp::Ordering::Equal,
                "{row:?}"
            );
        }
    }

    #[test]
    fn who_hits_by_holding_more_than_its_capacity_is_shown_to() {
        // A loop over ten keys lets a cache of one entry hit at most where it still holds the key of ten accesses ago.
        let rows = run(&crate::contenders::all(), &[loops()], &options(10.0)).expect("a run");
        for row in rows {
            assert!(
                row.hit_percent <= 9.0 || row.most_entries > row.capacity,
                "{row:?}"
            );
        }
    }

    #[test]
    fn a_share_of_less_than_one_entry_is_an_error() {
        let told = run(&crate::contenders::all(), &[loops()], &options(1.0));
        assert!(matches!(told, Err(PeersError::NoCapacity { .. })));
    }
}
