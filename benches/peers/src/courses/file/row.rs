//! What a run of `file` has to show.

use comfy_table::Table;
use serde::Serialize;

use super::stock::{Operation, PAYLOAD};
use super::{GET, GET_OR_CREATE, KEYS, PUT, PYTHON, SET, Setting, settings};
use crate::bench::environment::Environment;
use crate::bench::pinning::Cores;
use crate::bench::promise::Promise;
use crate::bench::report::table;
use crate::bench::rounds::{median, rounded};

/// One contender with so many threads.
#[derive(Debug, Serialize)]
pub struct FileRow {
    operation: &'static str,
    threads: usize,
    contender: &'static str,
    /// Of all threads together, median over the rounds; nothing if it could not be measured.
    calls_per_s: Option<f64>,
    /// The same as time: what one call keeps all threads, not one, waiting.
    us_per_call: Option<f64>,
    /// Why it could not be measured.
    missing: Option<String>,
    /// This contender's calls beside those of others in the same time, and what is promised of it.
    against: Vec<Promise>,
    samples_calls_per_s: Vec<f64>,
    calls_per_sample: usize,
    package: &'static str,
    version: String,
    keys: usize,
    payload_bytes: usize,
    rounds: usize,
    #[serde(flatten)]
    environment: Environment,
}

/// What was measured of one contender in one setting.
pub(super) struct Seen<'m> {
    pub(super) setting: Setting,
    pub(super) contender: &'static str,
    pub(super) package: (&'static str, String),
    pub(super) calls: usize,
    /// Calls a second, by round.
    pub(super) samples: &'m [f64],
}

/// How many times as many calls as `contender` we promise to make in the same time.
fn promised(setting: Setting, contender: &str) -> Option<f64> {
    match (setting.threads, setting.operation, contender) {
        (1, Operation::Hit, GET) => Some(0.7),
        (1, Operation::Hit, PYTHON) => Some(20.0),
        (1, Operation::Set, PYTHON) => Some(10.0),
        _ => None,
    }
}

/// The rows, setting by setting; one that says why in each where dogpile.cache is missing.
pub(super) fn rows(seen: &[Seen<'_>], missing: Option<&str>, threads: &[usize]) -> Vec<FileRow> {
    let environment = Environment::look(&Cores::allowed(), "not pinned".to_owned());
    let mut rows = Vec::new();
    for setting in settings(threads) {
        let here: Vec<_> = seen.iter().filter(|seen| seen.setting == setting).collect();
        for one in &here {
            rows.push(FileRow {
                against: against(one, &here),
                ..row(one, &environment)
            });
        }
        if let Some(why) = missing {
            let absent = Seen {
                setting,
                contender: PYTHON,
                package: ("dogpile.cache", "not to be had".to_owned()),
                calls: 0,
                samples: &[],
            };
            rows.push(FileRow {
                missing: Some(why.to_owned()),
                ..row(&absent, &environment)
            });
        }
    }
    rows
}

fn row(seen: &Seen<'_>, environment: &Environment) -> FileRow {
    let calls_per_s = (!seen.samples.is_empty()).then(|| rounded(median(seen.samples)));
    let (package, version) = seen.package.clone();
    FileRow {
        operation: seen.setting.operation.name(),
        threads: seen.setting.threads,
        contender: seen.contender,
        calls_per_s,
        us_per_call: calls_per_s.map(|calls| rounded(1e6 / calls)),
        missing: None,
        against: Vec::new(),
        samples_calls_per_s: seen.samples.to_vec(),
        calls_per_sample: seen.calls,
        package,
        version,
        keys: KEYS,
        payload_bytes: PAYLOAD,
        rounds: seen.samples.len(),
        environment: environment.clone(),
    }
}

/// The store's calls beside those of the others in `here`; nothing for another contender.
fn against(one: &Seen<'_>, here: &[&Seen<'_>]) -> Vec<Promise> {
    if ![GET_OR_CREATE, SET].contains(&one.contender) {
        return Vec::new();
    }
    let others = here
        .iter()
        .filter(|other| [GET, PUT, PYTHON].contains(&other.contender));
    let beside = |other: &&Seen<'_>| {
        let promised = promised(one.setting, other.contender);
        Promise::new(other.contender, one.samples, other.samples, promised)
    };
    others.map(beside).collect()
}

/// The rows for people.
pub fn as_table(rows: &[FileRow]) -> Table {
    let headings = ["threads", "contender", "calls/s", "us/call", "dogpile's"];
    let mut table = table(&headings, 2);
    for row in rows {
        let figure =
            |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |f| format!("{f:.2}"));
        let cells: Vec<_> = row.against.iter().map(Promise::cell).collect();
        table.add_row([
            format!("{} {}", row.operation, row.threads),
            format!("{} {}", row.contender, row.missing.as_deref().unwrap_or("")),
            figure(row.calls_per_s),
            figure(row.us_per_call),
            cells.join("\n"),
        ]);
    }
    table
}

/// What has to be said below the table.
pub const NOTES: [&str; 4] = [
    "Calls/s: of all threads together, median over the rounds. us/call: its inverse.",
    "Dogpile's: its calls/s divided by theirs, median over the rounds of the ratio within a round.",
    "lmdb: a transaction for each call, the value's JSON behind a checksum; no leases, no bound, nothing expires.",
    "dbm.gnu waits for the disk at each set, and the others for no set; with TMPDIR on a tmpfs nobody waits.",
];
