//! `transitions.json` and `claim-numbers.json`: every request on every word.

use dogpile_core::state::{Phase, Request, Snapshot, Step};
use serde_json::{Value, json};

use crate::file::{File, number, object};

const PHASES: [Phase; 4] = [
    Phase::Vacant,
    Phase::Creating,
    Phase::Ready,
    Phase::Refreshing,
];

/// The highest claim number; the next is zero.
const LAST: u64 = u64::MAX >> 3;

/// A claim in the middle, and what else a request may name beside it.
const MIDDLE: u64 = 7;

pub(crate) fn transitions() -> File {
    let named = [MIDDLE, MIDDLE - 1, MIDDLE + 1];
    File::new(
        "transitions",
        "What each request makes of each word. The claim that it names is the word's, an older or a newer one.",
    )
    .with("cells", cells(&[MIDDLE], &named).map(|cell| cell.json()).collect())
}

pub(crate) fn claim_numbers() -> File {
    let numbers = [0, 1, LAST - 1, LAST];
    File::new(
        "claim-numbers",
        "How the word is laid out, and how its 61 bits of claim number begin again at zero.",
    )
    .with("words", words())
    .with(
        "cells",
        cells(&numbers, &numbers).map(|cell| cell.json()).collect(),
    )
}

/// The bits of words, also of such whose claim number has too many.
fn words() -> Vec<Value> {
    let mut words = Vec::new();
    for claim in [0, 1, 1 << 60, LAST, LAST + 1, LAST + 8, u64::MAX] {
        for (phase, stale) in marked_phases() {
            let word = Snapshot::new(phase, claim, stale);
            let read = Snapshot::from_bits(word.bits());
            words.push(json!({
                "given": {"phase": format!("{phase:?}"), "claim": number(claim), "stale": stale},
                "bits": number(word.bits()),
                "read": self::word(read),
                "has_value": read.has_value(),
                "is_busy": read.is_busy(),
            }));
        }
    }
    words
}

fn marked_phases() -> impl Iterator<Item = (Phase, bool)> {
    PHASES
        .into_iter()
        .flat_map(|phase| [(phase, false), (phase, true)])
}

/// One cell of the table.
struct Cell {
    word: Snapshot,
    request: Request,
    step: Step,
}

/// Every request, naming each of `named`, on every word with each of `claims`.
fn cells(claims: &[u64], named: &[u64]) -> impl Iterator<Item = Cell> {
    let words: Vec<Snapshot> = claims
        .iter()
        .flat_map(|claim| marked_phases().map(|(phase, stale)| Snapshot::new(phase, *claim, stale)))
        .collect();
    requests(named).into_iter().flat_map(move |request| {
        let on = move |word: Snapshot| Cell {
            word,
            request,
            step: word.on(request),
        };
        words.clone().into_iter().map(on)
    })
}

fn requests(named: &[u64]) -> Vec<Request> {
    let ends = [
        Request::Publish,
        Request::Deliver,
        Request::Fail,
        Request::HandOver,
        Request::Abandon,
        Request::TakeOver,
    ];
    let of = |claim: u64| {
        let ends = ends.iter().map(move |end| end(claim));
        std::iter::once(Request::Claim { seen: claim }).chain(ends)
    };
    let others = [Request::Set, Request::Delete, Request::Soften];
    named.iter().copied().flat_map(of).chain(others).collect()
}

impl Cell {
    fn json(&self) -> Value {
        let (request, claim) = name(self.request);
        let (step, becomes, why) = match self.step {
            Step::To(next) => ("To", word(next), Value::Null),
            Step::Joined => ("Joined", Value::Null, Value::Null),
            Step::Changed => ("Changed", Value::Null, Value::Null),
            Step::Superseded => ("Superseded", Value::Null, Value::Null),
            Step::Never(why) => ("Never", Value::Null, why.into()),
        };
        object([
            ("word", word(self.word)),
            ("request", request.into()),
            ("claim", claim.map_or(Value::Null, number)),
            ("step", step.into()),
            ("becomes", becomes),
            ("why", why),
        ])
    }

    /// The word's claim and the next one's.
    fn next(&self) -> Option<Snapshot> {
        match self.step {
            Step::To(next) => Some(next),
            Step::Joined | Step::Changed | Step::Superseded | Step::Never(_) => None,
        }
    }
}

/// The request's name, and the claim that it names.
const fn name(request: Request) -> (&'static str, Option<u64>) {
    match request {
        Request::Claim { seen } => ("Claim", Some(seen)),
        Request::Publish(claim) => ("Publish", Some(claim)),
        Request::Deliver(claim) => ("Deliver", Some(claim)),
        Request::Fail(claim) => ("Fail", Some(claim)),
        Request::HandOver(claim) => ("HandOver", Some(claim)),
        Request::Abandon(claim) => ("Abandon", Some(claim)),
        Request::TakeOver(claim) => ("TakeOver", Some(claim)),
        Request::Set => ("Set", None),
        Request::Delete => ("Delete", None),
        Request::Soften => ("Soften", None),
    }
}

fn word(word: Snapshot) -> Value {
    json!({
        "phase": format!("{:?}", word.phase()),
        "claim": number(word.claim()),
        "stale": word.is_stale(),
        "bits": number(word.bits()),
    })
}

/// What was asked of the table about claims.
pub(crate) struct Told {
    pub(crate) cells: usize,
    /// How often somebody became the creator.
    pub(crate) new_creators: usize,
    /// How often somebody who no longer was it asked to end a creation that is under way.
    pub(crate) superseded: usize,
}

/// Asserts of every cell that numbers only go on, and that who names another number than the word's
/// ends nothing.
pub(crate) fn claims() -> Told {
    let mut told = Told {
        cells: 0,
        new_creators: 0,
        superseded: 0,
    };
    let numbers = [0, 1, MIDDLE - 1, MIDDLE, MIDDLE + 1, LAST - 1, LAST];
    for cell in cells(&numbers, &numbers) {
        told.cells += 1;
        let (request, named) = name(cell.request);
        let (now, next_number) = (cell.word.claim(), (cell.word.claim() + 1) % (LAST + 1));
        let outside = matches!(cell.request, Request::Claim { .. }) || named.is_none();
        if !outside && named != Some(now) {
            assert_eq!(
                cell.step,
                Step::Superseded,
                "{request} of {named:?} on {:?}",
                cell.word
            );
            told.superseded += usize::from(cell.word.is_busy());
        }
        let Some(next) = cell.next() else { continue };
        let kept = next.claim() == now;
        assert!(
            kept || next.claim() == next_number,
            "{request} goes from {:?} to {next:?}",
            cell.word
        );
        // Who is at work after this step and was not before.
        let begins = matches!(
            cell.request,
            Request::Claim { .. } | Request::HandOver(_) | Request::TakeOver(_)
        );
        assert!(
            !begins || (next.is_busy() && !kept),
            "{request} on {:?} repeats a number",
            cell.word
        );
        told.new_creators += usize::from(begins);
    }
    told
}
