//! The exhaustive walk over one call: every state of the production `flow`, every answer that its
//! driver can give, and what the driver then holds.
//!
//! The walk is breadth-first over (flow, action, hand). The hand is what an honest driver has after
//! carrying the actions out; each promise below is an assertion on an edge.

mod hand;

use std::collections::{HashMap, VecDeque};

use dogpile_core::flow::{
    Action, Claimed, Committed, Created, Ending, Event, Flow, Leased, Looked, Origin, Trouble,
    Wish, Woke,
};

use hand::Hand;

type Node = (Flow, Action, Hand);

/// Every event there is.
fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Looked(Looked::Miss),
        Event::Looked(Looked::Stale),
        Event::Looked(Looked::Fresh),
        Event::Looked(Looked::Failed { kept: false }),
        Event::Looked(Looked::Failed { kept: true }),
        Event::Claimed(Claimed::Won),
        Event::Claimed(Claimed::Joined),
        Event::Detached(true),
        Event::Detached(false),
        Event::Leased(Leased::Won { fresh_seen: true }),
        Event::Leased(Leased::Won { fresh_seen: false }),
        Event::Leased(Leased::Lost),
        Event::Leased(Leased::Superseded),
        Event::Leased(Leased::Failed),
        Event::Created(Created::Ok),
        Event::Created(Created::Declined),
        Event::Created(Created::Err),
        Event::Created(Created::Panicked),
        Event::Committed(Committed::Stored),
        Event::Committed(Committed::Refused),
        Event::Committed(Committed::Failed),
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

/// Whether a driver can answer `action` with `event`, by the documentation of both.
fn answers(action: Action, event: Event) -> bool {
    match (action, event) {
        (Action::Return(_), _) => false,
        (_, Event::Cancelled)
        | (Action::Look, Event::Looked(_))
        | (Action::Claim { .. }, Event::Claimed(_))
        | (Action::Detach, Event::Detached(_))
        | (Action::Lease { .. }, Event::Leased(_))
        | (Action::Create, Event::Created(_))
        | (Action::Commit { .. }, Event::Committed(_))
        | (Action::Release(_) | Action::HandOver | Action::Leave, Event::Done) => true,
        (Action::Wait { delegate: true }, Event::Woke(woke)) => {
            !matches!(woke, Woke::Value { .. } | Woke::StoreFailed | Woke::Heir)
        }
        (Action::Wait { delegate: false }, Event::Woke(woke)) => woke != Woke::LeaseTimer,
        _ => false,
    }
}

fn wishes() -> impl Iterator<Item = Wish> {
    (0_u8..16).map(|bits| Wish {
        refresh: bits & 1 != 0,
        owned: bits & 2 != 0,
        stale_if_error: bits & 4 != 0,
        needs_store: bits & 8 != 0,
    })
}

/// Every call's start: with each wish, and on a runner that took over a detached one.
fn starts() -> Vec<Node> {
    let mut starts = Vec::new();
    for wish in wishes() {
        let (flow, action) = Flow::start(wish);
        starts.push((flow, action, Hand::empty(wish)));
        let (flow, action) = Flow::detached(wish);
        starts.push((flow, action, Hand::of_runner(wish)));
    }
    starts
}

struct Walk {
    /// Each node and where its edges lead.
    nodes: HashMap<Node, Vec<(Event, Node)>>,
}

impl Walk {
    fn all() -> Self {
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
        }
        Self { nodes }
    }

    /// The longest way from `node` to a wait or a return; a way that never gets there is a defect.
    fn longest(&self, node: &Node, known: &mut HashMap<Node, Option<usize>>) -> usize {
        match known.get(node) {
            Some(Some(length)) => return *length,
            Some(None) => panic!("goes round without waiting: {node:?}"),
            None => {}
        }
        known.insert(*node, None);
        let mut longest = 0;
        for (_, next) in &self.nodes[node] {
            let rest = match next.1 {
                Action::Wait { .. } | Action::Return(_) => 0,
                _ => self.longest(next, known),
            };
            longest = longest.max(rest + 1);
        }
        known.insert(*node, Some(longest));
        longest
    }
}

/// What every answer leads to; what is no answer is a misuse that changes nothing.
fn edges(node: &Node, events: &[Event]) -> Vec<(Event, Node)> {
    let (flow, action, hand) = node;
    let mut edges = Vec::new();
    for event in events {
        let mut next = *flow;
        if !answers(*action, *event) {
            let misuse = next.step(*event);
            assert!(misuse.is_err(), "{event:?} is no answer to {action:?}");
            assert_eq!(next, *flow, "a misuse changes nothing");
            continue;
        }
        for mut held in hand.after(*action, *event) {
            let mut next = *flow;
            let asked = match next.step(*event) {
                Ok(asked) => asked,
                Err(misuse) => panic!("{misuse}"),
            };
            held.may(asked, next.has_waited());
            edges.push((*event, (next, asked, held)));
        }
    }
    edges
}

#[test]
fn every_path_holds_its_promises() {
    // The promises about what is held are asserted while walking.
    let walk = Walk::all();
    let edges: usize = walk.nodes.values().map(Vec::len).sum();
    println!("{} nodes, {edges} edges", walk.nodes.len());
    for (node, edges) in &walk.nodes {
        assert_eq!(
            edges.is_empty(),
            matches!(node.1, Action::Return(_)),
            "only a return ends a call: {node:?}"
        );
    }
}

#[test]
fn a_call_goes_a_bounded_way_between_waits() {
    let walk = Walk::all();
    let mut known = HashMap::new();
    let longest = walk.nodes.keys().map(|node| walk.longest(node, &mut known));
    let longest = longest.max();
    println!("longest way between waits: {longest:?} steps");
    // Nine, and four to look, claim and ask again once: whose claim was superseded before it had the
    // lease would otherwise create where nobody can join it.
    assert_eq!(
        longest,
        Some(13),
        "pinned: a longer way is a change to argue for"
    );
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

#[test]
fn law_7_a_deadline_a_cycle_and_a_cancellation_end_the_call() {
    let walk = Walk::all();
    let mut ended = 0;
    for edges in walk.nodes.values() {
        for (event, next) in edges {
            let ends = [
                Event::Cancelled,
                Event::Woke(Woke::Deadline),
                Event::Woke(Woke::Cycle),
            ];
            if ends.contains(event) {
                ends_at_once(&walk, next, 1);
                ended += 1;
            }
        }
    }
    assert!(ended > 0);
}

#[test]
fn every_ending_is_reached() {
    let walk = Walk::all();
    let endings: Vec<Ending> = walk
        .nodes
        .keys()
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
        Trouble::Deadline,
        Trouble::Cycle,
        Trouble::Store,
    ];
    let expected = origins.map(Ending::Value).into_iter();
    let expected = expected.chain(troubles.map(Ending::Trouble));
    for ending in expected.chain([Ending::Cancelled]) {
        assert!(endings.contains(&ending), "never reached: {ending:?}");
    }
}
