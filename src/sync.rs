//! The door to threads: the locks, cells and threads that a region runs on.
//!
//! They are the standard library's. Built with `--cfg dogpile_shuttle` they are shuttle's, so that its
//! scheduler chooses at each of them who goes on: `model-tests/regions` runs whole regions so. The cfg
//! is for those models alone, and nobody's build has it by accident.

#[cfg(dogpile_shuttle)]
mod shuttle;

#[cfg(dogpile_shuttle)]
pub use self::shuttle::time;
#[cfg(dogpile_shuttle)]
pub(crate) use self::shuttle::{
    Condvar, Instant, Mutex, MutexGuard, OnceLock, in_background, process_wide, sleep,
    thread_local, wait_for,
};

#[cfg(not(dogpile_shuttle))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, OnceLock},
    thread::sleep,
    thread_local,
    time::Instant,
};

/// Starts a thread that nobody waits for.
///
/// # Errors
/// When the system has none to give.
#[cfg(not(dogpile_shuttle))]
pub(crate) fn in_background(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name(name);
    thread.spawn(work).map(drop)
}

/// Waits until `changed` is notified, for that long at most. Where time is a model's, `waker` is
/// called when it has passed; elsewhere it is let go before.
#[cfg(not(dogpile_shuttle))]
pub(crate) fn wait_for<'m, T>(
    changed: &Condvar,
    guard: MutexGuard<'m, T>,
    at_most: std::time::Duration,
    waker: std::task::Waker,
) -> MutexGuard<'m, T> {
    drop(waker);
    let waited = changed.wait_timeout(guard, at_most);
    waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
}

/// A static: one for the process, or one for each execution of a model.
#[cfg(not(dogpile_shuttle))]
macro_rules! process_wide {
    ($(#[$doc:meta])* $visible:vis static $name:ident: $type:ty = $start:expr;) => {
        $(#[$doc])*
        $visible static $name: $type = $start;
    };
}
#[cfg(not(dogpile_shuttle))]
pub(crate) use process_wide;
