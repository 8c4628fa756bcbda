//! Atomic orderings stand only where they are argued for.
//!
//! An ordering is right or wrong only together with its partner, and only a model checker can
//! tell. So they stand in a few rooms, all of them under models, and everything else builds on
//! what those rooms promise. What stands elsewhere is listed here with its reason.

use super::Finding;
use super::tokens::{Token, begins, tokens};
use crate::tree::{Source, Tree};

/// The rooms whose business it is.
const ROOMS: &[&str] = &["core/src/slot", "core/src/kit", "src/dogpile/cell"];

/// A file, or a folder with a slash at its end, that may name orderings outside the rooms. One
/// that no longer does is a finding itself.
struct Exemption {
    path: &'static str,
    may: May,
    /// Why the rooms' types do not serve there.
    reason: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    /// Any of them.
    Any,
    /// Only the one that orders nothing: counts that publish nothing.
    Relaxed,
}

const EXEMPT: &[Exemption] = &[
    Exemption {
        path: "model-tests/src/kits/",
        may: May::Any,
        reason: "the doors to atomics of loom and shuttle, as the core's kit has those of std",
    },
    Exemption {
        path: "model-tests/src/mutant.rs",
        may: May::Any,
        reason: "weakens the orderings that pass it",
    },
    Exemption {
        path: "model-tests/mutants/",
        may: May::Any,
        reason: "names the orderings that it weakens one by one",
    },
    Exemption {
        path: "model-tests/stress/src/counted.rs",
        may: May::Relaxed,
        reason: "counts that must not order what is under test",
    },
    Exemption {
        path: "fuzz/src/operations/task.rs",
        may: May::Relaxed,
        reason: "a flag of a program that polls its tasks in one thread",
    },
    Exemption {
        path: "tests/",
        may: May::Relaxed,
        reason: "counts of what creators did, read after the threads were joined",
    },
    Exemption {
        path: "backends/file/src/fork.rs",
        may: May::Relaxed,
        reason: "read by a forked child, in the one thread that it has, as that thread left them",
    },
    Exemption {
        path: "backends/memory/src/mark.rs",
        may: May::Relaxed,
        reason: "counts and stamps that publish nothing: the map and the lock of a turn do",
    },
    Exemption {
        path: "src/region/statistics/cells.rs",
        may: May::Relaxed,
        reason: "counts and a figure that publish nothing, each written by one thread at a time",
    },
    Exemption {
        path: "benches/lab/src/",
        may: May::Relaxed,
        reason: "counts and flags of a measuring program, which joins before it believes them",
    },
    Exemption {
        path: "benches/peers/src/",
        may: May::Any,
        reason: "gates and counts of a measuring program; no user runs them",
    },
];

const NAMES: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, EXEMPT)
}

fn check_with(tree: &Tree, exempt: &[Exemption]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut needed = vec![false; exempt.len()];
    let outside = |source: &&Source| !ROOMS.iter().any(|room| source.path.starts_with(room));
    for source in tree.rust().iter().filter(outside) {
        let uses = uses(&tokens(&source.text));
        let excuse = exempt
            .iter()
            .position(|exemption| exemption.covers(&source.path));
        if let (Some(excuse), false) = (excuse, uses.is_empty()) {
            needed[excuse] = true;
        }
        let may = excuse.map(|excuse| exempt[excuse].may);
        findings.extend(objections(source, &uses, may));
    }
    let idle = exempt.iter().zip(needed).filter(|(_, needed)| !needed);
    findings.extend(idle.map(|(exemption, _)| {
        let reason = exemption.reason;
        let what = format!("is exempt from the ordering check ({reason}) and need not be");
        Finding::new(exemption.path, 0, what)
    }));
    findings
}

impl Exemption {
    fn covers(&self, path: &str) -> bool {
        path == self.path || (self.path.ends_with('/') && path.starts_with(self.path))
    }
}

/// A place where an ordering is imported or named.
struct Use {
    line: usize,
    orders: bool,
}

