//! A store on sled, in a folder that is removed with it.

use dogpile::backend::{
    CachedValue, Encoded, EpochStore, LeaseStore, Reply, Span, Store, Time, TimeLine,
};
use dogpile::{JsonCodec, Sled};
use tempfile::TempDir;

pub(crate) struct OnDisk {
    /// It ends before its folder does.
    store: Encoded<Sled, JsonCodec>,
    _folder: TempDir,
}

impl OnDisk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Sled::open(folder.path()).unwrap().encoded(JsonCodec::new()),
            _folder: folder,
        }
    }
}

impl Store<u64> for OnDisk {
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
