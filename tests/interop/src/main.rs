//! Do Python's dogpile.cache and this one share a server, as `docs/python.md` says they do?
//!
//! Processes of both, and one that runs this project's core in Python, are started on a server of their
//! own and asked; `cargo xtask interop` runs this. Exit code: 0 all holds, 1 something does not, 2 it
//! could not be asked.

mod checks;
mod environment;
mod fleet;
mod problem;
mod protocol;
mod report;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use dogpile_test_servers::{Flavour, Server};
use serde_json::json;

use checks::{death, meanwhile, stampede, values, wake};
use fleet::{Cradle, Fleet, Kind};
use problem::Problem;
use report::Check;

#[derive(Parser)]
#[command(
    name = "dogpile-interop",
    about = "Python's dogpile.cache and this one on the same server"
)]
struct Arguments {
    /// Fewer processes and rounds, as every change has to pass.
    #[arg(long)]
    short: bool,
    /// Print one line of JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
    /// The checkout.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Where Python's packages are kept.
    #[arg(long, default_value = "target/interop")]
    folder: PathBuf,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// A process of the fleet.
    #[command(hide = true)]
    Worker(worker::Options),
}

/// How much is asked.
struct Size {
    /// Of Python and of Rust, each.
    processes: usize,
    threads: usize,
    stampedes: usize,
    wakes: usize,
    deaths: usize,
}

const SHORT: Size = Size {
    processes: 2,
    threads: 8,
    stampedes: 3,
    wakes: 3,
    deaths: 1,
};

const FULL: Size = Size {
    processes: 4,
    threads: 8,
    stampedes: 20,
    wakes: 20,
    deaths: 3,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Part::Worker(options)) = arguments.part {
        worker::run(options);
    }
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Problem> {
    let size = if arguments.short { &SHORT } else { &FULL };
    let begun = Instant::now();
    let server = Server::start(Flavour::Redis)?;
    let requirements = arguments.root.join("tests/interop/requirements.txt");
    let cradle = Cradle {
        python: environment::python(&arguments.folder, &requirements)?,
        scripts: fleet::scripts(&arguments.root),
        url: server.url(),
    };
    let processes = size.processes;
    let wanted = [
        (Kind::Python, processes),
        (Kind::Rust, processes),
        (Kind::Port, 1),
    ];
    let mut fleet = Fleet::start(cradle, &wanted, size.threads)?;
    let checks = ask(&mut fleet, &server, size)?;
    let about = json!({
        "python": processes,
        "rust": processes,
        "port": 1,
        "threads": size.threads,
    });
    let seconds = begun.elapsed().as_secs_f64();
    if arguments.json {
        println!("{}", report::line(&checks, &about, seconds));
    } else {
        println!("{}", report::table(&checks));
    }
    Ok(checks.iter().all(Check::holds))
}

fn ask(fleet: &mut Fleet, server: &Server, size: &Size) -> Result<Vec<Check>, Problem> {
    let mut checks = vec![
        values::check(fleet)?,
        stampede::cold(fleet, size.stampedes)?,
        stampede::stale(fleet, server, size.stampedes)?,
    ];
    for kind in Kind::ALL {
        checks.push(wake::by_value(fleet, kind, size.wakes)?);
        checks.push(wake::by_failure(fleet, kind, size.wakes)?);
    }
    for kind in [Kind::Rust, Kind::Port] {
        checks.push(meanwhile::of(fleet, server, kind, size.deaths)?);
    }
    for kind in Kind::ALL {
        checks.push(death::of(fleet, kind, size.deaths)?);
    }
    Ok(checks)
}
