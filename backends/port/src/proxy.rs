//! Proxies: what a store does, overridden one operation at a time.
//!
//! A [`Proxy`] stands before a store and is a store again. What it does not override goes on to the
//! store [`Beneath`] as it came. It stands before a store of values, or of
//! [`Payload`](crate::Payload), beneath the codec:
//!
//! ```text
//! redis.wrap(CircuitBreaker::new(5, TEN_SECONDS)).encoded(JsonCodec::new())     // over bytes
//! Config::new(store).wrap(RetryDelete::new(3)).wrap(ReadOnly)                // over values
//! ```
//!
//! **Each one wraps what is there**: the one that was put on last is asked first.
//!
//! | proxy | does |
//! |---|---|
//! | [`RetryDelete`] | tries a delete again that failed |
//! | [`ReadOnly`] | lets nothing be written |
//! | [`CircuitBreaker`] | leaves a store alone for a while that does not answer |
//! | [`Observed`] | tells somebody of every operation: `Logging` (feature `tracing`), [`StoreStatistics`], or you |
//! | [`KeyPrefix`] | puts the same bytes before every key |
//!
//! # Which store it is
//!
//! A proxied store is a store of its own: it never has the [identity](crate::Store::identity) of the store
//! beneath. Calls that wait for each other in a process share one store with its proxies; shared with
//! the bare store, or with another proxy before it, they would get values that their own proxies never
//! saw. Leases, which the store keeps, still hold across
//! all of them: one creates, and what was deleted does not come back. Regions that are to share their
//! waits too share the proxied store: one [`Arc`](std::sync::Arc) of it.
//!
//! A store without leases of its own is given some that reach as far as one opened store. Two regions
//! that each wrap such a store for themselves do not see each other's: let them share the proxied store.

mod beneath;
mod circuit_breaker;
mod key_prefix;
#[cfg(feature = "tracing")]
mod logging;
mod observed;
mod observer;
mod proxied;
mod read_only;
mod retry_delete;
mod store_statistics;

pub use beneath::Beneath;
pub use circuit_breaker::{CircuitBreaker, CircuitOpen};
pub use key_prefix::KeyPrefix;
#[cfg(feature = "tracing")]
pub use logging::Logging;
pub use observed::Observed;
pub use observer::{Answered, Call, Observer, Outcome};
pub use proxied::{Proxied, Wrap};
pub use read_only::{IsReadOnly, ReadOnly};
pub use retry_delete::{RetriedInVain, RetryDelete};
pub use store_statistics::{Calls, StoreFigures, StoreStatistics};

use crate::{
    Ask, Bell, CachedValue, Commit, Epochs, Invalidation, Lease, Leased, Local, Reply, Span, Time,
    TimeLine, Watch,
};

/// What stands before a store of values of type `V` and overrides what it wants to.
///
/// One function has to be written, [`look_local`](Self::look_local), because nothing else can say
/// whether a value may be used past [`get`](Self::get). All others ask what is [`Beneath`]. Values
/// leave a store by `look_local`, `get` and [`lease`](Self::lease), and come in by
/// [`set`](Self::set) and [`commit`](Self::commit): a proxy that changes values does so in all five.
///
/// Whether there are leases is up to the store beneath, and whether there are epochs too unless the proxy
/// [says otherwise](Self::has_epochs). A store without leases is
/// [`Guarded`](crate::Guarded) first if the proxy is to see them, as
/// `Config::wrap` of the package `dogpile` does.
///
/// ```
/// use dogpile_backend::proxy::{Beneath, Proxy};
/// use dogpile_backend::{CachedValue, Local, Reply, Span};
///
/// /// Nothing lives longer than this in the store.
/// struct AtMost(Span);
///
/// impl<V: 'static> Proxy<V> for AtMost {
///     fn set<'a>(
///         &'a self,
///         beneath: Beneath<'a, V>,
///         key: &'a [u8],
///         entry: CachedValue<V>,
///         ttl: Span,
///     ) -> Reply<'a, ()> {
///         beneath.set(key, entry, ttl.min(self.0))
///     }
///
///     // Reads are as they were, so the short way to them is too.
///     fn look_local(
///         &self,
///         beneath: Beneath<'_, V>,
///         key: &[u8],
///         lend: &mut dyn FnMut(CachedValue<&V>),
///     ) -> Local {
///         beneath.look_local(key, lend)
///     }
/// }
/// ```
pub trait Proxy<V: 'static>: Send + Sync + 'static {
    /// The way past [`get`](Self::get) to a value in this process's memory, which a hit takes without
    /// an allocation. A proxy that leaves reads as they are hands the call on:
    /// `beneath.look_local(key, lend)`. One that overrides `get` does here what it does there, or
    /// answers [`Local::Unknown`], and then every read comes to `get`.
    fn look_local(
        &self,
        beneath: Beneath<'_, V>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&V>),
    ) -> Local;

