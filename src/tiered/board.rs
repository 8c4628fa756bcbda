//! Near copies and the watches beside them.
//!
//! Reads of copies take no lock. Whoever puts a copy or drops one does it under the board's lock, with
//! the key's count of rings at hand: a copy is put only if the watch stood before the far store was
//! asked and nothing rang since. A ring that comes later finds the copy and drops it.
//!
//! Each watch has a place in the near memory, with a copy or without: what memory lets go for room or
//! for age takes its watch along, so watches are as bounded as copies. No user's code, and nothing of the
//! far store, is called under the lock.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError};

use dogpile_backend::{Bell, CachedValue, Clock, Metadata, Span, Stamp, Store, Terms, Time, Watch};
use dogpile_memory::Memory;

use crate::sync::{Mutex, MutexGuard};

type Key = Box<[u8]>;

/// A key's place in memory.
#[derive(Clone)]
struct Place<V> {
    copy: Option<Near<V>>,
}

#[derive(Clone)]
struct Near<V> {
    /// As the far store gave it: its stamp is what the far store compares.
    entry: CachedValue<V>,
    until: Time,
}

/// A key that somebody reads or that has a place.
struct Watched {
    /// Which watch this is, so that a late ring of one that has ended makes no other stand.
    number: u64,
    watch: Option<Watch>,
    /// What happens from now on rings, as far as the far store can ring at all.
    stands: bool,
    rings: u64,
    readers: usize,
}

#[derive(Default)]
struct Keys {
    watched: HashMap<Key, Watched>,
    last: u64,
}

pub(super) struct Board<V: Clone + Send + Sync + 'static> {
    near: Memory<Place<V>>,
    entries: usize,
    pub(super) near_for: Span,
    clock: Arc<dyn Clock>,
    keys: Mutex<Keys>,
    /// Keys whose place memory has let go; apart, since that may happen under the lock of `keys`.
    gone: Arc<Mutex<Vec<Key>>>,
}

