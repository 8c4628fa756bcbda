//! A flight: one creation under way in this process, and those who wait for it.
//!
//! Flights belong to an opened store and are found by mangled key, so that two regions on one store
//! share them. A flight is born claimed, lives for one creation (an heir or a take-over goes on
//! with it), and is taken out of the table when that has ended. A word that is no longer busy is
//! the end of its flight: whoever finds such a one takes it out and makes another. So removing a
//! flight races with nothing.

mod back_off;
pub(crate) mod cycle;
mod doorbell;
mod invalidations;
mod opened;
mod outcome;
mod table;
mod tag_table;

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use dogpile_backend::{Lease, Span, Time};
use dogpile_core::slot::Slot;
use dogpile_core::waiters::Waiter;

pub(crate) use back_off::BackOffs;
pub(crate) use doorbell::{Doorbell, Listener, block_on};
pub(crate) use invalidations::{Invalidations, Known, only};
pub(crate) use opened::{Opened, leases};
pub(crate) use outcome::{Outcome, Shared};
pub(crate) use table::{Boarding, Flights};
pub(crate) use tag_table::TagTable;

use crate::keeper::{self, Standing};
use crate::kit::{Local, vacant};
use crate::sync::{Instant, Mutex, MutexGuard};

/// Alarms of one flight that are less than this apart are one.
const GRAIN: Span = Span::from_millis(10);

/// One who waits for a creation.
pub(crate) type Seat<V> = Waiter<Local, Outcome<V>>;

pub(crate) struct Flight<V: Send + Sync + 'static> {
    pub(crate) slot: Slot<Local, Outcome<V>>,
    /// Where its waiting threads sleep.
    pub(crate) bell: Arc<Doorbell>,
    work: Mutex<Work>,
}

/// What the creator at work has, for whoever takes its place.
#[derive(Default)]
struct Work {
    /// The store's lease, which an heir takes over.
    lease: Option<Lease>,
    /// Which creation is at work; zero while none is.
    creation: u64,
    /// When async waiters look at the time.
    alarms: Vec<(Time, Standing)>,
}

impl<V: Send + Sync + 'static> Flight<V> {
    fn new() -> Self {
        Self {
            slot: vacant(),
            bell: Arc::default(),
            work: Mutex::default(),
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves `lease` for whoever takes the creator's place.
    pub(crate) fn record_lease(&self, lease: Lease) {
        self.work().lease = Some(lease);
    }

    /// Takes `lease` back, unless whoever took the creator's place has left another.
    pub(crate) fn forget_lease(&self, lease: &Lease) {
        let mut work = self.work();
        if work.lease.as_ref() == Some(lease) {
            work.lease = None;
        }
    }

    /// The lease of the creator before: it stays there until it is forgotten, for the next heir
    /// if this one goes away before the store has answered.
    pub(crate) fn inherited_lease(&self) -> Option<Lease> {
        self.work().lease.clone()
    }

    /// Says which creation is at work.
    pub(crate) fn begin_creation(&self, creation: u64) {
        self.work().creation = creation;
    }

    /// Has the keeper wake this flight's async waiters at `at`, so that they look at the time. All
    /// alarms of one grain are one, however many wait.
    pub(crate) fn alarm(self: &Arc<Self>, at: Time, now: Time) {
        let grain = GRAIN.as_nanos();
        let at = Time::from_nanos(at.as_nanos().div_ceil(grain).saturating_mul(grain));
        let mut work = self.work();
        if work.alarms.iter().any(|(booked, _)| *booked == at) {
            return;
        }
        let flight: Weak<Self> = Arc::downgrade(self);
        let rest = Duration::from_nanos(at.since(now).as_nanos());
        let Some(due) = Instant::now().checked_add(rest) else {
            return;
        };
        let standing = keeper::at(due, move || {
            if let Some(flight) = flight.upgrade() {
                flight.ring(at);
            }
            None
        });
        work.alarms.push((at, standing));
    }

    fn ring(&self, at: Time) {
        let mut work = self.work();
        let rung = work.alarms.iter().position(|(booked, _)| *booked == at);
        let rung = rung.map(|index| work.alarms.swap_remove(index));
        drop(work);
        drop(rung);
        self.slot.nudge();
    }
}

impl<V: Send + Sync + 'static> cycle::Busy for Flight<V> {
    fn creation(&self) -> u64 {
        self.work().creation
    }
}
