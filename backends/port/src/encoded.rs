//! A store of values on top of a store of bytes.

use std::sync::{Mutex, PoisonError};

use crate::{
    Ask, Bell, CachedValue, Codec, CodecError, Coming, Commit, EpochStore, Fault, Lease,
    LeaseStore, Leased, Local, Metadata, Operation, Payload, Reply, Span, Store, StoreError, Time,
    TimeLine, TwoWay, Watch, block_on,
};

type Report = Box<dyn Fn(&[u8], &CodecError) + Send + Sync>;

/// A store of values: a store of [`Payload`] and the [`Codec`] between.
///
/// What the codec cannot read, or what has another schema, is a miss: counted, reported, and
/// overwritten by the value that is created for it.
///
/// ```
/// # #[cfg(feature = "json")] {
/// # use dogpile_backend::{Backend, CachedValue, Payload, Span, StoreError};
/// # struct Bytes;
/// # impl Backend<Payload> for Bytes {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<Payload>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::{Blocking, Encoded, JsonCodec, Store, show_key};
/// let store = Encoded::new(Blocking::new(Bytes), JsonCodec::new().with_schema(3))
///     .report(|key, why| eprintln!("{}: {why}", show_key(key)));
/// let nothing: Option<CachedValue<String>> = store.get(b"key").wait().unwrap();
/// assert_eq!(nothing, None);
/// assert_eq!(store.unreadable(), 0);
/// # }
/// ```
pub struct Encoded<S, C> {
    store: S,
    codec: C,
    unreadable: Mutex<u64>,
    report: Option<Report>,
}

impl<S, C> Encoded<S, C> {
    /// Values in `store` by way of `codec`.
    pub const fn new(store: S, codec: C) -> Self {
        Self {
            store,
            codec,
            unreadable: Mutex::new(0),
            report: None,
        }
    }

