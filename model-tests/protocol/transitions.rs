//! The transition table, asked of the code cell by cell.

use std::collections::BTreeMap;

use dogpile_core::state::Phase::{Creating, Ready, Refreshing, Vacant};
use dogpile_core::state::{Phase, Request, Snapshot, Step};

const PHASES: [Phase; 4] = [Vacant, Creating, Ready, Refreshing];

/// A claim number like any other.
const N: u64 = 7;

/// One of each kind, in the order of the rows.
const REQUESTS: [Request; 10] = [
    Request::Claim { seen: N },
    Request::Publish(N),
    Request::Deliver(N),
    Request::Fail(N),
    Request::HandOver(N),
    Request::Abandon(N),
    Request::TakeOver(N),
    Request::Set,
    Request::Delete,
    Request::Soften,
];

/// The row in which a request stands; several may share one.
const fn row(request: Request) -> &'static str {
    match request {
        Request::Claim { .. } => "claim",
        Request::Publish(_) => "publish",
        Request::Deliver(_) | Request::Fail(_) => "deliver, fail",
        Request::HandOver(_) => "abandon, with an heir",
        Request::Abandon(_) => "abandon, nobody there",
        Request::TakeOver(_) => "take over",
        Request::Set => "set",
        Request::Delete => "delete, hard invalidate",
        Request::Soften => "soft invalidate",
    }
}

fn word(phase: Phase) -> Snapshot {
    Snapshot::new(phase, N, false)
}

fn cell(phase: Phase, request: Request) -> String {
    match word(phase).on(request) {
        Step::To(next) => {
            let number = match next.claim() - N {
                0 => "n".to_owned(),
                more => format!("n+{more}"),
            };
            let mark = if next.is_stale() { ", stale" } else { "" };
            format!(
                "{:?}({number}){mark}{}",
                next.phase(),
                remark(phase, request, next)
            )
        }
        Step::Joined => "joined".to_owned(),
        Step::Changed => "look again".to_owned(),
        Step::Superseded => panic!("{request:?} names the claim of the word"),
        Step::Never(_) => "-".to_owned(),
    }
}

/// What the word alone does not say.
fn remark(phase: Phase, request: Request, next: Snapshot) -> &'static str {
    let seen_other = Request::Claim { seen: N - 1 };
    let ends = matches!(
        request,
        Request::Deliver(_) | Request::Fail(_) | Request::Abandon(_)
    );
    match request {
        Request::Claim { .. } if word(phase).on(seen_other) == Step::Changed => ", if still n",
        _ if ends && next.has_value() => ", old value",
        _ => "",
    }
}

pub(crate) fn table() -> String {
    let mut rows = vec![
        "| | Vacant(n) | Creating(n) | Ready(n) | Refreshing(n) |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for request in REQUESTS {
        let cells = PHASES.map(|phase| cell(phase, request)).join(" | ");
        let line = format!("| {} | {cells} |", row(request));
        if rows.last() != Some(&line) {
            let name = format!("| {} |", row(request));
            let split = rows.iter().any(|other| other.starts_with(&name));
            assert!(!split, "{} is two rows", row(request));
            rows.push(line);
        }
    }
    rows.join("\n") + "\n"
}

/// What becomes of the mark of a word that has one.
pub(crate) fn marks() -> String {
    let mut rows = vec![
        "| | Creating, stale | Ready, stale | Refreshing, stale |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for request in REQUESTS {
        let cells = [Creating, Ready, Refreshing].map(|phase| {
            match Snapshot::new(phase, N, true).on(request) {
                Step::To(next) if next.is_stale() => "stays",
                Step::To(_) => "goes",
                _ => "-",
            }
        });
        let line = format!("| {} | {} |", row(request), cells.join(" | "));
        if rows.last() != Some(&line) {
            rows.push(line);
        }
    }
    rows.join("\n") + "\n"
}

/// The same as arrows between phases.
pub(crate) fn diagram() -> String {
    let mut arrows: BTreeMap<(u64, u64), Vec<&str>> = BTreeMap::new();
    for request in REQUESTS {
        for phase in PHASES {
            if let Step::To(next) = word(phase).on(request) {
                let labels = arrows
                    .entry((phase as u64, next.phase() as u64))
                    .or_default();
                if !labels.contains(&row(request)) {
                    labels.push(row(request));
                }
            }
        }
    }
    let name = |phase: u64| PHASES.into_iter().find(|one| *one as u64 == phase);
    let mut lines = vec!["```mermaid".to_owned(), "stateDiagram-v2".to_owned()];
    lines.push("    [*] --> Vacant".to_owned());
    for ((from, to), labels) in arrows {
        if let (Some(from), Some(to)) = (name(from), name(to)) {
            lines.push(format!("    {from:?} --> {to:?}: {}", labels.join("; ")));
        }
    }
    lines.push("```".to_owned());
    lines.join("\n") + "\n"
}

#[test]
fn every_phase_is_asked() {
    // A phase that is added makes a value of the two bits that these four do not have.
    let bits: Vec<_> = PHASES
        .iter()
        .map(|phase| word(*phase).bits() & 0b11)
        .collect();
    assert_eq!(bits, [0, 1, 2, 3]);
}
