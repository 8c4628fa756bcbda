//! What a run leaves: one line of JSON for programs, a table and a chart for people, a plot for papers.

mod chart;
mod svg;
mod table;

use std::io::Write as _;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::check::Verdict;
use crate::crash::Crashes;
use crate::engine::Measured;
use crate::error::LabError;
use crate::figures::Report;
use crate::policies::Policies;
use crate::scenario::Scenario;
use crate::tiers::Tiers;

/// A bar on standard error; nothing where that is no terminal.
pub(crate) fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg:>8} {wide_bar} {pos}/{len} {elapsed}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints a run on standard output.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print(
    scenario: &Scenario,
    measured: &[Measured],
    json: bool,
) -> Result<(), LabError> {
    if json {
        return print_json(&Report::new(scenario, measured));
    }
    let text = format!(
        "{}, seed {}\n{}\n{}",
        scenario.name,
        scenario.seed,
        table::table(measured),
        chart::chart(measured)
    );
    write_out(&text)
}

/// Prints what a check found on standard output.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print_verdict(verdict: &Verdict, json: bool) -> Result<(), LabError> {
    if json {
        print_json(verdict)
    } else {
        write_out(&table::verdict(verdict))
    }
}

/// Prints what is left of processes that were killed on standard output.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print_crashes(crashes: &Crashes, json: bool) -> Result<(), LabError> {
    if json {
        print_json(crashes)
    } else {
        write_out(&table::crashes(crashes))
    }
}

/// Prints what policies are worth on standard output.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print_policies(policies: &Policies, json: bool) -> Result<(), LabError> {
    if json {
        print_json(policies)
    } else {
        write_out(&table::policies(policies))
    }
}

/// Prints how long near copies were old.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print_tiers(tiers: &Tiers, json: bool) -> Result<(), LabError> {
    if json {
        print_json(tiers)
    } else {
        write_out(&table::tiers(tiers))
    }
}

/// Plots a run into a file.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn plot(
    path: &Path,
    scenario: &Scenario,
    measured: &[Measured],
) -> Result<(), LabError> {
    std::fs::write(path, svg::plot(&scenario.name, measured)).map_err(|source| LabError::File {
        action: "write",
        path: path.into(),
        source,
    })
}

fn print_json(value: &impl serde::Serialize) -> Result<(), LabError> {
    let text = serde_json::to_string(value).map_err(|error| LabError::Start {
        what: "the JSON report",
        source: error.into(),
    })?;
    write_out(&text)
}

fn write_out(text: &str) -> Result<(), LabError> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|source| LabError::File {
        action: "write",
        path: "standard output".into(),
        source,
    })
}
