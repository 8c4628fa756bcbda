//! A blocking store for async callers: every call runs on a thread of a small pool.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::errand::{Caller, Errand};
use crate::gates::{Gates, InsideFor};
use crate::pool::Pool;
use crate::{
    Ask, Bell, CachedValue, Commit, Epoch, EpochStore, Epochs, Fault, Invalidation, Lease,
    LeaseStore, Leased, Local, Operation, Reply, Span, Store, StoreError, Time, TimeLine, Watch,
};

/// How many threads a store's calls may occupy unless it is said otherwise.
const THREADS: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// How long a thread waits for more work before it ends.
const IDLE_FOR: Duration = Duration::from_secs(10);

/// A store that [`blocks`](Store::blocks), for async callers: each call runs on a thread of a pool
/// of this store's own, and the reply comes later. Threads are started when there is work, at most
/// eight or as many as one says, and end after ten seconds without any; no runtime is needed.
///
/// A reply that is dropped before a thread has begun its call makes the call never happen; once
/// begun, a call runs to its end, and later writes to its key through here wait for it. A lease
/// that is won for a caller who is gone is given back. A panic in the store is an error for the one
/// call.
///
/// [`look_local`](Store::look_local), [`maintain`](Store::maintain) and
/// `watch` ([of a key](LeaseStore::watch), [of a region](EpochStore::watch)) are not offloaded.
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// # struct Files;
/// # impl Backend<u64> for Files {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::{Blocking, Guarded, Offloaded, Store};
/// use std::sync::Arc;
/// let for_threads = Arc::new(Guarded::new(Blocking::new(Files)));
/// let for_tasks = Offloaded::<u64>::new(for_threads.clone());
/// # let answer =
/// for_tasks.get(b"key") // .await
/// # .wait();
/// # assert_eq!(answer?, None);
/// # Ok::<(), StoreError>(())
/// ```
pub struct Offloaded<V> {
    store: Arc<dyn Store<V>>,
    pool: Pool,
    /// A write whose caller is gone is carried out all the same; those that come after it must not
    /// overtake it.
    writes: Arc<Gates>,
}

impl<V: Send + 'static> Offloaded<V> {
    /// `store` with at most eight threads.
    pub fn new(store: Arc<dyn Store<V>>) -> Self {
        Self::with_threads(store, THREADS)
    }

    /// `store` with at most `threads` threads.
    pub fn with_threads(store: Arc<dyn Store<V>>, threads: NonZeroUsize) -> Self {
        Self {
            store,
            pool: Pool::new(threads, IDLE_FOR),
            writes: Arc::new(Gates::new()),
        }
    }

    /// The store itself, for callers that may block.
    pub const fn store(&self) -> &Arc<dyn Store<V>> {
        &self.store
    }

    fn errand<T: Send + 'static>(
        &self,
        operation: Operation,
        key: &[u8],
        work: impl FnOnce(&dyn Store<V>, &Caller) -> Result<T, StoreError> + Send + 'static,
    ) -> Errand<'_, T> {
        let store = Arc::clone(&self.store);
        let caller = Caller {
            backend: store.name().into(),
            operation,
            key: key.into(),
        };
        Errand::new(&self.pool, caller, move |caller| work(&*store, caller))
    }

    /// An errand that no other write to its key overtakes.
    fn write<'a, T: Send + 'static>(
        &'a self,
        operation: Operation,
        key: &'a [u8],
        work: impl FnOnce(&dyn Store<V>, &Caller) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<'a, T> {
        Reply::later(async move {
            let inside = InsideFor::new(&self.writes, self.writes.enter(key).await);
            let work = move |store: &dyn Store<V>, caller: &Caller| {
                let _inside = inside;
                work(store, caller)
            };
            self.errand(operation, key, work).await
        })
    }
}

impl<V: Send + 'static> Store<V> for Offloaded<V> {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        let work = |store: &dyn Store<V>, caller: &Caller| store.get_blocking(&caller.key);
        Reply::later(self.errand(Operation::Get, key, work))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        self.write(Operation::Set, key, move |store, caller| {
            store.set(&caller.key, entry, ttl).wait()
        })
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.write(Operation::Delete, key, |store, caller| {
            store.delete(&caller.key).wait()
        })
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        self.store.look_local(key, lend)
    }

    fn time_line(&self) -> TimeLine {
        self.store.time_line()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        self.store.leases().map(|_| self as &dyn LeaseStore<V>)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.store.epochs().map(|_| self as &dyn EpochStore)
    }

    fn unreadable(&self) -> u64 {
        self.store.unreadable()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        self.store.maintain(now)
    }
}