    /// Calls `report` with the key and the reason whenever an entry cannot be read.
    #[must_use]
    pub fn report(mut self, report: impl Fn(&[u8], &CodecError) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// How many entries were found that could not be read, each time one was found.
    pub fn unreadable(&self) -> u64 {
        *self
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The store of bytes itself.
    pub const fn store(&self) -> &S {
        &self.store
    }

    fn encode<V>(
        &self,
        key: &[u8],
        entry: &CachedValue<V>,
    ) -> Result<CachedValue<Payload>, StoreError>
    where
        S: Store<Payload>,
        C: Codec<V>,
    {
        match self.codec.encode(&entry.value) {
            Ok(bytes) => Ok(CachedValue {
                value: Payload {
                    schema: self.codec.schema(),
                    bytes,
                },
                metadata: entry.metadata,
            }),
            Err(error) => Err(StoreError::new(
                self.store.name(),
                Operation::Encode,
                key,
                Fault::Refused,
                error,
            )),
        }
    }

    /// The value of `entry`, or a miss that was counted.
    fn decode<V>(&self, key: &[u8], entry: CachedValue<&Payload>) -> Option<CachedValue<V>>
    where
        C: Codec<V>,
    {
        let wanted = self.codec.schema();
        let value = match entry.value {
            Payload { schema, bytes } if *schema == wanted => self.codec.decode(bytes),
            Payload { schema, .. } => Err(CodecError::Schema {
                found: *schema,
                wanted,
            }),
        };
        match value {
            Ok(value) => Some(CachedValue {
                value,
                metadata: entry.metadata,
            }),
            Err(error) => {
                *self
                    .unreadable
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) += 1;
                if let Some(report) = &self.report {
                    report(key, &error);
                }
                None
            }
        }
    }

    fn decode_any<V>(
        &self,
        key: &[u8],
        entry: Option<&CachedValue<Payload>>,
    ) -> Option<CachedValue<V>>
    where
        C: Codec<V>,
    {
        let CachedValue { value, metadata } = entry?;
        let metadata = *metadata;
        self.decode(key, CachedValue { value, metadata })
    }

    /// The answer with its entry decoded; `None` if that is a fresh one that cannot be.
    fn decode_leased<V>(&self, key: &[u8], leased: Leased<Payload>) -> Option<Leased<V>>
    where
        C: Codec<V>,
    {
        Some(match leased {
            Leased::Fresh(entry) => Leased::Fresh(self.decode_any(key, Some(&entry))?),
            Leased::Won { lease, seen } => Leased::Won {
                lease,
                seen: self.decode_any(key, seen.as_ref()),
            },
            Leased::Shut { remaining, seen } => Leased::Shut {
                remaining,
                seen: self.decode_any(key, seen.as_ref()),
            },
            Leased::Lost { remaining, seen } => Leased::Lost {
                remaining,
                seen: self.decode_any(key, seen.as_ref()),
            },
        })
    }
}

impl<V, S, C> Store<V> for Encoded<S, C>
where
    V: Send + 'static,
    S: Store<Payload>,
    C: Codec<V>,
{
    fn name(&self) -> &str {
        self.store.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        self.store
            .get(key)
            .then(|answer| Ok(self.decode_any(key, answer?.as_ref())))
    }

    fn get_blocking(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        let entry = self.store.get_blocking(key)?;
        Ok(self.decode_any(key, entry.as_ref()))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        match self.encode(key, &entry) {
            Ok(entry) => self.store.set(key, entry, ttl),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.store.delete(key)
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        let mut read = None;
        let found = self.store.look_local(key, &mut |entry| {
            read = self.decode(key, entry);
        });
        match (found, &read) {
            (Local::Lent, Some(CachedValue { value, metadata })) => {
                let metadata = *metadata;
                lend(CachedValue { value, metadata });
                Local::Lent
            }
            (Local::Lent | Local::Absent, _) => Local::Absent,
            (Local::Unknown, _) => Local::Unknown,
        }
    }

    fn time_line(&self) -> TimeLine {
        self.store.time_line()
    }

    fn blocks(&self) -> bool {
        self.store.blocks()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        self.store.leases().map(|_| self as &dyn LeaseStore<V>)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.store.epochs()
    }

    /// Its own, and the store's beneath it.
    fn unreadable(&self) -> u64 {
        self.unreadable() + self.store.unreadable()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        self.store.maintain(now)
    }
}

impl<S: Store<Payload>, C> Encoded<S, C> {
    /// The leases of the store, without which nobody holds this as a [`LeaseStore`].
    fn inner(
        &self,
        operation: Operation,
        key: &[u8],
    ) -> Result<&dyn LeaseStore<Payload>, StoreError> {
        self.store.leases().ok_or_else(|| {
            let what = "the store had leases when it was asked before, and has none any longer";
            StoreError::new(self.store.name(), operation, key, Fault::Other, what)
        })
    }

    /// Asks again where the metadata said fresh and the bytes could not be read. If a fresh value
    /// has come meanwhile, the caller sees it beside its lease.
    async fn lease_anyway<V>(
        &self,
        inner: &dyn LeaseStore<Payload>,
        key: &[u8],
        ask: Ask<'_>,
    ) -> Result<Leased<V>, StoreError>
    where
        C: Codec<V>,
    {
        let fresh = |_: &Metadata| false;
        let ask = Ask {
            fresh: &fresh,
            ..ask
        };
        let leased = inner.lease(key, ask).await?;
        self.decode_leased(key, leased).ok_or_else(|| {
            let what = "the store finds an entry fresh where nothing is to be fresh";
            StoreError::new(self.store.name(), Operation::Lease, key, Fault::Other, what)
        })
    }
}

/// A lease whose answer is to be decoded. A thread waits for it as a thread, for the store may know more of
/// what is asked then.
struct Leasing<'a, S, C> {
    store: &'a Encoded<S, C>,
    inner: &'a dyn LeaseStore<Payload>,
    key: &'a [u8],
    ask: Ask<'a>,
    reply: Reply<'a, Leased<Payload>>,
}

impl<'a, V, S, C> TwoWay<'a, Leased<V>> for Leasing<'a, S, C>
where
    V: Send + 'static,
    S: Store<Payload>,
    C: Codec<V>,
{
    fn wait(self: Box<Self>) -> Result<Leased<V>, StoreError> {
        let Self { store, key, .. } = *self;
        match store.decode_leased(key, self.reply.wait()?) {
            Some(leased) => Ok(leased),
            None => block_on(store.lease_anyway(self.inner, key, self.ask)),
        }
    }

    fn later(self: Box<Self>) -> Coming<'a, Leased<V>> {
        Box::pin(async move {
            let Self { store, key, .. } = *self;
            match store.decode_leased(key, self.reply.await?) {
                Some(leased) => Ok(leased),
                None => store.lease_anyway(self.inner, key, self.ask).await,
            }
        })
    }
}

impl<V, S, C> LeaseStore<V> for Encoded<S, C>
where
    V: Send + 'static,
    S: Store<Payload>,
    C: Codec<V>,
{
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        let inner = match self.inner(Operation::Lease, key) {
            Ok(inner) => inner,
            Err(error) => return Reply::ready(Err(error)),
        };
        let first = Ask {
            held: ask.held.clone(),
            ..ask
        };
        let reply = inner.lease(key, first);
        if !reply.is_ready() {
            return Reply::either(Leasing {
                store: self,
                inner,
                key,
                ask,
                reply,
            });
        }
        match reply.wait().map(|leased| self.decode_leased(key, leased)) {
            Ok(Some(leased)) => Reply::ok(leased),
            Ok(None) => Reply::later(self.lease_anyway(inner, key, ask)),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let encoded = self.encode(key, &entry);
        match (self.inner(Operation::Commit, key), encoded) {
            (Ok(leases), Ok(entry)) => leases.commit(key, lease, entry, ttl),
            (Err(error), _) | (_, Err(error)) => Reply::ready(Err(error)),
        }
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        match self.inner(Operation::Lease, key) {
            Ok(leases) => leases.release(key, lease, failed),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        match self.inner(Operation::Lease, key) {
            Ok(leases) => leases.shut(key, lease, time),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn shuts(&self) -> bool {
        self.store.leases().is_some_and(LeaseStore::shuts)
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        match self.inner(Operation::Lease, key) {
            Ok(leases) => leases.renew(key, lease, time),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.store.leases()?.watch(key, bell)
    }

    fn expires(&self) -> bool {
        self.store.leases().is_none_or(LeaseStore::expires)
    }
}
