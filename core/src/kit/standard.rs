//! The kit of the standard library.

use core::sync::atomic::AtomicU64;
use core::task::Waker;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Wake;
use std::thread::{self, Thread};

use super::{Kit, Lock, Once, Order, Park, Word};
use crate::time::Span;

/// Atomics, mutexes and parked threads of the standard library.
#[derive(Clone, Copy, Debug)]
pub enum Std {}

impl Kit for Std {
    type Word = AtomicU64;
    type Lock<T: Send> = Mutex<T>;
    type Once<T: Send + Sync> = OnceLock<T>;
    type Park = ThreadPark;
}

impl Word for AtomicU64 {
    #[inline]
    fn load(&self, order: Order) -> u64 {
        self.load(order.ordering)
    }

    #[inline]
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64> {
        self.compare_exchange(current, new, success.ordering, failure.ordering)
    }

    #[inline]
    fn raise(&self, value: u64, order: Order) {
        self.fetch_max(value, order.ordering);
    }
}

impl<T> Lock<T> for Mutex<T> {
    fn new(inside: T) -> Self {
        Self::new(inside)
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // No user's code runs under a lock, so a poisoned one still guards a whole state.
        work(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Once<T> for OnceLock<T> {
    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn get(&self) -> Option<&T> {
        self.get()
    }

    fn set(&self, value: T) {
        let is_first = self.set(value).is_ok();
        debug_assert!(is_first, "a cell that is written once was written before");
    }
}

/// The parking place of a thread: its own token, as `std::thread::park` keeps it.
#[derive(Debug)]
pub struct ThreadPark(Waker);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

std::thread_local! {
    static WAKER: Waker = Waker::from(Arc::new(Unpark(thread::current())));
}

impl Park for ThreadPark {
    fn here() -> Self {
        let cached = WAKER.try_with(Waker::clone);
        // A thread that waits while its own locals are torn down makes its waker anew.
        Self(cached.unwrap_or_else(|_| Waker::from(Arc::new(Unpark(thread::current())))))
    }

    fn waker(&self) -> Waker {
        self.0.clone()
    }

    fn park(&self, at_most: Option<Span>) {
        match at_most {
            Some(span) => thread::park_timeout(span.to_duration()),
            None => thread::park(),
        }
    }
}
