//! The leases that this process holds. The server compares numbers that mean something only on the
//! connection that told them, so a lease is kept with both, and nothing is known of it elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dogpile_backend::{Clock, Span, Stamp, SystemClock, Time};

use crate::pool::Line;
use crate::python::Lock;

/// A lease as it was granted, or as it was last renewed.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) key: Box<[u8]>,
    /// The connection that granted it.
    pub(crate) line: Line,
    /// The item's number then.
    pub(crate) cas: u64,
    /// A value stands beside it.
    pub(crate) beside: bool,
    /// The lock that Python looks at, where Python is there.
    pub(crate) lock: Option<Lock>,
    /// When it has certainly run out by this process's clock.
    pub(crate) over: Time,
}

/// A lease under its lock: renewing and committing change its number, one after the other. `None` once
/// it is used up.
pub(crate) type Held = Arc<Mutex<Option<Grant>>>;

/// All of one store.
#[derive(Default)]
pub(crate) struct Grants {
    held: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    held: HashMap<Stamp, Held>,
    /// At how many those are looked for that nobody will ever ask for again.
    sweep_at: usize,
}

/// Below this many nobody looks.
const FEW: usize = 64;

impl Grants {
    /// Keeps a lease that was granted.
    pub(crate) fn keep(&self, stamp: Stamp, grant: Grant) {
        let mut book = self.book();
        book.held.insert(stamp, Arc::new(Mutex::new(Some(grant))));
        if book.held.len() > book.sweep_at.max(FEW) {
            let now = SystemClock.monotonic();
            // One that is being talked about is alive.
            book.held.retain(|_, held| {
                held.try_lock().map_or(true, |grant| {
                    grant.as_ref().is_some_and(|grant| grant.over > now)
                })
            });
            book.sweep_at = 2 * book.held.len();
        }
    }

    /// The lease of this stamp, if it is held here.
    pub(crate) fn find(&self, stamp: Stamp) -> Option<Held> {
        self.book().held.get(&stamp).map(Arc::clone)
    }

    /// Forgets a lease that is used up or void.
    pub(crate) fn forget(&self, stamp: Stamp) {
        self.book().held.remove(&stamp);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Alone with a lease.
pub(crate) fn alone(held: &Held) -> MutexGuard<'_, Option<Grant>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When a lease of so many seconds is certainly over.
pub(crate) fn over(seconds: u32) -> Time {
    let span = Span::from_secs(u64::from(seconds).saturating_add(1));
    SystemClock.monotonic().after(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token;

    fn grant(over: Time) -> Grant {
        Grant {
            key: Box::default(),
            line: Line::default(),
            cas: 1,
            beside: false,
            lock: None,
            over,
        }
    }

    #[test]
    fn leases_that_nobody_gave_back_do_not_pile_up() {
        let grants = Grants::default();
        let kept = token::mint();
        grants.keep(kept, grant(Time::END));
        for _ in 0..10_000 {
            grants.keep(token::mint(), grant(Time::ZERO));
        }
        assert!(grants.book().held.len() <= 2 * FEW + 1);
        assert!(grants.find(kept).is_some());
        grants.forget(kept);
        assert!(grants.find(kept).is_none());
    }
}
