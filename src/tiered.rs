//! Memory in front of a store that processes share.
//!
//! A near copy is used only while nothing is known to have happened to its key. What decides is the
//! far store's alone: leases, commits and epochs go there and nowhere else.

mod board;
mod leases;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{
    CachedValue, Clock, EpochStore, Guarded, LeaseStore, Local, Reply, Span, Store, SystemClock,
    Time, TimeLine,
};

use board::Board;

/// How long a near copy is used at most, unless it is said otherwise.
const NEAR_FOR: Duration = Duration::from_secs(1);

/// Copies in this process's memory in front of a far store, which processes may share. It is a
/// store itself: a region on it keeps all that the far store promises.
///
/// A read that finds a near copy is one read of memory. Any other asks the far store, and keeps a copy
/// if nothing happened to the key meanwhile. Before it asks, it has the far store ring for the key
/// ([`LeaseStore::watch`]); when it rings, for whatever reason, the copy is dropped. A write through this
/// store drops its own copy before it is answered.
///
/// After another process's write was acknowledged, the old copy may be used until the bell is heard, and
/// for [`near_for`](Self::near_for) at most (and the some milliseconds that a coarse clock lags), whatever
/// becomes of messages, connections or the other process. So that is the bound for a store that cannot
/// ring, and for one whose bells reach only this process.
///
/// An invalidation of the region goes by epochs, which near copies are judged by like all others.
///
/// ```
/// use dogpile::{Config, Memory, Region, Tiered};
/// use std::time::Duration;
///
/// // In earnest a Redis or a File stands here.
/// let far = Memory::unbounded();
/// let region: Region<u64> = Region::new("tiered");
/// region.configure(Config::new(Tiered::new(10_000, far)).fresh_for(Duration::from_secs(60)))?;
/// assert_eq!(region.get_or_create("answer", || 42)?, 42);
/// assert_eq!(region.get("answer")?, Some(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tiered<V: Clone + Send + Sync + 'static> {
    far: Arc<dyn Store<V>>,
    board: Arc<Board<V>>,
}

impl<V: Clone + Send + Sync + 'static> Tiered<V> {
    /// At most `entries` copies in front of `far`. With zero every read goes to `far`.
    ///
    /// No more keys than that are watched at once either, but for those that are being read. A store
    /// without leases is given process-wide ones, as a region would.
    pub fn new(entries: usize, far: impl Store<V>) -> Self {
        let far: Arc<dyn Store<V>> = if far.leases().is_some() {
            Arc::new(far)
        } else {
            Arc::new(Guarded::new(far))
        };
        let board = Board::new(entries, NEAR_FOR.into(), Arc::new(SystemClock));
        Self {
            far,
            board: Arc::new(board),
        }
    }

    /// How long a near copy is used at most, reckoned from before it was read: the bound that holds
    /// when the far store's messages are lost. Zero: never. Default: one second.
    ///
    /// ```
    /// use dogpile::{Memory, Tiered};
    /// use std::time::Duration;
    /// let store: Tiered<u64> = Tiered::new(100, Memory::unbounded()).near_for(Duration::from_millis(200));
    /// assert_eq!(store.near_len(), 0);
    /// ```
    #[must_use]
    pub fn near_for(self, span: Duration) -> Self {
        let board = self.board.renewed(span.into(), None);
        self.with(board)
    }

    /// The clock by which near copies age. Default: the machine's.
    ///
    /// ```
    /// use dogpile::{ManualClock, Memory, Tiered};
    /// use std::sync::Arc;
    /// let clock = Arc::new(ManualClock::new());
    /// let store: Tiered<u64> = Tiered::new(100, Memory::unbounded()).clock(clock);
    /// assert_eq!(store.near_len(), 0);
    /// ```
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        let board = self.board.renewed(self.board.near_for, Some(clock));
        self.with(board)
    }

    fn with(self, board: Board<V>) -> Self {
        Self {
            far: self.far,
            board: Arc::new(board),
        }
    }

    /// How many keys have a place near: those of copies, and of keys that are watched so that the next
    /// read may leave a copy.
    ///
    /// ```
    /// use dogpile::{Memory, Tiered};
    /// let store: Tiered<u64> = Tiered::new(100, Memory::unbounded());
    /// assert_eq!(store.near_len(), 0);
    /// ```
    pub fn near_len(&self) -> usize {
        self.board.near_len()
    }

    fn far_leases(&self) -> &dyn LeaseStore<V> {
        crate::flight::leases(&*self.far)
    }

    /// Drops the near copy once a write has been answered, has panicked, or is given up: it may have
    /// been carried out in each case.
    fn after_write<'a, T: Send + 'a>(&'a self, key: &'a [u8], write: Reply<'a, T>) -> Reply<'a, T> {
        let forgotten = Forgotten { store: self, key };
        write.then(move |answer| {
            drop(forgotten);
            answer
        })
    }
}

/// Drops the near copy when it is dropped.
struct Forgotten<'a, V: Clone + Send + Sync + 'static> {
    store: &'a Tiered<V>,
    key: &'a [u8],
}

impl<V: Clone + Send + Sync + 'static> Drop for Forgotten<'_, V> {
    fn drop(&mut self) {
        self.store.board.forget(self.key);
        self.store.board.let_go();
    }
}

impl<V: Clone + Send + Sync + 'static> Store<V> for Tiered<V> {
    /// The far store's: it is where what fails has failed.
    fn name(&self) -> &str {
        self.far.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        if let Some(near) = self.board.lend(key, |entry| entry.map(V::clone)) {
            return Reply::ok(Some(near));
        }
        let reading = self
            .board
            .begin(key, |bell| self.far_leases().watch(key, bell));
        self.far.get(key).then(move |answer| {
            if let Ok(found) = &answer {
                reading.keep(found.as_ref());
            }
            answer
        })
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        self.after_write(key, self.far.set(key, entry, ttl))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.after_write(key, self.far.delete(key))
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        match self.board.lend(key, &mut *lend) {
            Some(()) => Local::Lent,
            None => self.far.look_local(key, lend),
        }
    }

    fn time_line(&self) -> TimeLine {
        self.far.time_line()
    }

    fn blocks(&self) -> bool {
        self.far.blocks()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.far.epochs()
    }

    /// Not the far store's: a region that goes there directly is another's.
    fn identity(&self) -> Option<usize> {
        Some(Arc::as_ptr(&self.board).addr())
    }

    fn unreadable(&self) -> u64 {
        self.far.unreadable()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        let near = self.board.maintain();
        let far = self.far.maintain(now);
        near.into_iter().chain(far).min()
    }
}
