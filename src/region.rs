//! Cache regions: named caches with a policy in front of a store.
//!
//! The path of one call: `region` (a hit ends here) → `at` (the call's own options) → `call` (what
//! it knows and holds) → `drive` (the engine steps the flow) → `flight` and the store.

// `|value| value.clone()` is a type of its own for each caller, so that the lookup is compiled into it.
#![allow(clippy::redundant_closure_for_method_calls)]

mod active;
mod answer;
mod asynchronous;
mod at;
mod call;
mod config;
mod creation;
mod drive;
mod due;
mod hold;
mod kept;
mod look;
mod many;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(dogpile_shuttle)]
mod model;
mod owned;
mod renewal;
mod rule;
mod shared;
mod start;
mod statistics;
mod subject;
mod tags;
mod telling;
mod terms;
mod upkeep;
mod wait;

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use dogpile_backend::{Invalidation, Terms};

pub use answer::{Answer, Known, Origin};
pub use at::At;
pub use config::{Config, OnStoreFailure};
pub use creation::Creation;
pub use many::Partial;
pub(crate) use many::{How, Value};
pub use owned::{BoxError, Job};
pub use statistics::{Creations, Histogram, Statistics};

use crate::error::{ConfigError, Error};
use crate::flight::block_on;
use crate::sync::OnceLock;
use active::Active;
use look::closely_blocking;
use shared::Shared;

/// A named cache. Made at import time, configured later, used everywhere.
///
/// ```
/// use dogpile::{Config, Memory, Region};
/// use std::time::Duration;
///
/// static GREETINGS: Region<String> = Region::new("greetings");
///
/// GREETINGS.configure(
///     Config::new(Memory::bounded(10_000)).fresh_for(Duration::from_secs(3_600)),
/// )?;
/// let greeting = GREETINGS.get_or_create("ann", || "hello, ann".to_owned())?;
/// assert_eq!(greeting, "hello, ann");
/// assert_eq!(GREETINGS.read("ann", |greeting| greeting.len())?, Some(10));
/// GREETINGS.delete("ann")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Keys are bytes: text, byte slices and arrays, whatever is `AsRef<[u8]>`, of any length.
///
/// Write the source first, then `delete` here: a creation that began before the delete is not
/// stored, one that begins after it reads the new source.
pub struct Region<V: Send + Sync + 'static> {
    name: Cow<'static, str>,
    shared: OnceLock<Arc<Shared<V>>>,
}

impl<V: Send + Sync + 'static> Region<V> {
    /// An unconfigured region; `const`, for a static.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            shared: OnceLock::new(),
        }
    }

    /// An unconfigured region whose name is made at run time.
    pub const fn named(name: String) -> Self {
        Self {
            name: Cow::Owned(name),
            shared: OnceLock::new(),
        }
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the region has its configuration.
    pub fn is_configured(&self) -> bool {
        self.shared().active().is_some()
    }

    fn shared(&self) -> &Arc<Shared<V>> {
        self.shared.get_or_init(|| Arc::new(Shared::new()))
    }
}

/// Clones are the same region, also when it is configured later.
impl<V: Send + Sync + 'static> Clone for Region<V> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            shared: OnceLock::from(Arc::clone(self.shared())),
        }
    }
}

