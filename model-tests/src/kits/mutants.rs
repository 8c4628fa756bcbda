//! Mutants: one site of the core asks for an ordering one step weaker, or one fault is built in, for
//! the time of one exploration.
//!
//! Loom and shuttle run all threads of a model as coroutines on the thread that explores, so a
//! thread-local of the standard library reaches every access and parallel tests do not meet.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use dogpile_core::kit::{Fault, Order};

/// One thing that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A site asks for less than the code does.
    Ordering {
        /// The site's label.
        site: &'static str,
        /// What it asks for instead.
        ordering: Ordering,
    },
    /// A fault of the laboratory.
    Fault(Fault),
}

thread_local! {
    static MUTANT: Cell<Option<Mutant>> = const { Cell::new(None) };
    static SEEN: RefCell<BTreeMap<&'static str, Ordering>> = const { RefCell::new(BTreeMap::new()) };
}

/// Runs `work` with the mutant in place.
pub fn with<R>(mutant: Mutant, work: impl FnOnce() -> R) -> R {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            MUTANT.set(None);
        }
    }
    MUTANT.set(Some(mutant));
    let _restore = Restore;
    work()
}

/// The sites that the explorations of this thread have passed, with what the code asks for.
pub fn seen() -> BTreeMap<&'static str, Ordering> {
    SEEN.with_borrow(BTreeMap::clone)
}

/// Every ordering that is one step weaker.
pub fn weaker(ordering: Ordering) -> &'static [Ordering] {
    match ordering {
        Ordering::SeqCst => &[Ordering::AcqRel],
        Ordering::AcqRel => &[Ordering::Acquire, Ordering::Release],
        Ordering::Acquire | Ordering::Release => &[Ordering::Relaxed],
        _ => &[],
    }
}

/// What the site asks for now.
pub(super) fn effective(order: Order) -> Ordering {
    SEEN.with_borrow_mut(|seen| seen.insert(order.site, order.ordering));
    match MUTANT.get() {
        Some(Mutant::Ordering { site, ordering }) if site == order.site => ordering,
        _ => order.ordering,
    }
}

/// Whether the fault is there now.
pub(super) fn built_in(fault: Fault) -> bool {
    MUTANT.get() == Some(Mutant::Fault(fault))
}
