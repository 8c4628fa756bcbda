//! `memory`: what an entry costs, `String -> u64`, in a cache that keeps everything.
//!
//! Every sample is a process of its own: memory that one contender gave back would make room for the next one.

use std::process::Command;

use comfy_table::Table;
use serde::{Deserialize, Serialize};

use super::asked_for;
use crate::bench::counting;
use crate::bench::environment::{Environment, version_of};
use crate::bench::pinning::Cores;
use crate::bench::report::{progress, table};
use crate::bench::rounds::{median, order, rounded};
use crate::bench::workload;
use crate::contender::Contender;
use crate::error::PeersError;

/// Whom every row is set against.
const BASELINE: &str = "papaya";

/// How much to measure.
#[derive(Debug, Clone)]
pub struct MemoryOptions {
    /// Rounds; each of them runs everybody.
    pub rounds: usize,
    /// Entries that are stored.
    pub entries: usize,
    /// Parts of the names of those who run; everybody if empty.
    pub only: Vec<String>,
}

/// What one process found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Footprint {
    /// Bytes an entry, as they were asked of the allocator.
    pub allocated: f64,
    /// Bytes an entry that the heap gave up for them: with the allocator's rounding and book-keeping.
    pub occupied: f64,
    /// Bytes an entry by which the process grew.
    pub resident: f64,
}

/// One contender.
#[derive(Debug, Serialize)]
pub struct MemoryRow {
    contender: &'static str,
    entries: usize,
    /// Bytes an entry, as they were asked of the allocator: key, value, table, everything. Median over the rounds.
    allocated_bytes: f64,
    /// The same with the allocator's rounding and book-keeping. Median over the rounds.
    occupied_bytes: f64,
    /// Bytes an entry by which the resident size grew. Median over the rounds.
    resident_bytes: f64,
    /// The three figures less those of bare papaya.
    over_papaya: Option<Footprint>,
    samples: Vec<Footprint>,
    package: &'static str,
    version: &'static str,
    rounds: usize,
    #[serde(flatten)]
    environment: Environment,
}

impl MemoryRow {
    fn footprint(&self) -> Footprint {
        Footprint {
            allocated: self.allocated_bytes,
            occupied: self.occupied_bytes,
            resident: self.resident_bytes,
        }
    }
}

impl Footprint {
    fn less(self, other: Self) -> Self {
        Self {
            allocated: rounded(self.allocated - other.allocated),
            occupied: rounded(self.occupied - other.occupied),
            resident: rounded(self.resident - other.resident),
        }
    }
}

