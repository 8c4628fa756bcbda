//! The kit of shuttle, for whole regions under its scheduler. A model may build a fault in.

use std::cell::Cell;
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::{Wake, Waker};

use dogpile_core::kit::{self, Fault, Kit, Order, Park};
use dogpile_core::slot::Slot;
use dogpile_core::time::Span;
use dogpile_core::waiters::Room;
use shuttle::sync::Mutex;
use shuttle::sync::atomic::AtomicU64;
use shuttle::thread::{self, Thread};

use crate::sync::time;

std::thread_local! {
    static BUILT_IN: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Builds `fault` into every region of this thread's executions, in place of the one before.
pub fn build_in(fault: Option<Fault>) {
    BUILT_IN.set(fault);
}

/// Shuttle's atomics, locks and threads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shuttle {}

impl Kit for Shuttle {
    type Word = Word;
    type Lock<T: Send> = Lock<T>;
    // Written under a lock, where the scheduler comes in.
    type Once<T: Send + Sync> = OnceLock<T>;
    type Park = Place;

    fn has(fault: Fault) -> bool {
        BUILT_IN.get() == Some(fault)
    }
}

pub(crate) struct Word(AtomicU64);

impl kit::Word for Word {
    fn load(&self, order: Order) -> u64 {
        self.0.load(order.ordering)
    }

    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64> {
        self.0
            .compare_exchange(current, new, success.ordering, failure.ordering)
    }

    fn raise(&self, value: u64, order: Order) {
        self.0.fetch_max(value, order.ordering);
    }
}

pub(crate) struct Lock<T>(Mutex<T>);

impl<T> kit::Lock<T> for Lock<T> {
    fn new(inside: T) -> Self {
        Self(Mutex::new(inside))
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) struct Place(Thread);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Park for Place {
    fn here() -> Self {
        Self(thread::current())
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::new(Unpark(self.0.clone())))
    }

    fn park(&self, at_most: Option<Span>) {
        time::park(at_most.map(Span::to_duration));
    }
}

/// A slot whose word is vacant.
pub(crate) const fn vacant<O: Send + Sync>() -> Slot<Shuttle, O> {
    Slot::from_parts(
        Word(AtomicU64::new(0)),
        Word(AtomicU64::new(0)),
        Lock(Mutex::new(Room::new())),
    )
}
