//! A proxy and the store beneath it, as one store.

use std::sync::Arc;

use super::{Beneath, Proxy};
use crate::{
    Ask, Bell, CachedValue, Commit, Encoded, Epoch, EpochStore, Epochs, Invalidation, Lease,
    LeaseStore, Leased, Local, Payload, Reply, Span, Store, Time, TimeLine, Watch,
};

/// A [`Proxy`] before a store: a store again.
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// # struct Files;
/// # impl Backend<u64> for Files {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::proxy::{RetryDelete, Wrap};
/// use dogpile_backend::{Blocking, Guarded, Store};
/// let store = Guarded::new(Blocking::new(Files)).wrap(RetryDelete::new(3));
/// store.delete(b"key").wait()?;
/// assert_eq!(store.proxy().retried(), 0);
/// # Ok::<(), StoreError>(())
/// ```
pub struct Proxied<P, V: 'static> {
    proxy: P,
    beneath: Arc<dyn Store<V>>,
}

impl<P, V: 'static> Proxied<P, V> {
    /// `proxy` before `beneath`, which others may use too.
    pub const fn new(proxy: P, beneath: Arc<dyn Store<V>>) -> Self {
        Self { proxy, beneath }
    }

    /// The proxy.
    pub const fn proxy(&self) -> &P {
        &self.proxy
    }

    fn beneath(&self) -> Beneath<'_, V> {
        Beneath::new(&*self.beneath)
    }
}

impl<P> Proxied<P, Payload> {
    /// A store of values, by way of `codec`.
    pub const fn encoded<C>(self, codec: C) -> Encoded<Self, C> {
        Encoded::new(self, codec)
    }
}

/// Puts proxies before any store.
pub trait Wrap<V: 'static>: Store<V> + Sized {
    /// This store with `proxy` before it: it is asked before those that were put on earlier.
    ///
    /// ```
    /// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
    /// # struct Files;
    /// # impl Backend<u64> for Files {
    /// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
    /// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
    /// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
    /// # }
    /// use dogpile_backend::proxy::{ReadOnly, RetryDelete, Wrap};
    /// use dogpile_backend::{Blocking, Guarded, Store};
    /// let store = Guarded::new(Blocking::new(Files))
    ///     .wrap(RetryDelete::new(3))
    ///     .wrap(ReadOnly);
    /// assert!(store.delete(b"42").wait().is_err()); // RetryDelete is not asked
    /// ```
    fn wrap<P: Proxy<V>>(self, proxy: P) -> Proxied<P, V> {
        Proxied::new(proxy, Arc::new(self))
    }
}

impl<V: 'static, S: Store<V>> Wrap<V> for S {}

impl<V: 'static, P: Proxy<V>> Store<V> for Proxied<P, V> {
    fn name(&self) -> &str {
        self.proxy.name(self.beneath())
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        self.proxy.get(self.beneath(), key)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        self.proxy.set(self.beneath(), key, entry, ttl)
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.proxy.delete(self.beneath(), key)
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        self.proxy.look_local(self.beneath(), key, lend)
    }

    fn time_line(&self) -> TimeLine {
        self.proxy.time_line(self.beneath())
    }

    fn blocks(&self) -> bool {
        self.proxy.blocks(self.beneath())
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        self.beneath.leases().map(|_| self as &dyn LeaseStore<V>)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        let has_epochs = self.proxy.has_epochs(self.beneath());
        has_epochs.then_some(self as &dyn EpochStore)
    }

    /// A store of its own. Who opens one of the same identity later is given the first one's flights
    /// and with them its store, so that the later one's proxies would never be asked.
    fn identity(&self) -> Option<usize> {
        None
    }

    fn unreadable(&self) -> u64 {
        self.beneath.unreadable()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        self.proxy.maintain(self.beneath(), now)
    }
}

impl<V: 'static, P: Proxy<V>> LeaseStore<V> for Proxied<P, V> {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        self.proxy.lease(self.beneath(), key, ask)
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.proxy.commit(self.beneath(), key, lease, entry, ttl)
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.proxy.release(self.beneath(), key, lease, failed)
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.proxy.shut(self.beneath(), key, lease, time)
    }

    fn shuts(&self) -> bool {
        self.proxy.shuts(self.beneath())
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.proxy.renew(self.beneath(), key, lease, time)
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.proxy.watch(self.beneath(), key, bell)
    }

    fn expires(&self) -> bool {
        self.proxy.expires(self.beneath())
    }
}

impl<V: 'static, P: Proxy<V>> EpochStore for Proxied<P, V> {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        self.proxy.read_epochs(self.beneath(), region)
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        self.proxy.raise_epochs(self.beneath(), region, how)
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        self.proxy.restore_epochs(self.beneath(), region, known)
    }

    fn invalidated(&self, region: &str, hard: Epoch) -> Epoch {
        let epochs = self.beneath().store().epochs();
        epochs.map_or(hard, |epochs| epochs.invalidated(region, hard))
    }

    fn watch(&self, region: &str, bell: Bell) -> Option<Watch> {
        self.proxy.watch_epochs(self.beneath(), region, bell)
    }
}
