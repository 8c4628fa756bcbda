//! `memcached`: what a hit costs when the value is in a memcached, beside the bare protocol.

mod callers;

use std::time::Duration;

use comfy_table::Table;
use dogpile_test_servers::Memcached;
use serde::Serialize;

use super::asked_for;
use crate::bench::environment::{Environment, version_of};
use crate::bench::pinning::Cores;
use crate::bench::promise::{Promise, per_second};
use crate::bench::report::{progress, table};
use crate::bench::rounds::{median, order, rounded};
use crate::error::PeersError;
use callers::{Bare, Caller, Dogpile, Stock};

/// Whose row the promise is about, and beside whom.
const OURS: &str = "dogpile";
const BARE: &str = "bare protocol";

/// What part of the bare protocol's hits we promise.
const PROMISED: f64 = 0.9;

/// Keys in the server; everybody asks for one after the other.
const KEYS: usize = 1_000;

/// How much to measure.
#[derive(Debug, Clone)]
pub struct MemcachedOptions {
    /// Rounds; each of them runs everybody.
    pub rounds: usize,
    /// How long one sample takes, about.
    pub sample: Duration,
    /// Numbers of threads that call.
    pub threads: Vec<usize>,
    /// Parts of the names of those who run; everybody if empty.
    pub only: Vec<String>,
}

/// One contender with so many threads.
#[derive(Debug, Serialize)]
pub struct MemcachedRow {
    threads: usize,
    contender: &'static str,
    /// Of the library, or of the server that the bare protocol is.
    version: String,
    rounds: usize,
    /// Median over the rounds.
    hits_per_s: f64,
    /// The same as time: what one hit keeps all threads together, not one of them, waiting.
    us_per_hit: f64,
    /// What is promised beside others with as many threads.
    against: Vec<Promise>,
    samples_hits_per_s: Vec<f64>,
    calls_per_sample: usize,
    server: String,
    keys: usize,
    #[serde(flatten)]
    environment: Environment,
}

/// One contender with its threads, and what was measured of it.
struct Entrant {
    name: &'static str,
    callers: Vec<Box<dyn Caller>>,
    calls: usize,
    samples: Vec<f64>,
}

/// Measures everybody on a server of its own.
///
/// # Errors
/// If no server can be started, if a call was no hit or failed, or if the filter leaves nobody.
pub fn run(options: &MemcachedOptions) -> Result<Vec<MemcachedRow>, PeersError> {
    // One thread of the server for all: where it has several, a connection's figures are those of the core that
    // its thread happens to be on.
    let there = Memcached::start(&["-t", "1"]).map_err(callers::server)?;
    let stock = Stock::put(&there, KEYS)?;
    let mut rows = Vec::new();
    let environment = Environment::look(&Cores::allowed(), "not pinned".to_owned());
    let version = there.ask("version").map_err(callers::server)?;
    for threads in &options.threads {
        let mut entrants = entrants(&stock, (*threads).max(1), &options.only)?;
        if entrants.is_empty() {
            let only = options.only.clone();
            return Err(PeersError::NobodyLeft { only });
        }
        measure(&mut entrants, &stock, options)?;
        rows.extend(summed_up(&entrants, version.trim(), &environment));
    }
    Ok(rows)
}

fn entrants(stock: &Stock, threads: usize, only: &[String]) -> Result<Vec<Entrant>, PeersError> {
    let region = stock.region()?;
    let mut entrants = Vec::new();
    for name in [OURS, BARE] {
        if !asked_for(name, only) {
            continue;
        }
        let caller = |_| -> Result<Box<dyn Caller>, PeersError> {
            Ok(match name {
                OURS => Box::new(Dogpile::new(region.clone(), stock)),
                _ => Box::new(Bare::connect(stock)?),
            })
        };
        entrants.push(Entrant {
            name,
            callers: (0..threads).map(caller).collect::<Result<_, _>>()?,
            calls: 0,
            samples: Vec::new(),
        });
    }
    Ok(entrants)
}

fn measure(
    entrants: &mut [Entrant],
    stock: &Stock,
    options: &MemcachedOptions,
) -> Result<(), PeersError> {
    let bar = progress(entrants.len() * (options.rounds + 1), "memcached");
    for entrant in entrants.iter_mut() {
        entrant.calibrate(options.sample, stock)?;
        bar.inc(1);
    }
    for round in 0..options.rounds {
        for who in order(entrants.len(), round) {
            let entrant = &mut entrants[who];
            let taken = entrant.run(entrant.calls, stock)?;
            let all = entrant.calls * entrant.callers.len();
            entrant.samples.push(rounded(per_second(all, taken)));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

impl Entrant {
    /// Finds out how many calls of each thread take about `sample`, which warms everybody up.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn calibrate(&mut self, sample: Duration, stock: &Stock) -> Result<(), PeersError> {
        let mut calls = 64;
        let taken = loop {
            let taken = self.run(calls, stock)?;
            if taken >= sample / 4 {
                break taken;
            }
            calls *= 2;
        };
        self.calls = (per_second(calls, taken) * sample.as_secs_f64()).max(1.0) as usize;
        Ok(())
    }

    /// So many calls of each thread, all at once.
    fn run(&mut self, calls: usize, stock: &Stock) -> Result<Duration, PeersError> {
        let taken = callers::together(&mut self.callers, calls)?;
        stock.all_hit(self.name)?;
        Ok(taken)
    }
}

fn summed_up(entrants: &[Entrant], server: &str, environment: &Environment) -> Vec<MemcachedRow> {
    let of_bare = entrants.iter().find(|entrant| entrant.name == BARE);
    let row = |entrant: &Entrant| {
        let hits_per_s = rounded(median(&entrant.samples));
        let against = of_bare
            .filter(|_| entrant.name == OURS)
            .map(|bare| Promise::new(BARE, &entrant.samples, &bare.samples, Some(PROMISED)));
        MemcachedRow {
            threads: entrant.callers.len(),
            contender: entrant.name,
            version: match entrant.name {
                OURS => version_of("dogpile").to_owned(),
                _ => server.to_owned(),
            },
            rounds: entrant.samples.len(),
            hits_per_s,
            us_per_hit: rounded(1e6 / hits_per_s),
            against: against.into_iter().collect(),
            samples_hits_per_s: entrant.samples.clone(),
            calls_per_sample: entrant.calls * entrant.callers.len(),
            server: server.to_owned(),
            keys: KEYS,
            environment: environment.clone(),
        }
    };
    entrants.iter().map(row).collect()
}

/// The rows for people.
pub fn as_table(rows: &[MemcachedRow]) -> Table {
    let headings = ["contender", "threads", "hits/s", "us/hit", "dogpile's"];
    let mut table = table(&headings, 1);
    for row in rows {
        let cells: Vec<_> = row.against.iter().map(Promise::cell).collect();
        table.add_row([
            row.contender.to_owned(),
            row.threads.to_string(),
            format!("{:.1}", row.hits_per_s),
            format!("{:.1}", row.us_per_hit),
            cells.join("\n"),
        ]);
    }
    table
}

/// What has to be said below the table.
pub const NOTES: [&str; 2] = [
    "Hits/s: of all threads together, median over the rounds. us/hit: its inverse.",
    "Dogpile's: its hits/s divided by theirs, median over the rounds of the ratio within a round.",
];
