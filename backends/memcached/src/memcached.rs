//! The store: what each operation asks, and what the answers mean.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use dogpile_backend::record::{self, Unreadable};
use dogpile_backend::{
    Backend, CachedValue, Compatibility, Encoded, EpochStore, LeaseStore, Operation, Payload, Span,
    Stamp, StoreError,
};

use crate::address::BadSettings;
use crate::beginnings::Beginnings;
use crate::connection::Connection;
use crate::grants::Grants;
use crate::keys::{Key, Keys, Room};
use crate::pipelined::Pipelined;
use crate::pool::Again;
use crate::protocol::{Answer, Code, Item, Mode, Request};
use crate::python::{self, Lock};
use crate::servers::Servers;
use crate::settings::{MemcachedSettings, Report};
use crate::slot::{self, LONGEST, seconds};
use crate::token;
use crate::trouble::{NAME, Trouble};
use crate::voice::{Voice, alone};
use crate::watcher::Watcher;

/// A memcached server as a store of encoded values.
///
/// Its locks reach as far as it does: among all processes that use it, one creates a value at a time,
/// and a commit is stored only while its lease is current. The server wakes nobody, so one thread of
/// each process looks for all of its callers that wait. A codec makes it a store of values:
///
/// ```
/// use dogpile_backend::JsonCodec;
/// use dogpile_memcached::Memcached;
/// let store = Memcached::open("memcached://127.0.0.1:11211")?.encoded(JsonCodec::new());
/// # let _: dogpile_backend::Encoded<dogpile_memcached::Pipelined, JsonCodec> = store;
/// # Ok::<(), dogpile_memcached::BadSettings>(())
/// ```
pub struct Memcached {
    pub(crate) servers: Arc<Servers>,
    pub(crate) watcher: Watcher,
    pub(crate) keys: Keys,
    pub(crate) grants: Grants,
    pub(crate) beginnings: Beginnings,
    pub(crate) compatibility: Compatibility,
    /// The client flags of values.
    pub(crate) client_flags: u32,
    time_to_live: Option<Span>,
    report: Option<Report>,
    unreadable: Mutex<u64>,
}

impl Memcached {
    /// The server at `address`, with everything else as [`MemcachedSettings`] has it by default.
    ///
    /// # Errors
    /// The address cannot be read.
    pub fn open(address: &str) -> Result<Self, BadSettings> {
        MemcachedSettings::server(address).open()
    }

    pub(crate) fn new(settings: MemcachedSettings, keys: Keys, servers: Servers) -> Self {
        let servers = Arc::new(servers);
        Self {
            watcher: Watcher::new(Arc::clone(&servers)),
            servers,
            keys,
            grants: Grants::default(),
            beginnings: Beginnings::default(),
            compatibility: settings.compatibility,
            client_flags: settings.client_flags,
            time_to_live: settings.time_to_live,
            report: settings.report,
            unreadable: Mutex::new(0),
        }
    }

    /// A store of values, by way of `codec`: for threads, and for tasks without their waiting on a thread.
    pub fn encoded<C>(self, codec: C) -> Encoded<Pipelined, C> {
        Encoded::new(Pipelined::new(self), codec)
    }

    /// Where `key` is in the server, for whoever looks there by hand. What is no printable word is
    /// asked for in base64 there (`mg ... b`).
    ///
    /// ```
    /// let store = dogpile_memcached::Memcached::open("127.0.0.1")?; // connects later
    /// assert_eq!(store.item_key(b"user:42"), b"dogpile:v:user:42");
    /// # Ok::<(), dogpile_memcached::BadSettings>(())
    /// ```
    pub fn item_key(&self, key: &[u8]) -> Vec<u8> {
        self.keys.key(Room::Value, key).bytes().to_vec()
    }

