//! The project's own chores.
//!
//! `cargo xtask test` runs everything that has to be green; `cargo xtask verify` runs the rooms of
//! the proof, and `cargo xtask mutants` asks whether they bite; `cargo xtask interop` has Python's
//! dogpile.cache share a server with this one; `cargo xtask conformance` lists what is promised and where it is
//! shown; `cargo xtask tidy` runs the checks that no compiler
//! makes: floors, lengths, dead files, documents that keep their word.

mod conformance;
mod interop;
mod mutants;
mod packages;
mod problem;
mod stage;
mod test;
mod tidy;
mod tree;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use problem::Problem;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores", version)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every stage that has to be green before a change is merged.
    Test(test::Options),
    /// Run every room of the proof, and say which property is shown by which tool, and how far.
    Verify(verify::Options),
    /// Make one thing after another wrong, and see whether some model notices.
    Mutants(mutants::Options),
    /// Have Python's dogpile.cache and this one share a server, and see whether they agree.
    Interop(interop::Options),
    /// Say which tests show each behaviour that users of dogpile.cache were promised, and on which backends.
    /// Exit code 1 says that a row waits for its tests.
    Conformance(conformance::Options),
    /// Check what no compiler checks: floors, lengths, dead files, what documents claim.
    Tidy(tidy::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = root().and_then(|root| match arguments.chore {
        Chore::Test(options) => test::run(&root, &options),
        Chore::Verify(options) => verify::run(&root, &options),
        Chore::Mutants(options) => mutants::run(&root, &options),
        Chore::Interop(options) => interop::run(&root, &options),
        Chore::Conformance(options) => conformance::run(&root, options),
        Chore::Tidy(options) => tidy::run(&root, options),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

/// The workspace's root: the nearest folder at or above the current one whose manifest declares a
/// workspace. Not the folder this program was built in, which another checkout may share.
fn root() -> Result<PathBuf, Problem> {
    let here = std::env::current_dir().map_err(|cause| Problem::Read {
        path: PathBuf::from("."),
        cause,
    })?;
    let declares = |dir: &std::path::Path| {
        std::fs::read_to_string(dir.join("Cargo.toml"))
            .is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
            && dir.join("xtask").is_dir()
    };
    here.ancestors()
        .find(|dir| declares(dir))
        .map(std::path::Path::to_path_buf)
        .ok_or(Problem::NoWorkspace(here.clone()))
}
