//! `cargo xtask interop`: do Python's dogpile.cache and this one share a server?
//!
//! The work is done by the program of `tests/interop`, which starts a server and processes of both.

use std::path::Path;

use crate::problem::Problem;
use crate::stage::machine::target_folder;
use crate::stage::need::{self, CC, MEMCACHED, Need, PYTHON, REDIS, VENV};
use crate::stage::{Line, Stage, Work};

/// How much to ask, and how to report.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fewer processes and rounds, as every change has to pass.
    #[arg(long)]
    short: bool,
    /// Print one line of JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
    /// Only on this kind of server: `redis` or `memcached`.
    #[arg(long)]
    store: Option<String>,
}

/// What it needs of a machine.
const NEEDS: [Need; 5] = [CC, PYTHON, VENV, REDIS, MEMCACHED];

/// The line that asks. Python's packages stay in the folder that cargo builds in.
fn line(target: &str) -> Line {
    Line::new("cargo run --quiet --package dogpile-interop -- --folder")
        .and(format!("{target}/interop"))
}

/// As a stage: the short form.
pub(crate) fn stage(target: &str) -> Stage {
    let work = Work::Run(vec![line(target).and("--short")]);
    Stage::new("interop", work).needing(&NEEDS)
}

/// Asks, in the checkout at `root`; true if all holds.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool, Problem> {
    let target = target_folder(root).to_string_lossy().into_owned();
    need::set_up([&stage(&target)])?;
    let switches = [(options.short, "--short"), (options.json, "--json")];
    let switched = switches.into_iter().filter(|(on, _)| *on);
    let mut line = switched.fold(line(&target), |line, (_, switch)| line.and(switch));
    if let Some(store) = &options.store {
        line = line.and("--store").and(store.clone());
    }
    let status = line
        .command(root)
        .status()
        .map_err(|cause| Problem::Start {
            program: "cargo",
            cause,
        })?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(Problem::NotAsked(line.shown())),
    }
}