fn objections(source: &Source, uses: &[Use], may: Option<May>) -> Vec<Finding> {
    let (refused, what): (Vec<&Use>, _) = match may {
        Some(May::Any) => return Vec::new(),
        Some(May::Relaxed) => (
            uses.iter().filter(|found| found.orders).collect(),
            "only `Ordering::Relaxed`, spelled like that, may stand here".to_owned(),
        ),
        None => {
            let rooms = ROOMS.join("*, ");
            (
                uses.iter().collect(),
                format!("an atomic Ordering outside {rooms}*: use what these offer"),
            )
        }
    };
    let mut lines: Vec<usize> = refused.into_iter().map(|found| found.line).collect();
    lines.dedup();
    lines
        .into_iter()
        .map(|line| Finding::new(&source.path, line, what.as_str()))
        .collect()
}

fn uses(row: &[Token]) -> Vec<Use> {
    (0..row.len())
        .filter_map(|at| {
            let orders = names_one(row, at).or_else(|| imports_one(row, at))?;
            Some(Use {
                line: row[at].line,
                orders,
            })
        })
        .collect()
}

/// `Ordering::` and one of the names, or a way of importing them all; whether that orders anything.
fn names_one(row: &[Token], at: usize) -> Option<bool> {
    if !begins(row, at, &["Ordering", ":", ":"]) {
        return None;
    }
    let name = row.get(at + 3)?.text.as_str();
    // `use std::cmp::Ordering::*` reads alike, but nobody needs it where this matters.
    (NAMES.contains(&name) || name == "*" || name == "{").then_some(name != "Relaxed")
}

/// An import out of `atomic`; under another name it might be any of them.
fn imports_one(row: &[Token], at: usize) -> Option<bool> {
    if !begins(row, at, &["atomic", ":", ":"]) {
        return None;
    }
    let rest = row.get(at + 3..)?;
    let imported = match rest.first()?.text.as_str() {
        "{" => rest
            .iter()
            .position(|token| token.text == "}" || token.text == ";")?,
        _ => 1,
    };
    let named = (0..imported).find(|&at| ["Ordering", "*"].contains(&rest[at].text.as_str()))?;
    Some(begins(rest, named + 1, &["as"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let tree = Tree::sample(&[("src/region.rs", text)]);
        check_with(&tree, &[])
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn every_way_of_naming_one_is_found() {
        assert_eq!(lines("use std::sync::atomic::{AtomicU64, Ordering};"), [1]);
        assert_eq!(lines("use std::sync::atomic::Ordering as O;"), [1]);
        assert_eq!(lines("use core::sync::atomic::*;"), [1]);
        assert_eq!(lines("use std::sync::{atomic::Ordering::SeqCst};"), [1]);
        let renamed = "use std::sync::atomic as a;\nfn f() { x.load(a::Ordering::Acquire); }";
        assert_eq!(lines(renamed), [2]);
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
        let relaxed = "use std::sync::atomic::Ordering;\nfn f() { x.load(Ordering::Relaxed); }";
        let tree = Tree::sample(&[
            ("core/src/slot/word.rs", text),
            ("a/measures.rs", text),
            ("a/counts.rs", relaxed),
            ("a/publishes.rs", text),
            (
                "a/renames.rs",
                "use std::sync::atomic::{AtomicU8, Ordering as O};",
            ),
            ("a/did.rs", "fn main() {}"),
            ("kits/loom.rs", text),
        ]);
        let exempt = |path, may| Exemption {
            path,
            may,
            reason: "",
        };
        let found = check_with(
            &tree,
            &[
                exempt("a/measures.rs", May::Any),
                exempt("a/counts.rs", May::Relaxed),
                exempt("a/publishes.rs", May::Relaxed),
                exempt("a/renames.rs", May::Relaxed),
                exempt("a/did.rs", May::Any),
                exempt("a/gone.rs", May::Any),
                exempt("kits/", May::Any),
            ],
        );
        let paths: Vec<_> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(
            paths,
            ["a/publishes.rs", "a/renames.rs", "a/did.rs", "a/gone.rs"]
        );
    }
}
