//! What a store's leases promise: each call is one step, at some time between being asked and being
//! answered, on a value and a lease.
//!
//! | step | the lease is free | it is the shown token's | it is another's |
//! |---|---|---|---|
//! | lease | won | won, and the shown token is void | lost, unless it is to be superseded |
//! | lease, and a fresh value is there | the value | the value, and the lease ends | the value, or lost |
//! | commit | refused | stored, and the lease ends | refused |
//! | release | refused | the lease ends | refused |
//! | renew | refused | it stays | refused |
//! | set, delete | | the lease ends | the lease ends |
//!
//! A token is known by the call that it was given to.

use std::collections::BTreeMap;

use crate::backends::Kind;
use crate::checker::Spec;
use crate::history::Call;

use super::LEASE_SECONDS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Lease {
        /// The token that the caller says it holds.
        held: Option<Call>,
        supersede: bool,
        fresh_is_enough: bool,
    },
    Commit(Call),
    Release(Call),
    Renew(Call),
    Set,
    Delete,
    Get,
    Advance(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Won,
    Lost,
    Fresh(Call),
    Stored,
    Refused,
    Got(Option<Call>),
    Done,
    /// The answer never arrived.
    NotHeard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Asked(Call, Op),
    Answered(Call, Said),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    now: u64,
    stored: Option<Call>,
    /// The token, and when it was given or last renewed.
    lease: Option<(Call, u64)>,
    /// The calls under way, and whether each has taken its step.
    calls: Vec<(Call, bool)>,
}

pub(crate) struct LeaseSpec {
    evicts: bool,
    expires: bool,
    calls: BTreeMap<Call, (Op, Option<Said>)>,
}

impl LeaseSpec {
    pub(crate) fn new(kind: &Kind, history: &[Event]) -> Self {
        let mut calls = BTreeMap::new();
        for event in history {
            match event {
                Event::Asked(call, op) => {
                    calls.insert(*call, (*op, None));
                }
                Event::Answered(call, said) => {
                    if let Some((_, answer)) = calls.get_mut(call) {
                        *answer = Some(*said);
                    }
                }
            }
        }
        Self {
            evicts: kind.evicts,
            expires: kind.expires,
            calls,
        }
    }

    /// Carries `op` out on `state`, and says what the answer has to be. Only a store that need not
    /// look before it says that the lease is lost has a choice.
    fn carry_out(&self, state: &mut State, call: Call, op: Op, answer: Option<Said>) -> Said {
        let current = state.lease.map(|(token, _)| token);
        let (now, used) = (state.now, |is_current: bool| {
            if is_current {
                Said::Stored
            } else {
                Said::Refused
            }
        });
        match op {
            Op::Lease {
                held,
                supersede,
                fresh_is_enough,
            } => {
                let is_own = held.is_some() && held == current;
                if let (true, Some(by)) =
                    (fresh_is_enough && answer != Some(Said::Lost), state.stored)
                {
                    state.lease = state.lease.filter(|_| !is_own);
                    return Said::Fresh(by);
                }
                if current.is_some() && !is_own && !supersede {
                    return Said::Lost;
                }
                state.lease = Some((call, now));
                Said::Won
            }
            Op::Commit(token) | Op::Release(token) if current == Some(token) => {
                state.lease = None;
                if matches!(op, Op::Commit(_)) {
                    state.stored = Some(call);
                }
                Said::Stored
            }
            Op::Renew(token) if current == Some(token) => {
                state.lease = Some((token, now));
                used(true)
            }
            Op::Commit(_) | Op::Release(_) | Op::Renew(_) => used(false),
            Op::Set | Op::Delete => {
                state.stored = (op == Op::Set).then_some(call);
                state.lease = None;
                Said::Done
            }
            Op::Get => Said::Got(state.stored),
            Op::Advance(seconds) => {
                state.now += seconds;
                // Here a lease that has run out is void at once.
                let holds = |(_, since): &(Call, u64)| state.now - since < LEASE_SECONDS;
                state.lease = state.lease.filter(|lease| !self.expires || holds(lease));
                Said::Done
            }
        }
    }
}

impl Spec for LeaseSpec {
    type Event = Event;
    type State = State;

    fn start(&self) -> State {
        State::default()
    }

    fn steps(&self, state: &State, event: &Event, next: &mut Vec<State>) {
        if matches!(event, Event::Asked(..)) {
            return;
        }
        for (at, (call, taken)) in state.calls.iter().enumerate() {
            if *taken {
                continue;
            }
            let (op, answer) = self.calls[call];
            let mut state = state.clone();
            state.calls[at].1 = true;
            let said = self.carry_out(&mut state, *call, op, answer);
            if answer.is_none_or(|answer| answer == Said::NotHeard || answer == said) {
                next.push(state);
            }
        }
        if self.evicts && state.stored.is_some() {
            let mut state = state.clone();
            state.stored = None;
            next.push(state);
        }
    }

    fn event(&self, state: &State, event: &Event) -> Option<State> {
        let mut state = state.clone();
        match event {
            Event::Asked(call, _) => state.calls.push((*call, false)),
            Event::Answered(call, _) => {
                let at = state
                    .calls
                    .iter()
                    .position(|(other, taken)| other == call && *taken)?;
                state.calls.remove(at);
            }
        }
        Some(state)
    }
}
