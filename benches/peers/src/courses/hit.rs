//! `hit`: what a call costs when the value is there.

use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;

use super::asked_for;
use super::lap_time::{Load, Taken};
use crate::bench::environment::{Environment, version_of};
use crate::bench::pinning::Cores;
use crate::bench::report::{Against, progress, table};
use crate::bench::rounds::{least, median, order, rounded};
use crate::bench::workload::{self, Workload};
use crate::contender::{Answer, Contender, HitCall, Stock};
use crate::error::PeersError;

/// Whom every row is set against.
const BASELINES: [&str; 4] = [
    "papaya+ttl",
    "papaya borrow",
    "moka get_with",
    "quick_cache get_or_insert_with",
];

/// How much to measure.
#[derive(Debug, Clone)]
pub struct HitOptions {
    /// Rounds; each of them runs everybody.
    pub rounds: usize,
    /// How long one sample takes, about.
    pub sample: Duration,
    /// Numbers of threads.
    pub threads: Vec<usize>,
    /// Parts of the names of those who run; everybody if empty.
    pub only: Vec<String>,
}

/// One call under one workload with so many threads.
#[derive(Debug, Serialize)]
pub struct HitRow {
    workload: Workload,
    threads: usize,
    /// More threads than cores: the figure contains waiting for a core.
    oversubscribed: bool,
    contender: &'static str,
    /// Median over the rounds of the mean over the threads.
    ns_per_op: f64,
    least_ns_per_op: f64,
    /// The same of processor time: other programs of the machine do not count, nor does waiting for a lock.
    cpu_ns_per_op: f64,
    answer: Answer,
    expiry_checked: bool,
    against: Vec<Against>,
    samples_ns: Vec<f64>,
    samples_cpu_ns: Vec<f64>,
    calls_per_sample: u64,
    package: &'static str,
    version: &'static str,
    hasher: &'static str,
    keys: usize,
    zipf_exponent: f64,
    seed: u64,
    rounds: usize,
    #[serde(flatten)]
    environment: Environment,
}

/// A call, and the crate it belongs to.
struct Entrant {
    package: &'static str,
    call: HitCall,
}

/// A workload with a number of threads, and what each thread asks for.
struct Setting<'a> {
    workload: Workload,
    threads: usize,
    sequences: Vec<Vec<&'a str>>,
}

