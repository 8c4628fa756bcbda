//! What a creator may know of the call that it works for, and say about its value.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use dogpile_backend::{CachedValue, Tag, Terms, TooManyTags};

use super::tags::begin_to_write;
use super::{Answer, At};
use crate::error::Error;
use crate::flight::block_on;
use crate::sync::{Mutex, OnceLock};

/// A creator's view of its own creation: what it replaces, and what is to become of its value. The forms `_with`
/// give it to their creators, in the call ([`At::try_create_with`]) or elsewhere
/// ([`At::get_or_refresh_with`], [`Config::loader_with`](crate::Config::loader_with)), and memoized functions that
/// take it get it. Clones are the same view.
pub struct Creation<V> {
    desk: Arc<Desk<V>>,
}

/// What lies between a call and its creator.
pub(super) struct Desk<V> {
    /// The value that is replaced, once it is known that the creator runs.
    stale: OnceLock<Option<Stale<V>>>,
    says: Mutex<Says>,
}

/// What the creator says of its value.
#[derive(Clone, Copy, Default)]
struct Says {
    declined: bool,
    terms: Terms,
}

/// A value that may be served meanwhile, and how old it is.
struct Stale<V> {
    value: V,
    age: Duration,
}

impl<V> Creation<V> {
    /// A creation beside the cache: it replaces nothing, and what is said of its value goes nowhere. For the
    /// tests of a creator, and for a memoized function that is called without its cache.
    pub fn uncached() -> Self {
        Self { desk: Desk::new() }
    }

    /// The value that is replaced, where one is at hand that may still be served: to ask the source only
    /// whether it has changed, and return it again.
    pub fn stale(&self) -> Option<&V> {
        Some(&self.old()?.value)
    }

    /// How old that is.
    pub fn stale_age(&self) -> Option<Duration> {
        Some(self.old()?.age)
    }

    fn old(&self) -> Option<&Stale<V>> {
        self.desk.stale.get()?.as_ref()
    }

    /// Gives the value to those who asked, and stores it nowhere, whatever
    /// [`Config::should_cache`](crate::Config::should_cache) says.
    pub fn do_not_cache(&self) {
        lock(&self.desk.says).declined = true;
    }

    /// This value is fresh for `span`, whatever [`Config::fresh_for`](crate::Config::fresh_for) says:
    /// as long as a token lasts, say. `Duration::MAX` is for ever. A call that asks for fresher values
    /// itself ([`At::fresh_for`]) gets them all the same.
    pub fn fresh_for(&self, span: Duration) {
        lock(&self.desk.says).terms.fresh_for = Some(span.into());
    }

    /// For `span` after that this value may be served stale, whatever
    /// [`Config::stale_for`](crate::Config::stale_for) says; zero: never.
    pub fn stale_for(&self, span: Duration) {
        lock(&self.desk.says).terms.stale_for = Some(span.into());
    }

    /// Puts the value under a tag, by which it can be invalidated
    /// ([`Region::invalidate_tag`](crate::Region::invalidate_tag)).
    ///
    /// # Errors
    /// [`TooManyTags`] when it has eight others already.
    pub fn tag(&self, name: impl AsRef<[u8]>) -> Result<(), TooManyTags> {
        let terms = &mut lock(&self.desk.says).terms;
        terms.tags = terms.tags.with(Tag::named(name.as_ref()))?;
        Ok(())
    }
}

fn lock(says: &Mutex<Says>) -> crate::sync::MutexGuard<'_, Says> {
    says.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<V> std::fmt::Debug for Creation<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Creation")
            .field("stale_age", &self.stale_age())
            .finish_non_exhaustive()
    }
}

impl<V> Clone for Creation<V> {
    fn clone(&self) -> Self {
        self.desk.view()
    }
}

impl<V> Desk<V> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            stale: OnceLock::new(),
            says: Mutex::default(),
        })
    }

    pub(super) fn view(self: &Arc<Self>) -> Creation<V> {
        Creation {
            desk: Arc::clone(self),
        }
    }
}

