//! The store: what each operation asks, and what the answers mean.

use std::sync::{Arc, Mutex, PoisonError};

use dogpile_backend::record::{self, Unreadable};
use dogpile_backend::{
    CachedValue, Compatibility, Encoded, EpochStore, Fault, LeaseStore, Operation, Payload, Reply,
    Span, Stamp, Store, StoreError,
};
use redis::Value;

use crate::address::BadSettings;
use crate::answer::Found;
use crate::keys::Keys;
use crate::request::Request;
use crate::script::Scripts;
use crate::sender::Sender;
use crate::server::Server;
use crate::settings::{RedisSettings, Report};
use crate::token;
use crate::trouble::{NAME, OTHER_TYPE, told_ourselves};
use crate::watcher::Watcher;

/// A Redis or Valkey server, Sentinel's master or Cluster, as a store of encoded values.
///
/// Its locks reach as far as it does: among all processes that use it, one creates a value at a time,
/// a commit is stored only while its lease is current, and those who wait are woken by the server. A
/// codec makes it a store of values:
///
/// ```
/// use dogpile_backend::JsonCodec;
/// use dogpile_redis::Redis;
/// let store = Redis::open("redis://127.0.0.1:6379/0")?.encoded(JsonCodec::new());
/// # let _: dogpile_backend::Encoded<Redis, JsonCodec> = store;
/// # Ok::<(), dogpile_redis::BadSettings>(())
/// ```
pub struct Redis {
    pub(crate) sender: Sender,
    pub(crate) watcher: Watcher,
    pub(crate) keys: Keys,
    pub(crate) compatibility: Compatibility,
    pub(crate) scripts: &'static Scripts,
    time_to_live: Option<Span>,
    report: Option<Report>,
    unreadable: Mutex<u64>,
}

impl Redis {
    /// The server at `url`, with everything else as [`RedisSettings`] has it by default.
    ///
    /// # Errors
    /// The address cannot be read.
    pub fn open(url: &str) -> Result<Self, BadSettings> {
        RedisSettings::url(url).open()
    }

    pub(crate) fn new(
        settings: RedisSettings,
        keys: Keys,
        server: Server,
    ) -> std::io::Result<Self> {
        let server = Arc::new(server);
        let sender = Sender::new(Arc::clone(&server), settings.connections)?;
        Ok(Self {
            watcher: Watcher::new(server, &sender, settings.compatibility),
            sender,
            keys,
            compatibility: settings.compatibility,
            scripts: Scripts::of(settings.compatibility),
            time_to_live: settings.time_to_live,
            report: settings.report,
            unreadable: Mutex::new(0),
        })
    }

    /// A store of values, by way of `codec`.
    pub fn encoded<C>(self, codec: C) -> Encoded<Self, C> {
        Encoded::new(self, codec)
    }

    /// Where the value of `key` is in the server, for whoever looks there by hand.
    ///
    /// ```
    /// let store = dogpile_redis::Redis::open("redis://127.0.0.1:6379")?; // connects later
    /// assert_eq!(store.value_key(b"user:42"), b"dogpile:v:{user:42}");
    /// assert_eq!(store.lease_key(b"user:42"), b"dogpile:l:{user:42}");
    /// # Ok::<(), dogpile_redis::BadSettings>(())
    /// ```
    pub fn value_key(&self, key: &[u8]) -> Vec<u8> {
        self.keys.value(key)
    }

    /// Where the lease of `key` is in the server while one is out.
    pub fn lease_key(&self, key: &[u8]) -> Vec<u8> {
        self.keys.lease(key)
    }

