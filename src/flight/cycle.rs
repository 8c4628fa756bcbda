//! Who waits for whom: a wait that would never end is an error (law 8).
//!
//! Each running creator has a frame on its thread's stack, entered around a sync creator and around
//! every poll of an async one. A call that waits inside creators makes each of them wait; those
//! waits are edges from a creation to a flight, and a flight leads on to the creation that is at
//! work in it. A path from the flight that a call wants to wait for back to one of its own
//! creators is a cycle. Work that a creator spawns has no frame and is not seen; its waits end by
//! the deadline.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::sync::{Arc, PoisonError};

use crate::sync::{Mutex, MutexGuard, process_wide, thread_local};

/// Something that a creation is at work for.
pub(crate) trait Busy: Send + Sync {
    /// Which; zero while none has begun.
    fn creation(&self) -> u64;
}

/// What has one creation at work at a time, and says which.
#[derive(Default)]
pub(crate) struct Desk(Mutex<u64>);

impl Desk {
    pub(crate) fn begin(&self, creation: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = creation;
    }
}

impl Busy for Desk {
    fn creation(&self) -> u64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    static STACK: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    /// How many there are. A thread that only waits looks here, and has no stack to let go of when it ends.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

process_wide! {
    static WAITS: Mutex<Waits> = Mutex::new(Waits {
        numbers: 0,
        edges: Vec::new(),
    });
}

struct Waits {
    numbers: u64,
    edges: Vec<Edge>,
}

struct Edge {
    wait: u64,
    from: u64,
    to: Arc<dyn Busy>,
}

fn waits() -> MutexGuard<'static, Waits> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number for one run of a creator: never zero, never the same again.
pub(crate) fn new_creation() -> u64 {
    let mut waits = waits();
    waits.numbers += 1;
    waits.numbers
}

/// The creation whose creator runs on this thread, the innermost of them; zero outside of all.
pub(crate) fn innermost() -> u64 {
    if is_outside() {
        return 0;
    }
    STACK.with(|stack| stack.borrow().last().copied().unwrap_or_default())
}

/// Whether no creator runs on this thread.
fn is_outside() -> bool {
    DEPTH.with(Cell::get) == 0
}

/// A creator's frame on this thread's stack, until it is dropped. A batch's creator is at work for
/// several creations at once.
pub(crate) struct Frame(usize);

impl Frame {
    pub(crate) fn enter(creations: &[u64]) -> Self {
        STACK.with(|stack| {
            let mut stack = stack.borrow_mut();
            stack.extend_from_slice(creations);
            DEPTH.with(|depth| depth.set(stack.len()));
        });
        Self(creations.len())
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        STACK.with(|stack| {
            let mut stack = stack.borrow_mut();
            let below = stack.len().saturating_sub(self.0);
            stack.truncate(below);
            DEPTH.with(|depth| depth.set(below));
        });
    }
}

/// A wait that ends: its edges are there until this is dropped.
pub(crate) struct Waiting(Option<NonZeroU64>);

/// Waiting would never end.
pub(crate) struct Cycle;

impl Waiting {
    /// A wait outside of all creators.
    pub(crate) const NOBODYS: Self = Self(None);

    pub(crate) const fn is_nobodys(&self) -> bool {
        self.0.is_none()
    }

    /// Makes every creator around this call wait for `flight`, unless that closes a cycle.
    pub(crate) fn begin(flight: &Arc<impl Busy + 'static>) -> Result<Self, Cycle> {
        if is_outside() {
            return Ok(Self::NOBODYS);
        }
        STACK.with(|stack| {
            let stack = &*stack.borrow();
            let mut waits = waits();
            if waits.leads_to(&**flight, stack) {
                return Err(Cycle);
            }
            waits.numbers += 1;
            let wait = waits.numbers;
            for &from in stack {
                let to: Arc<dyn Busy> = Arc::clone(flight) as _;
                waits.edges.push(Edge { wait, from, to });
            }
            Ok(Self(NonZeroU64::new(wait)))
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(ended) = self.0.map(NonZeroU64::get) else {
            return;
        };
        let mut waits = waits();
        let (over, edges) = std::mem::take(&mut waits.edges)
            .into_iter()
            .partition(|edge| edge.wait == ended);
        waits.edges = edges;
        drop(waits);
        let over: Vec<Edge> = over;
        drop(over);
    }
}

impl Waits {
    /// Whether the creation at work for `flight` waits, directly or not, for one of `stack`.
    fn leads_to(&self, flight: &dyn Busy, stack: &[u64]) -> bool {
        let mut open = vec![flight.creation()];
        let mut seen = Vec::new();
        while let Some(creation) = open.pop() {
            if stack.contains(&creation) {
                return true;
            }
            if creation == 0 || seen.contains(&creation) {
                continue;
            }
            seen.push(creation);
            let waits = self.edges.iter().filter(|edge| edge.from == creation);
            open.extend(waits.map(|edge| edge.to.creation()));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(u64);

    impl Busy for At {
        fn creation(&self) -> u64 {
            self.0
        }
    }

    fn within(creation: u64, flight: &Arc<At>) -> Result<Waiting, Cycle> {
        let _frame = Frame::enter(&[creation]);
        Waiting::begin(flight)
    }

    #[test]
    fn law_8_a_path_back_to_an_own_creator_is_a_cycle() {
        let [a, b, c] = std::array::from_fn(|_| new_creation());
        assert!(
            within(a, &Arc::new(At(a))).is_err(),
            "the same key, entered again"
        );
        let a_waits = within(a, &Arc::new(At(b)));
        let b_waits = within(b, &Arc::new(At(c)));
        assert!(a_waits.is_ok() && b_waits.is_ok());
        assert!(within(c, &Arc::new(At(a))).is_err());
        drop(b_waits);
        assert!(within(c, &Arc::new(At(a))).is_ok(), "b no longer waits");
    }

    #[test]
    fn law_8_a_call_outside_of_creators_always_waits() {
        let a = new_creation();
        assert!(Waiting::begin(&Arc::new(At(a))).is_ok());
    }
}
