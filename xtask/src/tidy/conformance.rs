//! docs/conformance.md keeps its word: each behaviour names tests, and the tests exist.
//!
//! The document has one `## Area` per area and under it a table of two columns: the behaviour and
//! its tests. A test is written `` `path/to/file.rs::function` ``; a cell may name several. A check
//! of the backends' conformance suite counts as one: every backend makes a test of each. The areas that are built must name at least one in each row; a row of any other area may instead
//! say in words what it waits for. An empty cell is never an answer.

use super::Finding;
use super::tokens::{Token, begins, tokens};
use crate::tree::Tree;

pub(crate) const DOCUMENT: &str = "docs/conformance.md";

/// The conformance suite: the list of its checks, and the folder they stand in.
pub(crate) const SUITE: (&str, &str) = (
    "backends/port/src/conformance.rs",
    "backends/port/src/conformance/",
);

/// The areas that are built.
const BUILT: &[&str] = &[
    "Lock",
    "Single key",
    "Invalidation",
    "Background creation",
    "Backend fixture",
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(DOCUMENT) else {
        return vec![Finding::new(DOCUMENT, 0, "does not exist")];
    };
    let rows = rows(text);
    let missing = BUILT
        .iter()
        .filter(|area| !rows.iter().any(|row| row.area == **area));
    let mut findings: Vec<_> = missing
        .map(|area| Finding::new(DOCUMENT, 0, format!("has no rows under \"{area}\"")))
        .collect();
    for row in &rows {
        let objections = objections(tree, row).into_iter();
        findings.extend(objections.map(|what| Finding::new(DOCUMENT, row.line, what)));
    }
    findings
}

/// A row of the document.
pub(crate) struct Row<'a> {
    line: usize,
    pub(crate) area: &'a str,
    pub(crate) behaviour: &'a str,
    /// The cell: tests, or words that say what the row waits for.
    pub(crate) tests: &'a str,
}

impl<'a> Row<'a> {
    /// The tests that the row names.
    pub(crate) fn named(&self) -> Vec<&'a str> {
        self.tests.split('`').skip(1).step_by(2).collect()
    }
}

/// All rows, in the document's order.
pub(crate) fn rows(text: &str) -> Vec<Row<'_>> {
    let mut area = "";
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            area = heading.trim();
        }
        let Some(inner) = line
            .trim()
            .strip_prefix('|')
            .and_then(|line| line.strip_suffix('|'))
        else {
            continue;
        };
        let (behaviour, tests) = inner.split_once('|').unwrap_or((inner, ""));
        let row = Row {
            line: number + 1,
            area,
            behaviour: behaviour.trim(),
            tests: tests.trim(),
        };
        let is_frame = row.behaviour == "behaviour" || row.behaviour.starts_with("---");
        if !is_frame {
            rows.push(row);
        }
    }
    rows
}

fn objections(tree: &Tree, row: &Row<'_>) -> Vec<String> {
    let named = row.named();
    if row.tests.is_empty() || (named.is_empty() && BUILT.contains(&row.area)) {
        return vec![format!("\"{}\" names no test", row.behaviour)];
    }
    named
        .iter()
        .filter_map(|name| objection(tree, name))
        .collect()
}

/// Why `name` is not the name of a test of this project, if it is not.
fn objection(tree: &Tree, name: &str) -> Option<String> {
    let Some((path, function)) = name.split_once("::") else {
        return Some(format!("`{name}` is not of the form `file.rs::function`"));
    };
    let Some(text) = tree.text(path) else {
        return Some(format!("`{path}` does not exist"));
    };
    match kind(&tokens(text), function) {
        Some(true) => None,
        Some(false) if path.starts_with(SUITE.1) && is_listed(tree, function) => None,
        Some(false) => Some(format!(
            "`{function}` in `{path}` is no test: it lacks the attribute"
        )),
        None => Some(format!("`{path}` has no function `{function}`")),
    }
}

/// Whether the conformance suite's list names this check.
fn is_listed(tree: &Tree, function: &str) -> bool {
    let row = tokens(tree.text(SUITE.0).unwrap_or_default());
    let list = (0..row.len()).find(|&at| begins(&row, at, &["list", "!", "{"]));
    list.is_some_and(|list| {
        let names = row[list..].iter().take_while(|token| token.text != "}");
        names.into_iter().any(|token| token.text == function)
    })
}

