//! The log of a run: one line for each creation and delete, for anyone to recompute the figures from.
//!
//! Tab-separated, lines that begin with `#` state what the recomputation needs:
//! ```text
//! # dogpile-lab log 1
//! # rule  fresh_ns=1000000000  tolerance_ns=10000000
//! # contender  outcome  key  start_ns  end_ns  asked_ns
//! plain  created  914  51234567  53301234  51231000
//! # counted  plain  creations=36507  duplicate_creations=7126
//! ```
//! `asked_ns` is when the call that creates began. `outcome` is `created`, `failed`, `running` (no end: `-`) or `deleted`. The lines `counted` are what the
//! run itself has counted, so that a check can disagree with it. A stampede adds when each of its rounds began, and
//! what it counted as `creators`:
//! ```text
//! # round  dogpile  914  51200000
//! # creators  dogpile  1
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::keys::Key;
use crate::ledger::{Count, TOLERANCE_NS};

const FIRST_LINE: &str = "# dogpile-lab log 1";

/// One interval of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) key: u64,
    /// When the call began in which this is; of a delete, its start.
    pub(crate) asked_ns: u64,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: Option<u64>,
    pub(crate) outcome: Outcome,
}

/// What an interval was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Created,
    Failed,
    Running,
    Deleted,
}

/// A whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) fresh_ns: u64,
    pub(crate) tolerance_ns: u64,
    pub(crate) contenders: BTreeMap<String, Vec<Entry>>,
    pub(crate) counted: BTreeMap<String, Count>,
    pub(crate) rounds: BTreeMap<String, Vec<RoundBegun>>,
    pub(crate) creators: BTreeMap<String, u64>,
}

/// Which key a round of a stampede was about, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoundBegun {
    pub(crate) key: u64,
    pub(crate) begun_ns: u64,
}

impl RoundBegun {
    /// The round of each of these keys.
    pub(crate) fn of(keys: &[Key], begun_ns: u64) -> Vec<Self> {
        let rounds = keys.iter().map(|key| Self {
            key: key.0,
            begun_ns,
        });
        rounds.collect()
    }
}

