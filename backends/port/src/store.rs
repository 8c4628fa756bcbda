//! What a region drives: every operation of a store in one object-safe trait.

use std::any::Any;
use std::sync::Arc;

use crate::{CachedValue, EpochStore, LeaseStore, Reply, Span, StoreError, Time, TimeLine};

/// What [`Store::look_local`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// The entry was lent.
    Lent,
    /// There is none, and no other place to look.
    Absent,
    /// This store cannot tell without [`Store::get`].
    Unknown,
}

/// A store of values of type `V` as a region sees it. Storage authors write
/// [`Backend`](crate::Backend) or [`AsyncBackend`](crate::AsyncBackend) instead and wrap them;
/// proxies wrap a `Store` in another.
///
/// Laws that the conformance suite checks: `set` and `delete` also void a lease on the key, in the
/// same atomic step, whether or not there is a value; a commit stores only while its lease is
/// current. A store without [`leases`](Store::leases) is given process-wide ones by
/// [`Guarded`](crate::Guarded).
pub trait Store<V>: Any + Send + Sync {
    /// The name that errors and logs give to this store.
    fn name(&self) -> &str;

    /// The entry under `key`.
    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>>;

    /// The same for a thread, which waits for it. A store that has a shorter way for threads writes this too, and
    /// spares them what a reply costs that could be a task's; it answers what [`get`](Self::get) would. What stands
    /// before a store and changes what it is asked asks it by `get`: a [`Proxy`](crate::proxy::Proxy), say.
    ///
    /// # Errors
    /// What [`get`](Self::get) answers.
    fn get_blocking(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        self.get(key).wait()
    }

    /// Stores `entry` under `key` and voids the key's lease.
    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()>;

    /// Removes what is under `key` and voids the key's lease.
    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()>;

    /// Lends the entry under `key` from this process's memory; see
    /// [`Backend::look_local`](crate::Backend::look_local).
    fn look_local(&self, _key: &[u8], _lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        Local::Unknown
    }

    /// The clock by which creation times are compared.
    fn time_line(&self) -> TimeLine {
        TimeLine::Wall
    }

    /// Whether an answer that is there at once may have taken long (a disk, a network): async
    /// callers then go through [`Offloaded`](crate::Offloaded).
    fn blocks(&self) -> bool {
        false
    }

    /// The store's leases.
    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        None
    }

    /// The store's epochs.
    fn epochs(&self) -> Option<&dyn EpochStore> {
        None
    }

    /// Which store this is, where several handles lead to one: equal for those that do, and an
    /// address that is the store's own while it lives. `None`: each handle is a store.
    fn identity(&self) -> Option<usize> {
        None
    }

    /// How many entries were found in this process that could not be read, each time one was found. Such a
    /// one is a miss, and is overwritten.
    fn unreadable(&self) -> u64 {
        0
    }

    /// Work between calls: letting expired entries go. Returns when it wants to be called again,
    /// or `None` while there is nothing to do.
    fn maintain(&self, _now: Time) -> Option<Span> {
        None
    }
}

/// A shared store is the store itself.
impl<V, S: Store<V> + ?Sized> Store<V> for Arc<S> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        (**self).get(key)
    }

    fn get_blocking(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        (**self).get_blocking(key)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        (**self).set(key, entry, ttl)
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        (**self).delete(key)
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        (**self).look_local(key, lend)
    }

    fn time_line(&self) -> TimeLine {
        (**self).time_line()
    }

    fn blocks(&self) -> bool {
        (**self).blocks()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        (**self).leases()
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        (**self).epochs()
    }

    fn identity(&self) -> Option<usize> {
        let address = Self::as_ptr(self).cast::<()>().addr();
        (**self).identity().or(Some(address))
    }

    fn unreadable(&self) -> u64 {
        (**self).unreadable()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        (**self).maintain(now)
    }
}
