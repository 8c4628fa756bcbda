//! How long an old near copy is served after another process's write was acknowledged.
//!
//! One process writes numbers that only rise; the others read all the time, each through memory of its own
//! in front of the shared store. A reader notes for each number when it last ended a read that found a
//! smaller one (`reader`); from that and from when each write was acknowledged follows the staleness
//! (`figures`). All processes read one clock of the machine.

mod figures;
mod reader;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dogpile::backend::Store;
use dogpile::{Config, Region, Tiered};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, nanos};
use crate::contender;
use crate::creator::Record;
use crate::error::LabError;
use crate::keys::Key;
pub(crate) use figures::Tiers;
pub(crate) use reader::read;

/// What is read and written.
const KEY: &str = "the one";

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) backend: String,
    /// All of them: one writes, the others read.
    pub(crate) processes: u32,
    pub(crate) near_for: Duration,
    /// Between two writes.
    pub(crate) pause: Duration,
    pub(crate) time: Duration,
}

/// What a process is told, in its first line.
#[derive(Debug, Serialize, Deserialize)]
struct Setup {
    clock: Clock,
    backend: String,
    address: String,
    near_for: Duration,
}

impl Plan {
    /// # Errors
    /// Which flag cannot be meant so.
    pub(crate) fn validate(&self) -> Result<(), LabError> {
        let refuse = |field, problem: &str| {
            let problem = problem.to_owned();
            Err(LabError::Field { field, problem })
        };
        if self.processes < 2 {
            return refuse(
                "processes",
                "must be at least 2: one writes, the others read",
            );
        }
        if self.pause.is_zero() || self.time < self.pause * 4 {
            return refuse(
                "time",
                "must be at least four times `pause`, which is not zero",
            );
        }
        contender::check_shared(&self.backend)
    }
}

/// Runs a valid plan; `progress` is for people.
///
/// # Errors
/// The store or a process could not be set up, or a write failed.
pub(crate) fn run(plan: &Plan, progress: &ProgressBar) -> Result<Tiers, LabError> {
    progress.set_message("tiers");
    let writes = plan.time.as_nanos() / plan.pause.as_nanos();
    let writes = u32::try_from(writes).unwrap_or(u32::MAX);
    progress.set_length(writes.into());
    let home = contender::home(&plan.backend)?;
    let setup = Setup {
        clock: Clock::start(),
        backend: plan.backend.clone(),
        address: home.address(),
        near_for: plan.near_for,
    };
    let (region, _store) = open(&setup)?;
    write(&region, setup.clock, 0)?;
    let mut readers = (1..plan.processes)
        .map(|number| Reader::begin(&setup, number as usize))
        .collect::<Result<Vec<_>, _>>()?;
    for reader in &mut readers {
        reader.line()?; // it has a near copy
    }
    let mut acknowledged = vec![setup.clock.now()];
    let begun = setup.clock.now();
    for number in 1..=writes {
        setup
            .clock
            .sleep_until(begun + nanos(plan.pause) * u64::from(number));
        write(&region, setup.clock, number.into())?;
        acknowledged.push(setup.clock.now());
        progress.inc(1);
    }
    let told = readers
        .into_iter()
        .map(Reader::end)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Tiers::of(plan, &acknowledged, &told))
}

type Opened = (Region<Record>, Arc<Tiered<Record>>);

fn open(setup: &Setup) -> Result<Opened, LabError> {
    let far = contender::store(&setup.backend, &setup.address)?;
    let store = Arc::new(Tiered::new(1_000, far).near_for(setup.near_for));
    let region = Region::new("tiers");
    let configured = region.configure(Config::new(Arc::clone(&store)));
    configured.map_err(|error| failed(&error))?;
    Ok((region, store))
}

fn failed(error: &impl std::fmt::Display) -> LabError {
    LabError::Contender {
        name: contender::SUBJECT,
        message: error.to_string(),
    }
}

fn write(region: &Region<Record>, clock: Clock, number: i64) -> Result<(), LabError> {
    let record = Record {
        key: Key(0),
        total: number,
        created_ns: clock.now(),
    };
    region.set(KEY, record).map_err(|error| failed(&error))
}

/// Whether the next read finds a near copy.
fn is_near(store: &impl Store<Record>) -> bool {
    store.look_local(KEY.as_bytes(), &mut |_| ()) == dogpile::backend::Local::Lent
}

/// A process that reads.
struct Reader {
    number: usize,
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Reader {
    fn begin(setup: &Setup, number: usize) -> Result<Self, LabError> {
        let mut process = Command::new(std::env::current_exe().map_err(start)?)
            .arg("tier-reader")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(start)?;
        let line = serde_json::to_string(setup).map_err(|error| start(error.into()))?;
        let told = process.stdin.as_mut().map(|pipe| writeln!(pipe, "{line}"));
        match (told, process.stdout.take()) {
            (Some(Ok(())), Some(says)) => Ok(Self {
                number,
                process,
                says: BufReader::new(says),
            }),
            _ => Err(odd(number, "cannot be told what to do")),
        }
    }

    fn line(&mut self) -> Result<String, LabError> {
        let mut line = String::new();
        match self.says.read_line(&mut line) {
            Ok(1..) => Ok(line),
            _ => Err(odd(self.number, "ended before its time")),
        }
    }

    /// Has it stop and tell.
    fn end(mut self) -> Result<reader::Told, LabError> {
        drop(self.process.stdin.take());
        let line = self.line()?;
        self.process.wait().map_err(start)?;
        serde_json::from_str(&line).map_err(|_| odd(self.number, "did not tell what it saw"))
    }
}

fn start(source: std::io::Error) -> LabError {
    let what = "a process of the run";
    LabError::Start { what, source }
}

fn odd(number: usize, what: &str) -> LabError {
    let what = what.to_owned();
    LabError::Process { number, what }
}
