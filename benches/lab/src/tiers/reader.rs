//! One process that reads all the time.

use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{KEY, Setup, failed, is_near, open, start};
use crate::error::LabError;

/// Between two reads: what a busy key sees, and leaves the processors to the others.
const PAUSE: Duration = Duration::from_micros(200);

/// What a process tells at its end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Told {
    /// Reads that ended with a number.
    pub(super) reads: u64,
    /// Of them, those that found a near copy.
    pub(super) near: u64,
    pub(super) errors: u64,
    /// Reads that found a smaller number than one before.
    pub(super) went_back: u64,
    /// For each number but the last: when the last read that found it ended.
    pub(super) last_seen: Vec<(u64, u64)>,
}

/// Reads until its standard input ends, of which the first line tells what.
///
/// # Errors
/// It is told nothing, or the store does not open.
pub(crate) fn read() -> Result<(), LabError> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(start)?;
    let setup: Setup = serde_json::from_str(&line).map_err(|error| start(error.into()))?;
    let (region, store) = open(&setup)?;
    while !is_near(&*store) {
        region.get(KEY).map_err(|error| failed(&error))?;
        thread::sleep(PAUSE);
    }
    println!("near");
    let over = Arc::new(AtomicBool::new(false));
    let at_end = Arc::clone(&over);
    thread::spawn(move || {
        let _ = std::io::stdin().lock().read_line(&mut String::new());
        at_end.store(true, Ordering::Relaxed);
    });
    let (mut told, mut last) = (Told::default(), None::<(u64, u64)>);
    while !over.load(Ordering::Relaxed) {
        let was_near = is_near(&*store);
        let Ok(Some(record)) = region.get(KEY) else {
            told.errors += 1;
            continue;
        };
        let (now, number) = (setup.clock.now(), record.total.unsigned_abs());
        told.reads += 1;
        told.near += u64::from(was_near);
        match last {
            Some((before, _)) if before > number => told.went_back += 1,
            Some(seen) if seen.0 < number => told.last_seen.push(seen),
            _ => {}
        }
        last = Some((number, now));
        thread::sleep(PAUSE);
    }
    let told = serde_json::to_string(&told).map_err(|error| start(error.into()))?;
    println!("{told}");
    Ok(())
}
