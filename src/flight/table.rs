//! The flights of one store, by mangled key. Touched only on a miss or a stale value.

use std::sync::Arc;

use dogpile_backend::{Lease, Time};
use dogpile_core::kit::{Fault, Kit};
use dogpile_core::slot::{self, Change};
use dogpile_core::state::Claim;

use super::{Flight, Outcome};
use crate::kit::Local;

pub(crate) struct Flights<V: Send + Sync + 'static> {
    table: papaya::HashMap<Box<[u8]>, Arc<Flight<V>>, foldhash::fast::RandomState>,
}

/// The answer to who creates.
pub(crate) enum Boarding<V: Send + Sync + 'static> {
    /// The caller.
    Won(Arc<Flight<V>>, Claim),
    /// Another.
    Joined(Arc<Flight<V>>),
}

/// How much is under way.
#[derive(Default)]
pub(crate) struct Census {
    /// Keys that somebody creates.
    pub(crate) creating: usize,
    /// Calls that wait for them.
    pub(crate) waiting: usize,
    /// Keys whose creator holds the store's lease.
    pub(crate) leases: usize,
}

impl<V: Send + Sync + 'static> Flights<V> {
    pub(crate) fn new() -> Self {
        Self {
            table: papaya::HashMap::with_hasher(foldhash::fast::RandomState::default()),
        }
    }

    /// Makes a flight for `key`, or joins the one that is under way; takes over one whose creator
    /// is past its limit. Lock-free unless something is overdue.
    pub(crate) fn board(&self, key: &[u8], now: Time) -> Boarding<V> {
        let table = self.table.pin();
        loop {
            let Some(flight) = table.get(key) else {
                let (flight, claim) = born_claimed();
                if table.try_insert(key.into(), Arc::clone(&flight)).is_ok() {
                    return Boarding::Won(flight, claim);
                }
                continue;
            };
            if !flight.slot.look().is_busy() {
                self.remove(key, flight);
                continue;
            }
            if Local::has(Fault::DoubleClaim) {
                let (flight, claim) = born_claimed();
                return Boarding::Won(flight, claim);
            }
            return match flight.slot.take_over(now) {
                Some(claim) => Boarding::Won(Arc::clone(flight), claim),
                None => Boarding::Joined(Arc::clone(flight)),
            };
        }
    }

    /// Makes a flight for `key` whatever is under way; that is superseded.
    pub(crate) fn supersede(&self, key: &[u8]) -> Boarding<V> {
        let (flight, claim) = born_claimed();
        let table = self.table.pin();
        if let Some(old) = table.insert(key.into(), Arc::clone(&flight)) {
            old.slot.supersede(Change::Delete, None, || ());
        }
        Boarding::Won(flight, claim)
    }

    /// The flight for `key`, if there is one.
    pub(crate) fn under_way(&self, key: &[u8]) -> Option<Arc<Flight<V>>> {
        self.table.pin().get(key).map(Arc::clone)
    }

    /// Ends the flight for `key`, if there is one: a value was set, or removed. Its waiters are
    /// given `outcome`, made only if somebody is there to have it. The answer is the lease of its
    /// creator, which is void unless the store gave it after the value was set or removed.
    pub(crate) fn detach(
        &self,
        key: &[u8],
        outcome: impl FnOnce(&Arc<Flight<V>>) -> Option<Arc<Outcome<V>>>,
    ) -> Option<Lease> {
        let table = self.table.pin();
        let flight = table.remove(key)?;
        let outcome = outcome(flight);
        let change = if outcome.is_some() {
            Change::Set
        } else {
            Change::Delete
        };
        flight.slot.supersede(change, outcome.as_ref(), || ());
        flight.inherited_lease()
    }

    /// Takes a flight that has ended out of the table, unless another is there in its place.
    pub(crate) fn remove(&self, key: &[u8], ended: &Arc<Flight<V>>) {
        let table = self.table.pin();
        // The answer names what is there instead, which is somebody else's flight.
        let _ = table.remove_if(key, |_, there| Arc::ptr_eq(there, ended));
    }

    /// What is under way at this moment.
    pub(crate) fn census(&self) -> Census {
        let table = self.table.pin();
        let mut census = Census::default();
        for flight in table.values().filter(|flight| flight.slot.look().is_busy()) {
            census.creating += 1;
            census.waiting += flight.slot.waiting();
            census.leases += usize::from(flight.inherited_lease().is_some());
        }
        census
    }

    /// How many there are.
    #[cfg(dogpile_shuttle)]
    pub(crate) fn len(&self) -> usize {
        self.table.pin().len()
    }

    /// Whether somebody creates a value for `key`.
    pub(crate) fn is_busy(&self, key: &[u8]) -> bool {
        let table = self.table.pin();
        table
            .get(key)
            .is_some_and(|flight| flight.slot.look().is_busy())
    }
}

fn born_claimed<V: Send + Sync + 'static>() -> (Arc<Flight<V>>, Claim) {
    let flight = Arc::new(Flight::new());
    match flight.slot.claim(flight.slot.look()) {
        slot::Claimed::Won(claim) => (flight, claim),
        slot::Claimed::Joined | slot::Claimed::Changed => {
            unreachable!("a word that nobody else has seen is vacant")
        }
    }
}
