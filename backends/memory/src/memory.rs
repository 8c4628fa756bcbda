//! The store as its users hold it.

use std::fmt;
use std::sync::Arc;

use dogpile_backend::{CachedValue, Span};

use crate::Eviction;
use crate::table::Table;

/// Values in this process's memory. Clones are handles on the same store.
///
/// A read takes no lock, allocates nothing and does not read a clock. A bounded store lets
/// values go by S3-FIFO, at a write that needs their room; none lets them go while they are read.
/// Values whose time is over leave at [`Store::maintain`](dogpile_backend::Store::maintain), which a region calls.
///
/// ```
/// use dogpile_backend::{CachedValue, Epoch, Metadata, Terms, Span, Stamp, Time};
/// use dogpile_memory::Memory;
///
/// let memory = Memory::bounded(1_000);
/// let metadata = Metadata { stamp: Stamp::NONE, epoch: Epoch::FIRST, created: Time::ZERO, terms: Terms::NONE };
/// memory.set(b"answer", CachedValue { value: 42, metadata }, Span::FOREVER);
/// assert_eq!(memory.lend(b"answer", |cached| *cached.value), Some(42));
/// assert_eq!(memory.len(), 1);
/// ```
pub struct Memory<V> {
    pub(crate) table: Arc<Table<V>>,
}

impl<V: Clone + Send + Sync + 'static> Memory<V> {
    /// A store that only lets values go when their time is over.
    pub fn unbounded() -> Self {
        Self::of(Table::unbounded())
    }

    /// A store of at most `entries` values. With zero it stores nothing, and only gives leases.
    pub fn bounded(entries: usize) -> Self {
        Self::of(Table::bounded(entries as u64, None))
    }

    /// A store of values that together weigh at most `capacity`, in whatever unit `weigher` answers
    /// for a key and its value. A value that weighs zero counts as one.
    ///
    /// A value that alone weighs more than `capacity` is not let in: storing it succeeds, what was
    /// there before is gone, and the listener is told at once that it left for its weight.
    ///
    /// `weigher` runs on the writer's thread, outside of locks, once for each value stored.
    ///
    /// ```
    /// use dogpile_memory::Memory;
    /// let pages: Memory<String> = Memory::weighted(64 << 20, |key, page: &String| {
    ///     u32::try_from(key.len() + page.len()).unwrap_or(u32::MAX)
    /// });
    /// assert_eq!(pages.weight(), 0);
    /// ```
    pub fn weighted(
        capacity: u64,
        weigher: impl Fn(&[u8], &V) -> u32 + Send + Sync + 'static,
    ) -> Self {
        Self::of(Table::bounded(capacity, Some(Box::new(weigher))))
    }

    fn of(table: Table<V>) -> Self {
        Self {
            table: Arc::new(table),
        }
    }

    /// Has `listener` told of each value that leaves by itself, exactly once, and why; a listener
    /// set before is told no more. What is replaced, deleted or cleared does not leave by itself.
    ///
    /// The listener runs on the thread whose write or maintenance let the value go, after that is
    /// done and outside of locks: it may use the store, and its time is the writer's. If it panics,
    /// the panic reaches the writer, and others that left at the same write stay untold.
    #[must_use]
    pub fn on_eviction(
        self,
        listener: impl Fn(&[u8], &V, Eviction) + Send + Sync + 'static,
    ) -> Self {
        self.table.ear.set(Arc::new(listener));
        self
    }
}

impl<V> Memory<V> {
    /// Lends the value under `key` to `borrow`, if there is one, and counts the use.
    ///
    /// The value stays readable for as long as `borrow` runs, even if it is replaced meanwhile; until
    /// then, what is removed from this store cannot be freed. `borrow` may use this store.
    #[inline]
    pub fn lend<R>(&self, key: &[u8], borrow: impl FnOnce(CachedValue<&V>) -> R) -> Option<R> {
        let lent = self.table.lend(key, borrow, |entry, borrow| borrow(entry));
        lent.ok()
    }

    /// [`lend`](Self::lend) for a closure that is wanted back where there is no value: `with`
    /// is lent along, or returned.
    ///
    /// # Errors
    /// `with`, where there is no value.
    #[inline]
    pub fn lend_with<W, R>(
        &self,
        key: &[u8],
        with: W,
        borrow: impl FnOnce(CachedValue<&V>, W) -> R,
    ) -> Result<R, W> {
        self.table.lend(key, with, borrow)
    }

    /// Stores `entry` under `key`, in place of what was there, and voids the key's lease. It gets a
    /// stamp of its own. After `ttl` from its creation it may leave.
    pub fn set(&self, key: &[u8], entry: CachedValue<V>, ttl: Span) {
        self.table.set(key, entry, ttl);
    }

    /// Removes the value under `key`, and voids the key's lease.
    pub fn delete(&self, key: &[u8]) {
        self.table.delete(key);
    }

    /// How many values there are; exact while nobody writes.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the values weigh together; their number where nobody weighs them.
    pub fn weight(&self) -> u64 {
        self.table.weight()
    }

    /// Removes every value and voids every lease, in one step.
    pub fn clear(&self) {
        self.table.clear();
    }
}

impl<V> Clone for Memory<V> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
        }
    }
}

impl<V> fmt::Debug for Memory<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("len", &self.len())
            .field("listener", &self.table.ear)
            .finish_non_exhaustive()
    }
}