impl<V: Clone> Desk<V> {
    /// The creator is about to run.
    pub(super) fn lay(
        &self,
        at_hand: Option<&CachedValue<V>>,
        age: impl Fn(&CachedValue<V>) -> Duration,
    ) {
        self.stale.get_or_init(|| {
            at_hand.map(|entry| Stale {
                value: entry.value.clone(),
                age: age(entry),
            })
        });
    }

    /// Whether the creator said that its value is not to be stored.
    pub(super) fn is_declined(&self) -> bool {
        lock(&self.says).declined
    }

    /// The terms that it gave its value.
    pub(super) fn terms(&self) -> Terms {
        lock(&self.says).terms
    }
}

impl<V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'_, V, K> {
    /// [`try_create`](Self::try_create) with a creator that sees what it replaces, and may say of its
    /// value how long it is fresh, under which tags it stands, and that it is not to be stored.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Origin, Region};
    /// use std::time::Duration;
    /// # fn changed_since(_: &str) -> Result<Option<String>, std::io::Error> { Ok(None) }
    /// let pages: Region<String> = Region::new("pages");
    /// let hour = Duration::from_secs(3_600);
    /// pages.configure(Config::new(Memory::unbounded()).fresh_for(Duration::ZERO).stale_for(hour))?;
    /// pages.set("front", "hello".to_owned())?;
    /// let answer = pages.at("front").try_create_with(|creation| match creation.stale() {
    ///     // Not modified: the old value is the new one.
    ///     Some(old) => Ok(changed_since(old)?.unwrap_or_else(|| old.clone())),
    ///     None => Ok::<_, std::io::Error>("new".to_owned()),
    /// })?;
    /// assert_eq!((&*answer.value, answer.origin), ("hello", Origin::Created));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`try_create`](Self::try_create).
    ///
    /// # Panics
    /// When this call's own creator does.
    pub fn try_create_with<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce(&Creation<V>) -> Result<V, E>,
    ) -> Result<Answer<V>, Error<E>> {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => {
                self.begin_to_write();
                let desk = Desk::new();
                let view = desk.view();
                self.create_long_way(Some(desk), || creator(&view))
            }
        }
    }

    /// [`try_create_with`](Self::try_create_with) for tasks.
    ///
    /// # Errors
    /// As [`try_create`](Self::try_create).
    ///
    /// # Panics
    /// When this call's own creator does.
    pub async fn try_create_with_async<E, F>(
        self,
        creator: impl FnOnce(Creation<V>) -> F,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => {
                self.begin_to_write_async().await;
                let desk = Desk::new();
                let view = desk.view();
                self.create_long_way_async(Some(desk), || creator(view))
                    .await
            }
        }
    }

    /// [`refresh`](Self::refresh) with a creator that may say that its value is not to be stored. A refresh
    /// looks at nothing, so there is no value that it replaces.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When the creator does.
    pub fn refresh_with<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce(&Creation<V>) -> Result<V, E>,
    ) -> Result<Answer<V>, Error<E>> {
        self.begin_to_write();
        let desk = Desk::new();
        let view = desk.view();
        self.refresh_at(Some(desk), || creator(&view))
    }

    /// [`refresh_with`](Self::refresh_with) for tasks.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When the creator does.
    pub async fn refresh_with_async<E, F>(
        self,
        creator: impl FnOnce(Creation<V>) -> F,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.begin_to_write_async().await;
        let desk = Desk::new();
        let view = desk.view();
        self.refresh_at_async(Some(desk), || creator(view)).await
    }

    /// The creator may put its value under a tag.
    pub(super) fn begin_to_write(&self) {
        if let Some(active) = self.region.active() {
            block_on(begin_to_write(active, &*active.opened.store));
        }
    }

    pub(super) async fn begin_to_write_async(&self) {
        let active = self.region.active();
        if let Some(active) = active.filter(|active| !active.epochs.knows_order()) {
            Box::pin(begin_to_write(active, active.opened.for_tasks())).await;
        }
    }
}
