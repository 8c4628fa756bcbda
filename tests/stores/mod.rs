//! A third-party store as several processes share it, with what a test needs to see and to steer.
//!
//! [`Server`] is what a server would hold; each [`SharedMap`] opened on it is one process's handle.
#![allow(dead_code, unused_imports)] // each test binary uses its own part

mod clock;
mod faults;
mod hand;
mod jobs;
mod leases;
mod map;

pub(crate) use clock::HandClock;
pub(crate) use faults::{Faults, Op};
pub(crate) use hand::Hand;
pub(crate) use jobs::Stage;
pub(crate) use map::{Form, Server, SharedMap};

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longer than anything here takes: a wait that lasts so long has hung.
const PATIENCE: Duration = Duration::from_secs(20);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until `there` is so; a test that waits in vain fails.
fn wait_until<'a, T>(
    mutex: &'a Mutex<T>,
    changed: &Condvar,
    what: &str,
    there: impl Fn(&T) -> bool,
) -> MutexGuard<'a, T> {
    let waited = changed.wait_timeout_while(lock(mutex), PATIENCE, |state| !there(state));
    let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    assert!(!timeout.timed_out(), "waited in vain for {what}");
    state
}
