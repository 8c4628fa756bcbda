//! `cargo xtask conformance`: the rows of docs/conformance.md, the tests of each, and the backends they run on.
//!
//! That the tests exist is for `tidy` to check, which reads the document with the same parser. What is added
//! here is on which backends they run, which nobody states by hand: it is read in the tests.

mod backends;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::problem::Problem;
use crate::tidy::conformance::{self, DOCUMENT, rows};
use crate::tree::Tree;

/// How to report.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Options {
    /// Print one line of JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

/// A row, as far as it is shown.
struct Shown<'a> {
    area: &'a str,
    row: &'a str,
    tests: Vec<&'a str>,
    backends: BTreeSet<String>,
    /// What is in the place of tests.
    waits: Option<&'a str>,
}

/// Lists the rows of the checkout at `root`; true if each has tests and all of these exist.
///
/// # Errors
/// The checkout cannot be read.
pub(crate) fn run(root: &Path, options: Options) -> Result<bool, Problem> {
    let tree = Tree::read(root)?;
    let shown = shown(&tree);
    let waiting = shown.iter().filter(|row| row.waits.is_some()).count();
    if options.json {
        println!("{}", as_json(&shown));
    } else {
        print(&shown, waiting);
    }
    let findings = conformance::check(&tree);
    for finding in &findings {
        eprintln!("{finding}");
    }
    Ok(!shown.is_empty() && waiting == 0 && findings.is_empty())
}

fn shown(tree: &Tree) -> Vec<Shown<'_>> {
    let all = rows(tree.text(DOCUMENT).unwrap_or_default());
    let shown = all.into_iter().map(|row| {
        let tests = row.named();
        let of_test = |name: &&str| backends::of(tree, name);
        Shown {
            area: row.area,
            row: row.behaviour,
            backends: tests.iter().flat_map(of_test).collect(),
            waits: tests.is_empty().then_some(row.tests),
            tests,
        }
    });
    shown.collect()
}

fn as_json(shown: &[Shown<'_>]) -> Value {
    let rows = shown.iter().map(|row| {
        json!({
            "area": row.area,
            "row": row.row,
            "tests": row.tests,
            "backends": row.backends,
            "waits": row.waits,
        })
    });
    json!({ "rows": rows.collect::<Vec<_>>() })
}

fn print(shown: &[Shown<'_>], waiting: usize) {
    let mut area = "";
    for row in shown {
        if row.area != area {
            area = row.area;
            println!("{area}");
        }
        let backends = row.backends.iter().cloned().collect::<Vec<_>>().join(", ");
        match row.waits {
            Some(words) => println!("    RED     0 tests  {}: {words}", row.row),
            None => println!(
                "    ok {:5} tests  {} [{backends}]",
                row.tests.len(),
                row.row
            ),
        }
    }
    println!(
        "{} rows, {waiting} of them wait for their tests",
        shown.len()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_tests_or_what_it_waits_for() {
        let document = "## Lock\n| behaviour | tests |\n|---|---|\n| one creator | `tests/t.rs::a` |\n\
                        | proxies | comes later |\n";
        let tree = Tree::sample(&[
            (DOCUMENT, document),
            ("tests/t.rs", "#[test] fn a() { Memory::unbounded(); }"),
        ]);
        assert_eq!(
            as_json(&shown(&tree)).to_string(),
            r#"{"rows":[{"area":"Lock","backends":["memory"],"row":"one creator","tests":["tests/t.rs::a"],"waits":null},{"area":"Lock","backends":[],"row":"proxies","tests":[],"waits":"comes later"}]}"#
        );
    }
}
