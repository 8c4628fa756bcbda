//! The leases that this process holds. The server compares numbers that mean something only on the
//! connection that told them, so a lease is kept with both, and nothing is known of it elsewhere.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::sync_channel;
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

/// Whoever waits for a lease, and gets it when its turn has come.
type Next = Box<dyn FnOnce(Alone) + Send>;

/// A lease, of which one at a time may make something else: renewing and committing change its number, one
/// after the other.
#[derive(Default)]
struct Held(Mutex<Turns>);

#[derive(Default)]
struct Turns {
    /// `None` while somebody has it, and when it is used up.
    grant: Option<Grant>,
    /// Somebody has it.
    taken: bool,
    waiting: VecDeque<Next>,
}

/// A lease that one has alone, until this is dropped.
pub(crate) struct Alone {
    book: Arc<Mutex<Book>>,
    held: Arc<Held>,
    stamp: Stamp,
    grant: Option<Grant>,
}

/// All of one store.
#[derive(Default)]
pub(crate) struct Grants(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    held: HashMap<Stamp, Arc<Held>>,
    /// At how many those are looked for that nobody will ever ask for again.
    sweep_at: usize,
}

/// Below this many nobody looks.
const FEW: usize = 64;

impl Grants {
    /// Keeps a lease that was granted.
    pub(crate) fn keep(&self, stamp: Stamp, grant: Grant) {
        let mut book = lock(&self.0);
        let held = Arc::new(Held::default());
        lock(&held.0).grant = Some(grant);
        book.held.insert(stamp, held);
        if book.held.len() > book.sweep_at.max(FEW) {
            let now = SystemClock.monotonic();
            book.held.retain(|_, held| {
                let turns = lock(&held.0);
                // One that is being talked about is alive.
                turns.taken || turns.grant.as_ref().is_some_and(|grant| grant.over > now)
            });
            book.sweep_at = 2 * book.held.len();
        }
    }

    /// The lease of this stamp for this thread alone, which waits for its turn; `None` if it is not held
    /// here.
    pub(crate) fn alone(&self, stamp: Stamp) -> Option<Alone> {
        let (give, get) = sync_channel(1);
        self.when_free(stamp, move |alone| {
            // Whoever waits is there until it comes.
            let _ = give.send(alone);
        })
        .then(|| get.recv().ok())
        .flatten()
    }

    /// The same for who must not wait: `next` gets it when its turn has come, in the thread of whoever
    /// had it before. Whether it is held here.
    pub(crate) fn when_free(
        &self,
        stamp: Stamp,
        next: impl FnOnce(Alone) + Send + 'static,
    ) -> bool {
        let Some(held) = lock(&self.0).held.get(&stamp).map(Arc::clone) else {
            return false;
        };
        let mut turns = lock(&held.0);
        if turns.taken {
            turns.waiting.push_back(Box::new(next));
            return true;
        }
        turns.taken = true;
        let grant = turns.grant.take();
        drop(turns);
        next(Alone {
            book: Arc::clone(&self.0),
            held,
            stamp,
            grant,
        });
        true
    }
}

impl Alone {
    /// The lease, if it is that of `key` and not used up. It is, unless it is put back.
    pub(crate) fn take_of(&mut self, key: &[u8]) -> Option<Grant> {
        self.grant.take_if(|grant| *grant.key == *key)
    }

    /// The same, which it stays unless it is taken.
    pub(crate) fn known_of(&self, key: &[u8]) -> Option<Grant> {
        self.grant.clone().filter(|grant| *grant.key == *key)
    }

    /// It is current still.
    pub(crate) fn put_back(&mut self, grant: Grant) {
        self.grant = Some(grant);
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let grant = self.grant.take();
        if grant.is_none() {
            lock(&self.book).held.remove(&self.stamp);
        }
        let mut turns = lock(&self.held.0);
        let Some(next) = turns.waiting.pop_front() else {
            turns.taken = false;
            turns.grant = grant;
            return;
        };
        drop(turns);
        next(Self {
            book: Arc::clone(&self.book),
            held: Arc::clone(&self.held),
            stamp: self.stamp,
            grant,
        });
    }
}

/// Nothing of others' runs under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert!(lock(&grants.0).held.len() <= 2 * FEW + 1);
        let mut alone = grants.alone(kept).expect("it is held");
        assert!(alone.take_of(b"").is_some());
        drop(alone);
        assert!(grants.alone(kept).is_none(), "it is used up");
    }

    #[test]
    fn who_waits_for_a_lease_gets_it_in_its_turn_and_as_it_was_left() {
        let (grants, stamp) = (Grants::default(), token::mint());
        grants.keep(stamp, grant(Time::END));
        let mut first = grants.alone(stamp).expect("it is held");
        let (said, heard) = std::sync::mpsc::channel();
        for number in 0..3 {
            let said = said.clone();
            let waits = grants.when_free(stamp, move |mut alone| {
                let before = alone.take_of(b"");
                said.send((number, before.as_ref().map(|grant| grant.cas)))
                    .expect("somebody listens");
                // The first puts it back, and the second uses it up.
                if let Some(grant) = before.filter(|_| number == 0) {
                    alone.put_back(grant);
                }
            });
            assert!(waits && heard.try_recv().is_err(), "it is not its turn");
        }
        let renewed = first.take_of(b"").map(|grant| Grant { cas: 2, ..grant });
        assert!(first.take_of(b"").is_none(), "it is taken");
        first.put_back(renewed.expect("it is current"));
        drop(first);
        let all: Vec<_> = heard.try_iter().collect();
        assert_eq!(all, [(0, Some(2)), (1, Some(2)), (2, None)]);
        assert!(grants.alone(stamp).is_none());
    }

    #[test]
    fn the_lease_of_another_key_is_left_as_it_is() {
        let (grants, stamp) = (Grants::default(), token::mint());
        grants.keep(stamp, grant(Time::END));
        let mut alone = grants.alone(stamp).expect("it is held");
        assert!(alone.take_of(b"another").is_none());
        drop(alone);
        assert!(
            grants
                .alone(stamp)
                .is_some_and(|mut alone| alone.take_of(b"").is_some())
        );
    }
}