/// Whether the row defines this function, and if so whether as a test.
fn kind(row: &[Token], function: &str) -> Option<bool> {
    let text = |at: usize| row.get(at).map_or("", |token| token.text.as_str());
    let mut definitions = (1..row.len())
        .filter(|&at| text(at) == function && text(at - 1) == "fn")
        .peekable();
    definitions.peek()?;
    Some(definitions.any(|at| has_test_attribute(row, at - 1)))
}

/// Looks back from a function's `fn` over its qualifiers and attributes.
fn has_test_attribute(row: &[Token], mut at: usize) -> bool {
    while at > 0 {
        at -= 1;
        match row[at].text.as_str() {
            "pub" | "async" | "unsafe" | "const" => {}
            "]" => {
                let Some(open) = opening(row, at) else {
                    return false;
                };
                let head = row[open..at].iter().take_while(|token| token.text != "(");
                if head.last().is_some_and(|token| token.text == "test") {
                    return true;
                }
                at = open.saturating_sub(1); // onto the `#`
            }
            _ => return false,
        }
    }
    false
}

/// The bracket that the one at `close` closes.
fn opening(row: &[Token], close: usize) -> Option<usize> {
    let mut depth = 0_usize;
    (0..=close).rev().find(|&at| {
        match row[at].text.as_str() {
            "]" => depth += 1,
            "[" => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "
        #[test] fn plain() {}
        #[tokio::test(flavor = \"multi_thread\")] #[should_panic] async fn later() {}
        proptest! { /// A property.
            #[test] fn inside(x in 0..9u8) { } }
        #[inline] fn helper() {}
        #[cfg(test)] mod tests { fn within() {} }
    ";

    fn found(cell: &str, area: &str) -> Vec<String> {
        let others: Vec<_> = BUILT
            .iter()
            .map(|built| {
                format!("## {built}\n| behaviour | tests |\n|---|---|\n| x | `t.rs::plain` |\n")
            })
            .collect();
        let others = others.concat();
        let text = format!("{others}## {area}\n| one creator | {cell} |\n");
        let tree = Tree::sample(&[(DOCUMENT, &text), ("t.rs", CODE)]);
        check(&tree)
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn tests_that_exist_satisfy() {
        assert_eq!(
            found("`t.rs::plain`, `t.rs::later` `t.rs::inside`", "Lock"),
            [""; 0]
        );
        assert_eq!(found("with the macros", "Decorator"), [""; 0]);
    }

    #[test]
    fn empty_cells_and_names_of_nothing_do_not() {
        assert_eq!(found("", "Lock"), ["\"one creator\" names no test"]);
        assert_eq!(found("", "Decorator"), ["\"one creator\" names no test"]);
        assert_eq!(
            found("in due time", "Lock"),
            ["\"one creator\" names no test"]
        );
        for cell in [
            "`t.rs::gone`",
            "`u.rs::plain`",
            "`plain`",
            "`t.rs::helper`",
            "`t.rs::within`",
        ] {
            assert_eq!(found(cell, "Lock").len(), 1, "{cell}");
            assert_eq!(found(cell, "Decorator").len(), 1, "{cell}");
        }
    }

    #[test]
    fn a_check_of_the_suite_counts_if_the_suite_runs_it() {
        let tree = Tree::sample(&[
            (
                SUITE.0,
                "macro_rules! list { () => {} }\nlist! { $\n values: found gone; }\nfn lost() {}",
            ),
            (
                "backends/port/src/conformance/values.rs",
                "fn found() {} fn lost() {}",
            ),
            ("other/values.rs", "fn found() {}"),
        ]);
        let objects = |name: &str| objection(&tree, name).is_some();
        assert!(!objects("backends/port/src/conformance/values.rs::found"));
        assert!(objects("backends/port/src/conformance/values.rs::lost"));
        assert!(objects("backends/port/src/conformance/values.rs::gone"));
        assert!(objects("other/values.rs::found"));
    }

    #[test]
    fn an_area_that_is_built_may_not_vanish() {
        let tree = Tree::sample(&[
            (DOCUMENT, "## Lock\n| x | `t.rs::plain` |\n"),
            ("t.rs", CODE),
        ]);
        assert_eq!(check(&tree).len(), BUILT.len() - 1);
    }
}
