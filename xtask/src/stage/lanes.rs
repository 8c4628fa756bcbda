//! Stages side by side. Some of them build by one thread, run by one or wait for servers, and two cores are
//! there.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::problem::Problem;
use crate::stage::Stage;
use crate::stage::report::Report;

/// How many stages are at work at a time. Those that build in one folder wait for each other.
const LANES: usize = 2;

/// Runs all of `stages`, of which the first has the place `first` in the plan; whoever is free takes the next.
///
/// # Errors
/// The first problem that kept a stage from being done.
pub(crate) fn run(
    first: usize,
    stages: &[Stage],
    root: &Path,
    logs: &Path,
    report: &mut Report,
) -> Result<(), Problem> {
    let next = Mutex::new((first..).zip(stages));
    let report = Mutex::new(report);
    let lane = || {
        while let Some((at, stage)) = locked(&next, Iterator::next) {
            locked(&report, |report| report.begins(at, stage));
            let done = stage.run(root, logs)?;
            locked(&report, |report| report.ended(at, stage, done))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        let ended = lanes.into_iter().map(|lane| match lane.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.fold(Ok(()), Result::and)
    })
}

fn locked<T, R>(mutex: &Mutex<T>, work: impl FnOnce(&mut T) -> R) -> R {
    work(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Line, Work};

    #[test]
    fn all_stages_are_told_in_the_order_of_the_table() {
        let logs = std::env::temp_dir().join(format!("xtask-lanes-{}", std::process::id()));
        // The first ends last: it waits for what the second leaves.
        let left = logs.join("left").to_string_lossy().into_owned();
        let waits = format!("until test -e {left}; do :; done; exit 1");
        let shell = |line: String| Work::Run(vec![Line::new("sh -c").and(line)]);
        let stages = [
            ("first", shell(waits)),
            ("second", shell(format!("touch {left}"))),
            ("third", Work::Settled("nothing to do".to_owned())),
        ]
        .map(|(name, work)| Stage::new(name, work));
        let mut report = Report::new(stages.len());
        run(0, &stages, Path::new("."), &logs, &mut report).expect("logs can be written");
        std::fs::remove_dir_all(&logs).expect("its own folder can be removed");
        assert_eq!(report.names(), ["first", "second", "third"]);
        assert_eq!(report.red(), ["first"]);
    }
}
