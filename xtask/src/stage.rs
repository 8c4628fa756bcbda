//! One stage: a few command lines that are green together or not at all. `test` and `verify` are
//! tables of such.

pub(crate) mod lanes;
mod limit;
pub(crate) mod machine;
pub(crate) mod need;
pub(crate) mod report;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::problem::Problem;
use limit::Ended;
use need::Need;

/// How often a long stage says that it is still at work.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);
/// How long a command of a stage may take that sets no limit of its own.
const LONGEST: Duration = Duration::from_hours(12);

/// A stage of the test command.
pub(crate) struct Stage {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// What the machine must have for it.
    pub(crate) needs: Vec<Need>,
    /// What it does.
    pub(crate) work: Work,
    /// How long each of its commands may take; then it is stopped, and red.
    pub(crate) limit: Duration,
    /// Whether it may run beside its neighbours in the table that may too.
    pub(crate) beside: bool,
}

/// What a stage does.
pub(crate) enum Work {
    /// Runs these, one after the other, until one fails.
    Run(Vec<Line>),
    /// Has nothing left to do, for this reason.
    Settled(String),
    /// Cannot be done here, for this reason; says what was not tested.
    Skip(String),
}

/// One command line.
pub(crate) struct Line {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Line {
    /// A line out of words that hold no spaces.
    pub(crate) fn new(words: &str) -> Self {
        let mut words = words.split_whitespace().map(str::to_owned);
        Self {
            program: words.next().unwrap_or_default(),
            arguments: words.collect(),
            environment: Vec::new(),
        }
    }

