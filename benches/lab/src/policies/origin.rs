//! An origin that fails, and processes that ask for its one value all the time.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dogpile::{Config, Error, Region};
use serde::{Deserialize, Serialize};

use super::Plan;
use crate::clock::{Clock, nanos};
use crate::contender;
use crate::creator::Record;
use crate::error::LabError;

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Origin {
    pub(crate) backend: String,
    pub(crate) processes: u32,
    pub(crate) back_off_ms: u128,
    /// How often the value was asked for.
    pub(crate) asked: u64,
    /// Calls that were told that the creator is left alone.
    pub(crate) left_alone: u64,
    /// How often the origin was called.
    pub(crate) calls: u64,
    /// The most calls that began within one back-off of each other.
    pub(crate) most_in_a_back_off: u64,
    /// Calls that ended with anything else than the origin's failure.
    pub(crate) errors: u64,
}

/// What a process is told, in its first line.
#[derive(Debug, Serialize, Deserialize)]
struct Setup {
    clock: Clock,
    backend: String,
    address: String,
    back_off: Duration,
    time: Duration,
    /// Where each call of the origin leaves a line.
    calls: PathBuf,
}

/// What a process tells at its end.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    asked: u64,
    left_alone: u64,
    errors: u64,
}

pub(super) fn run(plan: &Plan) -> Result<Origin, LabError> {
    let folder = tempfile::tempdir().map_err(|source| start("a folder for the calls", source))?;
    let home = contender::home(&plan.backend)?;
    let setup = Setup {
        clock: Clock::start(),
        backend: plan.backend.clone(),
        address: home.address(),
        back_off: plan.back_off,
        time: plan.time,
        calls: folder.path().join("calls"),
    };
    let processes = (0..plan.processes)
        .map(|number| begin(&setup, number as usize))
        .collect::<Result<Vec<_>, _>>()?;
    let mut origin = Origin {
        backend: plan.backend.clone(),
        processes: plan.processes,
        back_off_ms: plan.back_off.as_millis(),
        ..Origin::default()
    };
    for (number, process) in processes.into_iter().enumerate() {
        let told = end(process, number)?;
        origin.asked += told.asked;
        origin.left_alone += told.left_alone;
        origin.errors += told.errors;
    }
    let calls = calls(&setup.calls)?;
    origin.calls = calls.len() as u64;
    origin.most_in_a_back_off = most_within(&calls, nanos(plan.back_off));
    Ok(origin)
}

fn start(what: &'static str, source: std::io::Error) -> LabError {
    LabError::Start { what, source }
}

fn begin(setup: &Setup, number: usize) -> Result<Child, LabError> {
    let failed = |source| start("a process of the run", source);
    let mut process = Command::new(std::env::current_exe().map_err(failed)?)
        .arg("policy-worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let line = serde_json::to_string(setup).map_err(|error| failed(error.into()))?;
    let told = process
        .stdin
        .take()
        .map(|mut pipe| writeln!(pipe, "{line}"));
    match told {
        Some(Ok(())) => Ok(process),
        _ => Err(odd(number, "cannot be told what to do")),
    }
}

fn odd(number: usize, what: &str) -> LabError {
    let what = what.to_owned();
    LabError::Process { number, what }
}

fn end(process: Child, number: usize) -> Result<Told, LabError> {
    let output = process.wait_with_output();
    let output = output.map_err(|source| start("a process of the run", source))?;
    serde_json::from_slice(&output.stdout).map_err(|_| odd(number, "did not tell what it did"))
}

/// The moments of all calls, in their order.
fn calls(path: &std::path::Path) -> Result<Vec<u64>, LabError> {
    let failed = |source| LabError::File {
        action: "read",
        path: path.into(),
        source,
    };
    let mut calls = Vec::new();
    for line in BufReader::new(File::open(path).map_err(failed)?).lines() {
        calls.extend(line.map_err(failed)?.parse::<u64>());
    }
    calls.sort_unstable();
    Ok(calls)
}

/// The most that lie closer together than `span`.
fn most_within(calls: &[u64], span: u64) -> u64 {
    let beginning = |call: u64| calls.partition_point(|other| other + span <= call);
    let counts = calls.iter().enumerate();
    let counts = counts.map(|(number, call)| number + 1 - beginning(*call));
    counts.max().unwrap_or(0) as u64
}

/// One process of the run: it is told on standard input what to do.
///
/// # Errors
/// It is told nothing, or the store does not open.
pub(crate) fn ask() -> Result<(), LabError> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|source| start("a process without orders", source))?;
    let setup: Setup = serde_json::from_str(&line)
        .map_err(|error| start("a process without orders", error.into()))?;
    let store = contender::store(&setup.backend, &setup.address)?;
    let region: Region<Record> = Region::new("origin");
    let config = Config::new(store).back_off(setup.back_off);
    let configured = region.configure(config);
    configured.map_err(|error| LabError::Contender {
        name: contender::SUBJECT,
        message: error.to_string(),
    })?;
    let told = until_the_end(&setup, &region)?;
    let told = serde_json::to_string(&told).map_err(|error| start("a report", error.into()))?;
    println!("{told}");
    Ok(())
}

fn until_the_end(setup: &Setup, region: &Region<Record>) -> Result<Told, LabError> {
    let opened = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&setup.calls);
    let mut calls = opened.map_err(|source| LabError::File {
        action: "append to",
        path: setup.calls.clone(),
        source,
    })?;
    let mut told = Told::default();
    let end = setup.clock.now() + nanos(setup.time);
    while setup.clock.now() < end {
        let answer = region.get_or_try_create("the one", || {
            // One write is one line, also where many append.
            let _ = calls.write_all(format!("{}\n", setup.clock.now()).as_bytes());
            Err("the origin is down")
        });
        told.asked += 1;
        match answer {
            Err(Error::BackingOff { .. }) => told.left_alone += 1,
            Err(Error::Creator(_) | Error::CreatorFailedElsewhere { .. }) => {}
            Ok(_) | Err(_) => told.errors += 1,
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_within_every_span() {
        assert_eq!(most_within(&[], 10), 0);
        assert_eq!(most_within(&[0, 10, 20], 10), 1);
        assert_eq!(most_within(&[0, 9, 18, 19], 10), 2);
        assert_eq!(most_within(&[0, 4, 9, 18], 10), 3);
    }
}
