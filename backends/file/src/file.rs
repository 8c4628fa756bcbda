//! The store: what each operation does in the engine.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dogpile_backend::{
    CachedValue, Encoded, EpochStore, LeaseStore, News, Operation, Payload, Reply, Span, Store,
    StoreError,
};

use crate::entry::{self, Unreadable};
use crate::layout;
use crate::opening::OpenError;
use crate::place::Place;
use crate::settings::{FileSettings, Report};
use crate::trouble::{NAME, Trouble};
use crate::writing::Writing;

/// A folder as a store of encoded values, for any number of processes and threads.
///
/// Its locks reach as far as it does: among all processes that have it open one creates a value at a
/// time, a commit is stored only while its lease is current, and those who wait are woken. A codec
/// makes it a store of values:
///
/// ```
/// use dogpile_backend::JsonCodec;
/// use dogpile_file::File;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("cache");
/// let store = File::open(path)?.encoded(JsonCodec::new());
/// # let _: dogpile_backend::Encoded<File, JsonCodec> = store;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct File {
    pub(crate) place: Arc<Place>,
    report: Option<Report>,
    unreadable: Mutex<u64>,
}

impl File {
    /// The store in the folder `path`, with everything else as [`FileSettings`] has it by default.
    ///
    /// # Errors
    /// The folder or what is in it cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        FileSettings::path(path.as_ref()).open()
    }

    pub(crate) fn with(settings: FileSettings) -> Result<Self, OpenError> {
        Ok(Self {
            place: Place::at(&settings.path, settings.terms)?,
            report: settings.report,
            unreadable: Mutex::new(0),
        })
    }

    /// A store of values, by way of `codec`.
    pub fn encoded<C>(self, codec: C) -> Encoded<Self, C> {
        Encoded::new(self, codec)
    }

    /// The folder, as the system names it.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// How many entries were found that could not be read, each time one was found.
    pub fn unreadable(&self) -> u64 {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many values were let go unstored in this process because neither the store nor the disk
    /// had room, or because they were too large.
    pub fn dropped(&self) -> u64 {
        self.place.dropped()
    }

    /// Counts and reports what cannot be read: outside of any transaction, since whoever is told may use the store.
    pub(crate) fn count(&self, key: &[u8], why: &Unreadable) {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        if let Some(report) = &self.report {
            report(key, why);
        }
    }

    /// Changes what is under `key`, and tells those who watch it.
    pub(crate) fn change<T>(
        &self,
        operation: Operation,
        key: &[u8],
        work: impl FnMut(&mut Writing<'_>) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        self.place
            .write(work)
            .map_err(|trouble| trouble.told(operation, key))
    }

    /// The same for work that stores an entry, which may be let go where there is no room: then
    /// `without` is done in its place, which has to end what the entry was to replace.
    pub(crate) fn change_or_drop<T>(
        &self,
        operation: Operation,
        key: &[u8],
        work: impl FnMut(&mut Writing<'_>) -> Result<T, Trouble>,
        without: impl FnMut(&mut Writing<'_>) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let done = match self.place.write(work) {
            Err(trouble) if trouble.is_full() || matches!(trouble, Trouble::TooLarge { .. }) => {
                let done = self.place.write(without);
                if done.is_ok() {
                    self.place.count_dropped(key, &trouble);
                }
                done
            }
            done => done,
        };
        done.map_err(|trouble| trouble.told(operation, key))
    }
}

impl Store<Payload> for File {
    fn name(&self) -> &str {
        NAME
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Payload>>> {
        let place = layout::entry(key);
        let found = self.place.read(|reading| {
            let bytes = reading.get(place.as_bytes())?;
            Ok(bytes.map(|bytes| entry::decode(key, bytes)))
        });
        Reply::ready(match found {
            Ok(None) => Ok(None),
            Ok(Some(Ok(entry))) => Ok(entry),
            Ok(Some(Err(why))) => {
                self.count(key, &why);
                Ok(None)
            }
            Err(trouble) => Err(trouble.told(Operation::Get, key)),
        })
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Payload>, ttl: Span) -> Reply<'a, ()> {
        let mut entry = entry;
        let stored = self.change_or_drop(
            Operation::Set,
            key,
            |writing| {
                entry.metadata.stamp = writing.stamp();
                writing.end_claim(key)?;
                writing.tell(key, News::Changed)?;
                writing.put_entry(key, &entry, ttl)
            },
            |writing| writing.end_all(key),
        );
        Reply::ready(stored)
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        Reply::ready(self.change(Operation::Delete, key, |writing| writing.end_all(key)))
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
        Some(Arc::as_ptr(&self.place).addr())
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File")
            .field("path", &self.path())
            .field("unreadable", &self.unreadable())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
