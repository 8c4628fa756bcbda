//! The single-flight that everybody writes first: a mutex, a condition variable, a hash map.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use foldhash::fast::RandomState;

use super::keyed::Keyed;
use crate::bench::coarse_clock;
use crate::contender::{Contender, HitCall, Hoard, Stock, ThreadDoor, Value};

pub(super) struct MutexCondvar;

#[derive(Default)]
struct Flight {
    state: Mutex<State>,
    created: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Vacant,
    Creating,
    Ready(Value),
}

impl Contender for MutexCondvar {
    fn name(&self) -> &'static str {
        "mutex+condvar"
    }

    fn package(&self) -> &'static str {
        "std"
    }

    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        let expires = coarse_clock::now() + coarse_clock::HOUR;
        let map: HashMap<String, (Value, u64), RandomState> = stock
            .keys()
            .iter()
            .map(|key| (key.clone(), (Stock::value(), expires)))
            .collect();
        let map = Mutex::new(map);
        let stock = stock.clone();
        vec![HitCall::cloning("mutex+condvar get", true, move |key| {
            let now = coarse_clock::now();
            match map.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
                Some((value, expires)) if now < *expires => Arc::clone(value),
                _ => stock.missed(),
            }
        })]
    }

    fn thread_door(&self) -> Option<ThreadDoor> {
        let flights: Keyed<Flight> = Keyed::default();
        Some(Arc::new(move |key, create| {
            flights.of(key).get_or_create(create)
        }))
    }

    fn hoard(&self, _entries: usize) -> Option<Hoard> {
        let map: Mutex<HashMap<String, u64, RandomState>> = Mutex::default();
        Some(Box::new(move |key, value| {
            map.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(key.to_owned(), value);
        }))
    }
}

impl Flight {
    fn get_or_create(&self, create: &dyn Fn() -> Value) -> Value {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*state {
                State::Ready(value) => return Arc::clone(value),
                State::Creating => {
                    state = self
                        .created
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                State::Vacant => break,
            }
        }
        *state = State::Creating;
        drop(state);
        let value = create();
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) =
            State::Ready(Arc::clone(&value));
        self.created.notify_all();
        value
    }
}
