//! What people and programs get to see: a bar while it runs, then a table or one line of JSON.

use std::io::Write;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// A figure beside another contender's figure of the same run.
#[derive(Debug, Clone, Serialize)]
pub struct Against {
    /// With whom.
    pub contender: &'static str,
    /// This row's figure divided by theirs.
    pub ratio: f64,
    /// Why the pair does not compare like with like, if it does not.
    pub unlike: Option<String>,
}

impl Against {
    /// The cell of a table: the ratio, with a star at an unlike pair.
    pub fn cell(&self) -> String {
        let star = if self.unlike.is_some() { "*" } else { "" };
        format!("{:.2} x{star}", self.ratio)
    }
}

/// A bar on standard error; nothing at all where standard error is no terminal.
pub fn progress(steps: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len}, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// A table with these headings; the first `names` columns hold words, the others figures.
pub fn table(headings: &[&str], names: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.iter().copied());
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Prints rows as one line of JSON, the only thing on standard output.
///
/// # Errors
/// If standard output cannot be written to.
pub fn print_json(rows: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(rows)?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// Prints a table and what has to be said below it.
///
/// # Errors
/// If standard output cannot be written to.
pub fn print_table(table: &Table, notes: &[&str]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{table}")?;
    for note in notes {
        writeln!(out, "{note}")?;
    }
    out.flush()
}
