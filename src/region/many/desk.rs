//! Where the calls of a batch leave what they are to create, and get what was made: one run of the
//! user's creator serves all that have come by then.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError};
use std::task::Poll;

use crate::flight::cycle;
use crate::region::drive::Pace;
use crate::sync::{Mutex, MutexGuard};

/// What was made for one call.
pub(super) enum Made<V, E> {
    Value(V),
    Failed(Arc<E>),
    /// The creator's panic goes on from the batch; each call tells those who wait what it said.
    Panicked(String),
}

/// One call that is to create.
pub(super) struct Order {
    pub(super) number: usize,
    /// Which run of a creator it is, for cycles.
    pub(super) creation: u64,
}

pub(super) struct Desk<V, E>(Mutex<Calls<V, E>>);

struct Calls<V, E> {
    paces: Vec<Pace>,
    /// How many are neither at rest nor at this desk, nor over.
    busy: usize,
    orders: Vec<Order>,
    made: Vec<Option<Made<V, E>>>,
}

impl<V, E> Desk<V, E> {
    /// For `count` calls, all of which are busy.
    pub(super) fn new(count: usize) -> Self {
        Self(Mutex::new(Calls {
            paces: vec![Pace::Busy; count],
            busy: count,
            orders: Vec::new(),
            made: (0..count).map(|_| None).collect(),
        }))
    }

    fn calls(&self) -> MutexGuard<'_, Calls<V, E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call rests, or goes on.
    pub(super) fn pace(&self, number: usize, pace: Pace) {
        let mut calls = self.calls();
        let before = std::mem::replace(&mut calls.paces[number], pace);
        match (before, pace) {
            (Pace::Busy, Pace::Follows | Pace::Watches) => calls.busy -= 1,
            (Pace::Follows | Pace::Watches, Pace::Busy) => calls.busy += 1,
            _ => {}
        }
    }

    /// A call is over, wherever it was.
    pub(super) fn over(&self, number: usize) {
        self.pace(number, Pace::Follows);
    }

    /// The creator of one call, from within its frame.
    pub(super) fn order(&self, number: usize) -> impl Future<Output = Result<V, Arc<E>>> {
        self.pace(number, Pace::Follows);
        self.calls().orders.push(Order {
            number,
            creation: cycle::innermost(),
        });
        poll_fn(move |_| {
            let Some(made) = self.calls().made[number].take() else {
                return Poll::Pending;
            };
            self.pace(number, Pace::Busy);
            Poll::Ready(match made {
                Made::Value(value) => Ok(value),
                Made::Failed(error) => Err(error),
                Made::Panicked(message) => resume_unwind(Box::new(message)),
            })
        })
    }

    /// What is to be created, once no call is on its way to the desk any more: a batch waits for
    /// nobody while it holds a lease.
    pub(super) fn take_orders(&self) -> Vec<Order> {
        let mut calls = self.calls();
        if calls.busy > 0 {
            return Vec::new();
        }
        let mut orders = std::mem::take(&mut calls.orders);
        drop(calls);
        // They came as the store answered; the user's creator gets the user's order.
        orders.sort_unstable_by_key(|order| order.number);
        orders
    }

    /// Those that rest so.
    pub(super) fn resting(&self, so: impl Fn(Pace) -> bool) -> Vec<usize> {
        let calls = self.calls();
        let numbered = calls.paces.iter().enumerate();
        let resting = numbered.filter(|(_, pace)| **pace != Pace::Busy && so(**pace));
        resting.map(|(number, _)| number).collect()
    }

    /// Leaves what was made for one call.
    pub(super) fn leave(&self, number: usize, made: Made<V, E>) {
        self.calls().made[number] = Some(made);
    }
}