/// The store's optional port, which it had when it was last asked.
fn still<P>(port: Option<P>, caller: &Caller) -> Result<P, StoreError> {
    port.ok_or_else(|| {
        caller.error(
            Fault::Other,
            "the store had this port when it was asked before, and has it no longer",
        )
    })
}

impl<V: Send + 'static> LeaseStore<V> for Offloaded<V> {
    /// Whether a value is fresh can only be asked where the caller is. So the store never finds one
    /// fresh by itself: a fresh one comes back beside a lease that was won, and the caller gives the
    /// lease back.
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        let Ask {
            fresh,
            held,
            stale,
            supersede,
            time,
        } = ask;
        let taken = self.errand(Operation::Lease, key, move |store, caller| {
            let ask = Ask {
                fresh: &|_| false,
                held,
                stale,
                supersede,
                time,
            };
            still(store.leases(), caller)?
                .lease(&caller.key, ask)
                .wait()
        });
        let (store, owned) = (Arc::clone(&self.store), Box::<[u8]>::from(key));
        let taken = taken.unwanted(move |leased| {
            if let (Leased::Won { lease, .. }, Some(leases)) = (leased, store.leases()) {
                // An error leaves the lease to its own end; nobody is there to be told.
                let _ = leases.release(&owned, &lease, false).wait();
            }
        });
        Reply::later(async move {
            Ok(match taken.await? {
                Leased::Lost {
                    seen: Some(seen), ..
                }
                | Leased::Shut {
                    seen: Some(seen), ..
                } if fresh(&seen.metadata) => Leased::Fresh(seen),
                leased => leased,
            })
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let lease = lease.clone();
        self.write(Operation::Commit, key, move |store, caller| {
            let leases = still(store.leases(), caller)?;
            leases.commit(&caller.key, &lease, entry, ttl).wait()
        })
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        let lease = lease.clone();
        let released = self.errand(Operation::Lease, key, move |store, caller| {
            let leases = still(store.leases(), caller)?;
            leases.release(&caller.key, &lease, failed).wait()
        });
        Reply::later(released.always_runs())
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        let lease = lease.clone();
        let shut = self.errand(Operation::Lease, key, move |store, caller| {
            let leases = still(store.leases(), caller)?;
            leases.shut(&caller.key, &lease, time).wait()
        });
        Reply::later(shut.always_runs())
    }

    fn shuts(&self) -> bool {
        self.store.leases().is_some_and(LeaseStore::shuts)
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        let lease = lease.clone();
        Reply::later(self.errand(Operation::Lease, key, move |store, caller| {
            let leases = still(store.leases(), caller)?;
            leases.renew(&caller.key, &lease, time).wait()
        }))
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.store.leases()?.watch(key, bell)
    }

    fn expires(&self) -> bool {
        self.store.leases().is_none_or(LeaseStore::expires)
    }
}

impl<V: Send + 'static> EpochStore for Offloaded<V> {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        let name = region.to_owned();
        Reply::later(
            self.errand(Operation::Epoch, region.as_bytes(), move |store, caller| {
                still(store.epochs(), caller)?.read(&name).wait()
            }),
        )
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        let name = region.to_owned();
        Reply::later(
            self.errand(Operation::Epoch, region.as_bytes(), move |store, caller| {
                still(store.epochs(), caller)?.raise(&name, how).wait()
            }),
        )
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        let name = region.to_owned();
        Reply::later(
            self.errand(Operation::Epoch, region.as_bytes(), move |store, caller| {
                still(store.epochs(), caller)?.restore(&name, known).wait()
            }),
        )
    }

    fn invalidated(&self, region: &str, hard: Epoch) -> Epoch {
        let epochs = self.store.epochs();
        epochs.map_or(hard, |epochs| epochs.invalidated(region, hard))
    }

    fn watch(&self, region: &str, bell: Bell) -> Option<Watch> {
        self.store.epochs()?.watch(region, bell)
    }
}
