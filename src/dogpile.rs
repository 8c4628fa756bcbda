//! The lock without a cache: one self-refreshing value.

mod call;
mod cell;
mod engine;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{
    CachedValue, Clock, Epoch, Epochs, Invalidation, Metadata, Policy, Span, Stamp, Terms,
    TimeLine, Verdict,
};
use dogpile_core::published::{Cell, Published};
use dogpile_core::state::Snapshot;

use crate::clockwork::Clockwork;
use crate::error::Error;
use crate::flight::Outcome;
use crate::flight::cycle::Desk;
use crate::kit::{Local, vacant};
use crate::sync::OnceLock;
use call::Call;
use cell::EpochCell;

type Values<V> = EpochCell<CachedValue<V>>;

/// One value that is created when it is missing, refreshed by one caller when it is stale, and read
/// without a lock when it is there: a token, a configuration, a price list.
///
/// ```
/// use dogpile::Dogpile;
/// use std::time::Duration;
///
/// static TOKEN: Dogpile<String> = Dogpile::new()
///     .fresh_for(Duration::from_secs(300))
///     .stale_for(Duration::from_secs(30));
///
/// let token = TOKEN.get_or_create(|| "secret".to_owned())?;
/// assert_eq!(token, "secret");
/// assert_eq!(TOKEN.read(|token| token.len()), Some(6));
/// # Ok::<(), dogpile::Error>(())
/// ```
///
/// While a value may be used, whoever asks gets one at once: a fresh one by two loads, a stale one
/// while the one caller that won refreshes it. Waiting, errors, panics, cancellation, cycles and
/// limits are as in a [`Region`](crate::Region).
#[must_use]
pub struct Dogpile<V: Send + Sync + 'static> {
    value: Published<Local, Values<V>, Outcome<V>>,
    desk: OnceLock<Arc<Desk>>,
    policy: Policy,
    deadline: Span,
    creation_limit: Span,
    stale_if_error: bool,
    clock: Clockwork,
}

impl<V: Send + Sync + 'static> Dogpile<V> {
    /// No value yet; one that is created stays fresh for ever. `const`, for a static.
    pub const fn new() -> Self {
        Self {
            value: Published::from_parts(vacant(), EpochCell::empty()),
            desk: OnceLock::new(),
            policy: Policy::FOREVER,
            deadline: Span::from_secs(60),
            creation_limit: Span::from_secs(30),
            stale_if_error: true,
            clock: Clockwork::System,
        }
    }

    /// How long a value is fresh after its creation. Default: for ever.
    pub const fn fresh_for(mut self, span: Duration) -> Self {
        self.policy.fresh_for = Span::from_duration(span);
        self
    }

    /// For how long after that it may be served while one caller creates the next. Default: for
    /// ever.
    pub const fn stale_for(mut self, span: Duration) -> Self {
        self.policy.stale_for = Span::from_duration(span);
        self
    }

    /// How long a call waits for another's creation. Default: 60 seconds.
    pub const fn deadline(mut self, span: Duration) -> Self {
        self.deadline = Span::from_duration(span);
        self
    }

    /// After how long another takes over from a creator that is still at work; at least a
    /// millisecond. Default: 30 seconds.
    pub const fn creation_limit(mut self, span: Duration) -> Self {
        let span = Span::from_duration(span);
        let least = Span::from_millis(1);
        self.creation_limit = if span.as_nanos() < least.as_nanos() {
            least
        } else {
            span
        };
        self
    }

    /// Whether a caller whose creator fails gets the stale value, if there is one. Default: yes.
    pub const fn stale_if_error(mut self, yes: bool) -> Self {
        self.stale_if_error = yes;
        self
    }

    /// Reads the time from `clock`: a [`ManualClock`](crate::ManualClock) in a test.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Clockwork::Custom(clock);
        self
    }

    /// Uses the fresh value, if there is one, without cloning it. Takes no lock.
    #[inline]
    pub fn read<R>(&self, using: impl FnOnce(&V) -> R) -> Option<R> {
        let guard = Values::<V>::pin();
        let (word, value) = self.value.read(&guard);
        let value = value?;
        (self.judge(word, &value.metadata) == Verdict::Fresh).then(|| using(&value.value))
    }

    /// Stores `value`, superseding a creation under way: its value will not be kept, and those who
    /// wait for it get this one.
    pub fn set(&self, value: V)
    where
        V: Clone,
    {
        let value = self.entry(value);
        let outcome = Outcome::Value {
            value: value.clone(),
            committed: true,
        };
        self.value.set(value, &Arc::new(outcome));
    }

    /// Removes the value, superseding a creation under way: its value will not be kept.
    pub fn delete(&self) {
        self.value.delete::<CachedValue<V>>();
    }

    /// Removes the value, or makes it stale. A creation under way does not undo it.
    pub fn invalidate(&self, how: Invalidation) {
        match how {
            Invalidation::Hard => self.delete(),
            Invalidation::Soft => self.value.soften(),
        }
    }

    /// Whether a call creates the value at this moment. Only a look.
    pub fn is_being_created(&self) -> bool {
        self.value.slot().look().is_busy()
    }

    /// How many calls wait for the creation under way; for observers, out of date at once.
    pub fn waiting(&self) -> usize {
        self.value.slot().waiting()
    }

    fn desk(&self) -> &Arc<Desk> {
        self.desk.get_or_init(Arc::default)
    }

    fn judge(&self, word: Snapshot, metadata: &Metadata) -> Verdict {
        let verdict = self.policy.judge(metadata, Epochs::default(), self.now());
        if word.is_stale() && verdict == Verdict::Fresh {
            return self.policy.verdict_when_stale();
        }
        verdict
    }

    fn now(&self) -> dogpile_backend::Time {
        self.clock.now(TimeLine::Process)
    }

    fn entry(&self, value: V) -> CachedValue<V> {
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: self.now(),
            terms: Terms::NONE,
        };
        CachedValue { value, metadata }
    }
}