    /// How many entries were found that are no record, each time one was found.
    pub fn unreadable(&self) -> u64 {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry that was read, or a miss that is [counted](Self::count).
    pub(crate) fn entry(
        &self,
        key: &[u8],
        read: Read,
    ) -> Result<Option<CachedValue<Payload>>, StoreError> {
        let counted = self.count(key, read.unreadable.as_ref());
        counted.map_err(|trouble| trouble.told(Operation::Get, key))?;
        Ok(read.entry)
    }

    /// The same of an item that is nobody's grant, and of ours alone.
    pub(crate) fn entry_of(
        &self,
        key: &[u8],
        item: Item,
    ) -> Result<Option<CachedValue<Payload>>, StoreError> {
        let Some(record) = slot::record_of(item) else {
            return Ok(None);
        };
        match record::decode_owned(record) {
            Ok(entry) => Ok(Some(entry)),
            Err(why) => {
                let counted = self.count(key, Some(&why));
                counted.map_err(|trouble| trouble.told(Operation::Get, key))?;
                Ok(None)
            }
        }
    }

    pub(crate) fn is_beside_python(&self) -> bool {
        self.compatibility == Compatibility::Python
    }

    /// Where the value of `key` is, unless Python's clients could not ask for it there.
    fn place(&self, operation: Operation, key: &[u8]) -> Result<Key<'static>, StoreError> {
        let checked = self.keys.check(key);
        checked.map_err(|trouble| trouble.told(operation, key))?;
        Ok(self.keys.key(Room::Value, key))
    }

    /// Writes what makes every lease of `key` void, and gives back the lock of whichever of us has one: as it
    /// was before, so that no lease is hit that was given after.
    fn write_and_free<T>(
        &self,
        operation: Operation,
        key: &[u8],
        write: impl FnOnce() -> Result<T, Trouble>,
    ) -> Result<(), StoreError> {
        let told = |trouble: Trouble| trouble.told(operation, key);
        let held: Option<(Lock, Stamp)> = match self.is_beside_python() {
            true => self.lock_of_ours(key).map_err(told)?,
            false => None,
        };
        let written = write();
        // Also after an error: it may have been written.
        if let Some((lock, token)) = held {
            self.free_lock(key, lock, token);
        }
        written.map(drop).map_err(told)
    }

    /// Counts what cannot be read, and tells the user's own code of it, which may ask this store again: nobody calls
    /// this who has a connection, or speaks for all tasks.
    pub(crate) fn count(&self, key: &[u8], unreadable: Option<&Unreadable>) -> Result<(), Trouble> {
        match unreadable {
            None => Ok(()),
            Some(why) => self.counted(key, why),
        }
    }

    #[cold]
    fn counted(&self, key: &[u8], why: &Unreadable) -> Result<(), Trouble> {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        let Some(report) = &self.report else {
            return Ok(());
        };
        let told = catch_unwind(AssertUnwindSafe(|| report(key, why)));
        told.map_err(|panic| Trouble::panicked(&*panic))
    }

    /// The time to live as the server takes it: at least a second, 0 for ever. What is to live for
    /// more than thirty days lives until the server needs its room.
    pub(crate) fn time_to_live(&self, wanted: Span) -> u32 {
        match seconds(self.time_to_live.unwrap_or(wanted).as_nanos()) {
            LONGEST => 0,
            seconds => seconds,
        }
    }
}

/// What an item turned out to hold.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) entry: Option<CachedValue<Payload>>,
    /// Why there is none, where something is that should be one.
    pub(crate) unreadable: Option<Unreadable>,
}

impl Read {
    /// Of a record, if there is one.
    pub(crate) fn of(record: Option<&[u8]>) -> Self {
        let (entry, unreadable) = match record.map(record::decode) {
            None => (None, None),
            Some(Ok(entry)) => (Some(entry), None),
            Some(Err(why)) => (None, Some(why)),
        };
        Self { entry, unreadable }
    }

