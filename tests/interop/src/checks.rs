//! What is asked of the fleet.

pub(crate) mod death;
pub(crate) mod meanwhile;
pub(crate) mod names;
pub(crate) mod stampede;
pub(crate) mod values;
pub(crate) mod wake;

use serde_json::Value;

use crate::fleet::{FRESH, Kind, Worker};
use crate::problem::Problem;
use crate::protocol::{Answer, Creation, Order, Question, Said};
use crate::worker::now;

/// What one process's calls came to.
struct Outcome {
    kind: Kind,
    answers: Vec<Answer>,
    creations: Vec<Creation>,
}

impl Outcome {
    fn of(worker: &Worker) -> Result<Self, Problem> {
        let kind = worker.kind;
        worker.hear(|said| match said {
            Said::Answers { answers, creations } => Some(Self {
                kind,
                answers,
                creations,
            }),
            _ => None,
        })
    }

    fn errors(&self) -> impl Iterator<Item = String> {
        let errors = self
            .answers
            .iter()
            .filter_map(|answer| answer.error.as_ref());
        errors.map(|error| format!("{}: {error}", self.kind))
    }

    fn value(&self) -> Option<&Value> {
        self.answers.first()?.value.as_ref()
    }
}

/// One thread asks at once, and its creator is at work for so long.
fn one(key: &str, creation: f64) -> Question {
    Question {
        key: key.to_owned(),
        threads: 1,
        at: now(),
        creation,
        fails: false,
    }
}

/// Has one ask, and returns when its creator is at work.
fn begin(worker: &mut Worker, question: Question) -> Result<(), Problem> {
    worker.tell(&Order::Ask(question))?;
    worker.hear(|said| matches!(said, Said::Creating).then_some(()))
}

/// A record that is no longer fresh, as dogpile.cache writes it or as we do.
fn stale_record(value: &Value, ours: bool) -> String {
    let created = now() - FRESH - 30.0;
    if ours {
        let stamp = "d09b11e0000000000000000000000001";
        return format!(
            "{{\"ct\": {created:.9}, \"v\": 2, \"st\": \"{stamp}\", \"ep\": 0}}|{value}"
        );
    }
    format!("{{\"ct\": {created}, \"v\": 2}}|{value}")
}