impl Log {
    pub(crate) fn new(fresh_ns: u64) -> Self {
        Self {
            fresh_ns,
            tolerance_ns: TOLERANCE_NS,
            ..Self::default()
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), LabError> {
        std::fs::write(path, self.to_text()).map_err(|source| LabError::File {
            action: "write",
            path: path.into(),
            source,
        })
    }

    pub(crate) fn read(path: &Path) -> Result<Self, LabError> {
        let text = std::fs::read_to_string(path).map_err(|source| LabError::File {
            action: "read",
            path: path.into(),
            source,
        })?;
        Self::parse(&text).map_err(|(line, problem)| LabError::Log {
            origin: path.display().to_string(),
            line,
            problem,
        })
    }

    fn to_text(&self) -> String {
        let mut text = format!(
            "{FIRST_LINE}\n# rule\tfresh_ns={}\ttolerance_ns={}\n# contender\toutcome\tkey\tstart_ns\tend_ns\tasked_ns\n",
            self.fresh_ns, self.tolerance_ns
        );
        for (name, entries) in &self.contenders {
            for Entry {
                key,
                asked_ns,
                start_ns,
                end_ns,
                outcome,
            } in entries
            {
                let end = end_ns.map_or_else(|| "-".into(), |ns| ns.to_string());
                let _ = writeln!(
                    text,
                    "{name}\t{}\t{key}\t{start_ns}\t{end}\t{asked_ns}",
                    outcome.name()
                );
            }
        }
        for (
            name,
            Count {
                creations,
                duplicates,
            },
        ) in &self.counted
        {
            let _ = writeln!(
                text,
                "# counted\t{name}\tcreations={creations}\tduplicate_creations={duplicates}"
            );
        }
        for (name, rounds) in &self.rounds {
            for RoundBegun { key, begun_ns } in rounds {
                let _ = writeln!(text, "# round\t{name}\t{key}\t{begun_ns}");
            }
        }
        for (name, creators) in &self.creators {
            let _ = writeln!(text, "# creators\t{name}\t{creators}");
        }
        text
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut log = Self::default();
        if text.lines().next() != Some(FIRST_LINE) {
            return Err((
                1,
                format!("is not `{FIRST_LINE}`: this is no log of the laboratory"),
            ));
        }
        for (index, line) in text.lines().enumerate().skip(1) {
            log.take(line).map_err(|problem| (index + 1, problem))?;
        }
        if log.fresh_ns == 0 {
            return Err((1, "is not followed by a `# rule` that says fresh_ns".into()));
        }
        Ok(log)
    }

    fn take(&mut self, line: &str) -> Result<(), String> {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            ["# rule", fresh, tolerance] => {
                self.fresh_ns = named(fresh, "fresh_ns")?;
                self.tolerance_ns = named(tolerance, "tolerance_ns")?;
            }
            ["# counted", name, creations, duplicates] => {
                let creations = named(creations, "creations")?;
                let duplicates = named(duplicates, "duplicate_creations")?;
                self.counted.insert(
                    (*name).into(),
                    Count {
                        creations,
                        duplicates,
                    },
                );
            }
            ["# round", name, key, begun] => {
                let round = RoundBegun {
                    key: number(key)?,
                    begun_ns: number(begun)?,
                };
                self.rounds.entry((*name).into()).or_default().push(round);
            }
            ["# creators", name, creators] => {
                self.creators.insert((*name).into(), number(creators)?);
            }
            [comment, ..] if comment.starts_with('#') => {}
            [name, outcome, key, start, end, asked] => {
                let entry = Entry {
                    key: number(key)?,
                    asked_ns: number(asked)?,
                    start_ns: number(start)?,
                    end_ns: if *end == "-" {
                        None
                    } else {
                        Some(number(end)?)
                    },
                    outcome: Outcome::of(outcome)?,
                };
                if entry.end_ns.is_some_and(|end| end < entry.start_ns) {
                    return Err("ends before it starts".into());
                }
                if entry.end_ns.is_none() != (entry.outcome == Outcome::Running) {
                    return Err("only what is running has no end".into());
                }
                self.contenders
                    .entry((*name).into())
                    .or_default()
                    .push(entry);
            }
            other => return Err(format!("has {} fields, wanted 6", other.len())),
        }
        Ok(())
    }
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Created, Self::Failed, Self::Running, Self::Deleted];

    fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::Deleted => "deleted",
        }
    }

    fn of(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|outcome| outcome.name() == name);
        found.ok_or_else(|| format!("`{name}` is no outcome: created, failed, running or deleted"))
    }
}

fn named(field: &str, name: &str) -> Result<u64, String> {
    let value = field
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('='));
    number(value.ok_or_else(|| format!("`{field}` where {name}= was wanted"))?)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Log {
        let mut log = Log::new(1_000_000_000);
        let entry = |outcome, end_ns| Entry {
            asked_ns: 3,
            key: u64::MAX,
            start_ns: 5,
            end_ns,
            outcome,
        };
        log.contenders.insert(
            "plain".into(),
            vec![
                entry(Outcome::Created, Some(9)),
                entry(Outcome::Running, None),
                entry(Outcome::Deleted, Some(5)),
            ],
        );
        log.counted.insert(
            "plain".into(),
            Count {
                creations: 2,
                duplicates: 1,
            },
        );
        let round = RoundBegun {
            key: 7,
            begun_ns: 4,
        };
        log.rounds.insert("plain".into(), vec![round, round]);
        log.creators.insert("plain".into(), 2);
        log
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(Log::parse(&sample().to_text()), Ok(sample()));
    }

    #[test]
    fn a_broken_line_is_named() {
        let text = sample().to_text();
        for (broken, line) in [
            (text.replace("log 1", "log 2"), 1),
            (text.replace("fresh_ns=1000000000", "fresh_ns=soon"), 2),
            (text.replace("created", "imagined"), 4),
            (text.replace("\t9\t", "\t4\t"), 4),
            (text.replace("\t9\t", "\t-\t"), 4),
            (text.replace("\t9\t", "\t"), 4),
        ] {
            assert_eq!(
                Log::parse(&broken).map_err(|(line, _)| line),
                Err(line),
                "{broken}"
            );
        }
        let cut = text.lines().next().expect("a line");
        assert!(Log::parse(cut).is_err());
    }
}
