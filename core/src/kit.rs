//! The doors through which the core touches a machine.
//!
//! A [`Kit`] names an atomic word, a lock, a cell that is written once, and a parking place. The standard library's kit runs in
//! production (`Std`, feature `std`); loom's and shuttle's run the very same code under a
//! model checker, in a plain `cargo test`. A kit has no constructors for what must be `const`: whoever
//! builds a [`Slot`](crate::slot::Slot) hands the parts in, so that statics stay possible.

#[cfg(feature = "std")]
mod standard;

use core::sync::atomic::Ordering;
use core::task::Waker;

#[cfg(feature = "std")]
pub use standard::Std;

use crate::state::{Request, Snapshot, Step};
use crate::time::Span;

/// One place in the code that names a memory ordering.
///
/// Kits receive the whole `Order`, so that a checker can weaken one site at run time; production
/// passes `ordering` on, and the constant folds away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The site's label, as the ordering comments name it.
    pub site: &'static str,
    /// The ordering it asks for.
    pub ordering: Ordering,
}

/// A fault that a laboratory may build into a kit, to see that its figures notice. Production kits
/// have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A caller that should join a creation is told that it won.
    DoubleClaim,
    /// A winner does not look again before it creates, and comes late to its claim.
    NoRelook,
    /// Those who wait are told, and not woken.
    LoseWake,
}

/// The machine as the core sees it.
pub trait Kit: Sized + 'static {
    /// An atomic 64-bit word.
    type Word: Word;
    /// A mutual exclusion lock around a `T`.
    type Lock<T: Send>: Lock<T> + Send + Sync;
    /// A cell that is written once and read without a lock.
    type Once<T: Send + Sync>: Once<T> + Send + Sync;
    /// Where the current thread sleeps.
    type Park: Park;

    /// Whether `fault` is built in.
    fn has(_fault: Fault) -> bool {
        false
    }

    /// The transition table; a checker changes one cell of it to see that its models notice.
    fn step(now: Snapshot, request: Request) -> Step {
        now.on(request)
    }
}

/// An atomic 64-bit word. Every access names its [`Order`].
pub trait Word: Send + Sync {
    /// Reads the word.
    fn load(&self, order: Order) -> u64;

    /// Replaces `current` by `new`.
    ///
    /// # Errors
    /// What the word holds instead of `current`.
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64>;

    /// Raises the word to `value` if that is higher.
    fn raise(&self, value: u64, order: Order);
}

/// A mutual exclusion lock. Nothing that a user wrote runs while one is held.
pub trait Lock<T> {
    /// A lock around `inside`.
    fn new(inside: T) -> Self;

    /// Runs `work` alone.
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R;
}

/// A cell that is written once. Who finds it written finds all that was done before that.
pub trait Once<T> {
    /// An empty cell.
    fn new() -> Self;

    /// What was written.
    fn get(&self) -> Option<&T>;

    /// Writes the empty cell. Only one thread does so, once.
    fn set(&self, value: T);
}

/// Where one thread sleeps until its waker is called.
pub trait Park {
    /// The parking place of the current thread.
    fn here() -> Self;

    /// Wakes this place, once or often, before or while the thread sleeps in it.
    fn waker(&self) -> Waker;

    /// Sleeps until the waker was called since the last sleep, or for `at_most`. May return early.
    fn park(&self, at_most: Option<Span>);
}