impl<V: Clone + Send + Sync + 'static> Board<V> {
    pub(super) fn new(entries: usize, near_for: Span, clock: Arc<dyn Clock>) -> Self {
        let gone: Arc<Mutex<Vec<Key>>> = Arc::default();
        let leaving = Arc::clone(&gone);
        let near = Memory::bounded(entries).on_eviction(move |key, _, _| {
            let mut gone = leaving.lock().unwrap_or_else(PoisonError::into_inner);
            gone.push(key.into());
        });
        Self {
            near,
            entries,
            near_for,
            clock,
            keys: Mutex::default(),
            gone,
        }
    }

    /// An empty one of the same size.
    pub(super) fn renewed(&self, near_for: Span, clock: Option<Arc<dyn Clock>>) -> Self {
        let clock = clock.unwrap_or_else(|| Arc::clone(&self.clock));
        Self::new(self.entries, near_for, clock)
    }

    pub(super) fn near_len(&self) -> usize {
        self.near.len()
    }

    /// How many keys are watched.
    #[cfg(test)]
    pub(super) fn watched(&self) -> usize {
        self.keys().watched.len()
    }

    /// Lends the near copy, if it may be used.
    #[inline]
    pub(super) fn lend<R>(&self, key: &[u8], lend: impl FnOnce(CachedValue<&V>) -> R) -> Option<R> {
        self.near
            .lend(key, |place| {
                let near = place.value.copy.as_ref()?;
                if self.clock.coarse() >= near.until {
                    return None;
                }
                Some(lend(CachedValue {
                    value: &near.entry.value,
                    metadata: near.entry.metadata,
                }))
            })
            .flatten()
    }

    /// Begins a read of the far store; `watch` hangs a bell there, and is called if none hangs yet.
    pub(super) fn begin<'a>(
        self: &'a Arc<Self>,
        key: &'a [u8],
        watch: impl FnOnce(Bell) -> Option<Watch>,
    ) -> Reading<'a, V> {
        let began = self.clock.coarse();
        let mut reading = Reading {
            board: self,
            key,
            began,
            ticket: None,
        };
        let (number, is_first) = {
            let mut keys = self.keys();
            keys.last += 1;
            let last = keys.last;
            match keys.watched.entry(key.into()) {
                Entry::Occupied(mut there) => {
                    let there = there.get_mut();
                    there.readers += 1;
                    reading.ticket = there.stands.then_some(there.rings);
                    (there.number, false)
                }
                Entry::Vacant(free) => {
                    let watched = Watched {
                        number: last,
                        watch: None,
                        stands: false,
                        rings: 0,
                        readers: 1,
                    };
                    (free.insert(watched).number, true)
                }
            }
        };
        if is_first {
            let watch = watch(self.bell(key, number));
            let mut keys = self.keys();
            if let Some(watched) = keys.watched.get_mut(key) {
                // A store that cannot ring hides nothing by it: the copy's time is short.
                watched.stands |= watch.as_ref().is_none_or(Watch::stands);
                watched.watch = watch;
                reading.ticket = watched.stands.then_some(watched.rings);
            }
        }
        reading
    }

    fn bell(self: &Arc<Self>, key: &[u8], number: u64) -> Bell {
        let (board, key) = (Arc::downgrade(self), Key::from(key));
        Box::new(move |_| {
            if let Some(board) = board.upgrade() {
                board.rung(&key, Some(number));
            }
        })
    }

    /// Something happened to `key`: there is no near copy when this returns, and none is put of what
    /// was read before.
    pub(super) fn forget(&self, key: &[u8]) {
        self.rung(key, None);
    }

    fn rung(&self, key: &[u8], number: Option<u64>) {
        let mut keys = self.keys();
        let Some(watched) = keys.watched.get_mut(key) else {
            return; // no place without a watch
        };
        watched.rings += 1;
        watched.stands |= number == Some(watched.number);
        if self.near.lend(key, |place| place.value.copy.is_some()) == Some(true) {
            self.put(key, None);
        }
    }

    /// Only under the lock, of which `near` knows nothing.
    fn put(&self, key: &[u8], copy: Option<Near<V>>) {
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: dogpile_backend::Epoch::FIRST,
            created: self.clock.coarse(),
            terms: Terms::NONE,
        };
        let entry = CachedValue {
            value: Place { copy },
            metadata,
        };
        // Longer than a copy is used: a key that is read all the time keeps its watch.
        let stays = self.near_for.plus(self.near_for);
        self.near.set(key, entry, stays);
    }

    /// Ends the watches of keys whose place is gone.
    pub(super) fn let_go(&self) {
        let gone = std::mem::take(&mut *self.gone.lock().unwrap_or_else(PoisonError::into_inner));
        for key in gone {
            self.end_if_idle(&key, 0);
        }
    }

    /// Takes `leaving` readers from the key, and ends its watch if nobody needs it.
    fn end_if_idle(&self, key: &[u8], leaving: usize) {
        let mut keys = self.keys();
        let Some(watched) = keys.watched.get_mut(key) else {
            return;
        };
        watched.readers = watched.readers.saturating_sub(leaving);
        let is_idle = watched.readers == 0 && self.near.lend(key, |_| ()).is_none();
        let ended = is_idle.then(|| keys.watched.remove(key));
        drop(keys);
        drop(ended); // the far store's code
    }

    pub(super) fn maintain(&self) -> Option<Span> {
        let next = self.near.maintain(self.clock.monotonic());
        self.let_go();
        next
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read of the far store under way.
pub(super) struct Reading<'a, V: Clone + Send + Sync + 'static> {
    board: &'a Arc<Board<V>>,
    key: &'a [u8],
    /// Before the far store was asked: a copy's time is reckoned from here.
    began: Time,
    /// How often it had rung, if the watch stood.
    ticket: Option<u64>,
}

impl<V: Clone + Send + Sync + 'static> Reading<'_, V> {
    /// Puts what was read near, if nothing happened since; the key gets a place in any case, so that its
    /// watch is there for the next read.
    pub(super) fn keep(&self, found: Option<&CachedValue<V>>) {
        let until = self.began.after(self.board.near_for);
        let entry = found.cloned();
        let near = entry.map(|entry| Near { entry, until });
        let keys = self.board.keys();
        let rings = keys.watched.get(self.key).map(|watched| watched.rings);
        if self.ticket.is_some() && self.ticket == rings {
            self.board.put(self.key, near);
        } else if self.board.near.lend(self.key, |_| ()).is_none() {
            self.board.put(self.key, None);
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Drop for Reading<'_, V> {
    fn drop(&mut self) {
        self.board.end_if_idle(self.key, 1);
        self.board.let_go();
    }
}
