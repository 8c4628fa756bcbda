//! Loom: every execution that the memory model permits, within a bound on preemptions where there
//! are more than two threads.
//!
//! Each exploration runs to its end, by both kits (see `kits/loom.rs`), and its executions are
//! pinned in `counts.txt`. All of loom is one program, so that its tests keep all cores busy.

mod epochs;
mod flights;
mod pairs;
mod slot;
mod value_cell;
mod waiters;
mod word;

use dogpile_model_tests::explore::{AnyScene, Reach, Report, Scene, loom};
use dogpile_model_tests::pins::{pinned, reach_name};
use dogpile_model_tests::proof::{Property, Tool, shown};

/// One scene, explored by one kit or by both.
struct Explored {
    scope: String,
    reports: Vec<Report>,
}

/// Two threads: every execution, by both kits.
fn two(name: &str, swap: Scene, shadow: Scene) -> Explored {
    let reach = Reach::Unbounded;
    Explored {
        scope: format!("2 threads, {}", reach_name(reach)),
        reports: vec![run(name, reach, swap), run(&stale(name), reach, shadow)],
    }
}

/// Three threads: three preemptions, or two where reads may be stale.
fn three(name: &str, swap: Scene, shadow: Scene) -> Explored {
    let (reach, fewer) = (Reach::Preemptions(3), Reach::Preemptions(2));
    Explored {
        scope: format!("3 threads, {}", reach_name(reach)),
        reports: vec![run(name, reach, swap), run(&stale(name), fewer, shadow)],
    }
}

/// Four threads: two preemptions.
fn four(name: &str, swap: Scene) -> Explored {
    let reach = Reach::Preemptions(2);
    Explored {
        scope: format!("4 threads, {}", reach_name(reach)),
        reports: vec![run(name, reach, swap)],
    }
}

fn stale(name: &str) -> String {
    format!("{name}, stale reads")
}

/// Explores to the end, and compares with the pinned count.
fn run(name: &str, reach: Reach, scene: impl AnyScene) -> Report {
    let report = loom(name, reach, scene);
    pinned(name, reach, report.executions);
    report
}

impl Explored {
    /// Asserts that each kit has seen it happen.
    fn witness(self, sign: &str) -> Self {
        for report in &self.reports {
            report.witness(sign);
        }
        self
    }

    /// Records that `property` held in all executions, and how often `sign` showed that it could
    /// have been broken.
    fn shows(self, property: Property, sign: &str) -> Self {
        let executions = self.reports.iter().map(|report| report.executions).sum();
        let witnessed: usize = self.reports.iter().map(|report| report.seen(sign)).sum();
        shown(property, Tool::Loom, &self.scope, executions, witnessed);
        self
    }
}

/// Each pinned count belongs to an exploration that is still there.
#[test]
fn no_count_is_left_over() {
    let sources = [
        include_str!("epochs.rs"),
        include_str!("flights.rs"),
        include_str!("pairs.rs"),
        include_str!("slot.rs"),
        include_str!("value_cell.rs"),
        include_str!("waiters.rs"),
        include_str!("word.rs"),
    ];
    for (name, _) in dogpile_model_tests::pins::pins().into_keys() {
        let scene = name.strip_suffix(", stale reads").unwrap_or(&name);
        let quoted = format!("\"{scene}\"");
        let is_there = sources.iter().any(|source| source.contains(&quoted));
        let is_made = pairs::names().contains(&name) || flights::names().contains(&name);
        assert!(is_there || is_made, "nothing runs {name:?}");
    }
}
