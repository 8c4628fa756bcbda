//! What a storage author wrote, blocking or async, as the [`Store`] that a region drives.

use crate::{
    AsyncBackend, Backend, CachedValue, EpochStore, LeaseStore, Local, Reply, Span, Store, TimeLine,
};

/// A blocking [`Backend`] as a [`Store`]: every answer is there at once, nothing is allocated.
///
/// Async callers of a backend that [`blocks`](Backend::blocks) go through
/// [`Offloaded`](crate::Offloaded).
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// use dogpile_backend::{Blocking, Store};
/// /// Forgets everything.
/// struct Null;
/// impl Backend<u64> for Null {
///     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
///     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
///     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// }
/// assert_eq!(Blocking::new(Null).get(b"key").wait()?, None);
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Blocking<B> {
    backend: B,
}

impl<B> Blocking<B> {
    /// `backend` as a store.
    pub const fn new(backend: B) -> Self {
        Self { backend }
    }

    /// The backend itself.
    pub const fn backend(&self) -> &B {
        &self.backend
    }
}

impl<V: 'static, B: Backend<V>> Store<V> for Blocking<B> {
    fn name(&self) -> &str {
        self.backend.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        Reply::ready(self.backend.get(key))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        Reply::ready(self.backend.set(key, entry, ttl))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        Reply::ready(self.backend.delete(key))
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        self.backend.look_local(key, lend)
    }

    fn time_line(&self) -> TimeLine {
        self.backend.time_line()
    }

    fn blocks(&self) -> bool {
        self.backend.blocks()
    }

    fn unreadable(&self) -> u64 {
        self.backend.unreadable()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        self.backend.leases()
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.backend.epochs()
    }
}

/// An async [`AsyncBackend`] as a [`Store`]: every answer comes later. Sync callers park their
/// thread until it is there, so a backend whose futures need a runtime to move must bring its own.
///
/// A reply that is dropped drops the backend's future. Where that leaves a request on its way (a
/// pipelined connection), the request may still take effect later.
#[derive(Clone, Copy, Debug, Default)]
pub struct Awaiting<B> {
    backend: B,
}

impl<B> Awaiting<B> {
    /// `backend` as a store.
    pub const fn new(backend: B) -> Self {
        Self { backend }
    }

    /// The backend itself.
    pub const fn backend(&self) -> &B {
        &self.backend
    }
}

impl<V: 'static, B: AsyncBackend<V>> Store<V> for Awaiting<B> {
    fn name(&self) -> &str {
        self.backend.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        Reply::later(self.backend.get(key))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        Reply::later(self.backend.set(key, entry, ttl))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        Reply::later(self.backend.delete(key))
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        self.backend.look_local(key, lend)
    }

    fn time_line(&self) -> TimeLine {
        self.backend.time_line()
    }

    fn unreadable(&self) -> u64 {
        self.backend.unreadable()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        self.backend.leases()
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.backend.epochs()
    }
}
