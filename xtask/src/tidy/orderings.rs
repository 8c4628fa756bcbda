//! Atomic orderings stand only where they are argued for.
//!
//! An ordering is right or wrong only together with its partner, and only a model checker can
//! tell. So they stand in a few rooms, all of them under models, and everything else builds on
//! what those rooms promise.

use super::Finding;
use super::tokens::{Token, begins, tokens};
use crate::tree::Tree;

/// The rooms whose business it is.
const ROOMS: &[&str] = &["core/src/slot", "core/src/kit", "src/dogpile/cell"];

/// Files elsewhere that need one, each with its reason. An entry that no longer needs its
/// exemption is a finding itself.
const EXEMPT: &[(&str, &str)] = &[];

const NAMES: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, ROOMS, EXEMPT)
}

fn check_with(tree: &Tree, rooms: &[&str], exempt: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.rust() {
        if rooms.iter().any(|room| source.path.starts_with(room)) {
            continue;
        }
        let lines = uses(&tokens(&source.text));
        let excused = exempt.iter().any(|(path, _)| *path == source.path);
        if excused && lines.is_empty() {
            let what = "is exempt from the ordering check and no longer needs to be";
            findings.push(Finding::new(&source.path, 0, what));
        }
        if !excused {
            findings.extend(lines.into_iter().map(|line| {
                let what = format!("an atomic Ordering outside {}", rooms.join("*, "));
                Finding::new(&source.path, line, what + "*: use what those rooms offer")
            }));
        }
    }
    let gone = exempt.iter().filter(|(path, _)| !tree.has_file(path));
    findings.extend(gone.map(|(path, _)| {
        Finding::new(
            path,
            0,
            "is exempt from the ordering check and does not exist",
        )
    }));
    findings
}

/// The lines on which an atomic ordering is imported or named.
fn uses(row: &[Token]) -> Vec<usize> {
    let mut lines: Vec<usize> = (0..row.len())
        .filter(|&at| names_one(row, at) || imports_one(row, at))
        .map(|at| row[at].line)
        .collect();
    lines.dedup();
    lines
}

fn names_one(row: &[Token], at: usize) -> bool {
    begins(row, at, &["Ordering", ":", ":"])
        && row
            .get(at + 3)
            .is_some_and(|token| NAMES.contains(&token.text.as_str()))
}

fn imports_one(row: &[Token], at: usize) -> bool {
    if !begins(row, at, &["atomic", ":", ":"]) {
        return false;
    }
    match row.get(at + 3).map(|token| token.text.as_str()) {
        Some("Ordering" | "*") => true,
        Some("{") => row[at + 3..]
            .iter()
            .take_while(|token| token.text != ";")
            .any(|token| token.text == "Ordering" || token.text == "*"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let tree = Tree::sample(&[("src/region.rs", text)]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_way_of_naming_one_is_found() {
        assert_eq!(lines("use std::sync::atomic::{AtomicU64, Ordering};"), [1]);
        assert_eq!(lines("use std::sync::atomic::Ordering as O;"), [1]);
        assert_eq!(lines("use core::sync::atomic::*;"), [1]);
        assert_eq!(lines("use std::sync::{atomic::Ordering::SeqCst};"), [1]);
        assert_eq!(
            lines("use std::sync::atomic as a;\nfn f() { x.load(a::Ordering::Acquire); }"),
            [2]
        );
        assert_eq!(lines("m! {\n  Ordering::Relaxed\n}"), [2]);
    }

    #[test]
    fn comparisons_and_prose_are_left_alone() {
        assert_eq!(
            lines("use std::cmp::Ordering;\nfn f() { Ordering::Less }"),
            [0; 0]
        );
        assert_eq!(
            lines("// Ordering::Relaxed\n/// Ordering::SeqCst\nfn f() {}"),
            [0; 0]
        );
        assert_eq!(lines("use std::sync::atomic::AtomicU64;"), [0; 0]);
    }

    #[test]
    fn the_rooms_may_and_the_exempt_must() {
        let text = "fn f() { x.load(Ordering::Acquire); }";
        let tree = Tree::sample(&[
            ("core/src/slot/word.rs", text),
            ("benches/lab/src/count.rs", text),
            ("benches/lab/src/main.rs", "fn main() {}"),
        ]);
        let exempt = [
            ("benches/lab/src/count.rs", "measures"),
            ("benches/lab/src/main.rs", "did once"),
            ("benches/lab/src/gone.rs", "was"),
        ];
        let found = check_with(&tree, ROOMS, &exempt);
        let paths: Vec<_> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(
            paths,
            ["benches/lab/src/main.rs", "benches/lab/src/gone.rs"]
        );
    }
}
