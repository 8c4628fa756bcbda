//! The contention laboratory: `cargo lab`.
//!
//! One `engine` runs a `scenario`: the same keys and arrivals for every `contender` in turn, whose
//! creations an in-flight table counts from outside (`ledger`). Several processes are one engine each, with a
//! run that directs them (`processes`). The log of a run lets anyone recompute the counts (`check`).

mod batch;
mod check;
mod cli;
mod clock;
mod contender;
mod crash;
mod creator;
mod database;
mod engine;
mod error;
mod figures;
mod keys;
mod ledger;
mod log;
mod policies;
mod processes;
mod random;
mod report;
mod sabotage;
mod scenario;
mod tiers;
mod trace;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command, Output};
use crate::error::LabError;
use crate::scenario::{Callers, Scenario};

/// Obeys the command line: figures on standard output, everything else on standard error. Exit code 1
/// says that a log disagrees with its run, 2 that something could not be done.
pub fn main() -> ExitCode {
    match obey(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn obey(command: Command) -> Result<ExitCode, LabError> {
    match command {
        Command::Replay { replay, output } => measure(&replay.scenario()?, &output),
        Command::Stampede { stampede, output } => measure(&stampede.scenario()?, &output),
        Command::Run { file, output } => measure(&Scenario::read(&file)?, &output),
        Command::Crash { crash, json } => kill(&crash.plan(), json),
        Command::CrashWriter {
            backend,
            promise,
            folder,
            writer,
        } => crash::write(backend, promise, &folder, writer).map(|()| ExitCode::SUCCESS),
        Command::Policies { policies, json } => weigh(&policies.plan(), json),
        Command::PolicyWorker => policies::ask().map(|()| ExitCode::SUCCESS),
        Command::Tiers { tiers, json } => age(&tiers.plan(), json),
        Command::TierReader => tiers::read().map(|()| ExitCode::SUCCESS),
        Command::Check { file, json } => recheck(&file, json),
        Command::Worker { sabotage } => processes::work(sabotage).map(|()| ExitCode::SUCCESS),
    }
}

fn measure(scenario: &Scenario, output: &Output) -> Result<ExitCode, LabError> {
    scenario.validate()?;
    if let Some(fault) = output.sabotage
        && let Some(code) = sabotage::arm(fault)?
    {
        return Ok(code);
    }
    let progress = report::progress();
    let measured = match scenario.callers {
        Callers::Processes { .. } => processes::run(scenario, output.sabotage, &progress)?,
        Callers::Threads(_) | Callers::Tasks(_) => engine::run(scenario, &progress)?,
    };
    progress.finish_and_clear();
    for one in &measured {
        if let Some(error) = &one.run.first_error {
            eprintln!("{}: first error: {error}", one.name);
        }
    }
    if let Some(path) = &output.log {
        let mut log = log::Log::new(clock::nanos(scenario.freshness.fresh));
        for one in &measured {
            log.contenders.insert(one.name.clone(), one.entries.clone());
            log.counted.insert(one.name.clone(), one.count);
            if let (Some(rounds), Some(creators)) = (&one.run.rounds, one.run.figures.creators()) {
                log.rounds.insert(one.name.clone(), rounds.clone());
                log.creators.insert(one.name.clone(), creators);
            }
        }
        log.write(path)?;
    }
    if let Some(path) = &output.svg {
        report::plot(path, scenario, &measured)?;
    }
    report::print(scenario, &measured, output.json)?;
    if measured.iter().any(|one| one.run.figures.hung() > 0) {
        // Threads that hang cannot be joined; leaving ends them.
        std::process::exit(0);
    }
    Ok(ExitCode::SUCCESS)
}

fn kill(plan: &crash::Plan, json: bool) -> Result<ExitCode, LabError> {
    plan.validate()?;
    let progress = report::progress();
    let crashes = crash::run(plan, &progress)?;
    progress.finish_and_clear();
    report::print_crashes(&crashes, json)?;
    Ok(if crashes.are_borne(plan.promise()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn weigh(plan: &policies::Plan, json: bool) -> Result<ExitCode, LabError> {
    plan.validate()?;
    let progress = report::progress();
    let policies = policies::run(plan, &progress)?;
    progress.finish_and_clear();
    report::print_policies(&policies, json)?;
    Ok(if policies.are_kept() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn age(plan: &tiers::Plan, json: bool) -> Result<ExitCode, LabError> {
    plan.validate()?;
    let progress = report::progress();
    let tiers = tiers::run(plan, &progress)?;
    progress.finish_and_clear();
    report::print_tiers(&tiers, json)?;
    Ok(if tiers.are_prompt() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn recheck(file: &Path, json: bool) -> Result<ExitCode, LabError> {
    let verdict = check::check(&log::Log::read(file)?);
    report::print_verdict(&verdict, json)?;
    Ok(if verdict.agrees {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
