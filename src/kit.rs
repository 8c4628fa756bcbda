//! The machine on which regions and [`Dogpile`](crate::Dogpile) run: the standard library's.

#[cfg(not(feature = "sabotage"))]
pub(crate) use dogpile_core::kit::Std as Local;

#[cfg(feature = "sabotage")]
pub(crate) use crate::sabotage::Saboteur as Local;

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use dogpile_core::slot::Slot;
use dogpile_core::waiters::Room;

/// A slot whose word is vacant.
pub(crate) const fn vacant<O: Send + Clone>() -> Slot<Local, O> {
    Slot::from_parts(
        AtomicU64::new(0),
        AtomicU64::new(0),
        Mutex::new(Room::new()),
    )
}
