//! Whether a recorded history is one that a specification allows.
//!
//! The search of Wing and Gong in the form that Lowe gave it: the checker follows the history event
//! by event with the set of all states in which the specification may be. Before an event that
//! says something (an answer, a creator's beginning) it lets the calls under way take their steps in
//! every order; a state that the event contradicts is dropped. States are kept once, however
//! many orders lead there. When none is left, the events up to this one are the shortest prefix
//! that cannot be explained.

use std::collections::HashSet;
use std::hash::Hash;

/// A machine with inner steps that nobody sees, and events that a history records.
pub(crate) trait Spec {
    type Event;
    type State: Clone + Eq + Hash;

    fn start(&self) -> Self::State;

    /// Adds the states that are one inner step away, as far as they matter to `event`.
    fn steps(&self, state: &Self::State, event: &Self::Event, next: &mut Vec<Self::State>);

    /// What `event` makes of `state`; `None`: it cannot happen there.
    fn event(&self, state: &Self::State, event: &Self::Event) -> Option<Self::State>;
}

/// A history that cannot be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// How many events the shortest failing prefix has.
    pub(crate) events: usize,
}

/// More states than any history here has: a specification that explodes says so.
const MOST: usize = 500_000;

/// Checks the history and answers how many states were looked at.
///
/// # Errors
/// The length of the shortest prefix that the specification does not allow.
pub(crate) fn check<S: Spec>(spec: &S, history: &[S::Event]) -> Result<usize, Rejected> {
    let mut states = HashSet::from([spec.start()]);
    let mut looked_at = 0;
    for (at, event) in history.iter().enumerate() {
        let reached = closure(spec, states, event);
        looked_at += reached.len();
        states = reached
            .iter()
            .filter_map(|state| spec.event(state, event))
            .collect();
        if states.is_empty() {
            return Err(Rejected { events: at + 1 });
        }
    }
    Ok(looked_at)
}

/// All states that inner steps lead to.
fn closure<S: Spec>(spec: &S, states: HashSet<S::State>, event: &S::Event) -> HashSet<S::State> {
    let mut open: Vec<S::State> = states.iter().cloned().collect();
    let (mut reached, mut next) = (states, Vec::new());
    while let Some(state) = open.pop() {
        spec.steps(&state, event, &mut next);
        for state in next.drain(..) {
            if !reached.contains(&state) {
                reached.insert(state.clone());
                open.push(state);
            }
        }
        assert!(reached.len() < MOST, "a history with too many explanations");
    }
    reached
}
