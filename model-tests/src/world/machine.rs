//! The production flow, each state numbered when it is first met.

use std::collections::HashMap;

use dogpile_core::flow::{Action, Event, Flow, Wish};

/// All states of the flow that a walk has met.
pub(crate) struct Machine {
    known: Vec<(Flow, Action, Wish)>,
    numbers: HashMap<(Flow, Action), u16>,
    steps: HashMap<(u16, Event), u16>,
}

/// The one place where a walk steps a flow.
fn step(flow: &mut Flow, event: Event) -> Action {
    match flow.step(event) {
        Ok(action) => action,
        Err(misuse) => panic!("the drivers answer what the flow asks: {misuse}"),
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            known: Vec::new(),
            numbers: HashMap::new(),
            steps: HashMap::new(),
        }
    }

    pub(crate) fn start(&mut self, wish: Wish) -> u16 {
        let start = Flow::start(wish);
        self.number(start, wish)
    }

    pub(crate) fn detached(&mut self, wish: Wish) -> u16 {
        let start = Flow::detached(wish);
        self.number(start, wish)
    }

    /// The creation of a call in that state, on a runner.
    pub(crate) fn creating(&mut self, flow: u16) -> u16 {
        let store_failed = self.known[usize::from(flow)].0.is_without_store();
        let start = Flow::creating(store_failed);
        self.number(start, Wish::default())
    }

    pub(crate) fn has_given(&self, flow: u16) -> bool {
        self.known[usize::from(flow)].0.has_given()
    }

    pub(crate) fn action(&self, flow: u16) -> Action {
        self.known[usize::from(flow)].1
    }

    /// What the call wanted when it began.
    pub(crate) fn wish(&self, flow: u16) -> Wish {
        self.known[usize::from(flow)].2
    }

    pub(crate) fn has_waited(&self, flow: u16) -> bool {
        self.known[usize::from(flow)].0.has_waited()
    }

    pub(crate) fn step(&mut self, flow: u16, event: Event) -> u16 {
        if let Some(next) = self.steps.get(&(flow, event)) {
            return *next;
        }
        let mut next = self.known[usize::from(flow)].0;
        let action = step(&mut next, event);
        let wish = self.wish(flow);
        let number = self.number((next, action), wish);
        self.steps.insert((flow, event), number);
        number
    }

    /// Asserts that a call that has answered takes nothing more.
    pub(crate) fn is_over(&self, flow: u16) -> bool {
        let mut flow = self.known[usize::from(flow)].0;
        flow.step(Event::Cancelled).is_err() && flow.step(Event::Done).is_err()
    }

    fn number(&mut self, state: (Flow, Action), wish: Wish) -> u16 {
        if let Some(number) = self.numbers.get(&state) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.known.len()) else {
            unreachable!("a flow has a few hundred states")
        };
        self.known.push((state.0, state.1, wish));
        self.numbers.insert(state, number);
        number
    }
}
