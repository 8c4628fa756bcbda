//! `cargo xtask mutants`: makes one thing after another wrong and sees whether some model notices.
//!
//! The work is done by the program `mutants` of the models' package; it is built here as the models
//! are, and gets all that follows `cargo xtask mutants`.

use std::path::Path;
use std::process::Command;

use crate::problem::Problem;

/// How much to hunt, and how to report.
#[derive(clap::Args)]
#[allow(clippy::struct_excessive_bools)] // switches of a command line
pub(crate) struct Options {
    /// Hunt only those whose name contains this, such as `ordering`, `cell: claim` or `Leasing`.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Every ordering, fault and rule, and a fixed sample of the others.
    #[arg(long)]
    short: bool,
    /// Name the mutants and hunt none.
    #[arg(long)]
    list: bool,
    /// Say of each mutant who killed it.
    #[arg(long)]
    verbose: bool,
    /// Print one line of JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

/// What stands before the flags.
const LINE: [&str; 9] = [
    "run",
    "--quiet",
    "--profile",
    "models",
    "--package",
    "dogpile-mutants",
    "--bin",
    "mutants",
    "--",
];

impl Options {
    fn flags(&self) -> Vec<&str> {
        let switches = [
            (self.short, "--short"),
            (self.list, "--list"),
            (self.verbose, "--verbose"),
            (self.json, "--json"),
        ];
        let switched = switches.into_iter().filter(|(on, _)| *on);
        let mut flags: Vec<_> = switched.map(|(_, flag)| flag).collect();
        if let Some(text) = &self.only {
            flags.extend(["--only", text]);
        }
        flags
    }
}

/// Hunts in the checkout at `root`; true if nothing survives.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool, Problem> {
    let mut cargo = Command::new("cargo");
    cargo.args(LINE).args(options.flags()).current_dir(root);
    let status = cargo.status().map_err(|cause| Problem::Start {
        program: "cargo",
        cause,
    })?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(Problem::NoHunt(format!("cargo {} --list", LINE.join(" ")))),
    }
}
