//! `freshness.json`: verdicts at every boundary.

use dogpile_core::cached_value::{Epoch, Epochs, Metadata, Stamp};
use dogpile_core::freshness::{Policy, Verdict};
use dogpile_core::terms::Terms;
use dogpile_core::time::{Span, Time};
use serde_json::{Value, json};

use crate::file::{File, number};

const END: u64 = u64::MAX;

/// `fresh_for`, `stale_for`, `skew`.
const POLICIES: [(u64, u64, u64); 8] = [
    (10, 5, 1),
    (10, 5, 0),
    (10, 0, 1),
    (0, 5, 1),
    (0, 0, 0),
    (10, END, 1),
    (END, END, 1),
    (END, 0, 0),
];

/// How far ahead of its time a value is judged as well.
const AHEAD: [u64; 4] = [0, 1, 5, END];

/// What is asked: a policy, a value, the epochs, the time.
#[derive(Clone, Copy)]
struct Question {
    policy: Policy,
    value: Metadata,
    epochs: Epochs,
    now: Time,
}

impl Question {
    fn new(policy: (u64, u64, u64), value: (u64, u64), epochs: (u64, u64), now: u64) -> Self {
        let (fresh_for, stale_for, skew) = policy;
        Self {
            policy: Policy {
                fresh_for: Span::from_nanos(fresh_for),
                stale_for: Span::from_nanos(stale_for),
                skew: Span::from_nanos(skew),
            },
            value: Metadata {
                stamp: Stamp::NONE,
                created: Time::from_nanos(value.0),
                epoch: Epoch::new(value.1),
                terms: Terms::NONE,
            },
            epochs: Epochs {
                hard: Epoch::new(epochs.0),
                soft: Epoch::new(epochs.1),
            },
            now: Time::from_nanos(now),
        }
    }

    /// The same about a value with terms of its own.
    fn with_terms(mut self, fresh_for: Option<u64>, stale_for: Option<u64>) -> Self {
        self.value.terms.fresh_for = fresh_for.map(Span::from_nanos);
        self.value.terms.stale_for = stale_for.map(Span::from_nanos);
        self
    }

    fn verdict(&self) -> Verdict {
        self.policy.judge(&self.value, self.epochs, self.now)
    }

    fn verdict_ahead(&self, ahead: u64) -> Verdict {
        let ahead = Span::from_nanos(ahead);
        self.policy
            .judge_ahead(&self.value, self.epochs, self.now, ahead)
    }

    fn json(&self) -> Value {
        let Self { policy, value, .. } = self;
        json!({
            "policy": {
                "fresh_for": number(policy.fresh_for.as_nanos()),
                "stale_for": number(policy.stale_for.as_nanos()),
                "skew": number(policy.skew.as_nanos()),
            },
            "own_fresh_for": span(value.terms.fresh_for),
            "own_stale_for": span(value.terms.stale_for),
            "created": number(value.created.as_nanos()),
            "epoch": number(value.epoch.number()),
            "hard": number(self.epochs.hard.number()),
            "soft": number(self.epochs.soft.number()),
            "now": number(self.now.as_nanos()),
            "verdict": format!("{:?}", self.verdict()),
            "is_fresh": policy.is_fresh(value, self.epochs.current(), self.now),
            "ahead": AHEAD.map(|ahead| format!("{:?}", self.verdict_ahead(ahead))),
        })
    }
}

/// A value's own span; `null` where it has none.
pub(crate) fn span(own: Option<Span>) -> Value {
    own.map_or(Value::Null, |own| number(own.as_nanos()))
}

pub(crate) fn file() -> File {
    File::new(
        "freshness",
        "May a value be used? An epoch of 2^64 - 1 is unknown; a span of 2^64 - 1 never ends.",
    )
    .with("verdicts", questions().iter().map(Question::json).collect())
}

fn questions() -> Vec<Question> {
    let mut questions = Vec::new();
    for policy in POLICIES {
        // Ages, and creation times ahead of the clock.
        for (created, now) in [
            (100, 98),
            (100, 99),
            (100, 100),
            (100, 101),
            (100, 109),
            (100, 110),
            (100, 114),
            (100, 115),
            (100, END),
            (END, 5),
            (END, END),
            (0, 0),
            (0, END),
        ] {
            questions.push(Question::new(policy, (created, 7), (0, 0), now));
        }
        // Epochs below, at and above the region's, on a fresh and on a stale value.
        for now in [100, 112] {
            for hard in [6, 7, 8] {
                for soft in [6, 7, 8] {
                    questions.push(Question::new(policy, (100, 7), (hard, soft), now));
                }
            }
        }
    }
    // Values with terms of their own, which go before the policy's.
    for policy in [(10, 5, 1), (0, 0, 0), (END, END, 1)] {
        for own in [Some(4), Some(END), Some(0), None] {
            for stale in [Some(3), Some(0), Some(END), None] {
                for (now, soft) in [(103, 0), (104, 0), (107, 0), (112, 0), (103, 8)] {
                    let question = Question::new(policy, (100, 7), (0, soft), now);
                    questions.push(question.with_terms(own, stale));
                }
            }
        }
    }
    // Values without an epoch go by their creation time; epochs count microseconds.
    for created in [4_999, 5_000, 5_999, 6_000, 6_001, END] {
        for epochs in [(0, 0), (5, 0), (0, 5), (5, 5), (END - 1, 0)] {
            let policy = (10_000, 5_000, 1_000);
            questions.push(Question::new(policy, (created, END), epochs, 7_000));
        }
    }
    questions
}

/// Asserts the policy's promises of every verdict; answers how many, and how many were stale.
pub(crate) fn within_policy() -> (usize, usize) {
    let questions = questions();
    let mut stale = 0;
    for question in &questions {
        let Question { policy, value, .. } = question;
        // What is promised of a value with terms of its own is those.
        let policy = Policy {
            fresh_for: value.terms.fresh_for.unwrap_or(policy.fresh_for),
            stale_for: value.terms.stale_for.unwrap_or(policy.stale_for),
            ..*policy
        };
        let nanos = |span: Span| u128::from(span.as_nanos());
        let age = i128::from(question.now.as_nanos()) - i128::from(value.created.as_nanos());
        let age = u128::try_from(age).unwrap_or(0);
        let too_old = |limit: Span, at: u128| !limit.is_forever() && age >= at;
        let total = nanos(policy.fresh_for) + nanos(policy.stale_for);
        let known = value.epoch != Epoch::UNKNOWN;
        match question.verdict() {
            Verdict::Miss => continue,
            Verdict::Fresh => {
                assert!(
                    !too_old(policy.fresh_for, nanos(policy.fresh_for)),
                    "{}",
                    question.json()
                );
                assert!(
                    !known || value.epoch >= question.epochs.current(),
                    "{}",
                    question.json()
                );
            }
            Verdict::Stale => {
                assert!(policy.stale_for > Span::ZERO, "{}", question.json());
                assert!(!too_old(policy.stale_for, total), "{}", question.json());
                stale += 1;
            }
        }
        assert!(
            !known || value.epoch >= question.epochs.hard,
            "{}",
            question.json()
        );
    }
    (questions.len(), stale)
}
