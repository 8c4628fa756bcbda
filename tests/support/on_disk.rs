//! A store in a folder that is removed with it.

use dogpile::JsonCodec;
use dogpile::backend::{
    CachedValue, Encoded, EpochStore, LeaseStore, Payload, Reply, Span, Store, Time, TimeLine,
};
use tempfile::TempDir;

pub(crate) struct OnDisk<S> {
    /// It ends before its folder does.
    store: Encoded<S, JsonCodec>,
    _folder: TempDir,
}

#[cfg(feature = "file")]
pub(crate) fn in_file() -> OnDisk<dogpile::File> {
    let folder = tempfile::tempdir().unwrap();
    OnDisk {
        store: dogpile::File::open(folder.path())
            .unwrap()
            .encoded(JsonCodec::new()),
        _folder: folder,
    }
}

#[cfg(feature = "sled")]
pub(crate) fn on_sled() -> OnDisk<dogpile::Sled> {
    let folder = tempfile::tempdir().unwrap();
    OnDisk {
        store: dogpile::Sled::open(folder.path())
            .unwrap()
            .encoded(JsonCodec::new()),
        _folder: folder,
    }
}

impl<S: Store<Payload>> Store<u64> for OnDisk<S> {
    fn name(&self) -> &str {
        Store::<u64>::name(&self.store)
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<u64>>> {
        self.store.get(key)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<u64>, ttl: Span) -> Reply<'a, ()> {
        self.store.set(key, entry, ttl)
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        Store::<u64>::delete(&self.store, key)
    }

    fn time_line(&self) -> TimeLine {
        Store::<u64>::time_line(&self.store)
    }

    fn blocks(&self) -> bool {
        Store::<u64>::blocks(&self.store)
    }

    fn leases(&self) -> Option<&dyn LeaseStore<u64>> {
        self.store.leases()
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Store::<u64>::epochs(&self.store)
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        Store::<u64>::maintain(&self.store, now)
    }
}
