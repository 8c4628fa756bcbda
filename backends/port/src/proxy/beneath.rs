//! What a proxy may ask of the store that it stands before.

use crate::{
    Ask, Bell, CachedValue, Commit, EpochStore, Epochs, Fault, Invalidation, Lease, LeaseStore,
    Leased, Local, Operation, Reply, Span, Store, StoreError, Watch,
};

/// The store beneath a [`Proxy`](super::Proxy), with the operations of its leases and epochs as its
/// own. They are errors where the store has none, and it is then not asked for any.
pub struct Beneath<'a, V: 'static> {
    store: &'a (dyn Store<V> + 'static),
}

impl<V: 'static> Clone for Beneath<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: 'static> Copy for Beneath<'_, V> {}

impl<'a, V: 'static> Beneath<'a, V> {
    pub(super) const fn new(store: &'a (dyn Store<V> + 'static)) -> Self {
        Self { store }
    }

    /// The store itself.
    pub const fn store(self) -> &'a (dyn Store<V> + 'static) {
        self.store
    }

    /// See [`Store::name`].
    pub fn name(self) -> &'a str {
        self.store.name()
    }

    /// See [`Store::get`].
    pub fn get(self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        self.store.get(key)
    }

    /// See [`Store::set`].
    pub fn set(self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        self.store.set(key, entry, ttl)
    }

    /// See [`Store::delete`].
    pub fn delete(self, key: &'a [u8]) -> Reply<'a, ()> {
        self.store.delete(key)
    }

    /// See [`Store::look_local`].
    pub fn look_local(self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        self.store.look_local(key, lend)
    }

    fn leases(self, operation: Operation, key: &[u8]) -> Result<&'a dyn LeaseStore<V>, StoreError> {
        let missing = "the store has no leases; wrap it in `Guarded` before the proxy";
        let error = || StoreError::new(self.name(), operation, key, Fault::Other, missing);
        self.store.leases().ok_or_else(error)
    }

    fn epochs(self, region: &str) -> Result<&'a dyn EpochStore, StoreError> {
        let (key, missing) = (region.as_bytes(), "the store has no epochs");
        let error = || StoreError::new(self.name(), Operation::Epoch, key, Fault::Other, missing);
        self.store.epochs().ok_or_else(error)
    }

    /// See [`LeaseStore::lease`].
    pub fn lease(self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        match self.leases(Operation::Lease, key) {
            Ok(leases) => leases.lease(key, ask),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`LeaseStore::commit`].
    pub fn commit(
        self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        match self.leases(Operation::Commit, key) {
            Ok(leases) => leases.commit(key, lease, entry, ttl),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`LeaseStore::release`].
    pub fn release(self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        match self.leases(Operation::Lease, key) {
            Ok(leases) => leases.release(key, lease, failed),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`LeaseStore::shut`].
    pub fn shut(self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        match self.leases(Operation::Lease, key) {
            Ok(leases) => leases.shut(key, lease, time),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`LeaseStore::renew`].
    pub fn renew(self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        match self.leases(Operation::Lease, key) {
            Ok(leases) => leases.renew(key, lease, time),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`LeaseStore::watch`].
    pub fn watch(self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.store.leases()?.watch(key, bell)
    }

    /// See [`LeaseStore::expires`].
    pub fn expires(self) -> bool {
        self.store.leases().is_none_or(LeaseStore::expires)
    }

    /// See [`LeaseStore::shuts`].
    pub fn shuts(self) -> bool {
        self.store.leases().is_some_and(LeaseStore::shuts)
    }

    /// See [`EpochStore::read`].
    pub fn read_epochs(self, region: &'a str) -> Reply<'a, Epochs> {
        match self.epochs(region) {
            Ok(epochs) => epochs.read(region),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`EpochStore::raise`].
    pub fn raise_epochs(self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        match self.epochs(region) {
            Ok(epochs) => epochs.raise(region, how),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`EpochStore::restore`].
    pub fn restore_epochs(self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        match self.epochs(region) {
            Ok(epochs) => epochs.restore(region, known),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    /// See [`EpochStore::watch`].
    pub fn watch_epochs(self, region: &str, bell: Bell) -> Option<Watch> {
        self.store.epochs()?.watch(region, bell)
    }
}
