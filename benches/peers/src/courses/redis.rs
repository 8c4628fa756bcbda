//! `redis`: what a hit costs when the value is in a server, beside the client library by itself and dogpile.cache.

mod python;
mod stock;
mod tasks;
mod threads;

use std::time::Duration;

use comfy_table::Table;
use dogpile_test_servers::{Flavour, Server};
use indicatif::ProgressBar;
use serde::Serialize;

use super::asked_for;
use crate::bench::environment::Environment;
use crate::bench::pinning::Cores;
use crate::bench::promise::{Promise, per_second};
use crate::bench::report::{progress, table};
use crate::bench::rounds::{median, order, rounded};
use crate::error::PeersError;
use python::DogpileCache;
use stock::{Entrant, Stock, server};

/// Whose row the promises are about.
const OURS: &str = "dogpile";
const BARE: &str = "bare client";
const PYTHON: &str = "dogpile.cache";

/// How much to measure.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Rounds; each of them runs everybody.
    pub rounds: usize,
    /// How long one sample takes, about.
    pub sample: Duration,
    /// Tasks, and dogpile.cache's threads beside them.
    pub tasks: usize,
    /// Whether dogpile.cache runs.
    pub python: bool,
    /// Parts of the names of those who run; everybody if empty.
    pub only: Vec<String>,
}

/// Keys in the server; everybody asks for one after the other.
const KEYS: usize = 1_000;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// One thread.
    Thread,
    /// So many tasks; threads where there are none.
    Tasks(usize),
}

impl Crowd {
    /// How many they are.
    pub fn callers(self) -> usize {
        match self {
            Self::Thread => 1,
            Self::Tasks(callers) => callers,
        }
    }

    /// What `contender`'s callers are.
    fn of(self, contender: &str) -> &'static str {
        match self {
            Self::Tasks(_) if contender != PYTHON => "tasks",
            Self::Thread | Self::Tasks(_) => "threads",
        }
    }

    /// How many times as many hits as `contender` we promise to bring in the same time.
    fn promised(self, contender: &str) -> f64 {
        match (contender, self) {
            (PYTHON, Self::Thread) => 1.8,
            (PYTHON, Self::Tasks(_)) => 10.0,
            _ => 0.9,
        }
    }
}

/// One contender with one crowd.
#[derive(Debug, Serialize)]
pub struct RedisRow {
    crowd: &'static str,
    callers: usize,
    contender: &'static str,
    /// Median over the rounds; nothing if it could not be measured.
    hits_per_s: Option<f64>,
    /// The same as time: what one hit keeps the crowd, not one caller, waiting.
    us_per_hit: Option<f64>,
    /// Why it could not be measured.
    missing: Option<String>,
    /// What is promised of this contender's throughput, beside others of the same crowd.
    against: Vec<Promise>,
    samples_hits_per_s: Vec<f64>,
    calls_per_sample: usize,
    package: &'static str,
    version: String,
    server: String,
    keys: usize,
    rounds: usize,
    #[serde(flatten)]
    environment: Environment,
}

/// Those of one crowd, and why others are missing.
struct Setting {
    crowd: Crowd,
    entrants: Vec<Box<dyn Entrant>>,
    missing: Option<String>,
    calls: Vec<usize>,
    /// Hits a second, by entrant and round.
    samples: Vec<Vec<f64>>,
}

/// Measures everybody on a server of its own.
///
/// # Errors
/// If no server can be started, if a call was no hit or failed, or if the filter leaves nobody.
pub fn run(options: &RedisOptions) -> Result<Vec<RedisRow>, PeersError> {
    let there = Server::start(Flavour::Redis).map_err(server)?;
    let stock = Stock::put(&there.url(), KEYS)?;
    let crowds = [Crowd::Thread, Crowd::Tasks(options.tasks.max(1))];
    let mut settings = Vec::new();
    for crowd in crowds {
        settings.push(Setting::new(crowd, &stock, options)?);
    }
    let entrants: usize = settings.iter().map(|setting| setting.entrants.len()).sum();
    if entrants == 0 {
        return Err(PeersError::NobodyLeft {
            only: options.only.clone(),
        });
    }
    let bar = progress(entrants * (options.rounds + 1), "redis");
    for setting in &mut settings {
        setting.calibrate(options.sample, &bar)?;
    }
    for round in 0..options.rounds {
        for setting in &mut settings {
            setting.round(round, &bar)?;
        }
    }
    bar.finish_and_clear();
    let server = version(&there)?;
    let environment = Environment::look(&Cores::allowed(), "not pinned".to_owned());
    let rows = settings
        .iter()
        .flat_map(|setting| setting.rows(&server, &environment));
    Ok(rows.collect())
}

