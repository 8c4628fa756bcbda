//! One call of a memoized function, for tasks.

use std::convert::Infallible;

use dogpile_backend::Terms;

use super::Memo;
use super::judge::judged;
use super::memo::once;
use crate::{Creation, Error, Region};

impl<V: Clone + Send + Sync + 'static> Memo<'_, V> {
    /// [`get`](Self::get) for tasks.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_async(self) -> Result<Option<V>, Error> {
        Ok(self.at().get_async().await?.map(|answer| answer.value))
    }

    /// [`set`](Self::set) for tasks.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn set_async(self, value: V) -> Result<(), Error> {
        self.region.set_async(self.key.as_bytes(), value).await
    }

    /// [`set_with`](Self::set_with) for tasks.
    ///
    /// # Errors
    /// As [`set_with`](Self::set_with).
    pub async fn set_with_async(self, value: V, terms: Terms) -> Result<(), Error> {
        let key = self.key.as_bytes();
        self.region.set_with_async(key, value, terms).await
    }

    /// [`invalidate`](Self::invalidate) for tasks.
    ///
    /// # Errors
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_async(self) -> Result<(), Error> {
        self.region.delete_async(self.key.as_bytes()).await
    }

    /// [`get_or_create`](Self::get_or_create) for tasks. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_create_async<F: Future<Output = V>>(
        self,
        original: impl FnOnce() -> F,
    ) -> Result<V, Error> {
        let creator = || {
            let made = original();
            async { Ok::<V, Infallible>(made.await) }
        };
        self.get_or_try_create_async(creator).await
    }

    /// [`get_or_try_create`](Self::get_or_try_create) for tasks. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_try_create_async<E, F>(
        self,
        original: impl FnOnce() -> F,
    ) -> Result<V, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        match (self.judge, self.fresh_for) {
            (None, None) => {
                let key = self.key.as_bytes();
                self.region.get_or_try_create_async(key, original).await
            }
            (None, Some(_)) => {
                let answer = self.at().try_create_async(original).await;
                answer.map(|answer| answer.value)
            }
            (Some(_), _) => self.get_or_try_create_with_async(|_| original()).await,
        }
    }

    /// [`get_or_try_create_with`](Self::get_or_try_create_with) for tasks. Dropping the future cancels the
    /// call.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_try_create_with_async<E, F>(
        self,
        original: impl FnOnce(Creation<V>) -> F,
    ) -> Result<V, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let judge = self.judge;
        let creator = |creation: Creation<V>| {
            let made = original(creation.clone());
            async move { judged(made.await, judge, &creation) }
        };
        let answer = self.at().try_create_with_async(creator).await;
        answer.map(|answer| answer.value)
    }

    /// [`get_or_original`](Self::get_or_original) for tasks.
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_original_async<F: Future<Output = V>>(
        self,
        original: impl FnOnce() -> F,
    ) -> V {
        let (region, mut original, mut made) = (self.region, Some(original), None);
        let (begin, own) = (&mut original, &mut made);
        let creator = || {
            let begun = once(begin)();
            async move {
                let value = begun.await;
                *own = Some(value.clone());
                value
            }
        };
        match self.get_or_create_async(creator).await {
            Ok(value) => value,
            Err(error) => {
                let uncached = || once(&mut original)();
                instead_async(region, &error, made, uncached).await
            }
        }
    }

    /// [`get_or_original_with`](Self::get_or_original_with) for tasks.
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_original_with_async<F: Future<Output = V>>(
        self,
        original: impl FnOnce(Creation<V>) -> F,
    ) -> V {
        let (region, mut original, mut made) = (self.region, Some(original), None);
        let (begin, own) = (&mut original, &mut made);
        let creator = |creation| {
            let begun = once(begin)(creation);
            async move {
                let value = begun.await;
                *own = Some(value.clone());
                Ok::<V, Infallible>(value)
            }
        };
        match self.get_or_try_create_with_async(creator).await {
            Ok(value) => value,
            Err(error) => {
                let uncached = || once(&mut original)(Creation::uncached());
                instead_async(region, &error, made, uncached).await
            }
        }
    }

    /// [`refresh`](Self::refresh) for tasks.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn refresh_async<E, F>(self, original: impl FnOnce() -> F) -> Result<V, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        match self.judge {
            None => {
                let answer = self.at().refresh_async(original).await;
                answer.map(|answer| answer.value)
            }
            Some(_) => self.refresh_with_async(|_| original()).await,
        }
    }

    /// [`refresh_with`](Self::refresh_with) for tasks.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn refresh_with_async<E, F>(
        self,
        original: impl FnOnce(Creation<V>) -> F,
    ) -> Result<V, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let judge = self.judge;
        let creator = |creation: Creation<V>| {
            let made = original(creation.clone());
            async move { judged(made.await, judge, &creation) }
        };
        let answer = self.at().refresh_with_async(creator).await;
        answer.map(|answer| answer.value)
    }
}

/// See `instead`.
async fn instead_async<V: Send + Sync + 'static, F: Future<Output = V>>(
    region: &Region<V>,
    error: &Error,
    made: Option<V>,
    original: impl FnOnce() -> F,
) -> V {
    region.runs_uncached(error);
    match made {
        Some(value) => value,
        None => original().await,
    }
}
