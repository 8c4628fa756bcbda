//! The orderings of the word, each a site that the models can weaken. The table in the parent
//! module says what each is for.

use core::sync::atomic::Ordering;

use crate::kit::Order;

const fn site(site: &'static str, ordering: Ordering) -> Order {
    Order { site, ordering }
}

/// LOOK: partner END and SUPERSEDE; a reader that sees a value's phase sees the value's cell.
pub(super) const LOOK: Order = site("slot.look", Ordering::Acquire);

/// CLAIM: partner END and SUPERSEDE; a creator sees what the one before it did.
pub(super) const CLAIM: Order = site("slot.claim", Ordering::Acquire);

/// END: partner LOOK and CLAIM; publishes the value's cell and the creator's writes.
pub(super) const END: Order = site("slot.end", Ordering::Release);

/// SUPERSEDE: partner LOOK and CLAIM; publishes the cell as a set or delete left it.
pub(super) const SUPERSEDE: Order = site("slot.supersede", Ordering::Release);

/// SEIZE: no partner. Whatever ended a creation did so under the lock that is held here.
pub(super) const SEIZE: Order = site("slot.seize", Ordering::Relaxed);

/// LOST: no partner. A failed exchange only says which step of the table to try next.
pub(super) const LOST: Order = site("slot.lost", Ordering::Relaxed);

/// RECHECK: no partner. Read under the room's lock, which orders it.
pub(super) const RECHECK: Order = site("slot.recheck", Ordering::Relaxed);

/// HINT: no partner. What it says is checked again under the room's lock.
pub(super) const HINT: Order = site("slot.hint", Ordering::Relaxed);

/// EPOCH: no partner. Whoever knows that an invalidation has returned reads its epoch by coherence
/// alone; nothing else is published through it.
pub(crate) const EPOCH: Order = site("epochs", Ordering::Relaxed);

/// `CELL_READ`: partner `CELL_WRITE`; a reader that finds a value newer than the word it saw finds all of
/// it.
pub(crate) const CELL_READ: Order = site("cell.read", Ordering::Acquire);

/// `CELL_WRITE`: partner `CELL_READ`; the value as its creator made it.
pub(crate) const CELL_WRITE: Order = site("cell.write", Ordering::Release);

/// `AS_OF`: partner TOLD; who finds a tag's epochs known as of a number finds these epochs.
pub(crate) const AS_OF: Order = site("tag.as_of", Ordering::Acquire);

/// TOLD: partner `AS_OF`; a tag's epochs as the store told them.
pub(crate) const TOLD: Order = site("tag.told", Ordering::Release);