    /// How many entries were found that are no record, each time one was found.
    pub fn unreadable(&self) -> u64 {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry that was found, or a miss that was counted.
    pub(crate) fn entry(&self, key: &[u8], found: Found) -> Option<CachedValue<Payload>> {
        if let Found::Unreadable(why) = &found {
            self.count(key, why);
        }
        found.entry()
    }

    fn count(&self, key: &[u8], why: &Unreadable) {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        if let Some(report) = &self.report {
            report(key, why);
        }
    }

    /// The time to live as scripts take it: at least a millisecond, or nothing for ever.
    pub(crate) fn time_to_live(&self, wanted: Span) -> Vec<u8> {
        // The server adds it to its clock: beyond a thousand years it overflows there.
        const MOST: u64 = 1000 * 366 * 86_400 * 1000;
        let span = self.time_to_live.unwrap_or(wanted);
        match span.as_nanos() / 1_000_000 {
            millis if span == Span::FOREVER || millis > MOST => Vec::new(),
            millis => millis.max(1).to_string().into(),
        }
    }

    fn set_request<'a>(
        &self,
        key: &'a [u8],
        mut entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Request<'a> {
        entry.metadata.stamp = token::mint();
        let keys = vec![self.keys.value(key), self.keys.lease(key)];
        let record = record::encode(&entry);
        let arguments = vec![record, self.time_to_live(ttl), self.keys.waiting(key)];
        // Sent twice it could overwrite what another has set, or undo a deletion, in between.
        Request::script(Operation::Set, key, self.scripts.set, keys, arguments).once()
    }
}

impl Redis {
    /// Sends what is about `key`, unless its value and its lease cannot be named together.
    pub(crate) fn ask_about<'a, T: Send + 'a>(
        &'a self,
        request: Request<'a>,
        understand: impl FnOnce(&Request<'_>, Value) -> Result<T, StoreError> + Send + 'a,
    ) -> Reply<'a, T> {
        match self.refusal(&request) {
            Some(error) => Reply::ready(Err(error)),
            None => self.sender.ask(request, understand),
        }
    }

    /// Why a request about a key is not sent at all.
    pub(crate) fn refusal(&self, request: &Request<'_>) -> Option<StoreError> {
        if self.keys.are_together(&request.about) {
            return None;
        }
        let why = "on a Redis Cluster shared with Python, a key needs a hash tag that holds its value \
                   and its lock in one slot: `{42}:profile`, or a prefix with one";
        Some(told_ourselves(request, Fault::Refused, why))
    }
}

/// The record that is stored at a commit.
pub(crate) fn stamped(mut entry: CachedValue<Payload>, stamp: Stamp) -> Vec<u8> {
    entry.metadata.stamp = stamp;
    record::encode(&entry)
}

/// An answer that the server never gives: another program answers there, or a proxy in between.
pub(crate) fn odd(request: &Request<'_>, value: &Value) -> StoreError {
    let why = format!("the server answers what no Redis answers to this: {value:?}");
    told_ourselves(request, Fault::Other, &why)
}

impl Store<Payload> for Redis {
    fn unreadable(&self) -> u64 {
        self.unreadable()
    }

    fn name(&self) -> &str {
        NAME
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Payload>>> {
        let request = Request::command(Operation::Get, key, "GET", &[&self.keys.value(key)]);
        self.ask_about(request, move |request, value| {
            let found = match value {
                Value::Nil => Found::Nothing,
                Value::BulkString(bytes) => Found::read(&bytes),
                OTHER_TYPE => Found::Unreadable(Unreadable::OtherType),
                other => return Err(odd(request, &other)),
            };
            Ok(self.entry(key, found))
        })
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Payload>, ttl: Span) -> Reply<'a, ()> {
        let request = self.set_request(key, entry, ttl);
        self.ask_about(request, |_, _| Ok(()))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        let keys = vec![self.keys.value(key), self.keys.lease(key)];
        let arguments = vec![self.keys.waiting(key)];
        let request = Request::script(Operation::Delete, key, self.scripts.delete, keys, arguments);
        self.ask_about(request, |_, _| Ok(()))
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Payload>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis")
            .field("keys", &self.keys)
            .field("unreadable", &self.unreadable())
            .finish_non_exhaustive()
    }
}
