//! A kit for one thread: plain words, plain locks, and nobody sleeps. For models that try every
//! order of whole operations.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Wake, Waker};
use std::thread;

use dogpile_core::kit::{Fault, Kit, Lock, Order, Park, Word};
use dogpile_core::state::{Request, Snapshot, Step};
use dogpile_core::time::Span;

use crate::mutant::{built_in, step};

/// One thread, and nothing else.
#[derive(Debug)]
pub enum Plain {}

/// Far above what one operation needs.
const ACCESSES: u32 = 10_000;

thread_local! {
    static ACCESSED: Cell<u32> = const { Cell::new(0) };
    /// How many locks this thread holds.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// Before an operation: one that asks the word for ever is a defect, not a hang.
pub fn begins() {
    ACCESSED.set(0);
}

fn accessed() {
    ACCESSED.set(ACCESSED.get() + 1);
    assert!(ACCESSED.get() < ACCESSES, "an operation has no end");
}

/// A word that one thread uses.
#[derive(Debug)]
pub struct PlainWord(AtomicU64);

impl PlainWord {
    /// A word that starts at `bits`.
    pub const fn new(bits: u64) -> Self {
        Self(AtomicU64::new(bits))
    }
}

impl Word for PlainWord {
    fn load(&self, _order: Order) -> u64 {
        accessed();
        self.0.load(Ordering::SeqCst)
    }

    fn compare_exchange(&self, current: u64, new: u64, _: Order, _: Order) -> Result<u64, u64> {
        accessed();
        self.0
            .compare_exchange(current, new, Ordering::SeqCst, Ordering::SeqCst)
    }

    fn raise(&self, value: u64, _order: Order) {
        accessed();
        self.0.fetch_max(value, Ordering::SeqCst);
    }
}

/// A lock that nobody waits for: taken twice, it is a defect.
#[derive(Debug)]
pub struct PlainLock<T>(Mutex<T>);

impl<T> Lock<T> for PlainLock<T> {
    fn new(inside: T) -> Self {
        Self(Mutex::new(inside))
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let locked = self.0.try_lock();
        let mut inside = match locked {
            Ok(inside) => inside,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(std::sync::TryLockError::WouldBlock) => panic!("a lock is taken under itself"),
        };
        HELD.set(HELD.get() + 1);
        let answer = work(&mut inside);
        HELD.set(HELD.get() - 1);
        answer
    }
}

/// Wakes nobody. Somebody else's code: called or dropped while a lock is held, it is a defect.
#[derive(Debug)]
struct Guest;

/// A waker of its own for each who asks.
pub fn guest() -> Waker {
    Waker::from(Arc::new(Guest))
}

impl Guest {
    fn runs() {
        let under = HELD.get();
        assert!(under == 0 || thread::panicking(), "a waker under a lock");
    }
}

impl Wake for Guest {
    fn wake(self: Arc<Self>) {
        Self::runs();
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        Self::runs();
    }
}

/// Nowhere: one thread that sleeps is never woken.
#[derive(Debug)]
pub struct Nowhere;

impl Park for Nowhere {
    fn here() -> Self {
        Self
    }

    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }

    fn park(&self, _at_most: Option<Span>) {
        panic!("nobody is there to wake it");
    }
}

impl Kit for Plain {
    type Word = PlainWord;
    type Lock<T: Send> = PlainLock<T>;
    type Once<T: Send + Sync> = OnceLock<T>;
    type Park = Nowhere;

    fn has(fault: Fault) -> bool {
        built_in(fault)
    }

    fn step(now: Snapshot, request: Request) -> Step {
        step(now, request)
    }
}
