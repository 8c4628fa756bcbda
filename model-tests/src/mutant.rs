//! Mutants: one thing is wrong for the time of one exploration, chosen at run time.
//!
//! The code under test and the models pass their doors here: each ordering, each cell of the
//! transition table, each rule of a modelled world, each invariant. A door does nothing but note
//! that it was passed, unless its mutant is in place. So the baseline says which mutants there
//! are, and a new site is a new mutant.
//!
//! Loom and shuttle run all threads of a model as coroutines on the thread that explores, so a
//! thread-local of the standard library reaches every access and parallel tests do not meet.

mod arms;
mod cells;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use dogpile_core::kit::{Fault, Order};

pub use arms::{Arm, Detour, arm_step, events};
pub(crate) use cells::step;
pub use cells::{Misprint, TableCell, Twist};

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
    /// A rule of a modelled world does not hold there.
    Rule(&'static str),
    /// An invariant says the contrary of what it should.
    Invariant(&'static str),
    /// An arm of the flow goes another way.
    Arm(Detour),
    /// A cell of the transition table says something else.
    Cell(Misprint),
}

/// The doors that were passed.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Orderings, with what the code asks for.
    pub sites: BTreeMap<&'static str, Ordering>,
    /// Rules of modelled worlds.
    pub rules: BTreeSet<&'static str>,
    /// Invariants.
    pub invariants: BTreeSet<&'static str>,
    /// Arms of the flow that could go another way.
    pub arms: Vec<Detour>,
    /// Cells of the transition table, with all that they could say instead.
    pub cells: BTreeSet<Misprint>,
    /// Whether somebody asked if a wake-up is lost.
    pub faults: bool,
}

thread_local! {
    static MUTANT: Cell<Option<Mutant>> = const { Cell::new(None) };
    static SEEN: RefCell<Seen> = RefCell::default();
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

/// Whether one is in place: what it breaks is expected, and need not be told at length.
pub fn is_in_place() -> bool {
    MUTANT.get().is_some()
}

/// The doors that the explorations of this thread have passed.
pub fn seen() -> Seen {
    Seen {
        arms: arms::seen(),
        cells: cells::seen(),
        ..SEEN.with_borrow(Seen::clone)
    }
}

/// Forgets the doors that were passed.
pub fn forget() {
    SEEN.take();
    arms::forget();
    cells::forget();
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

/// The door of a rule of a modelled world, such as "a commit compares the stamp": whether it
/// holds, which it does unless that is the mutant.
pub fn rule(name: &'static str) -> bool {
    SEEN.with_borrow_mut(|seen| seen.rules.insert(name));
    MUTANT.get() != Some(Mutant::Rule(name))
}

/// The door of an invariant: whether it is kept, or the contrary when that is the mutant.
/// [`hold!`](crate::hold) asserts it.
pub fn kept(invariant: &'static str, holds: bool) -> bool {
    SEEN.with_borrow_mut(|seen| seen.invariants.insert(invariant));
    holds != (MUTANT.get() == Some(Mutant::Invariant(invariant)))
}

/// Asserts an invariant by name, so that a mutant can negate it: one that is never asked survives.
/// That it could fail is for the other kinds of mutants to show.
///
/// ```
/// # let creators = 1;
/// dogpile_model_tests::hold!("one creator", creators <= 1, "{creators} at work");
/// ```
#[macro_export]
macro_rules! hold {
    ($name:literal, $holds:expr) => {
        assert!($crate::mutant::kept($name, $holds), $name)
    };
    ($name:literal, $holds:expr, $($told:tt)+) => {
        assert!($crate::mutant::kept($name, $holds), "{}: {}", $name, format_args!($($told)+))
    };
}

/// What the site asks for now.
pub(crate) fn effective(order: Order) -> Ordering {
    SEEN.with_borrow_mut(|seen| seen.sites.insert(order.site, order.ordering));
    match MUTANT.get() {
        Some(Mutant::Ordering { site, ordering }) if site == order.site => ordering,
        _ => order.ordering,
    }
}

/// Whether the fault is there now.
pub(crate) fn built_in(fault: Fault) -> bool {
    SEEN.with_borrow_mut(|seen| seen.faults = true);
    MUTANT.get() == Some(Mutant::Fault(fault))
}
