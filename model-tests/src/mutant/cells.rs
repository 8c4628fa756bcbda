//! The door of the transition table: each cell, and what it could say instead.
//!
//! A cell is a request, a phase and its stale mark, and whether the request names the claim that
//! the word names. Its mutants say no where the table says yes, yes where it says no, or lead to
//! another word than the one that it says.

use std::cell::RefCell;
use std::collections::BTreeSet;

use dogpile_core::state::{Phase, Request, Snapshot, Step};

use super::{MUTANT, Mutant};

/// One cell of the transition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableCell {
    /// What is asked.
    pub request: &'static str,
    /// Of which phase.
    pub phase: &'static str,
    /// Whether the word is marked stale.
    pub stale: bool,
    /// Whether the word still names the claim that the request does; true where it names none.
    pub current: bool,
}

/// What a cell says instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Twist {
    /// "Superseded", and the word stays.
    Refused,
    /// "Joined", and the word stays.
    Joined,
    /// "Changed", and the word stays.
    Changed,
    /// It is done, and the word stays as it was.
    Stays,
    /// What is refused is done all the same.
    Anyway,
    /// The word's phase is this one.
    Phase(&'static str),
    /// The stale mark is the other one.
    OtherMark,
    /// The claim number is raised, where it was not, or not, where it was.
    OtherNumber,
}

/// A cell and what it says instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Misprint {
    /// The cell.
    pub cell: TableCell,
    /// What it says.
    pub twist: Twist,
}

thread_local! {
    static SEEN: RefCell<BTreeSet<Misprint>> = const { RefCell::new(BTreeSet::new()) };
}

const PHASES: [(Phase, &str); 4] = [
    (Phase::Vacant, "Vacant"),
    (Phase::Creating, "Creating"),
    (Phase::Ready, "Ready"),
    (Phase::Refreshing, "Refreshing"),
];

/// What the transition table says now.
pub(crate) fn step(now: Snapshot, request: Request) -> Step {
    let said = now.on(request);
    match MUTANT.get() {
        None => note(now, request, said),
        Some(Mutant::Cell(Misprint { cell, twist })) if cell == cell_of(now, request) => {
            return twisted(now, request, said, twist);
        }
        Some(_) => {}
    }
    said
}

/// The misprints of the cells that the explorations of this thread have read.
pub(super) fn seen() -> BTreeSet<Misprint> {
    SEEN.with_borrow(BTreeSet::clone)
}

/// Forgets them.
pub(super) fn forget() {
    SEEN.take();
}

fn note(now: Snapshot, request: Request, said: Step) {
    let cell = cell_of(now, request);
    SEEN.with_borrow_mut(|seen| {
        // The cells that were read are few, and read often.
        if seen
            .range(
                Misprint {
                    cell,
                    twist: Twist::Refused,
                }..,
            )
            .next()
            .is_some_and(|next| next.cell == cell)
        {
            return;
        }
        for twist in twists() {
            if twisted(now, request, said, twist) != said {
                seen.insert(Misprint { cell, twist });
            }
        }
    });
}

fn twists() -> impl Iterator<Item = Twist> {
    let plain = [
        Twist::Refused,
        Twist::Joined,
        Twist::Changed,
        Twist::Stays,
        Twist::Anyway,
        Twist::OtherMark,
        Twist::OtherNumber,
    ];
    plain
        .into_iter()
        .chain(PHASES.map(|(_, name)| Twist::Phase(name)))
}

fn cell_of(now: Snapshot, request: Request) -> TableCell {
    let (name, claim) = named(request);
    // Whether it is the very value that was seen counts only where there is one.
    let asked = match request {
        Request::Claim { .. } => now.phase() == Phase::Ready,
        _ => true,
    };
    let phase = PHASES.iter().find(|(phase, _)| *phase == now.phase());
    TableCell {
        request: name,
        phase: phase.map_or("", |(_, name)| name),
        stale: now.is_stale(),
        current: !asked || claim.is_none_or(|claim| claim == now.claim()),
    }
}

fn named(request: Request) -> (&'static str, Option<u64>) {
    match request {
        Request::Claim { seen } => ("claim", Some(seen)),
        Request::Publish(claim) => ("publish", Some(claim)),
        Request::Deliver(claim) => ("deliver", Some(claim)),
        Request::Fail(claim) => ("fail", Some(claim)),
        Request::HandOver(claim) => ("hand over", Some(claim)),
        Request::Abandon(claim) => ("abandon", Some(claim)),
        Request::TakeOver(claim) => ("take over", Some(claim)),
        Request::Set => ("set", None),
        Request::Delete => ("delete", None),
        Request::Soften => ("soften", None),
    }
}

/// What the table says with the twist; the same where the twist says nothing else to that.
fn twisted(now: Snapshot, request: Request, said: Step, twist: Twist) -> Step {
    let asks_to_create = matches!(request, Request::Claim { .. });
    match (said, twist) {
        (Step::To(_), Twist::Refused) if !asks_to_create => Step::Superseded,
        (Step::To(_) | Step::Changed, Twist::Joined) if asks_to_create => Step::Joined,
        (Step::To(_) | Step::Joined, Twist::Changed) if asks_to_create => Step::Changed,
        (Step::To(_), Twist::Stays) => Step::To(now),
        (Step::To(next), Twist::Phase(name)) => Step::To(in_phase(next, name)),
        (Step::To(next), Twist::OtherMark) => {
            Step::To(Snapshot::new(next.phase(), next.claim(), !next.is_stale()))
        }
        (Step::To(next), Twist::OtherNumber) => {
            let raised = next.claim() != now.claim();
            let claim = now.claim().wrapping_add(u64::from(!raised));
            Step::To(Snapshot::new(next.phase(), claim, next.is_stale()))
        }
        (Step::Joined | Step::Changed | Step::Superseded | Step::Never(_), Twist::Anyway) => {
            anyway(now, request)
        }
        _ => said,
    }
}

fn in_phase(word: Snapshot, name: &str) -> Snapshot {
    let phase = PHASES.iter().find(|(_, other)| *other == name);
    let phase = phase.map_or(word.phase(), |(phase, _)| *phase);
    Snapshot::new(phase, word.claim(), word.is_stale())
}

/// The word as if the request had come from whom it may come from.
fn anyway(now: Snapshot, request: Request) -> Step {
    let phase = match (request, now.has_value()) {
        (Request::Claim { .. }, true) => Phase::Ready,
        (Request::Claim { .. }, false) => Phase::Vacant,
        (_, true) => Phase::Refreshing,
        (_, false) => Phase::Creating,
    };
    let claim = named(request).1.unwrap_or(now.claim());
    let fitting = Snapshot::new(phase, claim, now.is_stale());
    match fitting.on(request) {
        Step::To(next) => {
            let raised = u64::from(next.claim() != claim);
            let claim = now.claim().wrapping_add(raised);
            Step::To(Snapshot::new(next.phase(), claim, next.is_stale()))
        }
        other => other,
    }
}
