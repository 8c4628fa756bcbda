//! The word and the value beside it: how a value is handed from its creator to lock-free readers.
//!
//! The word says whether there is a value, the cell holds it. Both change under the slot's lock,
//! the cell first; readers take no lock, and look at the word first. So a reader that sees a
//! value's phase finds that value in the cell, or a newer one, or, while it is being deleted,
//! nothing; and a creator that was superseded never gets to the cell.
//!
//! | label | ordering | partner | what becomes visible |
//! |---|---|---|---|
//! | CELL_READ | Acquire | CELL_WRITE | the value, to a reader that finds one newer than the word it saw |
//! | CELL_WRITE | Release | CELL_READ | the value as its creator made it |

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::kit::{Kit, Order};
use crate::slot::order::{CELL_READ, CELL_WRITE};
use crate::slot::{Change, End, Slot, Superseded};
use crate::state::{Claim, Snapshot};

/// The door to a pointer that readers follow without a lock, and to what keeps it alive for them.
pub trait Cell<T> {
    /// Keeps alive what was read under it.
    type Guard;
    /// What was replaced: dropping it frees it once no guard needs it any more.
    type Retired;

    /// A guard for one reading.
    fn pin() -> Self::Guard;

    /// What the cell holds.
    fn load<'g>(&'g self, guard: &'g Self::Guard, order: Order) -> Option<&'g T>;

    /// Puts `new` in place of what the cell holds.
    fn replace(&self, new: Option<Box<T>>, order: Order) -> Self::Retired;
}

/// A slot with a cell for its value.
pub struct Published<K: Kit, C, O: Send + Sync> {
    slot: Slot<K, O>,
    cell: C,
}

impl<K: Kit, C, O: Send + Sync> Published<K, C, O> {
    /// A vacant slot and an empty cell.
    pub const fn from_parts(slot: Slot<K, O>, cell: C) -> Self {
        Self { slot, cell }
    }

    /// The slot, to claim, wait and give up.
    pub const fn slot(&self) -> &Slot<K, O> {
        &self.slot
    }

    /// The cell, to see how it fares.
    pub const fn cell(&self) -> &C {
        &self.cell
    }

    /// The word, and the value if there is one. Two loads, no lock.
    #[inline]
    pub fn read<'g, T>(&'g self, guard: &'g C::Guard) -> (Snapshot, Option<&'g T>)
    where
        C: Cell<T>,
    {
        let word = self.slot.look();
        let value = word.has_value().then(|| self.cell.load(guard, CELL_READ));
        (word, value.flatten())
    }

    /// Ends a creation with a value for readers and waiters.
    ///
    /// # Errors
    /// [`Superseded`] when the claim no longer holds; readers do not get the value, those who
    /// followed the claim still have been told `outcome`.
    pub fn publish<T>(&self, claim: Claim, value: T, outcome: &Arc<O>) -> Result<(), Superseded>
    where
        C: Cell<T>,
    {
        let mut value = Some(Box::new(value));
        let place = || self.cell.replace(value.take(), CELL_WRITE);
        let retired = self.slot.settle(claim, End::Publish, outcome, place);
        retired.map(|_| ())
    }

    /// A value from outside, for readers and waiters.
    pub fn set<T>(&self, value: T, outcome: &Arc<O>)
    where
        C: Cell<T>,
    {
        let mut value = Some(Box::new(value));
        let place = || self.cell.replace(value.take(), CELL_WRITE);
        drop(self.slot.supersede(Change::Set, Some(outcome), place));
    }

    /// Removes the value.
    pub fn delete<T>(&self)
    where
        C: Cell<T>,
    {
        let place = || self.cell.replace(None, CELL_WRITE);
        drop(self.slot.supersede(Change::Delete, None, place));
    }

    /// Makes the value stale.
    pub fn soften(&self) {
        self.slot.supersede(Change::Soften, None, || ());
    }
}
