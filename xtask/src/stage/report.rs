//! What the person in front of the terminal, and the program behind a pipe, are told.
//!
//! Progress and the table go to standard error when JSON is asked for, else to standard output.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::json;

use super::{Done, Outcome, Stage};
use crate::problem::Problem;

/// The account of one run.
pub(crate) struct Report {
    planned: usize,
    /// By the stage's place in the plan: some run side by side.
    rows: BTreeMap<usize, Row>,
}

struct Row {
    name: &'static str,
    verdict: &'static str,
    remark: String,
    took: Duration,
}

impl Report {
    /// An account of a run of so many stages.
    pub(crate) fn new(planned: usize) -> Self {
        Self {
            planned,
            rows: BTreeMap::new(),
        }
    }

    /// The stage at this place begins.
    pub(crate) fn begins(&self, at: usize, stage: &Stage) {
        eprintln!("[{}/{}] {} ...", at + 1, self.planned, stage.name);
    }

    /// It ended; if red, its whole output follows.
    pub(crate) fn ended(&mut self, at: usize, stage: &Stage, done: Done) -> Result<(), Problem> {
        let (verdict, remark) = match done.outcome {
            Outcome::Passed(remark) => ("passed", remark.unwrap_or_default()),
            Outcome::Skipped(reason) => ("skipped", reason),
            Outcome::Failed(line, log) => {
                let bytes = fs::read(&log).map_err(|cause| Problem::Read {
                    path: log.clone(),
                    cause,
                })?;
                eprintln!("{}", String::from_utf8_lossy(&bytes));
                eprintln!("FAILED: {line}");
                ("FAILED", line)
            }
        };
        eprintln!("      {} {verdict} in {}", stage.name, shown(done.took));
        let row = Row {
            name: stage.name,
            verdict,
            remark,
            took: done.took,
        };
        self.rows.insert(at, row);
        Ok(())
    }

    /// The stages that failed.
    pub(crate) fn red(&self) -> Vec<&'static str> {
        let red = self.rows.values().filter(|row| row.verdict == "FAILED");
        red.map(|row| row.name).collect()
    }

    /// All that ended, in the plan's order.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.rows.values().map(|row| row.name).collect()
    }

    /// Those that were not done.
    pub(crate) fn skipped(&self) -> Vec<&'static str> {
        let skipped = self.rows.values().filter(|row| row.verdict == "skipped");
        skipped.map(|row| row.name).collect()
    }

    /// Whether no stage failed.
    pub(crate) fn is_green(&self) -> bool {
        self.count("FAILED") == 0
    }

    /// The closing table, and last of all the counts alone on a line.
    pub(crate) fn close(&self, took: Duration, as_json: bool) {
        if as_json {
            eprint!("{}", self.table(took));
            eprintln!("{}", self.counts());
            println!("{}", self.json(took));
        } else {
            print!("{}", self.table(took));
            println!("{}", self.counts());
        }
    }

    /// The closing table where standard output is somebody else's.
    pub(crate) fn close_on_stderr(&self, took: Duration) {
        eprint!("{}", self.table(took));
        eprintln!("{}", self.counts());
    }

    fn count(&self, verdict: &str) -> usize {
        self.rows
            .values()
            .filter(|row| row.verdict == verdict)
            .count()
    }

    fn counts(&self) -> String {
        format!(
            "{} passed, {} failed",
            self.count("passed"),
            self.count("FAILED")
        )
    }

    fn table(&self, took: Duration) -> String {
        let rule = "-".repeat(34);
        let rows = self.rows.values().map(|row| {
            let cells = format!(
                "{:14} {:8} {:>9}  {}",
                row.name,
                row.verdict,
                shown(row.took),
                row.remark
            );
            cells.trim_end().to_owned() + "\n"
        });
        let rows: String = rows.collect();
        let total = format!("{:14} {:8} {:>9}", "all stages", "", shown(took));
        format!("\n{rows}{rule}\n{total}\n")
    }

    fn json(&self, took: Duration) -> serde_json::Value {
        let stages: Vec<_> = self
            .rows
            .values()
            .map(|row| {
                json!({
                    "stage": row.name,
                    "outcome": row.verdict.to_lowercase(),
                    "seconds": seconds(row.took),
                    "remark": row.remark,
                })
            })
            .collect();
        json!({
            "stages": stages,
            "passed": self.count("passed"),
            "failed": self.count("FAILED"),
            "skipped": self.count("skipped"),
            "seconds": seconds(took),
        })
    }
}

fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 10.0).round() / 10.0
}

fn shown(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::Work;
    use super::*;

    fn report(outcomes: Vec<Outcome>) -> Report {
        let mut report = Report::new(outcomes.len());
        for (at, outcome) in outcomes.into_iter().enumerate() {
            let stage = Stage::new("sample", Work::Settled(String::new()));
            let took = Duration::from_millis(1234);
            report
                .ended(at, &stage, Done { outcome, took })
                .expect("no log is read");
        }
        report
    }

    #[test]
    fn skipped_stages_count_neither_way_and_are_told() {
        let skipped = Outcome::Skipped("NOT TESTED: x".to_owned());
        let report = report(vec![Outcome::Passed(None), skipped]);
        assert!(report.is_green());
        assert_eq!(report.counts(), "1 passed, 0 failed");
        assert!(
            report
                .table(Duration::ZERO)
                .contains("sample         skipped      1.2 s  NOT TESTED: x\n")
        );
        let json = report.json(Duration::ZERO);
        assert_eq!(
            (json["skipped"].as_u64(), json["passed"].as_u64()),
            (Some(1), Some(1))
        );
    }

    #[test]
    fn one_red_stage_makes_the_run_red() {
        let log = std::env::temp_dir().join(format!("xtask-report-{}.log", std::process::id()));
        fs::write(&log, "the output").expect("the folder for temporary files can be written");
        let report = report(vec![
            Outcome::Passed(None),
            Outcome::Failed("x".to_owned(), log),
        ]);
        assert!(!report.is_green());
        assert_eq!(report.counts(), "1 passed, 1 failed");
    }
}
