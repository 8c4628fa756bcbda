//! What is asked of a store and what comes of it, told to somebody.

use std::sync::Arc;

use super::observer::{Answered, Call, Observer, Outcome};
use super::{Beneath, Proxy};
use crate::{
    Ask, CachedValue, Clock, Commit, Epochs, Invalidation, Lease, Leased, Local, Reply, Span,
    SystemClock,
};

/// Tells an [`Observer`] of every operation once it has its answer, and changes nothing.
///
/// Time passes by the machine's clock, from the moment at which the store is asked, queues of ours
/// included. An operation that was dropped before its end is not told. Values in memory that a hit
/// takes by `look_local` are told without a time: to read the clock would take longer than they do.
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// # struct Files;
/// # impl Backend<u64> for Files {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::proxy::{Answered, Observed, Observer, Wrap};
/// use dogpile_backend::{Blocking, Store, show_key};
/// use std::time::Duration;
///
/// /// Tells of what took long.
/// struct Slow(Duration);
///
/// impl Observer for Slow {
///     fn answered(&self, answered: &Answered<'_>) {
///         if answered.took.is_some_and(|took| took > self.0) {
///             eprintln!("{} {} took long", answered.call, show_key(answered.key));
///         }
///     }
/// }
///
/// let store = Blocking::new(Files).wrap(Observed::by(Slow(Duration::from_millis(50))));
/// store.delete(b"key").wait()?;
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone)]
pub struct Observed<O> {
    observer: O,
    clock: Arc<dyn Clock>,
}

impl<O: Observer> Observed<O> {
    /// Tells `observer`.
    pub fn by(observer: O) -> Self {
        Self {
            observer,
            clock: Arc::new(SystemClock),
        }
    }

    /// Measures times by `clock`: a [`ManualClock`](crate::ManualClock) in a test.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Who is told.
    pub const fn observer(&self) -> &O {
        &self.observer
    }

    fn tell<'a, V: 'static, T: ComesTo + Send + 'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        (call, key): (Call, &'a [u8]),
        start: impl FnOnce() -> Reply<'a, T>,
    ) -> Reply<'a, T> {
        let began = self.clock.monotonic();
        start().then(move |answer| {
            let took = self.clock.monotonic().since(began).to_duration();
            self.observer.answered(&Answered {
                backend: beneath.name(),
                call,
                key,
                outcome: answer.as_ref().map(ComesTo::outcome),
                took: Some(took),
            });
            answer
        })
    }
}

/// What a good answer comes to.
trait ComesTo {
    fn outcome(&self) -> Outcome;
}

impl<V> ComesTo for Option<CachedValue<V>> {
    fn outcome(&self) -> Outcome {
        match self {
            Some(_) => Outcome::Found,
            None => Outcome::Absent,
        }
    }
}

impl<V> ComesTo for Leased<V> {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Fresh(_) => Outcome::Fresh,
            Self::Won { .. } => Outcome::Won,
            Self::Lost { .. } => Outcome::Lost,
            Self::Shut { .. } => Outcome::Shut,
        }
    }
}

impl ComesTo for Commit {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Stored => Outcome::Current,
            Self::Refused => Outcome::Void,
        }
    }
}

impl ComesTo for Epochs {
    fn outcome(&self) -> Outcome {
        Outcome::Done
    }
}

impl ComesTo for () {
    fn outcome(&self) -> Outcome {
        Outcome::Done
    }
}

impl<V: Send + 'static, O: Observer> Proxy<V> for Observed<O> {
    fn look_local(
        &self,
        beneath: Beneath<'_, V>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&V>),
    ) -> Local {
        let looked = beneath.look_local(key, lend);
        let outcome = match looked {
            Local::Lent => Outcome::Found,
            Local::Absent => Outcome::Absent,
            // Nothing was asked: `get` is, and is told.
            Local::Unknown => return looked,
        };
        self.observer.answered(&Answered {
            backend: beneath.name(),
            call: Call::LookLocal,
            key,
            outcome: Ok(outcome),
            took: None,
        });
        looked
    }

    fn get<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
    ) -> Reply<'a, Option<CachedValue<V>>> {
        self.tell(beneath, (Call::Get, key), || beneath.get(key))
    }

    fn set<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, ()> {
        let start = || beneath.set(key, entry, ttl);
        self.tell(beneath, (Call::Set, key), start)
    }

    fn delete<'a>(&'a self, beneath: Beneath<'a, V>, key: &'a [u8]) -> Reply<'a, ()> {
        self.tell(beneath, (Call::Delete, key), || beneath.delete(key))
    }

    fn lease<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        ask: Ask<'a>,
    ) -> Reply<'a, Leased<V>> {
        let start = || beneath.lease(key, ask);
        self.tell(beneath, (Call::Lease, key), start)
    }

    fn commit<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let start = || beneath.commit(key, lease, entry, ttl);
        self.tell(beneath, (Call::Commit, key), start)
    }

    fn release<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        failed: bool,
    ) -> Reply<'a, Commit> {
        let start = || beneath.release(key, lease, failed);
        self.tell(beneath, (Call::Release, key), start)
    }

    fn shut<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        let start = || beneath.shut(key, lease, time);
        self.tell(beneath, (Call::Shut, key), start)
    }

    fn renew<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        let start = || beneath.renew(key, lease, time);
        self.tell(beneath, (Call::Renew, key), start)
    }

    fn read_epochs<'a>(&'a self, beneath: Beneath<'a, V>, region: &'a str) -> Reply<'a, Epochs> {
        let call = (Call::ReadEpochs, region.as_bytes());
        self.tell(beneath, call, || beneath.read_epochs(region))
    }

    fn raise_epochs<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        region: &'a str,
        how: Invalidation,
    ) -> Reply<'a, Epochs> {
        let call = (Call::RaiseEpochs, region.as_bytes());
        self.tell(beneath, call, || beneath.raise_epochs(region, how))
    }

    fn restore_epochs<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        region: &'a str,
        known: Epochs,
    ) -> Reply<'a, ()> {
        let (call, start) = ((Call::RestoreEpochs, region.as_bytes()), || {
            beneath.restore_epochs(region, known)
        });
        self.tell(beneath, call, start)
    }
}
