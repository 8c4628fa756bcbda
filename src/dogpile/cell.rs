//! The value cell: one pointer that readers follow under an epoch guard.
//!
//! Reclamation is crossbeam-epoch's (Fraser, *Practical lock-freedom*, 2004): what a pinned thread
//! may have read is freed only after it has unpinned. Its inside is trusted; the hand-over through
//! this cell is modelled, with a cell that frees as early as this contract permits.

use crossbeam_epoch::{self as epoch, Atomic, Guard, Owned, Shared};
use dogpile_core::kit::Order;
use dogpile_core::published::Cell;

pub(super) struct EpochCell<T>(Atomic<T>);

impl<T> EpochCell<T> {
    pub(super) const fn empty() -> Self {
        Self(Atomic::null())
    }
}

impl<T: Send + Sync + 'static> Cell<T> for EpochCell<T> {
    type Guard = Guard;
    type Retired = Retired<T>;

    #[inline]
    fn pin() -> Guard {
        epoch::pin()
    }

    #[inline]
    fn load<'g>(&'g self, guard: &'g Guard, order: Order) -> Option<&'g T> {
        let value = self.0.load(order.ordering, guard);
        // SAFETY: the pointer is null or came from `replace`, which made it from a box. What
        // `replace` takes out is destroyed only after every guard that was pinned then is gone, so
        // it lives as long as `guard`. The order acquires what the box's maker released.
        unsafe { value.as_ref() }
    }

    fn replace(&self, new: Option<Box<T>>, order: Order) -> Retired<T> {
        let guard = epoch::pin();
        let new = match new {
            Some(value) => Owned::<T>::from(value).into_shared(&guard),
            None => Shared::null(),
        };
        Retired(self.0.swap(new, order.ordering, &guard).as_raw())
    }
}

impl<T> Drop for EpochCell<T> {
    fn drop(&mut self) {
        let value = std::mem::replace(&mut self.0, Atomic::null());
        // SAFETY: `&mut self` says that nobody reads or writes this cell any more, and nothing
        // else keeps the pointer; it is null or came from a box.
        drop(unsafe { value.try_into_owned() });
    }
}

/// A value that was taken out of its cell.
pub(super) struct Retired<T: Send + Sync + 'static>(*const T);

// SAFETY: it stands for the value itself, which may be dropped by another thread.
unsafe impl<T: Send + Sync + 'static> Send for Retired<T> {}

impl<T: Send + Sync + 'static> Drop for Retired<T> {
    fn drop(&mut self) {
        if self.0.is_null() {
            return;
        }
        let guard = epoch::pin();
        // SAFETY: the pointer was swapped out of its cell by exactly one `replace`, so this is the
        // only one to destroy it, and no later reader can find it. It came from a box. Guards that
        // were pinned before now are waited for.
        unsafe { guard.defer_destroy(Shared::from(self.0)) };
        // A thread that writes once and idles would keep what it retired for as long.
        guard.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    const ORDER: Order = Order {
        site: "test",
        ordering: Ordering::SeqCst,
    };

    #[test]
    fn a_value_is_dropped_once() {
        let counted = Arc::new(());
        {
            let cell = EpochCell::empty();
            drop(cell.replace(Some(Box::new(Arc::clone(&counted))), ORDER));
            drop(cell.replace(Some(Box::new(Arc::clone(&counted))), ORDER));
            assert!(cell.load(&epoch::pin(), ORDER).is_some());
        }
        // The first was retired; it goes when the epochs have moved on.
        while Arc::strong_count(&counted) > 1 {
            epoch::pin().flush();
        }
    }

    #[test]
    fn a_guard_keeps_what_it_read() {
        let cell = EpochCell::empty();
        drop(cell.replace(Some(Box::new("old".to_owned())), ORDER));
        let guard = epoch::pin();
        let old = cell.load(&guard, ORDER);
        drop(cell.replace(None, ORDER));
        (0..1_000).for_each(|_| epoch::pin().flush());
        assert_eq!(old.map(String::as_str), Some("old"));
    }
}