    /// Of an item that Python reads too.
    pub(crate) fn shared(item: &Item) -> Self {
        match python::Slot::read(item) {
            python::Slot::Empty => Self::default(),
            python::Slot::Record(record) => Self::of(Some(record)),
            python::Slot::Foreign => Self {
                entry: None,
                unreadable: Some(Unreadable::OtherType),
            },
        }
    }
}

/// What `ms` answers to one that compares: whether the item was the one that was meant.
pub(crate) async fn compared(
    voice: &mut Voice<'_>,
    request: Request<'_>,
) -> Result<Option<u64>, Trouble> {
    match voice.ask(request).await? {
        Answer::Code(Code::Done, item) => Ok(Some(item.cas.unwrap_or_default())),
        Answer::Code(Code::Exists | Code::NotFound | Code::NotStored, _) => Ok(None),
        other => Err(voice.odd(&other)),
    }
}

/// What `md` answers: whether there was something to remove.
pub(crate) async fn removed(voice: &mut Voice<'_>, request: Request<'_>) -> Result<bool, Trouble> {
    match voice.ask(request).await? {
        Answer::Code(Code::Done, _) => Ok(true),
        Answer::Code(Code::NotFound | Code::Exists, _) => Ok(false),
        other => Err(voice.odd(&other)),
    }
}

/// The item at `place`, if there is one.
pub(crate) async fn found(voice: &mut Voice<'_>, place: &Key<'_>) -> Result<Option<Item>, Trouble> {
    match voice.ask(Request::get(place)).await? {
        Answer::Item(item) => Ok(Some(item)),
        Answer::Code(Code::Absent, _) => Ok(None),
        other => Err(voice.odd(&other)),
    }
}

/// Stores a value, whatever is there.
pub(crate) async fn stored(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
    body: &[u8],
    client_flags: u32,
    seconds: u32,
) -> Result<(), Trouble> {
    let request = Request::store(place, body, client_flags, seconds, Mode::Always);
    match voice.ask(request).await? {
        Answer::Code(Code::Done, _) => Ok(()),
        other => Err(voice.odd(&other)),
    }
}

impl Backend<Payload> for Memcached {
    fn unreadable(&self) -> u64 {
        self.unreadable()
    }

    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> {
        let place = self.place(Operation::Get, key)?;
        // The shortest way, for it is a hit's: with nothing of what tasks would need, and what was found is moved no
        // further than here.
        let mut found = None;
        let look = |connection: &mut Connection| {
            found = match connection.ask(Request::get(&place))? {
                Answer::Item(item) => Some(item),
                Answer::Code(Code::Absent, _) => None,
                other => return Err(connection.odd(&other)),
            };
            Ok(())
        };
        let asked = self.servers.talk(&place, Again::Harmless, look);
        asked.map_err(|trouble| trouble.told(Operation::Get, key))?;
        match found {
            None => Ok(None),
            Some(item) if self.is_beside_python() => self.entry(key, Read::shared(&item)),
            Some(item) => self.entry_of(key, item),
        }
    }

    fn set(
        &self,
        key: &[u8],
        mut entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Result<(), StoreError> {
        entry.metadata.stamp = token::mint();
        let place = self.place(Operation::Set, key)?;
        let (body, seconds) = (record::encode(&entry), self.time_to_live(ttl));
        let flags = self.client_flags;
        // Sent twice it could overwrite what another has set, or undo a deletion, in between.
        self.write_and_free(Operation::Set, key, || {
            self.servers.talk(&place, Again::Never, |connection| {
                alone(connection, async |voice| {
                    stored(voice, &place, &body, flags, seconds).await
                })
            })
        })
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        let place = self.place(Operation::Delete, key)?;
        self.write_and_free(Operation::Delete, key, || {
            self.servers.talk(&place, Again::Harmless, |connection| {
                alone(connection, async |voice| {
                    removed(voice, Request::delete(&place)).await
                })
            })
        })
    }

    fn name(&self) -> &str {
        NAME
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Payload>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}