    /// See [`Store::name`](crate::Store::name).
    fn name<'a>(&'a self, beneath: Beneath<'a, V>) -> &'a str {
        beneath.name()
    }

    /// See [`Store::get`](crate::Store::get).
    fn get<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
    ) -> Reply<'a, Option<CachedValue<V>>> {
        beneath.get(key)
    }

    /// See [`Store::set`](crate::Store::set).
    fn set<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, ()> {
        beneath.set(key, entry, ttl)
    }

    /// See [`Store::delete`](crate::Store::delete).
    fn delete<'a>(&'a self, beneath: Beneath<'a, V>, key: &'a [u8]) -> Reply<'a, ()> {
        beneath.delete(key)
    }

    /// See [`LeaseStore::lease`](crate::LeaseStore::lease).
    fn lease<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        ask: Ask<'a>,
    ) -> Reply<'a, Leased<V>> {
        beneath.lease(key, ask)
    }

    /// See [`LeaseStore::commit`](crate::LeaseStore::commit).
    fn commit<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        beneath.commit(key, lease, entry, ttl)
    }

    /// See [`LeaseStore::release`](crate::LeaseStore::release).
    fn release<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        failed: bool,
    ) -> Reply<'a, Commit> {
        beneath.release(key, lease, failed)
    }

    /// See [`LeaseStore::shut`](crate::LeaseStore::shut).
    fn shut<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        beneath.shut(key, lease, time)
    }

    /// See [`LeaseStore::renew`](crate::LeaseStore::renew).
    fn renew<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        beneath.renew(key, lease, time)
    }

    /// See [`LeaseStore::watch`](crate::LeaseStore::watch).
    fn watch(&self, beneath: Beneath<'_, V>, key: &[u8], bell: Bell) -> Option<Watch> {
        beneath.watch(key, bell)
    }

    /// See [`LeaseStore::expires`](crate::LeaseStore::expires).
    fn expires(&self, beneath: Beneath<'_, V>) -> bool {
        beneath.expires()
    }

    /// See [`LeaseStore::shuts`](crate::LeaseStore::shuts).
    fn shuts(&self, beneath: Beneath<'_, V>) -> bool {
        beneath.shuts()
    }

    /// Whether epochs are asked of this proxy: see [`Store::epochs`](crate::Store::epochs). One that says so of
    /// a store without any answers [`read_epochs`](Self::read_epochs) and its like by itself.
    fn has_epochs(&self, beneath: Beneath<'_, V>) -> bool {
        beneath.store().epochs().is_some()
    }

    /// See [`EpochStore::read`](crate::EpochStore::read).
    fn read_epochs<'a>(&'a self, beneath: Beneath<'a, V>, region: &'a str) -> Reply<'a, Epochs> {
        beneath.read_epochs(region)
    }

    /// See [`EpochStore::raise`](crate::EpochStore::raise).
    fn raise_epochs<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        region: &'a str,
        how: Invalidation,
    ) -> Reply<'a, Epochs> {
        beneath.raise_epochs(region, how)
    }

    /// See [`EpochStore::restore`](crate::EpochStore::restore).
    fn restore_epochs<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        region: &'a str,
        known: Epochs,
    ) -> Reply<'a, ()> {
        beneath.restore_epochs(region, known)
    }

    /// See [`EpochStore::watch`](crate::EpochStore::watch).
    fn watch_epochs(&self, beneath: Beneath<'_, V>, region: &str, bell: Bell) -> Option<Watch> {
        beneath.watch_epochs(region, bell)
    }

    /// See [`Store::time_line`](crate::Store::time_line).
    fn time_line(&self, beneath: Beneath<'_, V>) -> TimeLine {
        beneath.store().time_line()
    }

    /// See [`Store::blocks`](crate::Store::blocks). A proxy that itself waits, for a disk or a network, says `true`.
    fn blocks(&self, beneath: Beneath<'_, V>) -> bool {
        beneath.store().blocks()
    }

    /// See [`Store::maintain`](crate::Store::maintain).
    fn maintain(&self, beneath: Beneath<'_, V>, now: Time) -> Option<Span> {
        beneath.store().maintain(now)
    }
}
