//! `file`: what a hit and a write cost when values are in files, beside the engine by itself and dogpile.cache.

mod engine;
mod python;
mod regions;
mod row;
mod stock;

use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;

use super::asked_for;
use crate::bench::promise::per_second;
use crate::bench::report::progress;
use crate::bench::rounds::{order, rounded};
use crate::error::PeersError;
use engine::Lmdb;
use python::DogpileCache;
use regions::Dogpile;
use row::Seen;
pub use row::{FileRow, NOTES, as_table};
use stock::{Entrant, Operation, Stock};

/// Whose rows the promises are about, and beside whom.
const GET_OR_CREATE: &str = "dogpile get_or_create";
const SET: &str = "dogpile set";
const GET: &str = "lmdb get";
const PUT: &str = "lmdb put";
const PYTHON: &str = "dogpile.cache dbm.gnu";

/// How much to measure.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// Rounds; each of them runs everybody.
    pub rounds: usize,
    /// How long one sample takes, about.
    pub sample: Duration,
    /// Numbers of threads that call.
    pub threads: Vec<usize>,
    /// Whether dogpile.cache runs.
    pub python: bool,
    /// Whether our store on sled runs, of which nothing is promised here.
    pub sled: bool,
    /// Parts of the names of those who run; everybody if empty.
    pub only: Vec<String>,
}

/// Keys in each store; everybody asks for one after the other.
const KEYS: usize = 10_000;

/// What so many threads do.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Setting {
    operation: Operation,
    threads: usize,
}

/// One contender in one setting.
struct Measured {
    setting: Setting,
    /// Its place among the entrants.
    who: usize,
    calls: usize,
    samples: Vec<f64>,
}

/// Everybody, each with its own files.
struct Field {
    entrants: Vec<Box<dyn Entrant>>,
    /// Why dogpile.cache is none of them.
    missing: Option<String>,
}

/// Measures everybody in a folder that is gone afterwards.
///
/// # Errors
/// If a store cannot be used, if a hit was none or a call failed, or if the filter leaves nobody.
pub fn run(options: &FileOptions) -> Result<Vec<FileRow>, PeersError> {
    let folder = tempfile::tempdir().map_err(PeersError::system("cannot make a folder"))?;
    let mut field = Field::new(options, folder.path())?;
    let mut all = field.all_measured(options);
    if all.is_empty() && field.missing.is_none() {
        return Err(PeersError::NobodyLeft {
            only: options.only.clone(),
        });
    }
    let bar = progress(all.len() * (options.rounds + 1), "file");
    for measured in &mut all {
        field.calibrate(measured, options.sample, &bar)?;
    }
    for round in 0..options.rounds {
        // Who is compared runs close together: all of one setting, then all of the next.
        for same in all.chunk_by_mut(|one, other| one.setting == other.setting) {
            for place in order(same.len(), round) {
                field.sample(&mut same[place], &bar)?;
            }
        }
    }
    bar.finish_and_clear();
    let seen: Vec<Seen<'_>> = all.iter().map(|measured| field.seen(measured)).collect();
    Ok(row::rows(&seen, field.missing.as_deref(), &options.threads))
}

impl Field {
    fn new(options: &FileOptions, folder: &Path) -> Result<Self, PeersError> {
        let stock = Stock::new(KEYS);
        let wanted = |names: &[&str]| names.iter().any(|name| asked_for(name, &options.only));
        let mut entrants: Vec<Box<dyn Entrant>> = Vec::new();
        if wanted(&[GET_OR_CREATE, SET]) {
            entrants.push(Box::new(Dogpile::on_file(&stock, folder)?));
        }
        if wanted(&[GET, PUT]) {
            entrants.push(Box::new(Lmdb::new(&stock, folder)?));
        }
        if options.sled {
            entrants.push(Box::new(Dogpile::on_sled(&stock, folder)?));
        }
        let mut missing = None;
        if options.python && wanted(&[PYTHON]) {
            match DogpileCache::start(&stock, folder) {
                Ok(python) => entrants.push(Box::new(python)),
                Err(why) => missing = Some(why),
            }
        }
        Ok(Self { entrants, missing })
    }

    /// What is to be measured: those whose names are asked for, setting by setting.
    fn all_measured(&self, options: &FileOptions) -> Vec<Measured> {
        let mut all = Vec::new();
        for setting in settings(&options.threads) {
            for (who, entrant) in self.entrants.iter().enumerate() {
                if asked_for(entrant.name(setting.operation), &options.only) {
                    all.push(Measured {
                        setting,
                        who,
                        calls: 0,
                        samples: Vec::new(),
                    });
                }
            }
        }
        all
    }

    fn seen<'m>(&self, measured: &'m Measured) -> Seen<'m> {
        let entrant = &self.entrants[measured.who];
        Seen {
            setting: measured.setting,
            contender: entrant.name(measured.setting.operation),
            package: entrant.package(),
            calls: measured.calls,
            samples: &measured.samples,
        }
    }

    fn call(&mut self, measured: &Measured, calls: usize) -> Result<Duration, PeersError> {
        let Setting { operation, threads } = measured.setting;
        self.entrants[measured.who].run(operation, threads, calls)
    }

    /// Finds out how many calls take about `sample`, which warms it up.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // as many as there is time for
    fn calibrate(
        &mut self,
        measured: &mut Measured,
        sample: Duration,
        bar: &ProgressBar,
    ) -> Result<(), PeersError> {
        let threads = measured.setting.threads;
        let mut calls = threads * 8;
        let taken = loop {
            let taken = self.call(measured, calls)?;
            if taken >= sample / 4 {
                break taken;
            }
            calls *= 2;
        };
        let wanted = per_second(calls, taken) * sample.as_secs_f64();
        measured.calls = (wanted as usize / threads).max(1) * threads;
        bar.inc(1);
        Ok(())
    }

    fn sample(&mut self, measured: &mut Measured, bar: &ProgressBar) -> Result<(), PeersError> {
        let taken = self.call(measured, measured.calls)?;
        let figure = rounded(per_second(measured.calls, taken));
        measured.samples.push(figure);
        bar.inc(1);
        Ok(())
    }
}

/// Each operation by each number of threads.
fn settings(threads: &[usize]) -> impl Iterator<Item = Setting> {
    let by = |operation| move |&threads: &usize| Setting { operation, threads };
    let all = Operation::ALL.into_iter();
    all.flat_map(move |operation| threads.iter().map(by(operation)))
}
