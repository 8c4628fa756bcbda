//! A store that keeps nothing.

use dogpile_backend::{
    Ask, CachedValue, Commit, Lease, LeaseStore, Leased, Local, Reply, Span, Store, TimeLine,
};

use crate::mark::Counter;

/// Stores nothing, so that every call creates: for switching a cache off without a change of code.
///
/// Whoever asks for a lease is given it, and whatever is committed counts as stored. Callers that
/// stand in one region at the same time still share one creation.
///
/// ```
/// use dogpile_backend::Store;
/// use dogpile_memory::Null;
/// # use dogpile_backend::{CachedValue, Epoch, Metadata, Terms, Span, Stamp, Time};
/// # let metadata = Metadata { stamp: Stamp::NONE, epoch: Epoch::FIRST, created: Time::ZERO, terms: Terms::NONE };
/// let store = Null::new();
/// store.set(b"answer", CachedValue { value: 42, metadata }, Span::FOREVER).wait()?;
/// let found: Option<CachedValue<i32>> = store.get(b"answer").wait()?;
/// assert!(found.is_none());
/// # Ok::<(), dogpile_backend::StoreError>(())
/// ```
#[derive(Debug)]
pub struct Null {
    leases: Counter,
}

impl Null {
    /// A store that keeps nothing.
    pub const fn new() -> Self {
        Self {
            leases: Counter::new(),
        }
    }
}

impl Default for Null {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Send + Sync + 'static> Store<V> for Null {
    fn name(&self) -> &'static str {
        "null"
    }

    fn get<'a>(&'a self, _key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        Reply::ok(None)
    }

    fn set<'a>(&'a self, _key: &'a [u8], _entry: CachedValue<V>, _ttl: Span) -> Reply<'a, ()> {
        Reply::ok(())
    }

    fn delete<'a>(&'a self, _key: &'a [u8]) -> Reply<'a, ()> {
        Reply::ok(())
    }

    fn look_local(&self, _key: &[u8], _lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        Local::Absent
    }

    fn time_line(&self) -> TimeLine {
        TimeLine::Process
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        Some(self)
    }
}

impl<V: Send + Sync + 'static> LeaseStore<V> for Null {
    fn lease<'a>(&'a self, _key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        let lease = ask.held.unwrap_or_else(|| Lease {
            stamp: self.leases.next(),
            foreign: None,
        });
        Reply::ok(Leased::Won { lease, seen: None })
    }

    fn commit<'a>(
        &'a self,
        _key: &'a [u8],
        _lease: &'a Lease,
        _entry: CachedValue<V>,
        _ttl: Span,
    ) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }

    fn release<'a>(
        &'a self,
        _key: &'a [u8],
        _lease: &'a Lease,
        _failed: bool,
    ) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }

    fn renew<'a>(&'a self, _key: &'a [u8], _lease: &'a Lease, _time: Span) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }

    fn expires(&self) -> bool {
        false
    }
}