impl<V: Send + Sync + 'static> std::fmt::Debug for Region<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Region")
            .field("name", &self.name)
            .field("configured", &self.is_configured())
            .finish_non_exhaustive()
    }
}

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// Gives the region its store and its policy.
    ///
    /// # Errors
    /// [`ConfigError::Twice`] when it has them already; [`ConfigError::Zero`] when a duration that
    /// must not be zero is. The region stays as it was.
    pub fn configure(&self, config: Config<V>) -> Result<(), ConfigError> {
        config.check(&self.name)?;
        let begun = self.shared().begin(|| Active::open(&self.name, config));
        let active = begun.ok_or_else(|| ConfigError::Twice {
            region: self.name.to_string(),
        })?;
        upkeep::begin(active);
        Ok(())
    }

    /// Gives the region another store or another policy in place of the one that it has, while it is in
    /// use, or its first. Calls under way end with what they began with. A key mangler that was
    /// configured stays unless `config` brings one.
    ///
    /// The store before is kept open until the region is dropped. Statistics begin anew.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// let users: Region<u32> = Region::new("users");
    /// users.configure(Config::new(Memory::unbounded()))?;
    /// users.set("ann", 1)?;
    /// users.replace(Config::new(Memory::bounded(100)))?;
    /// assert_eq!(users.get("ann")?, None, "another store");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`configure`](Self::configure), but for [`ConfigError::Twice`]. The region stays as it was.
    pub fn replace(&self, mut config: Config<V>) -> Result<(), ConfigError> {
        config.check(&self.name)?;
        if config.mangler.is_none() {
            config.mangler = self.active().and_then(|active| active.mangler.clone());
        }
        let active = Arc::new(Active::open(&self.name, config));
        #[cfg(feature = "metrics")]
        self.publish_the_last();
        self.shared().succeed(&active);
        upkeep::begin(&active);
        Ok(())
    }

    /// The name of the region's backend, that beneath all proxies unless one of them says another.
    pub fn backend_name(&self) -> Option<&str> {
        Some(self.active()?.opened.store.name())
    }

    #[inline]
    fn active(&self) -> Option<&Arc<Active<V>>> {
        self.shared.get()?.active()
    }

    #[cold]
    fn not_configured<E>(&self) -> Error<E> {
        Error::NotConfigured {
            region: self.name.to_string(),
        }
    }

    /// Uses a fresh value where it lies in this process's memory. Without one `using` comes back.
    #[inline(always)]
    fn hit<R, U: FnOnce(&V) -> R>(&self, key: &[u8], using: U) -> Result<R, U> {
        match self.active() {
            Some(active) => active.hit(key, using),
            None => Err(using),
        }
    }

    /// One key, for a call with options of its own, or to learn where a value came from.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Origin, Region};
    /// use std::time::Duration;
    /// let users: Region<u32> = Region::new("users");
    /// users.configure(Config::new(Memory::unbounded()))?;
    /// let answer = users.at("42").fresh_for(Duration::from_secs(60)).create(|| 7)?;
    /// assert_eq!((answer.value, answer.origin), (7, Origin::Created));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at<K: AsRef<[u8]>>(&self, key: K) -> At<'_, V, K> {
        At::new(self, key)
    }

    /// The fresh value under `key`, if there is one. Never waits for a creation.
    ///
    /// # Errors
    /// [`Error::NotConfigured`]; [`Error::Store`] when the store does not answer and no usable value
    /// was kept.
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<V>, Error> {
        match self.hit(key.as_ref(), |value| value.clone()) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Ok(self.at(key).get()?.map(|answer| answer.value)),
        }
    }

    /// Uses the fresh value under `key` without cloning it, where it lies in this process's memory.
    /// Keep `using` short: it holds up the memory of entries that were replaced meanwhile.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    #[inline]
    pub fn read<R>(
        &self,
        key: impl AsRef<[u8]>,
        using: impl FnOnce(&V) -> R,
    ) -> Result<Option<R>, Error> {
        match self.hit(key.as_ref(), using) {
            Ok(used) => Ok(Some(used)),
            Err(using) => self.read_long_way(key.as_ref(), using),
        }
    }

    #[cold]
    #[inline(never)]
    fn read_long_way<R>(
        &self,
        key: &[u8],
        using: impl FnOnce(&V) -> R,
    ) -> Result<Option<R>, Error> {
        Ok(self.at(key).get()?.map(|answer| using(&answer.value)))
    }

    /// The value under `key`: a fresh one, or a stale one while somebody else creates the next, or
    /// what `creator` makes, in this call or in another that this one waits for.
    ///
    /// # Errors
    /// [`Error::Deadline`] when another's creation takes too long, [`Error::Cycle`] when it waits
    /// for this call, [`Error::CreatorPanicked`] when it panics; [`Error::NotConfigured`];
    /// [`Error::Store`] when the store fails and the region is to fail with it.
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    #[inline]
    pub fn get_or_create(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> V,
    ) -> Result<V, Error> {
        self.get_or_try_create(key, || Ok::<V, Infallible>(creator()))
    }

    /// [`get_or_create`](Self::get_or_create) with a creator that can fail. One failing call per
    /// stampede: those who waited get its error; later callers try anew.
    ///
    /// ```
    /// use dogpile::{Config, Error, Memory, Region};
    /// let ports: Region<u16> = Region::new("ports");
    /// ports.configure(Config::new(Memory::unbounded()))?;
    /// assert_eq!(ports.get_or_try_create("http", || "80".parse())?, 80);
    /// let error = ports.get_or_try_create("ssh", || "twenty-two".parse::<u16>());
    /// assert!(matches!(error, Err(Error::Creator(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Creator`] when the creator fails and no stale value is at hand,
    /// [`Error::OtherCreator`] when the one that was waited for fails with an error of another type;
    /// else as [`get_or_create`](Self::get_or_create).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    #[inline]
    pub fn get_or_try_create<E: Send + Sync + 'static>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        match self.hit(key.as_ref(), |value| value.clone()) {
            Ok(value) => Ok(value),
            Err(_) => self
                .at(key)
                .create_long_way(None, creator)
                .map(|answer| answer.value),
        }
    }

    /// Stores `value` under `key`, superseding a creation under way: its value will not be stored,
    /// and those who wait for it get this one.
    ///
    /// # Errors
    /// [`Error::Store`] when the store fails: it may or may not have taken the value. A creation
    /// under way is superseded all the same.
    pub fn set(&self, key: impl AsRef<[u8]>, value: V) -> Result<(), Error> {
        self.set_with(key, value, Terms::NONE)
    }

    /// Removes what is under `key`, superseding a creation under way: its value will not be stored.
    ///
    /// # Errors
    /// [`Error::Store`] when the store fails: the value may still be there. A creation under way
    /// is superseded all the same.
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        let key = active.mangled(key.as_ref());
        let deleted = active.opened.store.delete(&key).wait();
        Ok(active.was_deleted(&key, deleted)?)
    }

    /// Creates and stores a new value whatever is there, superseding a creation under way: the last
    /// one started wins.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    ///
    /// # Panics
    /// When the creator does.
    pub fn refresh<E: Send + Sync + 'static>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        self.at(key).refresh(creator).map(|answer| answer.value)
    }

    /// What is known of the stored value, usable or not.
    ///
    /// # Errors
    /// [`Error::NotConfigured`], [`Error::Store`].
    pub fn metadata(&self, key: impl AsRef<[u8]>) -> Result<Option<Known>, Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        let key = active.mangled(key.as_ref());
        let store = &*active.opened.store;
        let entry = store.get_blocking(&key);
        closely_blocking(active, &entry);
        let entry = entry.map_err(Arc::new)?;
        Ok(entry.map(|entry| active.known(&active.own_view(&key), &entry.metadata)))
    }

    /// Whether a call of this process creates the value under `key` at this moment; no store is asked
    /// whether another process does. Only a look: it may be over when the answer is there.
    pub fn is_being_created(&self, key: impl AsRef<[u8]>) -> bool {
        self.active().is_some_and(|active| {
            let key = active.mangled(key.as_ref());
            active.opened.flights.is_busy(&key)
        })
    }

    /// Makes every value of the region a miss, or stale. A creation that began before does not
    /// undo it: its value carries the epoch from before.
    ///
    /// # Errors
    /// [`Error::Store`] when the epochs live in the store and it does not answer: other processes
    /// then do not know. In this process the invalidation holds all the same.
    pub fn invalidate(&self, how: Invalidation) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        active.raise(how);
        let Some(epochs) = active.opened.store.epochs() else {
            return Ok(());
        };
        let raised = block_on(tags::raise_region(active, epochs, how)).map_err(Arc::new)?;
        active.hear(epochs, raised);
        Ok(())
    }
}
