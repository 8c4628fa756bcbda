//! Leases that reach as far as this process, for a store that brings none.

use std::sync::Arc;

use crate::gates::{Gates, Inside};
use crate::{
    Ask, Bell, CachedValue, Commit, EpochStore, Lease, LeaseStore, Leased, Local, Reply, Span,
    Stamp, Store, StoreError, Time, TimeLine, Watch,
};

/// A store without [`leases`](Store::leases), given leases that hold within this process: `set`,
/// `delete` and `commit` on one key exclude each other, and each ends the claim that is out on it.
/// So a value that was deleted while another caller created it does not come back. Writers in other
/// processes are not seen; only the store itself could do that.
///
/// Every caller in the process must come through the same `Guarded` (share it as an
/// [`Arc`]). A store that has leases should not be wrapped: its own are hidden.
///
/// A write that fails, panics or is dropped half-way ends the claim all the same, because it may
/// have been carried out. The gate is then open again; where dropping a reply does not take a
/// request back (a pipelined connection), that request can still land after a later one. For a
/// blocking store this cannot happen, and async callers keep it so by wrapping the guarded store, not
/// the bare one: `Offloaded::new(Arc::new(Guarded::new(Blocking::new(backend))))`.
pub struct Guarded<S> {
    store: S,
    gates: Arc<Gates>,
}

impl<S> Guarded<S> {
    /// `store` with leases of this process.
    pub fn new(store: S) -> Self {
        Self {
            store,
            gates: Arc::new(Gates::new()),
        }
    }

    /// The store itself. What is written to it directly voids no lease.
    pub const fn store(&self) -> &S {
        &self.store
    }
}

impl<S: Send + Sync> Guarded<S> {
    /// Writes while alone with the key: always, or only while `lease` is the claim that is out.
    fn write<'a>(
        &'a self,
        key: &'a [u8],
        lease: Option<Stamp>,
        start: impl FnOnce() -> Reply<'a, ()> + Send + 'a,
    ) -> Reply<'a, Commit> {
        let Some(mut inside) = self.gates.try_enter(key) else {
            return self.write_later(key, lease, start);
        };
        if !inside.begin_writing(lease) {
            return Reply::ok(Commit::Refused);
        }
        let reply = start();
        if reply.is_ready() {
            drop(inside);
            return reply.then(|answer| answer.map(|()| Commit::Stored));
        }
        // A reply that comes later has done nothing yet, and nobody may stand in the gate before
        // it is polled: its owner may first wait for somebody who wants to go in.
        inside.stop_writing();
        drop(inside);
        self.write_later(key, lease, move || reply)
    }

    fn write_later<'a>(
        &'a self,
        key: &'a [u8],
        lease: Option<Stamp>,
        start: impl FnOnce() -> Reply<'a, ()> + Send + 'a,
    ) -> Reply<'a, Commit> {
        Reply::later(async move {
            let mut inside = self.gates.enter(key).await;
            if !inside.begin_writing(lease) {
                return Ok(Commit::Refused);
            }
            start().await.map(|()| Commit::Stored)
        })
    }
}

/// Whether somebody else holds the key's lease, as far as `ask` cares.
fn is_taken(inside: &Inside<'_>, ask: &Ask<'_>) -> bool {
    let held = ask.held.as_ref().map(|lease| lease.stamp);
    !ask.supersede && inside.claim().is_some_and(|claim| Some(claim) != held)
}

fn lost<V>() -> Leased<V> {
    Leased::Lost {
        remaining: Span::FOREVER,
        seen: None,
    }
}

impl<S> Guarded<S> {
    /// Answers `ask` with what was read while inside.
    fn answer<V>(
        &self,
        inside: &Inside<'_>,
        ask: &Ask<'_>,
        key: &[u8],
        read: Result<Option<CachedValue<V>>, StoreError>,
    ) -> Result<Leased<V>, StoreError> {
        match read? {
            Some(entry) if (ask.fresh)(&entry.metadata) => {
                // Nobody is left to give it back: the caller that took it over has no lease now.
                if let Some(held) = &ask.held {
                    self.gates.end_claim(key, held.stamp);
                }
                Ok(Leased::Fresh(entry))
            }
            seen => Ok(Leased::Won {
                lease: Lease {
                    stamp: inside.make_claim(),
                    foreign: None,
                },
                seen,
            }),
        }
    }

    fn lease_later<'a, V>(
        &'a self,
        key: &'a [u8],
        ask: Ask<'a>,
        look: impl FnOnce() -> Reply<'a, Option<CachedValue<V>>> + Send + 'a,
    ) -> Reply<'a, Leased<V>>
    where
        S: Store<V>,
        V: Send + 'static,
    {
        Reply::later(async move {
            let inside = self.gates.enter(key).await;
            if is_taken(&inside, &ask) {
                return Ok(lost());
            }
            let read = look().await;
            self.answer(&inside, &ask, key, read)
        })
    }
}

impl<V: Send + 'static, S: Store<V>> Store<V> for Guarded<S> {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        self.store.get(key)
    }

    fn get_blocking(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        self.store.get_blocking(key)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        self.write(key, None, move || self.store.set(key, entry, ttl))
            .then(|answer| answer.map(drop))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.write(key, None, || self.store.delete(key))
            .then(|answer| answer.map(drop))
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        self.store.look_local(key, lend)
    }

    fn time_line(&self) -> TimeLine {
        self.store.time_line()
    }

    fn blocks(&self) -> bool {
        self.store.blocks()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.store.epochs()
    }

    fn identity(&self) -> Option<usize> {
        self.store.identity()
    }

    fn unreadable(&self) -> u64 {
        self.store.unreadable()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        self.store.maintain(now)
    }
}

impl<V: Send + 'static, S: Store<V>> LeaseStore<V> for Guarded<S> {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        let Some(inside) = self.gates.try_enter(key) else {
            return self.lease_later(key, ask, || self.store.get(key));
        };
        if is_taken(&inside, &ask) {
            return Reply::ok(lost());
        }
        let reply = self.store.get(key);
        if reply.is_ready() {
            return reply.then(move |read| self.answer(&inside, &ask, key, read));
        }
        drop(inside);
        self.lease_later(key, ask, move || reply)
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.write(key, Some(lease.stamp), move || {
            self.store.set(key, entry, ttl)
        })
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _failed: bool) -> Reply<'a, Commit> {
        let was_current = self.gates.end_claim(key, lease.stamp);
        Reply::ok(stored_if(was_current))
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _time: Span) -> Reply<'a, Commit> {
        Reply::ok(stored_if(self.gates.is_claimed(key, lease.stamp)))
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        let number = self.gates.hang(key, Arc::from(bell));
        let (gates, key) = (Arc::clone(&self.gates), Box::<[u8]>::from(key));
        Some(Watch::new(move || gates.unhang(&key, number)))
    }

    fn expires(&self) -> bool {
        false
    }
}

fn stored_if(current: bool) -> Commit {
    if current {
        Commit::Stored
    } else {
        Commit::Refused
    }
}