impl Setting {
    fn new(crowd: Crowd, stock: &Stock, options: &RedisOptions) -> Result<Self, PeersError> {
        let mut entrants = match crowd {
            Crowd::Thread => threads::entrants(stock)?,
            Crowd::Tasks(_) => tasks::entrants(stock)?,
        };
        entrants.retain(|entrant| asked_for(entrant.name(), &options.only));
        let mut missing = None;
        if options.python && asked_for(PYTHON, &options.only) {
            match DogpileCache::start(stock) {
                Ok(python) => entrants.push(Box::new(python)),
                Err(why) => missing = Some(why),
            }
        }
        Ok(Self {
            crowd,
            calls: Vec::new(),
            samples: entrants.iter().map(|_| Vec::new()).collect(),
            entrants,
            missing,
        })
    }

    /// Finds out how many calls take about `sample`, which warms everybody up.
    fn calibrate(&mut self, sample: Duration, bar: &ProgressBar) -> Result<(), PeersError> {
        for entrant in &mut self.entrants {
            let mut calls = self.crowd.callers() * 8;
            let taken = loop {
                let taken = entrant.run(self.crowd, calls)?;
                if taken >= sample / 4 {
                    break taken;
                }
                calls *= 2;
            };
            let wanted = per_second(calls, taken) * sample.as_secs_f64();
            self.calls.push(whole_laps(wanted, self.crowd.callers()));
            bar.inc(1);
        }
        Ok(())
    }

    fn round(&mut self, round: usize, bar: &ProgressBar) -> Result<(), PeersError> {
        for who in order(self.entrants.len(), round) {
            let taken = self.entrants[who].run(self.crowd, self.calls[who])?;
            self.samples[who].push(rounded(per_second(self.calls[who], taken)));
            bar.inc(1);
        }
        Ok(())
    }

    fn rows(&self, server: &str, environment: &Environment) -> Vec<RedisRow> {
        let row = |contender, samples: &[f64], calls, (package, version)| {
            let hits_per_s = (!samples.is_empty()).then(|| rounded(median(samples)));
            RedisRow {
                crowd: self.crowd.of(contender),
                callers: self.crowd.callers(),
                contender,
                hits_per_s,
                us_per_hit: hits_per_s.map(|hits| rounded(1e6 / hits)),
                missing: None,
                against: Vec::new(),
                samples_hits_per_s: samples.to_vec(),
                calls_per_sample: calls,
                package,
                version,
                server: server.to_owned(),
                keys: KEYS,
                rounds: samples.len(),
                environment: environment.clone(),
            }
        };
        let mut rows: Vec<_> = (self.entrants.iter().zip(&self.samples).zip(&self.calls))
            .map(|((entrant, samples), calls)| {
                row(entrant.name(), samples, *calls, entrant.package())
            })
            .collect();
        if self.missing.is_some() {
            let mut absent = row(PYTHON, &[], 0, (PYTHON, "not to be had".to_owned()));
            absent.missing.clone_from(&self.missing);
            rows.push(absent);
        }
        self.set_against(&mut rows);
        rows
    }

    fn set_against(&self, rows: &mut [RedisRow]) {
        let others: Vec<(&'static str, Vec<f64>)> = rows
            .iter()
            .filter(|row| [BARE, PYTHON].contains(&row.contender))
            .map(|row| (row.contender, row.samples_hits_per_s.clone()))
            .collect();
        let ours = rows.iter_mut().find(|row| row.contender == OURS);
        let Some(ours) = ours else { return };
        ours.against = others
            .iter()
            .map(|(contender, theirs)| {
                let promised = Some(self.crowd.promised(contender));
                Promise::new(contender, &ours.samples_hits_per_s, theirs, promised)
            })
            .collect();
    }
}

/// As many calls of every caller.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole_laps(calls: f64, callers: usize) -> usize {
    (calls as usize / callers).max(1) * callers
}

/// Name and version of the server.
fn version(there: &Server) -> Result<String, PeersError> {
    let told = there.ask(&["INFO", "server"]).map_err(server)?;
    let version = told
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"));
    Ok(format!("Redis {}", version.unwrap_or("unknown").trim()))
}

/// The rows for people.
pub fn as_table(rows: &[RedisRow]) -> Table {
    let headings = ["callers", "contender", "hits/s", "us/hit", "dogpile's"];
    let mut table = table(&headings, 2);
    for row in rows {
        let figure =
            |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |f| format!("{f:.1}"));
        let cells: Vec<_> = row.against.iter().map(Promise::cell).collect();
        table.add_row([
            format!("{} {}", row.callers, row.crowd),
            format!("{} {}", row.contender, row.missing.as_deref().unwrap_or("")),
            figure(row.hits_per_s),
            figure(row.us_per_hit),
            cells.join("\n"),
        ]);
    }
    table
}

/// What has to be said below the table.
pub const NOTES: [&str; 2] = [
    "Hits/s: of all callers together, median over the rounds. us/hit: its inverse.",
    "Dogpile's: its hits/s divided by theirs, median over the rounds of the ratio within a round.",
];
