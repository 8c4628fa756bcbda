//! `flow.json`: calls on their way. The traces together step every event in every state that the
//! production flow can reach; what is not listed as an answer to an action is a misuse.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use dogpile_core::flow::{
    Action, Claimed, Committed, Created, Event, Flow, Leased, Looked, Wish, Woke,
};
use serde_json::json;

use crate::file::{File, spelled};

/// Every event there is.
fn events() -> Vec<Event> {
    let looked = [
        Looked::Miss,
        Looked::Stale,
        Looked::Due,
        Looked::Fresh,
        Looked::Failed { kept: false },
        Looked::Failed { kept: true },
    ];
    let leased = [
        Leased::Won { fresh_seen: true },
        Leased::Won { fresh_seen: false },
        Leased::Lost,
        Leased::BackingOff,
        Leased::Superseded,
        Leased::Failed,
    ];
    let created = [
        Created::Ok,
        Created::Declined,
        Created::Err,
        Created::Panicked,
    ];
    let value = |committed, began_after_me| Woke::Value {
        committed,
        began_after_me,
    };
    let woke = [
        value(false, false),
        value(false, true),
        value(true, false),
        value(true, true),
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
    let mut events: Vec<Event> = looked.map(Event::Looked).into();
    events.extend([Claimed::Won, Claimed::Joined, Claimed::Changed].map(Event::Claimed));
    events.extend([true, false].map(Event::Detached));
    events.extend(leased.map(Event::Leased));
    events.extend(woke.map(Event::Woke));
    events.extend(created.map(Event::Created));
    events.extend([Committed::Stored, Committed::Refused, Committed::Failed].map(Event::Committed));
    events.extend([Event::Outdated, Event::Done, Event::Cancelled]);
    events
}

/// Every way in which a call begins.
fn starts() -> Vec<(Wish, &'static str, Flow, Action)> {
    let wish = |bits: u8| Wish {
        refresh: bits & 1 != 0,
        owned: bits & 2 != 0,
        stale_if_error: bits & 4 != 0,
        needs_store: bits & 8 != 0,
        patient: bits & 16 != 0,
        detached: bits & 32 != 0,
    };
    let both = |wish| {
        let (flow, action) = Flow::start(wish);
        let (rest, lease) = Flow::detached(wish);
        let (late, again) = Flow::creating_late(wish);
        // The states of the last are those of a call, too: it comes first, so that one is walked from there.
        [
            (wish, "creating late", late, again),
            (wish, "start", flow, action),
            (wish, "detached", rest, lease),
        ]
    };
    let creations = [("creating", false), ("creating without a store", true)];
    let creations = creations.map(|(begun, store_failed)| {
        let (flow, action) = Flow::creating(store_failed);
        (Wish::default(), begun, flow, action)
    });
    // A detached creator is owned; who refreshes asks nobody to create elsewhere.
    let elsewhere = |wish: &Wish| wish.owned || wish.patient || wish.detached;
    let is_used =
        |wish: &Wish| (wish.owned || !wish.detached) && !(wish.refresh && elsewhere(wish));
    let used = (0..64).map(wish).filter(is_used);
    used.flat_map(both).chain(creations).collect()
}

/// A state that the flow reached, and where each answer leads.
struct Node {
    flow: Flow,
    action: Action,
    edges: Vec<(Event, usize)>,
}

#[derive(Default)]
struct Graph {
    nodes: Vec<Node>,
    places: HashMap<(Flow, Action), usize>,
}

impl Graph {
    fn of(events: &[Event]) -> Self {
        let mut graph = Self::default();
        for (_, _, flow, action) in starts() {
            graph.place(flow, action);
        }
        let mut at = 0;
        while at < graph.nodes.len() {
            for event in events {
                let mut flow = graph.nodes[at].flow;
                if let Ok(action) = flow.step(*event) {
                    let next = graph.place(flow, action);
                    graph.nodes[at].edges.push((*event, next));
                }
            }
            at += 1;
        }
        graph
    }

    fn place(&mut self, flow: Flow, action: Action) -> usize {
        let next = self.nodes.len();
        let place = *self.places.entry((flow, action)).or_insert(next);
        if place == next {
            let edges = Vec::new();
            self.nodes.push(Node {
                flow,
                action,
                edges,
            });
        }
        place
    }

    /// Which events answer each action, by the action's spelling. That nothing but the action
    /// decides it is asserted here.
    fn answers(&self) -> BTreeMap<String, Vec<Event>> {
        let mut answers = BTreeMap::new();
        for node in &self.nodes {
            let accepted: Vec<Event> = node.edges.iter().map(|(event, _)| *event).collect();
            let before = answers.insert(spelled(&node.action), accepted.clone());
            let same = before.is_none_or(|before| before == accepted);
            assert!(same, "{:?} is answered here by {accepted:?}", node.action);
        }
        answers
    }

    /// The shortest way from `from` over an edge that is `wanted`.
    fn way(
        &self,
        from: usize,
        wanted: impl Fn(usize, Event, usize) -> bool,
    ) -> Option<Vec<(Event, usize)>> {
        let mut queue = VecDeque::from([(from, Vec::new())]);
        let mut seen = HashSet::from([from]);
        while let Some((at, way)) = queue.pop_front() {
            for (event, next) in &self.nodes[at].edges {
                let mut longer = way.clone();
                longer.push((*event, *next));
                if wanted(at, *event, *next) {
                    return Some(longer);
                }
                if seen.insert(*next) {
                    queue.push_back((*next, longer));
                }
            }
        }
        None
    }

    /// Walks on for as long as there is something new, and then to the call's end, for what the last
    /// new edge has put off comes only then; `None` when there is nothing new.
    fn trace(
        &self,
        start: usize,
        stepped: &mut HashSet<(usize, Event)>,
    ) -> Option<Vec<(Event, usize)>> {
        let (mut at, mut steps) = (start, Vec::new());
        while let Some(way) = self.way(at, |at, event, _| !stepped.contains(&(at, event))) {
            for (event, next) in way {
                let is_new = stepped.insert((at, event));
                steps.push((event, next));
                at = next;
                // What a new edge puts off is seen only when it comes.
                let edges = &self.nodes[at].edges;
                let done = edges.iter().find(|(event, _)| *event == Event::Done);
                if let (true, Some((event, next))) = (is_new, done) {
                    stepped.insert((at, *event));
                    steps.push((*event, *next));
                    at = *next;
                }
            }
        }
        if steps.is_empty() {
            return None;
        }
        let over = |_, _, next: usize| matches!(self.nodes[next].action, Action::Return(_));
        steps.extend(self.way(at, over).unwrap_or_default());
        Some(steps)
    }
}

impl Graph {
    /// From `start`: what a lease brings a call whose stale value has grown too old, where it would bring it
    /// something else with one.
    fn outdated(&self, start: usize, shown: &mut HashSet<(usize, Event)>) -> Vec<Trace> {
        let mut traces = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let after = node
                .edges
                .iter()
                .find(|(event, _)| *event == Event::Outdated);
            let (Action::Lease { .. }, Some((_, next))) = (node.action, after) else {
                continue;
            };
            for ((event, with), (_, without)) in node.edges.iter().zip(&self.nodes[*next].edges) {
                let differs = self.nodes[*with].action != self.nodes[*without].action;
                if !differs || shown.contains(&(at, *event)) {
                    continue;
                }
                let is_there = |from, event, _| from == at && event == Event::Outdated;
                if let Some(mut steps) = self.way(start, is_there) {
                    shown.insert((at, *event));
                    steps.push((*event, *without));
                    traces.push(steps);
                }
            }
        }
        traces
    }
}

