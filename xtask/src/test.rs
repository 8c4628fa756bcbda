//! `cargo xtask test`: everything that has to be green, in one command.
//!
//! The stages are a table ([`plan`]); each says what it needs of the machine, which is
//! set up first where this user may, and asked for with the exact line where not. A stage writes
//! to a log of its own while it runs; a failing stage's log is printed in full.

mod plan;

use std::path::Path;
use std::time::Instant;

use crate::packages::{packages, rust_version};
use crate::problem::Problem;
use crate::stage::lanes;
use crate::stage::machine::{self, Machine};
use crate::stage::need;
use crate::stage::report::Report;
use crate::tree::Tree;
use plan::{Size, stages};

/// How much to run, and how to report.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The inner loop: under five minutes, without servers.
    #[arg(long, conflicts_with = "nightly")]
    quick: bool,
    /// Everything, in the sizes that take long.
    #[arg(long)]
    nightly: bool,
    /// Run only the stages whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Print one line of JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn size(&self) -> Size {
        match (self.quick, self.nightly) {
            (true, _) => Size::Quick,
            (_, true) => Size::Nightly,
            _ => Size::Full,
        }
    }
}

/// Runs the stages on the checkout at `root`; true if none failed.
pub(crate) fn run(root: &Path, options: &Options) -> Result<bool, Problem> {
    let start = Instant::now();
    let tree = Tree::read(root)?;
    let machine = Machine::look();
    let target = machine::target_folder(root);
    let mut stages = stages(
        &packages(&tree)?,
        &rust_version(&tree)?,
        &machine,
        &target.to_string_lossy(),
        options.size(),
    );
    if let Some(part) = &options.only {
        stages.retain(|stage| stage.name.contains(part.as_str()));
        if stages.is_empty() {
            return Err(Problem::NoSuchName(part.clone()));
        }
    }
    need::set_up(&stages)?;
    let logs = target.join("xtask");
    let mut report = Report::new(stages.len());
    let mut first = 0;
    for group in stages.chunk_by(|one, next| one.beside && next.beside) {
        lanes::run(first, group, root, &logs, &mut report)?;
        first += group.len();
    }
    report.close(start.elapsed(), options.json);
    Ok(report.is_green())
}
