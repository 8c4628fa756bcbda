//! Functions that see their creations.

use std::convert::Infallible;

use super::Memoized;
use crate::key::KeyPart;
use crate::{Creation, Error};

impl<V: Clone + Send + Sync + 'static, A, F> Memoized<'_, V, A, F> {
    /// Calls the function itself, without the cache: its creation is [`Creation::uncached`].
    pub fn original_with<R>(&self, arguments: A) -> R
    where
        F: Fn(A, Creation<V>) -> R,
    {
        (self.original)(arguments, Creation::uncached())
    }
}

/// For functions made by [`Region::memoize_with`](crate::Region::memoize_with).
impl<V: Clone + Send + Sync + 'static, A: KeyPart, F> Memoized<'_, V, A, F> {
    /// [`call`](Self::call) of a function that sees its creation.
    ///
    /// # Errors
    /// As [`Region::get_or_create`](crate::Region::get_or_create).
    ///
    /// # Panics
    /// When the function does.
    pub fn call_with(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A, Creation<V>) -> V,
    {
        let memo = self.memo(&arguments);
        memo.get_or_try_create_with(|creation| {
            Ok::<V, Infallible>((self.original)(arguments, creation.clone()))
        })
    }

    /// [`call_with`](Self::call_with) of an async function. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`Region::get_or_create`](crate::Region::get_or_create).
    ///
    /// # Panics
    /// When the function does.
    pub async fn call_with_async<R>(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A, Creation<V>) -> R,
        R: Future<Output = V>,
    {
        let memo = self.memo(&arguments);
        let original = |creation| {
            let made = (self.original)(arguments, creation);
            async { Ok::<V, Infallible>(made.await) }
        };
        memo.get_or_try_create_with_async(original).await
    }

    /// [`try_call`](Self::try_call) of a function that sees its creation.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`](crate::Region::get_or_try_create).
    ///
    /// # Panics
    /// When the function does.
    pub fn try_call_with<E: Send + Sync + 'static>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A, Creation<V>) -> Result<V, E>,
    {
        let memo = self.memo(&arguments);
        memo.get_or_try_create_with(|creation| (self.original)(arguments, creation.clone()))
    }

    /// [`try_call_with`](Self::try_call_with) of an async function. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`](crate::Region::get_or_try_create).
    ///
    /// # Panics
    /// When the function does.
    pub async fn try_call_with_async<R, E>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A, Creation<V>) -> R,
        R: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        let memo = self.memo(&arguments);
        let original = |creation| (self.original)(arguments, creation);
        memo.get_or_try_create_with_async(original).await
    }

    /// [`refresh`](Self::refresh) of a function that sees its creation.
    ///
    /// # Errors
    /// As [`Region::refresh`](crate::Region::refresh).
    ///
    /// # Panics
    /// When the function does.
    pub fn refresh_with(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A, Creation<V>) -> V,
    {
        let memo = self.memo(&arguments);
        memo.refresh_with(|creation| {
            Ok::<V, Infallible>((self.original)(arguments, creation.clone()))
        })
    }

    /// [`refresh_with`](Self::refresh_with) of an async function. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`Region::refresh`](crate::Region::refresh).
    ///
    /// # Panics
    /// When the function does.
    pub async fn refresh_with_async<R>(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A, Creation<V>) -> R,
        R: Future<Output = V>,
    {
        let memo = self.memo(&arguments);
        let original = |creation| {
            let made = (self.original)(arguments, creation);
            async { Ok::<V, Infallible>(made.await) }
        };
        memo.refresh_with_async(original).await
    }

    /// [`try_refresh`](Self::try_refresh) of a function that sees its creation.
    ///
    /// # Errors
    /// As [`Region::refresh`](crate::Region::refresh).
    ///
    /// # Panics
    /// When the function does.
    pub fn try_refresh_with<E: Send + Sync + 'static>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A, Creation<V>) -> Result<V, E>,
    {
        let memo = self.memo(&arguments);
        memo.refresh_with(|creation| (self.original)(arguments, creation.clone()))
    }

    /// [`try_refresh_with`](Self::try_refresh_with) of an async function. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`Region::refresh`](crate::Region::refresh).
    ///
    /// # Panics
    /// When the function does.
    pub async fn try_refresh_with_async<R, E>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A, Creation<V>) -> R,
        R: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        let memo = self.memo(&arguments);
        let original = |creation| (self.original)(arguments, creation);
        memo.refresh_with_async(original).await
    }
}
