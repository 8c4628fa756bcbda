//! Do Python's dogpile.cache and this one share a server, as `docs/python.md` says they do?
//!
//! Processes of both, on Redis also one that runs this project's core in Python, are started on a server of
//! their own and asked; `cargo xtask interop` runs this. Exit code: 0 all holds, 1 something does not, 2 it
//! could not be asked.

mod checks;
mod environment;
mod fleet;
mod ground;
mod problem;
mod protocol;
mod report;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use serde_json::{Map, json};

use checks::{death, meanwhile, names, stampede, values, wake};
use fleet::{Cradle, Fleet, Kind};
use ground::Store;
use problem::Problem;
use report::{Check, Report};

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
    /// Only on this kind of server.
    #[arg(long)]
    store: Option<Store>,
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
    /// Of each kind, but of the port.
    processes: usize,
    threads: usize,
    stampedes: usize,
    wakes: usize,
    deaths: usize,
    /// How many kinds are killed.
    mortal: usize,
}

const SHORT: Size = Size {
    processes: 2,
    threads: 8,
    stampedes: 3,
    wakes: 3,
    deaths: 1,
    mortal: 3,
};

/// Where who waits for a lock of Python's is slow to look again: there the same takes longer.
const SHORT_AND_SLOW: Size = Size {
    wakes: 1,
    mortal: 2,
    ..SHORT
};

const FULL: Size = Size {
    processes: 4,
    threads: 8,
    stampedes: 20,
    wakes: 20,
    deaths: 3,
    mortal: 3,
};

impl Size {
    fn of(store: Store, short: bool) -> &'static Self {
        match (short, store) {
            (false, _) => &FULL,
            (true, Store::Redis) => &SHORT,
            (true, Store::Memcached) => &SHORT_AND_SLOW,
        }
    }
}

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
    let requirements = arguments.root.join("tests/interop/requirements.txt");
    let cradle = Cradle {
        python: environment::python(&arguments.folder, &requirements)?,
        scripts: fleet::scripts(&arguments.root),
    };
    let wanted = |store: &Store| arguments.store.is_none_or(|only| only == *store);
    let mut reports: Vec<_> = (Store::ALL.into_iter().filter(wanted))
        .map(|store| on(store, &cradle, Size::of(store, arguments.short)))
        .collect::<Result<_, _>>()?;
    if arguments.store.is_none() {
        reports.push(on_paper(&cradle, &arguments.root)?);
    }
    if arguments.json {
        println!("{}", report::line(&reports));
    } else {
        for report in &reports {
            println!("{}", report::table(report));
        }
    }
    Ok(reports.iter().all(Report::holds))
}

/// All that is asked on one server.
fn on(store: Store, cradle: &Cradle, size: &Size) -> Result<Report, Problem> {
    let begun = Instant::now();
    let wanted = store.wanted(size.processes);
    let mut fleet = Fleet::start(cradle, store.start()?, &wanted, size.threads)?;
    let checks = ask(&mut fleet, size)?;
    let mut about: Map<_, _> = wanted
        .iter()
        .map(|(kind, count)| (kind.to_string(), json!(count)))
        .collect();
    about.insert("threads".to_owned(), json!(size.threads));
    Ok(Report {
        store: store.name(),
        fleet: about.into(),
        seconds: begun.elapsed().as_secs_f64(),
        checks,
    })
}

/// What is asked of no server.
fn on_paper(cradle: &Cradle, root: &Path) -> Result<Report, Problem> {
    let begun = Instant::now();
    Ok(Report {
        store: "documents",
        checks: vec![names::check(cradle, root)?],
        fleet: json!({}),
        seconds: begun.elapsed().as_secs_f64(),
    })
}

fn ask(fleet: &mut Fleet<'_>, size: &Size) -> Result<Vec<Check>, Problem> {
    let kinds = fleet.ground.kinds();
    let mut checks = vec![
        values::check(fleet)?,
        stampede::cold(fleet, size.stampedes)?,
        stampede::stale(fleet, size.stampedes)?,
    ];
    for kind in kinds {
        checks.push(wake::by_value(fleet, kind, size.wakes)?);
        checks.push(wake::by_failure(fleet, kind, size.wakes)?);
    }
    for kind in [Kind::Rust, Kind::Port] {
        if kinds.contains(&kind) {
            checks.push(meanwhile::of(fleet, kind, size.deaths)?);
        }
    }
    for kind in kinds.into_iter().take(size.mortal) {
        checks.push(death::of(fleet, kind, size.deaths)?);
    }
    Ok(checks)
}
