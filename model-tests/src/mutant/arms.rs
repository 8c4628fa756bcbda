//! The door of the flow: each arm of the protocol, and what it could answer instead.
//!
//! An arm is a state, an event that it accepts and what it answers: the same event leads
//! elsewhere where the call knows more, and each of these ways is an arm. Its mutants answer as
//! the arm of a sibling event would, or not at all.
//!
//! Two arms that lead to the same flow and the same action wherever the baseline came are one
//! program; to exchange them is no mutant.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use dogpile_core::flow::{
    Action, Claimed, Committed, Created, Event, Flow, Leased, Looked, Misuse, Woke,
};

use super::{MUTANT, Mutant};

/// One arm of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arm {
    /// What the flow waits for.
    pub state: &'static str,
    /// What comes.
    pub event: Event,
    /// What it answers; `None` where the state itself remembers that.
    pub answer: Option<Action>,
}

/// An arm that answers as another would, or (`None`) not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Detour {
    /// The arm.
    pub arm: Arm,
    /// The event whose arm answers in its place.
    pub instead: Option<Event>,
}

/// Each detour that led elsewhere at some point, and the points at which that was asked already.
#[derive(Default)]
struct Seen {
    asked: HashSet<(Flow, Event)>,
    detours: HashSet<Detour>,
}

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

/// Every state by the beginning of its name; what a state remembers beyond that is no arm.
const STATES: [&str; 12] = [
    "Looking",
    "Claiming",
    "Detaching { creation: false }",
    "Detaching { creation: true }",
    "Leasing",
    "Waiting { delegate: false }",
    "Waiting { delegate: true }",
    "Creating",
    "Committing { store: false }",
    "Committing { store: true }",
    "Parting",
    "Leaving",
];

/// Every event there is.
pub fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Looked(Looked::Miss),
        Event::Looked(Looked::Stale),
        Event::Looked(Looked::Due),
        Event::Looked(Looked::Fresh),
        Event::Looked(Looked::Failed { kept: false }),
        Event::Looked(Looked::Failed { kept: true }),
        Event::Claimed(Claimed::Won),
        Event::Claimed(Claimed::Joined),
        Event::Claimed(Claimed::Changed),
        Event::Detached(true),
        Event::Detached(false),
        Event::Leased(Leased::Won { fresh_seen: true }),
        Event::Leased(Leased::Won { fresh_seen: false }),
        Event::Leased(Leased::Lost),
        Event::Leased(Leased::BackingOff),
        Event::Leased(Leased::Superseded),
        Event::Leased(Leased::Failed),
        Event::Created(Created::Ok),
        Event::Created(Created::Declined),
        Event::Created(Created::Err),
        Event::Created(Created::Panicked),
        Event::Committed(Committed::Stored),
        Event::Committed(Committed::Refused),
        Event::Committed(Committed::Failed),
        Event::Outdated,
        Event::Done,
        Event::Cancelled,
    ];
    for committed in [false, true] {
        for began_after_me in [false, true] {
            events.push(Event::Woke(Woke::Value {
                committed,
                began_after_me,
            }));
        }
    }
    let others = [
        Woke::Error,
        Woke::BackingOff,
        Woke::StoreFailed,
        Woke::Heir,
        Woke::Superseded,
        Woke::LookAgain,
        Woke::LeaseTimer,
        Woke::Deadline,
        Woke::Cycle,
    ];
    events.extend(others.map(Event::Woke));
    events
}

/// Steps the production flow, through the door. Models that walk the flow call this in place of
/// [`Flow::step`].
///
/// # Errors
/// [`Misuse`] when `event` cannot follow the last action.
pub fn arm_step(flow: &mut Flow, event: Event) -> Result<Action, Misuse> {
    let before = *flow;
    let action = flow.step(event)?;
    match MUTANT.get() {
        None => note(before, event, (*flow, action)),
        Some(Mutant::Arm(Detour { arm, instead }))
            if arm.event == event && arm == arm_at(before, event, action) =>
        {
            *flow = before;
            let Some(instead) = instead else {
                return Err(Misuse {
                    flow: before,
                    event,
                });
            };
            return flow.step(instead);
        }
        Some(_) => {}
    }
    Ok(action)
}

/// The detours that led elsewhere on the way of the explorations of this thread, in a fixed order.
pub(super) fn seen() -> Vec<Detour> {
    let named = SEEN.with_borrow(|seen| {
        let detours = seen.detours.iter();
        let named = detours.map(|detour| (format!("{detour:?}"), *detour));
        let names: BTreeSet<_> = named.clone().map(|(name, _)| name).collect();
        debug_assert_eq!(names.len(), seen.detours.len(), "names tell detours apart");
        let mut named: Vec<_> = named.collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        named
    });
    named.into_iter().map(|(_, detour)| detour).collect()
}

/// Forgets them.
pub(super) fn forget() {
    SEEN.take();
}

fn note(before: Flow, event: Event, after: (Flow, Action)) {
    SEEN.with_borrow_mut(|seen| {
        if !seen.asked.insert((before, event)) {
            return;
        }
        let arm = arm_at(before, event, after.1);
        seen.detours.insert(Detour { arm, instead: None });
        for instead in events() {
            let mut other = before;
            if let Ok(action) = other.step(instead)
                && (other, action) != after
            {
                let instead = Some(instead);
                seen.detours.insert(Detour { arm, instead });
            }
        }
    });
}

fn arm_at(before: Flow, event: Event, answer: Action) -> Arm {
    // The only public word on a flow's state.
    let waits = Misuse {
        flow: before,
        event: Event::Done,
    }
    .to_string();
    let state = waits.rsplit("cannot follow ").next().unwrap_or_default();
    let known = STATES.iter().find(|name| state.starts_with(**name));
    let Some(state) = known else {
        panic!("a state that is not listed here: {state}");
    };
    let remembers = matches!(*state, "Parting" | "Leaving");
    Arm {
        state,
        event,
        answer: (!remembers).then_some(answer),
    }
}
