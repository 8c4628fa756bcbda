//! What the tests share: stores in folders that are removed with them, and entries.

#![allow(dead_code)] // no test needs all of it
#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

use dogpile_backend::{
    Ask, CachedValue, Epoch, EpochStore, Lease, LeaseStore, Leased, Metadata, Payload, Reply, Span,
    Stamp, Store, Terms, Time,
};
use dogpile_sled::{Sled, SledSettings};
use tempfile::TempDir;

/// Longer than any test takes.
pub(crate) const LONG: Span = Span::from_secs(3_600);

/// A store and its folder. The store ends first.
pub(crate) struct Temporary {
    pub(crate) sled: Sled,
    pub(crate) folder: TempDir,
}

impl Temporary {
    /// A store in a folder of its own.
    pub(crate) fn new() -> Self {
        Self::with(|settings| settings)
    }

    /// The same, with more to say of it.
    pub(crate) fn with(say: impl FnOnce(SledSettings) -> SledSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sled = say(SledSettings::path(folder.path())).open().unwrap();
        Self { sled, folder }
    }

    /// Ends the store and opens what is in its folder.
    pub(crate) fn reopened(self) -> Self {
        let Self { sled, folder } = self;
        drop(sled);
        let sled = Sled::open(folder.path()).unwrap();
        Self { sled, folder }
    }

    /// Ends the store and leaves the folder.
    pub(crate) fn closed(self) -> TempDir {
        self.folder
    }
}

impl Store<Payload> for Temporary {
    fn name(&self) -> &str {
        self.sled.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Payload>>> {
        self.sled.get(key)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Payload>, ttl: Span) -> Reply<'a, ()> {
        self.sled.set(key, entry, ttl)
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.sled.delete(key)
    }

    fn blocks(&self) -> bool {
        self.sled.blocks()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Payload>> {
        self.sled.leases()
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.sled.epochs()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        self.sled.maintain(now)
    }
}

/// The entry with this number, created so many seconds after 1970.
pub(crate) fn entry(number: u64) -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: 7,
            bytes: number.to_string().into_bytes(),
        },
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::new(number),
            created: at(number),
            terms: Terms::NONE,
        },
    }
}

/// So many seconds after 1970.
pub(crate) fn at(secs: u64) -> Time {
    Time::ZERO.after(Span::from_secs(secs))
}

/// The number of the entry under `key`.
pub(crate) fn number(store: &impl Store<Payload>, key: &[u8]) -> Option<u64> {
    let found = store.get(key).wait().unwrap()?;
    let number = std::str::from_utf8(&found.value.bytes).unwrap();
    Some(number.parse().unwrap())
}

pub(crate) fn set(store: &impl Store<Payload>, key: &[u8], number: u64) {
    store.set(key, entry(number), LONG).wait().unwrap();
}

pub(crate) fn lease(store: &impl Store<Payload>, key: &[u8]) -> Leased<Payload> {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    };
    store.leases().unwrap().lease(key, ask).wait().unwrap()
}

/// The lease of `key`, which must be free.
pub(crate) fn win(store: &impl Store<Payload>, key: &[u8]) -> Lease {
    match lease(store, key) {
        Leased::Won { lease, .. } => lease,
        other => panic!("{other:?}"),
    }
}