    /// The same with one more argument, spaces and all.
    pub(crate) fn and(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The same with these words after it.
    pub(crate) fn words(mut self, words: &str) -> Self {
        let words = words.split_whitespace().map(str::to_owned);
        self.arguments.extend(words);
        self
    }

    /// The same with a variable set.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// The same with the least claim to a core.
    fn behind(mut self) -> Self {
        let program = std::mem::replace(&mut self.program, "nice".to_owned());
        let first = ["-n".to_owned(), "19".to_owned(), program];
        self.arguments.splice(..0, first);
        self
    }

    /// As one would type it.
    pub(crate) fn shown(&self) -> String {
        let set = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let words = set
            .chain([self.program.clone()])
            .chain(self.arguments.iter().cloned());
        words.collect::<Vec<_>>().join(" ")
    }

    /// As it is started in the checkout at `root`.
    pub(crate) fn command(&self, root: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(root)
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            // What cargo sets for the program it runs (this one) is no business of the next cargo.
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// How a stage ended.
pub(crate) struct Done {
    /// Passed, failed or skipped.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Passed, failed or skipped.
pub(crate) enum Outcome {
    /// Green; the remark says how, where there was nothing to run.
    Passed(Option<String>),
    /// Red at this command; its output is in the log.
    Failed(String, PathBuf),
    /// Not done; the reason says what was not tested.
    Skipped(String),
}

impl Stage {
    /// A stage that needs nothing and may take long.
    pub(crate) const fn new(name: &'static str, work: Work) -> Self {
        Self {
            name,
            needs: Vec::new(),
            work,
            limit: LONGEST,
            beside: false,
        }
    }

    /// The same beside its neighbours, for it waits more than it works.
    pub(crate) const fn beside(mut self) -> Self {
        self.beside = true;
        self
    }

    /// The same beside its neighbours and behind them: it works while they wait.
    pub(crate) fn behind(mut self) -> Self {
        if let Work::Run(lines) = self.work {
            self.work = Work::Run(lines.into_iter().map(Line::behind).collect());
        }
        self.beside()
    }

    /// The same with what the machine must have for it.
    pub(crate) fn needing(mut self, needs: &[Need]) -> Self {
        self.needs.extend(needs);
        self
    }

    /// The same with a limit for each of its commands.
    pub(crate) const fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Does it, in the checkout at `root`, leaving its log in the folder `logs`.
    pub(crate) fn run(&self, root: &Path, logs: &Path) -> Result<Done, Problem> {
        let start = Instant::now();
        let outcome = match &self.work {
            Work::Run(lines) => self.run_lines(lines, root, logs)?,
            Work::Settled(remark) => Outcome::Passed(Some(remark.clone())),
            Work::Skip(reason) => Outcome::Skipped(reason.clone()),
        };
        Ok(Done {
            outcome,
            took: start.elapsed(),
        })
    }

    fn run_lines(&self, lines: &[Line], root: &Path, logs: &Path) -> Result<Outcome, Problem> {
        let path = logs.join(self.name.replace(' ', "-") + ".log");
        let unwritable = |cause| Problem::Write {
            path: path.clone(),
            cause,
        };
        fs::create_dir_all(logs).map_err(unwritable)?;
        let log = File::create(&path).map_err(unwritable)?;
        for line in lines {
            let errors = log.try_clone().map_err(unwritable)?;
            let output = log.try_clone().map_err(unwritable)?;
            let mut command = line.command(root);
            command.stdout(output).stderr(errors);
            let run = || limit::within(self.limit, &mut command);
            let ended = with_signs_of_life(self.name, &path, run);
            let what = match ended {
                Ok(Ended::Itself(status)) if status.success() => continue,
                Ok(Ended::Itself(status)) => format!("{} ({status})", line.shown()),
                Ok(Ended::Stopped) => {
                    let seconds = self.limit.as_secs();
                    format!("{} (hung: stopped after {seconds} s)", line.shown())
                }
                Err(error) => format!("{} (could not be started: {error})", line.shown()),
            };
            return Ok(Outcome::Failed(what, path));
        }
        Ok(Outcome::Passed(None))
    }
}

/// Does `work`, saying every so often on standard error that it goes on and where to look.
fn with_signs_of_life<T>(name: &str, log: &Path, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (ended, still_running) = channel::<()>();
        scope.spawn(move || {
            let start = Instant::now();
            while still_running.recv_timeout(SIGN_OF_LIFE) == Err(RecvTimeoutError::Timeout) {
                let seconds = start.elapsed().as_secs();
                eprintln!("      {name}: {seconds} s so far, see {}", log.display());
            }
        });
        let result = work();
        drop(ended);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(test: &str, lines: &[&str]) -> Outcome {
        outcome_within(LONGEST, test, lines)
    }

    fn outcome_within(limit: Duration, test: &str, lines: &[&str]) -> Outcome {
        let logs = std::env::temp_dir().join(format!("xtask-{test}-{}", std::process::id()));
        let lines = lines.iter().map(|line| Line::new(line)).collect();
        let stage = Stage::new("sample", Work::Run(lines)).within(limit);
        let done = stage
            .run(Path::new("."), &logs)
            .expect("logs can be written");
        fs::remove_dir_all(&logs).expect("its own folder can be removed");
        done.outcome
    }

    #[test]
    fn a_stage_is_red_at_its_first_red_line() {
        assert!(matches!(
            outcome("red", &["true", "true"]),
            Outcome::Passed(None)
        ));
        let Outcome::Failed(line, _) = outcome("red", &["true", "false", "true"]) else {
            panic!("`false` passed");
        };
        assert!(line.starts_with("false ("), "{line}");
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_and_not_a_crash() {
        let Outcome::Failed(line, _) = outcome("absent", &["no-such-program-anywhere"]) else {
            panic!("nothing passed");
        };
        assert!(line.contains("could not be started"), "{line}");
    }

    #[test]
    fn a_stage_that_hangs_is_red_and_says_so() {
        let limit = Duration::from_millis(100);
        let Outcome::Failed(line, _) = outcome_within(limit, "hangs", &["sleep 600"]) else {
            panic!("it ended");
        };
        assert!(line.contains("hung: stopped after"), "{line}");
    }

    #[test]
    fn lines_are_shown_as_one_would_type_them() {
        let line = Line::new("cargo doc --no-deps").with("RUSTDOCFLAGS", "-Dwarnings");
        assert_eq!(line.shown(), "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps");
        let behind = line.behind().shown();
        assert_eq!(
            behind,
            "RUSTDOCFLAGS=-Dwarnings nice -n 19 cargo doc --no-deps"
        );
    }
}
