//! The exhaustive walk over one call: every state of the production `flow`, every answer that its
//! driver can give, and what the driver then holds.
//!
//! The walk is breadth-first over (flow, action, hand). The hand is what an honest driver has after
//! carrying the actions out; each promise is an assertion on an edge, in [`hand`](self), or about
//! the whole graph, in [`promises`].

// That a walk panics when a promise does not hold is what it is for.
#![allow(clippy::missing_panics_doc)]

mod dues;
mod hand;
pub mod promises;

use std::collections::{HashMap, VecDeque};
use std::mem::discriminant;

use dogpile_core::flow::{Action, Event, Flow, Wish, Woke};

use crate::hold;
use crate::mutant::{arm_step, events};
use hand::Hand;

/// A call, what it asks for, and what its driver holds.
pub(crate) type Node = (Flow, Action, Hand);

/// Far above what the walk needs: one that gets there has exploded.
const NODES: usize = 1_000_000;

/// Whether a driver can answer `action` with `event`, by the documentation of both.
fn answers(action: Action, event: Event) -> bool {
    match (action, event) {
        (Action::Return(_), _) => false,
        (_, Event::Cancelled)
        | (Action::Look, Event::Looked(_))
        | (Action::Claim { .. }, Event::Claimed(_))
        | (Action::Detach { .. }, Event::Detached(_))
        | (Action::Lease { .. }, Event::Leased(_))
        | (Action::Create, Event::Created(_))
        | (Action::Commit { .. }, Event::Committed(_))
        | (Action::Release(_) | Action::HandOver | Action::Leave, Event::Done)
        | (Action::Lease { .. } | Action::Wait { .. } | Action::Create, Event::Outdated) => true,
        (Action::Wait { delegate: true }, Event::Woke(woke)) => !matches!(
            woke,
            Woke::Value { .. } | Woke::BackingOff | Woke::StoreFailed | Woke::Heir
        ),
        (Action::Wait { delegate: false }, Event::Woke(woke)) => woke != Woke::LeaseTimer,
        _ => false,
    }
}

fn wishes() -> impl Iterator<Item = Wish> {
    (0_u8..64).map(|bits| Wish {
        refresh: bits & 1 != 0,
        owned: bits & 2 != 0,
        stale_if_error: bits & 4 != 0,
        needs_store: bits & 8 != 0,
        patient: bits & 16 != 0,
        detached: bits & 32 != 0,
    })
}

/// Every call's start: with each wish, and on a runner that took over a detached one, or a creation.
fn starts() -> Vec<Node> {
    let mut starts = Vec::new();
    for wish in wishes() {
        let (flow, action) = Flow::start(wish);
        starts.push((flow, action, Hand::empty(wish)));
        let (flow, action) = Flow::detached(wish);
        starts.push((flow, action, Hand::of_runner(wish)));
    }
    for needs_store in [false, true] {
        let wish = Wish {
            needs_store,
            ..Wish::default()
        };
        let (flow, action) = Flow::creating_late(wish);
        let hand = Hand::of_late_creation(wish);
        starts.push((flow, action, hand));
    }
    for store_failed in [false, true] {
        let (flow, action) = Flow::creating(store_failed);
        starts.push((flow, action, Hand::of_creation(store_failed)));
    }
    starts
}

/// All calls.
pub struct Walk {
    /// Each node and where its edges lead.
    pub(crate) nodes: HashMap<Node, Vec<(Event, Node)>>,
}

impl Walk {
    /// Walks them all; what is promised of each step is asserted on the way.
    pub fn all() -> Self {
        let events = events();
        let mut nodes = HashMap::new();
        let mut queue: VecDeque<Node> = starts().into();
        while let Some(node) = queue.pop_front() {
            if nodes.contains_key(&node) {
                continue;
            }
            let edges = edges(&node, &events);
            queue.extend(edges.iter().map(|(_, next)| *next));
            nodes.insert(node, edges);
            assert!(nodes.len() < NODES, "the walk has no end");
        }
        Self { nodes }
    }
}

/// What every answer leads to; what is no answer is a misuse that changes nothing.
fn edges(node: &Node, events: &[Event]) -> Vec<(Event, Node)> {
    let (flow, action, hand) = node;
    let mut edges = Vec::new();
    for event in events {
        let mut next = *flow;
        if !answers(*action, *event) {
            let misuse = arm_step(&mut next, *event);
            assert!(misuse.is_err(), "{event:?} is no answer to {action:?}");
            assert_eq!(next, *flow, "a misuse changes nothing");
            continue;
        }
        for mut held in hand.after(*action, *event) {
            let mut next = *flow;
            let asked = match arm_step(&mut next, *event) {
                Ok(asked) => asked,
                Err(misuse) => panic!("{misuse}"),
            };
            if *event == Event::Outdated {
                hold!(
                    "what loses its stale value goes on with what it was at",
                    discriminant(&asked) == discriminant(action)
                );
            } else {
                held.may(asked, next.has_waited());
                dues::pay(&held, *action, *event, asked);
            }
            edges.push((*event, (next, asked, held)));
        }
    }
    edges
}