/// The events of a call, and the state that each leads to.
type Trace = Vec<(Event, usize)>;

/// Events and actions by number: their places in the lists of the file.
struct Numbers {
    events: Vec<String>,
    actions: Vec<String>,
}

impl Numbers {
    fn of(list: &[String], item: &impl std::fmt::Debug) -> usize {
        let place = list.iter().position(|other| *other == spelled(item));
        place.unwrap_or_else(|| panic!("{item:?} is in no list"))
    }

    fn steps(&self, graph: &Graph, steps: &[(Event, usize)]) -> Vec<[usize; 2]> {
        let step = |(event, place): &(Event, usize)| {
            let action = graph.nodes[*place].action;
            [
                Self::of(&self.events, event),
                Self::of(&self.actions, &action),
            ]
        };
        steps.iter().map(step).collect()
    }
}

fn wishes(wish: Wish) -> Vec<&'static str> {
    let all = [
        ("refresh", wish.refresh),
        ("owned", wish.owned),
        ("stale_if_error", wish.stale_if_error),
        ("needs_store", wish.needs_store),
        ("patient", wish.patient),
        ("detached", wish.detached),
    ];
    let wished = all.into_iter().filter(|(_, wished)| *wished);
    wished.map(|(name, _)| name).collect()
}

pub(crate) fn file() -> File {
    let events = events();
    let graph = Graph::of(&events);
    let answers = graph.answers();
    let numbers = Numbers {
        events: events.iter().map(spelled).collect(),
        actions: answers.keys().cloned().collect(),
    };
    let mut stepped = HashSet::new();
    let (mut traces, mut shown) = (Vec::new(), HashSet::new());
    for (wish, begun, flow, action) in starts() {
        let start = graph.places[&(flow, action)];
        let mut ways = graph.outdated(start, &mut shown);
        while let Some(steps) = graph.trace(start, &mut stepped) {
            ways.push(steps);
        }
        for steps in ways {
            traces.push(json!({
                "wish": wishes(wish),
                "begun": begun,
                "first": Numbers::of(&numbers.actions, &action),
                "steps": numbers.steps(&graph, &steps),
                "waited": steps.iter().position(|(_, at)| graph.nodes[*at].flow.has_waited()),
            }));
        }
    }
    let edges: usize = graph.nodes.iter().map(|node| node.edges.len()).sum();
    assert_eq!(stepped.len(), edges, "every edge is stepped");
    println!("{} states, {edges} edges", graph.nodes.len());
    let action = |(action, accepted): (&String, &Vec<Event>)| {
        let accepted = accepted
            .iter()
            .map(|event| Numbers::of(&numbers.events, event));
        json!({"action": action, "events": accepted.collect::<Vec<_>>()})
    };
    File::new(
        "flow",
        "Every event in every state of a call. A step is an event and the action that follows, both \
         by their places in the lists `events` and `actions`, from 0.",
    )
    .with("events", events.iter().map(|event| spelled(event).into()).collect())
    .with("actions", answers.iter().map(action).collect())
    .with("traces", traces)
}
