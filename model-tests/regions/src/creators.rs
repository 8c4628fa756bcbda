//! Creators: when they end, and how.

use std::panic::resume_unwind;
use std::sync::{Arc, OnceLock, PoisonError};

use shuttle::sync::{Condvar, Mutex, MutexGuard};

use crate::books::{Asked, End};
use crate::value::{Shared, Value};

/// How a creator is to end, and when.
#[derive(Clone)]
pub struct Plan {
    /// With a value, an error or a panic.
    pub end: End,
    /// For so long it is at work.
    pub steps: usize,
    /// And it ends no sooner than this lets it.
    pub gate: Option<Gate>,
}

impl Plan {
    /// An end after so many steps.
    pub const fn new(end: End, steps: usize) -> Self {
        let gate = None;
        Self { end, steps, gate }
    }

    /// A value, once `gate` is open.
    pub const fn behind(gate: Gate) -> Self {
        Self {
            end: End::Value,
            steps: 0,
            gate: Some(gate),
        }
    }
}

impl Plan {
    /// Waits for the gate, if there is one.
    pub(crate) fn wait(&self) {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
    }
}

/// A gate that so many others open.
#[derive(Clone)]
pub struct Gate(Arc<(Mutex<Missing>, Condvar)>);

struct Missing {
    others: usize,
    /// Whether only the first who comes to it has to wait.
    lets_all_but_one_through: bool,
    held_one: bool,
}

impl Gate {
    fn new(others: usize, lets_all_but_one_through: bool) -> Self {
        let missing = Missing {
            others,
            lets_all_but_one_through,
            held_one: false,
        };
        Self(Arc::new((Mutex::new(missing), Condvar::new())))
    }

    /// One that opens when so many have come.
    pub fn of(others: usize) -> Self {
        Self::new(others, false)
    }

    /// One that holds up only the first who wants to pass.
    pub fn for_one(others: usize) -> Self {
        Self::new(others, true)
    }

    fn missing(&self) -> MutexGuard<'_, Missing> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another has come.
    pub fn come(&self) {
        let mut missing = self.missing();
        missing.others = missing.others.saturating_sub(1);
        drop(missing);
        self.0.1.notify_all();
    }

    /// Whether all have come.
    pub fn is_open(&self) -> bool {
        self.missing().others == 0
    }

    /// Waits until all have come.
    pub fn pass(&self) {
        let mut missing = self.missing();
        if missing.held_one && missing.lets_all_but_one_through {
            return;
        }
        missing.held_one = true;
        while missing.others > 0 {
            let woken = self.0.1.wait(missing);
            missing = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The creator's own error: whose it is.
#[derive(Debug)]
pub struct Failed(pub usize);

/// A creator at work, until it ends or is dropped.
pub(crate) struct AtWork {
    books: Shared,
    asked: Asked,
    maker: usize,
    version: u64,
    end: End,
}

impl AtWork {
    pub(crate) fn begin(books: Shared, asked: Asked, own: &OnceLock<usize>) -> Self {
        let (maker, version) = books.open().begin(asked);
        assert_eq!(own.set(maker), Ok(()), "one call creates once at most");
        let end = End::Dropped;
        Self {
            books,
            asked,
            maker,
            version,
            end,
        }
    }

    pub(crate) fn ends(mut self, end: End) -> Result<Value, Failed> {
        self.end = end;
        let maker = self.maker;
        match end {
            End::Error => Err(Failed(maker)),
            // Not `panic!`, whose hook would print each.
            End::Panic => resume_unwind(Box::new(maker.to_string())),
            _ => Ok(Value::new(
                &self.books,
                self.asked.key,
                self.version,
                self.maker,
            )),
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.books.open().end(self.maker, self.end);
    }
}

/// A creator that may still be called.
pub(crate) struct HandedOver(Shared);

impl HandedOver {
    pub(crate) fn new(books: Shared) -> Self {
        books.open().handed_over += 1;
        Self(books)
    }
}

impl Drop for HandedOver {
    fn drop(&mut self) {
        self.0.open().handed_over -= 1;
    }
}
