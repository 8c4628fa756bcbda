//! The same for tasks.

use std::convert::Infallible;

use dogpile_backend::Terms;

use super::Memoized;
use crate::Error;
use crate::key::KeyPart;

impl<V: Clone + Send + Sync + 'static, A: KeyPart, F> Memoized<'_, V, A, F> {
    /// [`call`](Self::call) of an async function. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`Region::get_or_create`](crate::Region::get_or_create).
    ///
    /// # Panics
    /// When the function does.
    pub async fn call_async<R>(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A) -> R,
        R: Future<Output = V>,
    {
        let memo = self.memo(&arguments);
        memo.get_or_create_async(|| (self.original)(arguments))
            .await
    }

    /// [`try_call`](Self::try_call) of an async function. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`](crate::Region::get_or_try_create).
    ///
    /// # Panics
    /// When the function does.
    pub async fn try_call_async<R, E>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A) -> R,
        R: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        let memo = self.memo(&arguments);
        memo.get_or_try_create_async(|| (self.original)(arguments))
            .await
    }

    /// [`get`](Self::get) for tasks.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_async(&self, arguments: A) -> Result<Option<V>, Error> {
        self.memo(&arguments).get_async().await
    }

    /// [`set`](Self::set) for tasks.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn set_async(&self, arguments: A, value: V) -> Result<(), Error> {
        self.memo(&arguments).set_async(value).await
    }

    /// [`set_with`](Self::set_with) for tasks.
    ///
    /// # Errors
    /// As [`set_with`](Self::set_with).
    pub async fn set_with_async(&self, arguments: A, value: V, terms: Terms) -> Result<(), Error> {
        self.memo(&arguments).set_with_async(value, terms).await
    }

    /// [`invalidate`](Self::invalidate) for tasks.
    ///
    /// # Errors
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_async(&self, arguments: A) -> Result<(), Error> {
        self.memo(&arguments).invalidate_async().await
    }

    /// [`refresh`](Self::refresh) of an async function.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When the function does.
    pub async fn refresh_async<R>(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A) -> R,
        R: Future<Output = V>,
    {
        let memo = self.memo(&arguments);
        let original = || {
            let made = (self.original)(arguments);
            async { Ok::<V, Infallible>(made.await) }
        };
        memo.refresh_async(original).await
    }

    /// [`try_refresh`](Self::try_refresh) of an async function.
    ///
    /// # Errors
    /// As [`try_refresh`](Self::try_refresh).
    ///
    /// # Panics
    /// When the function does.
    pub async fn try_refresh_async<R, E>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A) -> R,
        R: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        let memo = self.memo(&arguments);
        memo.refresh_async(|| (self.original)(arguments)).await
    }
}
