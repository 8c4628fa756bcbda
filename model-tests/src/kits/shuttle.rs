//! The kit for shuttle: all atomics sequentially consistent, schedules drawn or enumerated.

use std::sync::atomic::{AtomicBool, Ordering as StdOrdering};
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};

use dogpile_core::kit::{Fault, Kit, Lock, Order, Park, Word};
use dogpile_core::state::{Request, Snapshot, Step};
use dogpile_core::time::Span;
use shuttle::sync::atomic::AtomicU64;
use shuttle::thread::{self, Thread};

use super::{Checker, Scratch};
use crate::mutant::{built_in, effective, step};

/// Shuttle.
#[derive(Debug)]
pub enum Shuttle {}

/// Shuttle's atomic.
#[derive(Debug)]
pub struct ShuttleWord(AtomicU64);

impl Word for ShuttleWord {
    fn load(&self, order: Order) -> u64 {
        self.0.load(effective(order))
    }

    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64> {
        self.0
            .compare_exchange(current, new, effective(success), effective(failure))
    }

    fn raise(&self, value: u64, order: Order) {
        self.0.fetch_max(value, effective(order));
    }
}

/// Shuttle's mutex.
#[derive(Debug)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Lock<T> for Mutex<T> {
    fn new(inside: T) -> Self {
        Self(shuttle::sync::Mutex::new(inside))
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let mut guard = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut guard)
    }
}

/// A thread of shuttle and its token.
#[derive(Debug)]
pub struct ThreadPark(Thread);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Park for ThreadPark {
    fn here() -> Self {
        Self(thread::current())
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::new(Unpark(self.0.clone())))
    }

    fn park(&self, _at_most: Option<Span>) {
        thread::park();
    }
}

/// Memory in which a write takes time: who meets another in it is reported. Shuttle knows no
/// weak memory, so that is all it can say.
#[derive(Debug)]
pub struct Occupied(AtomicBool);

impl Scratch for Occupied {
    fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    fn write(&self) {
        let before = self.0.swap(true, StdOrdering::SeqCst);
        assert!(!before, "two write at once");
        thread::yield_now();
        self.0.store(false, StdOrdering::SeqCst);
    }

    fn read(&self) {
        assert!(
            !self.0.load(StdOrdering::SeqCst),
            "read while it is written"
        );
    }
}

impl Kit for Shuttle {
    type Word = ShuttleWord;
    type Lock<T: Send> = Mutex<T>;
    // Written under a lock, where the scheduler comes in.
    type Once<T: Send + Sync> = OnceLock<T>;
    type Park = ThreadPark;

    fn has(fault: Fault) -> bool {
        built_in(fault)
    }

    fn step(now: Snapshot, request: Request) -> Step {
        step(now, request)
    }
}

impl Checker for Shuttle {
    const NAME: &'static str = "shuttle";
    type Scratch = Occupied;

    fn word(bits: u64) -> ShuttleWord {
        ShuttleWord(AtomicU64::new(bits))
    }

    fn spawn<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Box<dyn FnOnce() -> T> {
        let thread = thread::spawn(work);
        Box::new(move || match thread.join() {
            Ok(answer) => answer,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}
