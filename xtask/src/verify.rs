//! `cargo xtask verify`: is what this crate promises shown, by which tool, and how far?
//!
//! Each room of the proof runs as a stage. Its tests say what they showed, a line each, in one file
//! of records; the account holds those against the list of properties. A property that nobody
//! showed does not hold; and while a room is red, none does, for a test that fails does not say what it
//! would have shown. Rooms run two at a time; one that hangs is stopped, and is red.

mod account;
pub(crate) mod rooms;
mod sanitizer;

/// What there is to show: the very list that the rooms use.
#[allow(dead_code, unreachable_pub)] // the rooms use the rest of it
#[path = "../../model-tests/proof/src/property.rs"]
mod property;

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Instant;

use crate::problem::Problem;
use crate::stage::Stage;
use crate::stage::lanes;
use crate::stage::machine::{self, Machine};
use crate::stage::need;
use crate::stage::report::Report;
use account::Account;
use rooms::{Size, rooms};

/// How far to go, and how to report.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Go as far as every change has to: under five minutes on two cores.
    #[arg(long, conflicts_with = "nightly")]
    short: bool,
    /// Go as far as the machine is left alone for: hours.
    #[arg(long)]
    nightly: bool,
    /// Run only the rooms whose name contains this; what the others show does not count then.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Print one line of JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn size(&self) -> Size {
        match (self.short, self.nightly) {
            (true, _) => Size::Short,
            (_, true) => Size::Nightly,
            _ => Size::Full,
        }
    }
}

/// Runs the rooms of the checkout at `root`; true if each of the twenty properties holds and no
/// room is red.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool, Problem> {
    let start = Instant::now();
    let target = machine::target_folder(root);
    let logs = target.join("xtask").join("verify");
    let records = logs.join("records.tsv");
    let mut rooms = rooms(
        &Machine::look(),
        &target.to_string_lossy(),
        options.size(),
        &records.to_string_lossy(),
    );
    if let Some(part) = &options.only {
        rooms = named(rooms, part)?;
    }
    need::set_up(&rooms)?;
    let _alone = alone(&logs)?;
    empty(&records)?;
    let mut report = Report::new(rooms.len());
    lanes::run(0, &rooms, root, &logs, &mut report)?;
    let text = fs::read_to_string(&records).map_err(|cause| Problem::Read {
        path: records.clone(),
        cause,
    })?;
    let account = Account::of(&text, report.red(), report.skipped())?;
    report.close_on_stderr(start.elapsed());
    account.tell(options.json, options.only.as_deref());
    let all = options.only.is_some() || account.holds();
    Ok(report.is_green() && all)
}

/// Those whose name contains `part`.
fn named(rooms: Vec<Stage>, part: &str) -> Result<Vec<Stage>, Problem> {
    let all: Vec<_> = rooms.iter().map(|room| room.name).collect();
    let chosen = |room: &Stage| !part.is_empty() && room.name.contains(part);
    let some: Vec<_> = rooms.into_iter().filter(chosen).collect();
    if some.is_empty() {
        return Err(Problem::NoSuchRoom {
            part: part.to_owned(),
            rooms: all.join(", "),
        });
    }
    Ok(some)
}

/// Holds the folder of logs and records for one run; its lock ends with the file, and so with us.
fn alone(logs: &Path) -> Result<File, Problem> {
    let path = logs.join("lock");
    let opened = fs::create_dir_all(logs).and_then(|()| File::create(&path));
    let file = opened.map_err(|cause| Problem::Write {
        path: path.clone(),
        cause,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Problem::Busy(logs.to_owned())),
        Err(TryLockError::Error(cause)) => Err(Problem::Write { path, cause }),
    }
}

/// Makes the file at `path` an empty one.
fn empty(path: &Path) -> Result<(), Problem> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, ""));
    written.map_err(|cause| Problem::Write {
        path: path.to_owned(),
        cause,
    })
}
