//! Figures as a table for people.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::Value;

use crate::check::Verdict;
use crate::crash::Crashes;
use crate::engine::Measured;
use crate::policies::Policies;
use crate::tiers::Tiers;

/// One column for each contender, one row for each figure.
pub(super) fn table(measured: &[Measured]) -> Table {
    let columns: Vec<_> = measured.iter().map(|one| rows(&one.run.figures)).collect();
    let mut table = empty();
    table.set_header(
        std::iter::once(String::new()).chain(measured.iter().map(|one| one.name.clone())),
    );
    for (index, (name, _)) in columns.first().into_iter().flatten().enumerate() {
        let cells = columns.iter().map(|column| column[index].1.clone());
        table.add_row(std::iter::once(name.clone()).chain(cells));
    }
    align(table)
}

/// What a check recomputed beside what the run had counted.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let mut table = empty();
    table.set_header([
        "",
        "creations",
        "counted",
        "duplicates",
        "counted",
        "creators",
        "counted",
        "agrees",
    ]);
    let counted = |count: Option<u64>| count.map_or_else(|| "-".into(), |count| count.to_string());
    for (name, recount) in &verdict.contenders {
        table.add_row([
            name.clone(),
            recount.creations.to_string(),
            counted(recount.counted_creations),
            recount.duplicate_creations.to_string(),
            counted(recount.counted_duplicate_creations),
            counted(recount.creators),
            counted(recount.counted_creators),
            if recount.agrees() { "yes" } else { "NO" }.into(),
        ]);
    }
    let table = align(table);
    let word = if verdict.agrees {
        "The log agrees with the run."
    } else {
        "The log does NOT agree with the run."
    };
    format!("{table}\n{word}")
}

/// What is left of processes that were killed.
pub(super) fn crashes(crashes: &Crashes) -> String {
    let mut table = empty();
    table.set_header(["", crashes.backend]);
    let counts = [
        ("acknowledged", crashes.acknowledged),
        ("lost", crashes.lost),
        ("corrupt", crashes.corrupt),
        ("stuck", crashes.stuck),
        ("rounds", crashes.rounds.into()),
        ("kills", crashes.kills.into()),
    ];
    for (name, count) in counts {
        table.add_row([name.to_owned(), count.to_string()]);
    }
    let table = align(table);
    format!("{table}\n{}: {}", crashes.durability, crashes.promises)
}

/// What policies are worth.
pub(super) fn policies(policies: &Policies) -> String {
    let mut courses = empty();
    let names = policies.courses.iter().map(|course| course.name);
    courses.set_header([""].into_iter().chain(names));
    let columns: Vec<_> = policies.courses.iter().map(rows).collect();
    // The first row is the name.
    for row in 1..columns.iter().map(Vec::len).min().unwrap_or(0) {
        let values = columns.iter().map(|column| column[row].1.clone());
        courses.add_row([columns[0][row].0.clone()].into_iter().chain(values));
    }
    let mut origin = empty();
    origin.set_header(["a failing origin", ""]);
    for (name, value) in rows(&policies.origin) {
        origin.add_row([name, value]);
    }
    format!("{}\n{}", align(courses), align(origin))
}

pub(super) fn tiers(tiers: &Tiers) -> String {
    let mut table = empty();
    table.set_header(["near copies", ""]);
    for (name, value) in rows(tiers) {
        table.add_row([name, value]);
    }
    align(table).to_string()
}

/// Names and values in the order of the JSON, of which this is another face.
fn rows(figures: &impl serde::Serialize) -> Vec<(String, String)> {
    let text = serde_json::to_string(figures).unwrap_or_default();
    let pairs = text
        .trim_matches(['{', '}'])
        .split(',')
        .filter_map(|pair| pair.split_once(':'));
    pairs
        .map(|(name, value)| (name.trim_matches('"').replace('_', " "), shown(value)))
        .collect()
}

fn shown(value: &str) -> String {
    match serde_json::from_str(value) {
        Ok(Value::Null) | Err(_) => "-".into(),
        Ok(value) => value.to_string(),
    }
}

fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table
}

fn align(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