/// Measures every contender, each sample in a process of its own.
///
/// # Errors
/// If a measuring process fails, or if the filter leaves nobody.
pub fn run(
    contenders: &[&dyn Contender],
    options: &MemoryOptions,
) -> Result<Vec<MemoryRow>, PeersError> {
    let entrants: Vec<&dyn Contender> = contenders
        .iter()
        .copied()
        .filter(|contender| {
            asked_for(contender.name(), &options.only) && contender.hoard(1).is_some()
        })
        .collect();
    if entrants.is_empty() {
        return Err(PeersError::NobodyLeft {
            only: options.only.clone(),
        });
    }
    let bar = progress(options.rounds * entrants.len(), "memory");
    let mut samples = vec![Vec::with_capacity(options.rounds); entrants.len()];
    for round in 0..options.rounds {
        for who in order(entrants.len(), round) {
            samples[who].push(in_a_process(entrants[who].name(), options.entries)?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let cores = Cores::allowed();
    let environment = Environment::look(&cores, "not pinned".to_owned());
    let mut rows: Vec<MemoryRow> = entrants
        .iter()
        .zip(samples)
        .map(|(contender, samples)| row(*contender, options.entries, samples, &environment))
        .collect();
    let bare = rows
        .iter()
        .find(|row| row.contender == BASELINE)
        .map(MemoryRow::footprint);
    for row in &mut rows {
        row.over_papaya = bare.map(|bare| row.footprint().less(bare));
    }
    Ok(rows)
}

fn row(
    contender: &dyn Contender,
    entries: usize,
    samples: Vec<Footprint>,
    environment: &Environment,
) -> MemoryRow {
    let middle =
        |of: fn(&Footprint) -> f64| rounded(median(&samples.iter().map(of).collect::<Vec<_>>()));
    MemoryRow {
        contender: contender.name(),
        entries,
        allocated_bytes: middle(|sample| sample.allocated),
        occupied_bytes: middle(|sample| sample.occupied),
        resident_bytes: middle(|sample| sample.resident),
        over_papaya: None,
        rounds: samples.len(),
        samples,
        package: contender.package(),
        version: version_of(contender.package()),
        environment: environment.clone(),
    }
}

fn in_a_process(contender: &str, entries: usize) -> Result<Footprint, PeersError> {
    let program = std::env::current_exe()
        .map_err(PeersError::system("cannot find this program's own file"))?;
    let output = Command::new(program)
        .args(["footprint", contender, &entries.to_string()])
        .output()
        .map_err(PeersError::system("cannot start a measuring process"))?;
    if !output.status.success() {
        return Err(PeersError::Child {
            contender: contender.to_owned(),
            status: output.status.to_string(),
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Fills the cache called `contender` and tells what it takes. To be run once in a process, with [`counting::Counting`] installed.
#[allow(clippy::cast_precision_loss)]
///
/// # Errors
/// If nobody of that name keeps entries, or if the system does not tell the resident size.
pub fn footprint(
    contenders: &[&dyn Contender],
    contender: &str,
    entries: usize,
) -> Result<Footprint, PeersError> {
    let found = contenders
        .iter()
        .find(|candidate| candidate.name() == contender);
    let unknown = || PeersError::Unknown {
        contender: contender.to_owned(),
    };
    let found = found.ok_or_else(unknown)?;
    let resident = resident_bytes().map_err(PeersError::system("cannot read /proc/self/statm"))?;
    counting::count_live_bytes();
    let mut store = found.hoard(entries).ok_or_else(unknown)?;
    for number in 0..entries {
        let key = workload::key(number);
        store(&key, number as u64);
    }
    let (allocated, occupied) = (counting::live_bytes(), counting::occupied_bytes());
    let grown =
        resident_bytes().map_err(PeersError::system("cannot read /proc/self/statm"))? - resident;
    drop(store);
    let each = entries.max(1) as f64;
    Ok(Footprint {
        allocated: rounded(allocated as f64 / each),
        occupied: rounded(occupied as f64 / each),
        resident: rounded(grown / each),
    })
}

/// The resident size of this process, as the kernel has it.
#[allow(clippy::cast_precision_loss)]
fn resident_bytes() -> std::io::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: Option<u64> = text
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok());
    let pages =
        pages.ok_or_else(|| std::io::Error::other("it holds no number of resident pages"))?;
    // SAFETY: sysconf only reads a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(pages as f64 * page as f64)
}

/// The rows for people.
pub fn as_table(rows: &[MemoryRow]) -> Table {
    let headings = [
        "contender",
        "entries",
        "allocated, B/entry",
        "occupied",
        "over papaya",
        "resident",
        "over papaya",
    ];
    let mut table = table(&headings, 1);
    let over =
        |bytes: Option<f64>| bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:+.1}"));
    for row in rows {
        table.add_row([
            row.contender.to_owned(),
            row.entries.to_string(),
            format!("{:.1}", row.allocated_bytes),
            format!("{:.1}", row.occupied_bytes),
            over(row.over_papaya.map(|over| over.occupied)),
            format!("{:.1}", row.resident_bytes),
            over(row.over_papaya.map(|over| over.resident)),
        ]);
    }
    table
}

/// What has to be said below the table.
pub const NOTES: [&str; 3] = [
    "String -> u64, keys of 20 bytes, nothing evicted. Allocated: bytes asked of the allocator and not given back, all included.",
    "Occupied: the same with the allocator's rounding and book-keeping. Over papaya: what that is more than the bare map's.",
    "Resident: by how much the process grew. Each sample is a process of its own; medians over the rounds.",
];