impl<V: Clone + Send + Sync + 'static> Dogpile<V> {
    /// The fresh value, if there is one. Takes no lock.
    #[inline]
    pub fn get(&self) -> Option<V> {
        self.read(V::clone)
    }

    /// The value: a fresh one, or a stale one while somebody else creates the next, or what
    /// `creator` makes, in this call or in another that this one waits for.
    ///
    /// # Errors
    /// [`Error::Deadline`], [`Error::Cycle`], [`Error::CreatorPanicked`], as in
    /// [`Region::get_or_create`](crate::Region::get_or_create).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    #[inline]
    pub fn get_or_create(&self, creator: impl FnOnce() -> V) -> Result<V, Error> {
        self.get_or_try_create(|| Ok::<V, Infallible>(creator()))
    }

    /// [`get_or_create`](Self::get_or_create) with a creator that can fail.
    ///
    /// # Errors
    /// [`Error::Creator`] when it does and no stale value is at hand; else as there.
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    #[inline]
    pub fn get_or_try_create<E: Send + Sync + 'static>(
        &self,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        match self.get() {
            Some(value) => Ok(value),
            None => engine::drive(Call::start(self, false), creator),
        }
    }

    /// Creates a new value whatever is there, superseding a creation under way.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    ///
    /// # Panics
    /// When the creator does.
    pub fn refresh<E: Send + Sync + 'static>(
        &self,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        engine::drive(Call::start(self, true), creator)
    }

    /// [`get_or_create`](Self::get_or_create) for tasks. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_create_async<F: Future<Output = V>>(
        &self,
        creator: impl FnOnce() -> F,
    ) -> Result<V, Error> {
        self.get_or_try_create_async(|| async { Ok::<V, Infallible>(creator().await) })
            .await
    }

    /// [`get_or_try_create`](Self::get_or_try_create) for tasks. Dropping the future cancels the
    /// call.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_try_create_async<E, F>(
        &self,
        creator: impl FnOnce() -> F,
    ) -> Result<V, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        match self.get() {
            Some(value) => Ok(value),
            None => Box::pin(engine::drive_async(Call::start(self, false), creator)).await,
        }
    }
}

impl<V: Send + Sync + 'static> Default for Dogpile<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Send + Sync + 'static> std::fmt::Debug for Dogpile<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dogpile")
            .field("word", &self.value.slot().look())
            .finish_non_exhaustive()
    }
}
