//! What is promised of the whole graph of a call, beyond each single step.

use std::collections::HashMap;

use dogpile_core::flow::{Action, Claimed, Ending, Event, Origin, Trouble, Woke};

use super::{Node, Walk};

/// What a walk showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// How many nodes it has.
    pub nodes: usize,
    /// How many edges.
    pub edges: usize,
    /// The longest way between two waits, in steps.
    pub longest: usize,
    /// How many edges told a call to end.
    pub ended: usize,
}

/// Walks all calls and asserts all promises.
pub fn check() -> Walked {
    let walk = Walk::all();
    only_a_return_ends(&walk);
    every_ending_is_reached(&walk);
    Walked {
        nodes: walk.nodes.len(),
        edges: walk.nodes.values().map(Vec::len).sum(),
        longest: longest_between_waits(&walk),
        ended: who_is_told_to_go_goes(&walk),
    }
}

/// A call goes on until it returns, and then no more.
pub fn only_a_return_ends(walk: &Walk) {
    for (node, edges) in &walk.nodes {
        assert_eq!(
            edges.is_empty(),
            matches!(node.1, Action::Return(_)),
            "only a return ends a call: {node:?}"
        );
    }
}

/// The longest way between two waits. A claim that came too late counts as one: another call
/// has then gone on.
///
/// # Panics
/// When there is a way that never gets to a wait or a return, and when the longest is longer than
/// is pinned here.
pub fn longest_between_waits(walk: &Walk) -> usize {
    let mut known = HashMap::new();
    let ways = walk
        .nodes
        .keys()
        .map(|node| longest(walk, node, &mut known));
    let longest = ways.max().unwrap_or_default();
    // Nine, and four to look, claim and ask again once: whose claim was superseded before it had the
    // lease would otherwise create where nobody can join it. And one for a runner that takes nothing.
    assert!(
        longest <= 14,
        "a longer way is a change to argue for: {longest}"
    );
    longest
}

fn longest(walk: &Walk, node: &Node, known: &mut HashMap<Node, Option<usize>>) -> usize {
    match known.get(node) {
        Some(Some(length)) => return *length,
        Some(None) => panic!("goes round without waiting: {node:?}"),
        None => {}
    }
    known.insert(*node, None);
    let mut farthest = 0;
    for (event, next) in &walk.nodes[node] {
        let rest = match next.1 {
            Action::Wait { .. } | Action::Return(_) => 0,
            _ if *event == Event::Claimed(Claimed::Changed) => 0,
            // It is at what it was at; its value can grow too old but once.
            _ if *event == Event::Outdated => 0,
            _ => longest(walk, next, known),
        };
        farthest = farthest.max(rest + 1);
    }
    known.insert(*node, Some(farthest));
    farthest
}

/// A deadline, a cycle and a cancellation end the call at once. Answers how often one came.
pub fn who_is_told_to_go_goes(walk: &Walk) -> usize {
    let mut ended = 0;
    for (event, next) in walk.nodes.values().flatten() {
        let ends = [
            Event::Cancelled,
            Event::Woke(Woke::Deadline),
            Event::Woke(Woke::Cycle),
        ];
        if ends.contains(event) {
            ends_at_once(walk, next, 1);
            ended += 1;
        }
    }
    assert!(ended > 0, "nobody was told to go");
    ended
}

/// Where a call may still go once it is told to go.
fn ends_at_once(walk: &Walk, node: &Node, left: usize) {
    match node.1 {
        Action::Return(_) => {}
        Action::Leave | Action::HandOver if left > 0 => {
            for (event, next) in &walk.nodes[node] {
                if *event == Event::Done {
                    ends_at_once(walk, next, left - 1);
                }
            }
        }
        _ => panic!("does not end: {node:?}"),
    }
}

/// Each way to end that the documentation names comes about.
pub fn every_ending_is_reached(walk: &Walk) {
    let nodes = walk.nodes.keys();
    let endings: Vec<Ending> = nodes
        .filter_map(|(_, action, _)| match *action {
            Action::Return(ending) => Some(ending),
            _ => None,
        })
        .collect();
    let origins = [
        Origin::Hit,
        Origin::Stale,
        Origin::StaleOnError,
        Origin::Kept,
        Origin::Shared,
        Origin::Created,
        Origin::Declined,
        Origin::Superseded,
        Origin::NotStored,
    ];
    let troubles = [
        Trouble::Creator,
        Trouble::Panicked,
        Trouble::Shared,
        Trouble::BackingOff,
        Trouble::Deadline,
        Trouble::Cycle,
        Trouble::Store,
        Trouble::Dropped,
    ];
    let expected = origins.map(Ending::Value).into_iter();
    let expected = expected.chain(troubles.map(Ending::Trouble));
    for ending in expected.chain([Ending::Cancelled]) {
        assert!(endings.contains(&ending), "never reached: {ending:?}");
    }
}
