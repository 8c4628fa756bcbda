//! The store: what each operation does to the one entry under its key.

use std::sync::{Arc, Mutex, PoisonError};

use dogpile_backend::{
    CachedValue, Encoded, EpochStore, LeaseStore, News, Operation, Payload, Reply, Span, Stamp,
    Store, StoreError, Time,
};

use crate::entry::{Entry, Unreadable, Value, value_bytes};
use crate::keyspace::{Keyspace, Step, step};
use crate::opening::CannotOpen;
use crate::settings::{Report, SledSettings};
use crate::sweep::sweep;
use crate::trouble::{Trouble, ask, told};

/// A folder of files as a store of encoded values, by way of sled, for one process at a time.
///
/// A codec makes it a store of values:
///
/// ```
/// use dogpile_backend::JsonCodec;
/// use dogpile_sled::Sled;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// let store = Sled::open(path)?.encoded(JsonCodec::new());
/// # let _: dogpile_backend::Encoded<Sled, JsonCodec> = store;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sled {
    pub(crate) keyspace: Arc<Keyspace>,
    report: Option<Report>,
    unreadable: Mutex<u64>,
}

impl Sled {
    /// The store in the folder `path`, with everything else as [`SledSettings`] has it by default.
    ///
    /// # Errors
    /// See [`SledSettings::open`].
    pub fn open(path: impl Into<std::path::PathBuf>) -> Result<Self, CannotOpen> {
        SledSettings::path(path).open()
    }

    pub(crate) fn new(keyspace: Arc<Keyspace>, report: Option<Report>) -> Self {
        Self {
            keyspace,
            report,
            unreadable: Mutex::new(0),
        }
    }

    /// A store of values, by way of `codec`.
    pub fn encoded<C>(self, codec: C) -> Encoded<Self, C> {
        Encoded::new(self, codec)
    }

    /// How many entries this handle found that it could not read, each time it found one.
    pub fn unreadable(&self) -> u64 {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands all that was written so far to the operating system: it survives the death of the
    /// process then, not necessarily a power cut.
    ///
    /// ```
    /// # use dogpile_sled::Sled;
    /// # let folder = tempfile::tempdir()?;
    /// # let store = Sled::open(folder.path())?;
    /// store.flush()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn flush(&self) -> Result<(), StoreError> {
        let flushed = self.keyspace.engine.flush();
        flushed.map_err(|trouble| told(Operation::Set, b"(all keys)", trouble))
    }

    /// How many bytes the folder's files have, with what is no longer of use in them. All keyspaces
    /// count.
    ///
    /// ```
    /// # use dogpile_sled::Sled;
    /// # let folder = tempfile::tempdir()?;
    /// # let store = Sled::open(folder.path())?;
    /// let bytes = store.size_on_disk()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The files cannot be asked.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        let size = self.keyspace.engine.size_on_disk();
        size.map_err(|trouble| told(Operation::Get, b"(all keys)", trouble))
    }

    pub(crate) fn mint(&self) -> Stamp {
        self.keyspace.engine.stamps.mint()
    }

    pub(crate) fn count(&self, key: &[u8], why: &Unreadable) {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        if let Some(report) = &self.report {
            report(key, why);
        }
    }

    /// What `found` says. A claim of another opening is none: who made it is dead.
    pub(crate) fn read<'a>(&self, key: &[u8], found: Option<&'a [u8]>) -> Entry<'a> {
        let Some(bytes) = found else {
            return Entry::default();
        };
        match Entry::read(key, bytes) {
            Ok(entry) => {
                let stamps = &self.keyspace.engine.stamps;
                let claim = entry.claim.filter(|stamp| stamps.made(*stamp));
                Entry { claim, ..entry }
            }
            Err(why) => {
                self.count(key, &why);
                Entry::default()
            }
        }
    }

    /// One atomic step on the entry of `key`.
    pub(crate) fn step<T>(
        &self,
        operation: Operation,
        key: &[u8],
        mut decide: impl FnMut(Entry<'_>) -> Step<T>,
    ) -> Result<T, StoreError> {
        let decide = |found: Option<&[u8]>| decide(self.read(key, found));
        step(&self.keyspace.entries, operation, key, decide)
    }

    /// After a write to `key`: does what was promised of it, and tells.
    pub(crate) fn written(&self, operation: Operation, key: &[u8]) -> Result<(), StoreError> {
        let kept = self.keyspace.engine.keep();
        // Whether or not it is kept, it is there to be seen.
        self.keyspace.about_keys.ring(key, News::Changed);
        kept.map_err(|trouble| told(operation, key, trouble))
    }

    /// What replaces whatever is under `key`, a claim too.
    fn replace<T>(
        &self,
        operation: Operation,
        key: &[u8],
        work: impl FnOnce() -> sled::Result<T>,
    ) -> Result<(), StoreError> {
        let done: Result<T, Trouble> = ask(work);
        done.map_err(|trouble| told(operation, key, trouble))?;
        self.written(operation, key)
    }
}

/// A value's part of an entry: `entry` under `stamp`.
pub(crate) fn stamped(mut entry: CachedValue<Payload>, stamp: Stamp, ttl: Span) -> Vec<u8> {
    entry.metadata.stamp = stamp;
    let end = entry.metadata.created.after(ttl);
    value_bytes(&entry, end)
}

impl Store<Payload> for Sled {
    fn name(&self) -> &'static str {
        crate::trouble::NAME
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Payload>>> {
        let found = ask(|| self.keyspace.entries.get(key));
        let found = found.map_err(|trouble| told(Operation::Get, key, trouble));
        Reply::ready(found.map(|found| self.read(key, found.as_deref()).value.map(Value::entry)))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Payload>, ttl: Span) -> Reply<'a, ()> {
        let value = stamped(entry, self.mint(), ttl);
        let entry = Entry {
            claim: None,
            value: Value::new(&value),
        };
        let bytes = entry.write(key).unwrap_or_default();
        let entries = &self.keyspace.entries;
        Reply::ready(self.replace(Operation::Set, key, || entries.insert(key, bytes)))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        let entries = &self.keyspace.entries;
        Reply::ready(self.replace(Operation::Delete, key, || entries.remove(key)))
    }

    fn blocks(&self) -> bool {
        true
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Payload>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }

    fn unreadable(&self) -> u64 {
        self.unreadable()
    }

    fn identity(&self) -> Option<usize> {
        Some(Arc::as_ptr(&self.keyspace).addr())
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        Some(sweep(self, now))
    }
}
