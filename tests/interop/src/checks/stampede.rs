//! All threads of all processes ask for one value at once.

use serde_json::{Value, json};

use super::{Outcome, stale_record};
use crate::fleet::{Fleet, Kind};
use crate::problem::Problem;
use crate::protocol::{Creation, Order, Question};
use crate::report::{Check, Figures};
use crate::worker::now;

/// How long a creation takes, in seconds.
const CREATION: f64 = 0.4;

/// By how much one kind begins before the others, so that each kind has its turn at creating.
const LEAD: f64 = 0.05;

struct Stampede<'f, 'c> {
    fleet: &'f mut Fleet<'c>,
    check: Check,
    last: Figures,
    creators: Vec<Kind>,
    again: usize,
}

/// Nobody has the value: all wait for one creator.
pub(crate) fn cold(fleet: &mut Fleet<'_>, rounds: usize) -> Result<Check, Problem> {
    let check = Check::new(
        "stampede, cold",
        "one creator a round, and its value for all",
    );
    let mut all = Stampede::new(fleet, check);
    for round in 0..rounds {
        let key = format!("cold-{round}");
        let outcomes = all.ask(&key, round)?;
        let value = all.one_value(&key, &outcomes, None);
        all.check
            .ensure(value.is_some(), || format!("{key}: not one value for all"));
        all.one_creator(&key, &outcomes);
    }
    Ok(all.end(rounds))
}

/// There is an old value: all but one have it at once.
pub(crate) fn stale(fleet: &mut Fleet<'_>, rounds: usize) -> Result<Check, Problem> {
    let check = Check::new(
        "stampede, stale",
        "one creator a round, the old value meanwhile",
    );
    let mut all = Stampede::new(fleet, check);
    for round in 0..rounds {
        let key = format!("stale-{round}");
        let old = json!({"by": "before", "number": round});
        let record = stale_record(&old, round % 2 == 1);
        all.fleet.ground.put(&key, &record)?;
        let outcomes = all.ask(&key, round)?;
        all.one_creator(&key, &outcomes);
        let Some(new) = all.one_value(&key, &outcomes, Some(&old)) else {
            all.check
                .ensure(false, || format!("{key}: nobody has a new value"));
            continue;
        };
        for kind in all.fleet.ground.kinds() {
            let at = all.fleet.one(kind, round);
            let found = all.fleet.workers[at].read(&key)?.value;
            all.check.ensure(found.as_ref() == Some(&new), || {
                format!("{key}: {kind} reads {found:?}, not {new}")
            });
        }
    }
    Ok(all.end(rounds))
}

impl<'f, 'c> Stampede<'f, 'c> {
    fn new(fleet: &'f mut Fleet<'c>, check: Check) -> Self {
        Self {
            fleet,
            check,
            last: Figures::default(),
            creators: Vec::new(),
            again: 0,
        }
    }

    fn ask(&mut self, key: &str, round: usize) -> Result<Vec<Outcome>, Problem> {
        let (first, start) = (self.fleet.ground.kinds()[round % 3], now() + 0.25);
        for worker in &mut self.fleet.workers {
            let question = Question {
                key: key.to_owned(),
                threads: self.fleet.threads,
                at: if worker.kind == first {
                    start
                } else {
                    start + LEAD
                },
                creation: CREATION,
                fails: false,
            };
            worker.tell(&Order::Ask(question))?;
        }
        self.fleet.workers.iter().map(Outcome::of).collect()
    }

    /// The one value that all have who do not have `old`.
    fn one_value(&mut self, key: &str, outcomes: &[Outcome], old: Option<&Value>) -> Option<Value> {
        for error in outcomes.iter().flat_map(Outcome::errors) {
            self.check.ensure(false, || format!("{key}: {error}"));
        }
        let answers = outcomes.iter().flat_map(|outcome| &outcome.answers);
        let mut values: Vec<_> = answers.filter_map(|answer| answer.value.as_ref()).collect();
        values.retain(|value| Some(*value) != old);
        values.dedup();
        match values[..] {
            [value] => Some(value.clone()),
            _ => None,
        }
    }

    fn one_creator(&mut self, key: &str, outcomes: &[Outcome]) {
        let all = outcomes.iter();
        let mut creations: Vec<(Kind, Creation)> = all
            .flat_map(|outcome| {
                outcome
                    .creations
                    .iter()
                    .map(|creation| (outcome.kind, *creation))
            })
            .collect();
        creations.sort_by(|(_, one), (_, other)| one.begun.total_cmp(&other.begun));
        let Some((kind, creation)) = creations.first().copied() else {
            return self
                .check
                .ensure(false, || format!("{key}: nobody created"));
        };
        self.creators.push(kind);
        // Who read the old value before that one had ended, and asked for the lock after: dogpile.cache
        // does not look again.
        let again =
            |(kind, other): &&(Kind, Creation)| kind.is_python() && other.begun >= creation.ended;
        let again = creations[1..].iter().filter(again).count();
        self.again += again;
        let rivals = creations.len() - 1 - again;
        self.check.ensure(rivals == 0, || {
            format!("{key}: {rivals} creators beside the first: {creations:?}")
        });
        for outcome in outcomes {
            let ends = outcome
                .answers
                .iter()
                .map(|answer| answer.at - creation.ended);
            let last = ends.fold(0.0, f64::max);
            self.last
                .add(format!("last_{}_ms", outcome.kind), last * 1000.0);
        }
    }

    fn end(mut self, rounds: usize) -> Check {
        self.check.measured("rounds", rounds);
        for kind in self.fleet.ground.kinds() {
            let count = self
                .creators
                .iter()
                .filter(|creator| **creator == kind)
                .count();
            self.check.measured(format!("created_by_{kind}"), count);
        }
        self.check.measured("created_again_by_python", self.again);
        self.last.into(&mut self.check);
        self.check
    }
}
