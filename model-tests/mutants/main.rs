//! The models bite: one thing after another is made wrong, and some model must go red.
//!
//! What can be made wrong is not listed anywhere: the baseline passes the doors of
//! [`mutant`](dogpile_model_tests::mutant), so that a new ordering, cell, arm, rule or invariant is a
//! new mutant. Only what no program could tell from the code may live, by an argument in
//! `equivalent.txt`.

mod arms;
mod cells;
mod equivalent;
mod hunt;
mod invariants;
mod models;
mod orderings;
mod report;
mod rules;
#[path = "../../backends/port/tests/stores/mod.rs"]
mod stores;
mod suite;
mod suspect;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use dogpile_model_tests::explore;
use hunt::Quarry;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use report::Report;
use suspect::Kind;

/// Makes one thing after another wrong, and sees whether some model notices.
///
/// First all models run as they are; when one is red then, nothing else is done. They note every
/// ordering, cell of the transition table, arm of the flow, rule and invariant that they pass.
/// Then each of these is wrong once: an ordering one step weaker, a cell with another answer, an
/// arm that goes where another would, a rule that does not hold, an invariant that says the
/// contrary. The models that pass it run until one goes red: it is killed. The conformance suite
/// meets stores that are wrong in one way, and each of its checks must be needed for one.
///
/// What survives is a gap in the models, unless no program could tell it from the code: then it is
/// named in model-tests/mutants/equivalent.txt, with the argument.
///
/// Exit codes: 0 when everything is killed or equivalent, 1 when something survives or an entry of
/// equivalent.txt is wrong, 2 when nothing could be hunted.
#[derive(Parser)]
#[command(name = "mutants")]
#[allow(clippy::struct_excessive_bools)] // switches of a command line
struct Options {
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

/// Of the kinds of which there are many, the short form takes each of so many.
const SAMPLE: usize = 9;

impl Options {
    fn wanted<'a>(&self, all: &'a [Quarry]) -> Vec<&'a Quarry> {
        let few = [Kind::Ordering, Kind::Fault, Kind::Rule];
        let numbered = all.iter().enumerate();
        let wanted = numbered.filter(|(at, quarry)| {
            let sampled = few.contains(&quarry.suspect.kind) || at % SAMPLE == 0;
            let named = self
                .only
                .as_deref()
                .is_none_or(|text| quarry.suspect.name.contains(text));
            (sampled || !self.short) && named
        });
        wanted.map(|(_, quarry)| quarry).collect()
    }

    /// Why nothing is wanted.
    fn none_of(&self, all: &[Quarry]) -> String {
        let only = self.only.as_deref().unwrap_or_default();
        let named = |quarry: &&Quarry| quarry.suspect.name.contains(only);
        match all.iter().filter(named).count() {
            0 => format!(
                "no mutant's name contains `{only}`; --list names all {}",
                all.len()
            ),
            some => format!(
                "{some} mutants' names contain `{only}`, and none is in the sample of --short; leave \
                 --short out"
            ),
        }
    }

    fn list(&self, wanted: &[&Quarry]) {
        let names: Vec<_> = wanted.iter().map(|quarry| &quarry.suspect.name).collect();
        if self.json {
            println!("{}", serde_json::json!({ "mutants": names }));
        } else {
            for name in names {
                println!("{name}");
            }
        }
    }

    fn is_complete(&self) -> bool {
        !self.short && self.only.is_none()
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    // Here a panic is what is hoped for; one of the baseline is told in the error.
    std::panic::set_hook(Box::new(|_| {}));
    explore::be_quiet();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<bool, String> {
    let start = Instant::now();
    let equivalents = equivalent::all().map_err(|what| format!("equivalent.txt: {what}"))?;
    let bar = bar();
    let baseline = hunt::baseline(&bar);
    let all = baseline.map_err(|red| {
        bar.abandon();
        format!("a model is red without any mutant, so nothing can be hunted: {red}")
    })?;
    let wanted = options.wanted(&all);
    if wanted.is_empty() {
        return Err(options.none_of(&all));
    }
    if options.list {
        bar.finish_and_clear();
        options.list(&wanted);
        return Ok(true);
    }
    let verdicts = hunt::hunt(&wanted, &bar);
    bar.finish_and_clear();
    let report = Report {
        hunted: wanted.into_iter().zip(verdicts).collect(),
        equivalents,
        complete: options.is_complete(),
        took: start.elapsed(),
    };
    Ok(told(&report, options))
}

/// Prints the report; true if nothing is wrong.
fn told(report: &Report<'_>, options: &Options) -> bool {
    let wrongs = report.wrongs();
    for wrong in &wrongs {
        eprintln!("{wrong}");
    }
    if options.json {
        if options.verbose {
            eprint!("{}", report.deaths());
        }
        println!("{}", report.json());
    } else {
        if options.verbose {
            print!("{}", report.deaths());
        }
        println!("{}", report.table());
    }
    wrongs.is_empty()
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
