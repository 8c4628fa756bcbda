//! One call of a memoized function.

use std::convert::Infallible;
use std::time::Duration;

use dogpile_backend::Terms;

use super::judge::{Judge, judged};
use crate::Creation;
use crate::key::KeyBuffer;
use crate::{At, Error, Region};

/// One call of a memoized function: its key and its terms. See [`Region::memo`].
#[must_use = "it does nothing until it is asked for its value"]
pub struct Memo<'m, V: Send + Sync + 'static> {
    pub(super) region: &'m Region<V>,
    pub(super) key: KeyBuffer,
    pub(super) fresh_for: Option<Duration>,
    pub(super) judge: Option<Judge<'m, V>>,
}

impl<'m, V: Clone + Send + Sync + 'static> Memo<'m, V> {
    #[inline]
    pub(super) const fn new(region: &'m Region<V>, key: KeyBuffer) -> Self {
        Self {
            region,
            key,
            fresh_for: None,
            judge: None,
        }
    }

    /// How long a value is fresh for this call; without it the region says.
    pub const fn fresh_for(mut self, span: Duration) -> Self {
        self.fresh_for = Some(span);
        self
    }

    /// Values for which `judge` is false go to those who asked and are not stored; a stale value that
    /// is there stays.
    pub const fn should_cache(mut self, judge: &'m (dyn Fn(&V) -> bool + Send + Sync)) -> Self {
        self.judge = Some(judge);
        self
    }

    /// The key under which the region has the value.
    pub const fn key(&self) -> &KeyBuffer {
        &self.key
    }

    #[inline]
    pub(super) fn at(&self) -> At<'_, V, &[u8]> {
        let at = self.region.at(self.key.as_bytes());
        match self.fresh_for {
            Some(span) => at.fresh_for(span),
            None => at,
        }
    }

    /// The fresh value, if there is one.
    ///
    /// # Errors
    /// As [`Region::get`].
    pub fn get(self) -> Result<Option<V>, Error> {
        Ok(self.at().get()?.map(|answer| answer.value))
    }

    /// Stores `value` in place of what the function would make. The store keeps it as long as the
    /// region says.
    ///
    /// # Errors
    /// As [`Region::set`].
    pub fn set(self, value: V) -> Result<(), Error> {
        self.region.set(self.key.as_bytes(), value)
    }

    /// The same for a value that goes by terms of its own.
    ///
    /// # Errors
    /// As [`Region::set_with`].
    pub fn set_with(self, value: V, terms: Terms) -> Result<(), Error> {
        self.region.set_with(self.key.as_bytes(), value, terms)
    }

    /// Removes the value: the next call creates.
    ///
    /// # Errors
    /// As [`Region::delete`].
    pub fn invalidate(self) -> Result<(), Error> {
        self.region.delete(self.key.as_bytes())
    }

    /// The value, created by `original` if need be.
    ///
    /// # Errors
    /// As [`Region::get_or_create`].
    ///
    /// # Panics
    /// When `original` does.
    #[inline]
    pub fn get_or_create(self, original: impl FnOnce() -> V) -> Result<V, Error> {
        self.get_or_try_create(|| Ok::<V, Infallible>(original()))
    }

    /// The same with a function that can fail. Its errors are not stored.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`].
    ///
    /// # Panics
    /// When `original` does.
    #[inline]
    pub fn get_or_try_create<E: Send + Sync + 'static>(
        self,
        original: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        match (self.judge, self.fresh_for) {
            (None, None) => self.region.get_or_try_create(self.key.as_bytes(), original),
            (None, Some(_)) => self.at().try_create(original).map(|answer| answer.value),
            (Some(_), _) => self.get_or_try_create_with(|_| original()),
        }
    }

    /// [`get_or_try_create`](Self::get_or_try_create) with a function that sees what it replaces, and may say
    /// of its value how long it is fresh, under which tags it stands, and that it is not to be stored; see
    /// [`At::try_create_with`].
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn get_or_try_create_with<E: Send + Sync + 'static>(
        self,
        original: impl FnOnce(&Creation<V>) -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        let creator = |creation: &Creation<V>| judged(original(creation), self.judge, creation);
        let answer = self.at().try_create_with(creator);
        answer.map(|answer| answer.value)
    }

    /// The value, whatever becomes of the region: where that has none and can create none (it is not
    /// configured, another's creation takes too long or panics, the creation waits for itself), what
    /// `original` makes, which then is not stored. With the feature `tracing` that is said at `warn`; of a
    /// region that is not configured, once.
    ///
    /// ```
    /// use dogpile::{Region, memoize::Name};
    /// let unconfigured: Region<u64> = Region::new("squares");
    /// let square = unconfigured.memo(Name::new("maths", "square"), &(3,));
    /// assert_eq!(square.get_or_original(|| 9), 9);
    /// ```
    ///
    /// # Panics
    /// When `original` does.
    #[inline]
    pub fn get_or_original(self, original: impl FnOnce() -> V) -> V {
        let (region, mut original, mut made) = (self.region, Some(original), None);
        let answer = self.get_or_create(|| {
            let value = once(&mut original)();
            made = Some(value.clone());
            value
        });
        let uncached = || once(&mut original)();
        answer.unwrap_or_else(|error| instead(region, &error, made, uncached))
    }

    /// [`get_or_original`](Self::get_or_original) with a function as for
    /// [`get_or_try_create_with`](Self::get_or_try_create_with). Where nothing is stored it gets
    /// [`Creation::uncached`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn get_or_original_with(self, original: impl FnOnce(&Creation<V>) -> V) -> V {
        let (region, mut original, mut made) = (self.region, Some(original), None);
        let answer = self.get_or_try_create_with(|creation| {
            let value = once(&mut original)(creation);
            made = Some(value.clone());
            Ok::<V, Infallible>(value)
        });
        let uncached = || once(&mut original)(&Creation::uncached());
        answer.unwrap_or_else(|error| instead(region, &error, made, uncached))
    }

    /// Has `original` make a new value, whatever is there.
    ///
    /// # Errors
    /// As [`Region::refresh`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn refresh<E: Send + Sync + 'static>(
        self,
        original: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        match self.judge {
            None => self.at().refresh(original).map(|answer| answer.value),
            Some(_) => self.refresh_with(|_| original()),
        }
    }

    /// [`refresh`](Self::refresh) with a function as for
    /// [`get_or_try_create_with`](Self::get_or_try_create_with); see [`At::refresh_with`].
    ///
    /// # Errors
    /// As [`Region::refresh`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn refresh_with<E: Send + Sync + 'static>(
        self,
        original: impl FnOnce(&Creation<V>) -> Result<V, E>,
    ) -> Result<V, Error<E>> {
        let creator = |creation: &Creation<V>| judged(original(creation), self.judge, creation);
        let answer = self.at().refresh_with(creator);
        answer.map(|answer| answer.value)
    }
}

/// Has the function, once.
pub(super) fn once<C>(original: &mut Option<C>) -> C {
    match original.take() {
        Some(original) => original,
        None => unreachable!("what has run has made a value, or its panic went on"),
    }
}

/// What a function that cannot fail answers where the region does not: what was made is not lost because it
/// could not be stored.
#[cold]
fn instead<V: Send + Sync + 'static>(
    region: &Region<V>,
    error: &Error,
    made: Option<V>,
    original: impl FnOnce() -> V,
) -> V {
    region.runs_uncached(error);
    made.unwrap_or_else(original)
}
