//! The machine on which regions and [`Dogpile`](crate::Dogpile) run: the standard library's.

#[cfg(dogpile_shuttle)]
mod shuttle;

#[cfg(dogpile_shuttle)]
pub use self::shuttle::build_in;
#[cfg(dogpile_shuttle)]
pub(crate) use self::shuttle::{Shuttle as Local, vacant};

#[cfg(not(any(feature = "sabotage", dogpile_shuttle)))]
pub(crate) use dogpile_core::kit::Std as Local;

#[cfg(all(feature = "sabotage", not(dogpile_shuttle)))]
pub(crate) use crate::sabotage::Saboteur as Local;

/// A slot whose word is vacant.
#[cfg(not(dogpile_shuttle))]
pub(crate) const fn vacant<O: Send + Sync>() -> dogpile_core::slot::Slot<Local, O> {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU64;

    dogpile_core::slot::Slot::from_parts(
        AtomicU64::new(0),
        AtomicU64::new(0),
        Mutex::new(dogpile_core::waiters::Room::new()),
    )
}