/// Measures every hit of `contenders`.
///
/// # Errors
/// If a call was no hit, if it panicked, or if the filter leaves nobody.
pub fn run(contenders: &[&dyn Contender], options: &HitOptions) -> Result<Vec<HitRow>, PeersError> {
    let stock = Stock::new(workload::keys());
    let entrants = entrants(contenders, &stock, &options.only)?;
    let settings = settings(&stock, &options.threads);
    let cores = Cores::allowed();
    let bar = progress(
        settings.len() * entrants.len() * (options.rounds + 1),
        "hit",
    );

    let mut laps = Vec::new();
    for setting in &settings {
        for entrant in &entrants {
            let load = Load {
                call: &entrant.call,
                sequences: &setting.sequences,
                cores: &cores,
            };
            laps.push(load.calibrate(options.sample)?);
            bar.inc(1);
        }
    }
    let mut samples = vec![Vec::with_capacity(options.rounds); laps.len()];
    for round in 0..options.rounds {
        for (place, setting) in settings.iter().enumerate() {
            for who in order(entrants.len(), round) {
                let call = &entrants[who].call;
                let load = Load {
                    call,
                    sequences: &setting.sequences,
                    cores: &cores,
                };
                let row = place * entrants.len() + who;
                samples[row].push(load.per_call(laps[row])?);
                all_were_hits(&stock, call.name)?;
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(rows(&settings, &entrants, samples, &laps, &cores))
}

fn entrants(
    contenders: &[&dyn Contender],
    stock: &Stock,
    only: &[String],
) -> Result<Vec<Entrant>, PeersError> {
    let entrants: Vec<Entrant> = contenders
        .iter()
        .flat_map(|contender| {
            let package = contender.package();
            contender
                .hits(stock)
                .into_iter()
                .map(move |call| Entrant { package, call })
        })
        .filter(|entrant| asked_for(entrant.call.name, only))
        .collect();
    if entrants.is_empty() {
        return Err(PeersError::NobodyLeft {
            only: only.to_vec(),
        });
    }
    Ok(entrants)
}

fn settings<'a>(stock: &'a Stock, threads: &[usize]) -> Vec<Setting<'a>> {
    Workload::ALL
        .into_iter()
        .flat_map(|workload| threads.iter().map(move |threads| (workload, *threads)))
        .map(|(workload, threads)| Setting {
            workload,
            threads,
            sequences: (0..threads)
                .map(|thread| workload.sequence(stock.keys(), thread))
                .collect(),
        })
        .collect()
}

fn all_were_hits(stock: &Stock, contender: &'static str) -> Result<(), PeersError> {
    match stock.take_misses() {
        0 => Ok(()),
        misses => Err(PeersError::Missed { contender, misses }),
    }
}

fn rows(
    settings: &[Setting<'_>],
    entrants: &[Entrant],
    samples: Vec<Vec<Taken>>,
    laps: &[u64],
    cores: &Cores,
) -> Vec<HitRow> {
    let environment = Environment::look(cores, cores.describe());
    let mut rows = Vec::new();
    let mut measured = samples.into_iter().zip(laps);
    for setting in settings {
        let first = rows.len();
        for (entrant, (taken, laps)) in entrants.iter().zip(measured.by_ref()) {
            let sequence = setting.sequences.first().map_or(0, Vec::len) as u64;
            let samples_ns: Vec<f64> = taken.iter().map(|taken| rounded(taken.wall)).collect();
            let samples_cpu_ns: Vec<f64> = taken.iter().map(|taken| rounded(taken.cpu)).collect();
            rows.push(HitRow {
                workload: setting.workload,
                threads: setting.threads,
                oversubscribed: setting.threads > cores.count(),
                contender: entrant.call.name,
                ns_per_op: rounded(median(&samples_ns)),
                least_ns_per_op: least(&samples_ns),
                cpu_ns_per_op: rounded(median(&samples_cpu_ns)),
                answer: entrant.call.answer,
                expiry_checked: entrant.call.expiry,
                against: Vec::new(),
                rounds: samples_ns.len(),
                samples_ns,
                samples_cpu_ns,
                calls_per_sample: laps * sequence,
                package: entrant.package,
                version: version_of(entrant.package),
                hasher: "foldhash",
                keys: workload::KEYS,
                zipf_exponent: workload::ZIPF_EXPONENT,
                seed: workload::SEED,
                environment: environment.clone(),
            });
        }
        set_against_each_other(&mut rows[first..]);
    }
    rows
}

fn set_against_each_other(rows: &mut [HitRow]) {
    let baselines: Vec<(&'static str, f64, Answer, bool)> = rows
        .iter()
        .filter(|row| BASELINES.contains(&row.contender))
        .map(|row| (row.contender, row.ns_per_op, row.answer, row.expiry_checked))
        .collect();
    for row in rows {
        row.against = baselines
            .iter()
            .map(|(contender, ns_per_op, answer, expiry)| Against {
                contender,
                ratio: rounded(row.ns_per_op / ns_per_op),
                unlike: unlike((row.answer, row.expiry_checked), (*answer, *expiry)),
            })
            .collect();
    }
}

/// Why one call does not compare with the other.
fn unlike(own: (Answer, bool), other: (Answer, bool)) -> Option<String> {
    let mut reasons = Vec::new();
    match (own.0, other.0) {
        (Answer::Borrow, Answer::Clone) => reasons.push("a borrow against a clone"),
        (Answer::Clone, Answer::Borrow) => reasons.push("a clone against a borrow"),
        _ => {}
    }
    match (own.1, other.1) {
        (true, false) => reasons.push("checks an expiry, the other does not"),
        (false, true) => reasons.push("checks no expiry, the other does"),
        _ => {}
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// The rows for people.
pub fn as_table(rows: &[HitRow]) -> Table {
    let mut headings = vec![
        "workload",
        "threads",
        "contender",
        "hands out",
        "ns/call",
        "least",
        "CPU ns",
    ];
    headings.extend(BASELINES);
    let mut table = table(&headings, 4);
    for row in rows {
        let threads = if row.oversubscribed {
            format!("{} (oversubscribed)", row.threads)
        } else {
            row.threads.to_string()
        };
        let answer = match row.answer {
            Answer::Clone => "clone",
            Answer::Borrow => "borrow",
        };
        let mut cells = vec![
            row.workload.name().to_owned(),
            threads,
            row.contender.to_owned(),
            answer.to_owned(),
            format!("{:.1}", row.ns_per_op),
            format!("{:.1}", row.least_ns_per_op),
            format!("{:.1}", row.cpu_ns_per_op),
        ];
        cells.extend(BASELINES.map(|baseline| {
            let found = row
                .against
                .iter()
                .find(|against| against.contender == baseline);
            found.map_or_else(|| "-".to_owned(), Against::cell)
        }));
        table.add_row(cells);
    }
    table
}

/// What has to be said below the table.
pub const NOTES: [&str; 2] = [
    "ns/call: median over the rounds of the mean over the threads, each thread's own time. Least: the best round. CPU ns: of processor time.",
    "The last columns: ns/call divided by that contender's. * an unlike pair: clone against borrow, or only one checks an expiry.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_calls_are_alike() {
        assert_eq!(unlike((Answer::Clone, true), (Answer::Clone, true)), None);
        assert!(unlike((Answer::Borrow, true), (Answer::Clone, true)).is_some());
        assert!(unlike((Answer::Clone, true), (Answer::Clone, false)).is_some());
    }

    /// A cache that has lost everything.
    struct Forgetful;

    impl Contender for Forgetful {
        fn name(&self) -> &'static str {
            "forgetful"
        }

        fn package(&self) -> &'static str {
            "std"
        }

        fn hits(&self, stock: &Stock) -> Vec<HitCall> {
            let stock = stock.clone();
            vec![HitCall::cloning("forgetful get", false, move |_| {
                stock.missed()
            })]
        }
    }

    fn short() -> HitOptions {
        HitOptions {
            rounds: 2,
            sample: Duration::from_micros(200),
            threads: vec![1, 2],
            only: Vec::new(),
        }
    }

    #[test]
    fn a_miss_is_never_reported_as_a_hit() {
        let told = run(&[&Forgetful], &short());
        assert!(
            matches!(
                told,
                Err(PeersError::Missed {
                    contender: "forgetful get",
                    ..
                })
            ),
            "{told:?}"
        );
    }

    #[test]
    fn a_filter_that_leaves_nobody_is_an_error() {
        let options = HitOptions {
            only: vec!["memcached".to_owned()],
            ..short()
        };
        assert!(matches!(
            run(&[&Forgetful], &options),
            Err(PeersError::NobodyLeft { .. })
        ));
    }

    #[test]
    fn every_contender_hits_under_every_workload() {
        let rows = run(&crate::contenders::all(), &short()).expect("hits only");
        for workload in Workload::ALL {
            for name in BASELINES {
                let row = rows.iter().find(|row| {
                    row.workload == workload && row.threads == 2 && row.contender == name
                });
                let row = row.expect(name);
                assert_eq!(row.samples_ns.len(), 2);
                assert!(row.ns_per_op > 0.0);
            }
        }
    }
}
