//! The same for tasks. The function gets elements of its own: a future outlives what it borrows.

use std::convert::Infallible;

use dogpile_backend::Terms;

use super::{MemoMany, keyed, uncached};
use crate::key::KeyBuffer;
use crate::memoize::Shape;
use crate::region::How;
use crate::{Creation, Partial, Region};

impl<V: Clone + Send + Sync + 'static, T> MemoMany<'_, V, T> {
    /// [`get`](Self::get) for tasks.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_async(self) -> Result<Vec<Option<V>>, Partial<Option<V>>> {
        match self.fresh_for {
            None => self.region.get_many_async(&self.keys).await,
            Some(span) => self.region.get_many_within(&self.keys, span).await,
        }
    }

    /// [`invalidate`](Self::invalidate) for tasks.
    ///
    /// # Errors
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_async(self) -> Result<(), Partial<()>> {
        self.region.delete_many_async(&self.keys).await
    }

    /// [`get_or_create`](Self::get_or_create) for tasks. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_create_async<R: Shape<T, V>, F>(
        self,
        mut original: impl FnMut(Vec<T>) -> F,
    ) -> Result<R, Partial<Option<V>>>
    where
        T: Clone,
        F: Future<Output = R>,
    {
        let creator = |missing| {
            let made = original(missing);
            async { Ok::<R, Infallible>(made.await) }
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
    pub async fn get_or_try_create_async<R: Shape<T, V>, E, F>(
        self,
        mut original: impl FnMut(Vec<T>) -> F,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<R, E>>,
    {
        let how = self.how_for_tasks();
        self.ask_async(how, |missing, _| original(missing)).await
    }

    /// [`get_or_try_create_with`](Self::get_or_try_create_with) for tasks. Dropping the future cancels the call.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_try_create_with_async<R: Shape<T, V>, E, F>(
        self,
        original: impl FnMut(Vec<T>, Vec<Creation<V>>) -> F,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<R, E>>,
    {
        self.ask_async(self.how_for_tasks().seeing(true), original)
            .await
    }

    async fn ask_async<R: Shape<T, V>, E, F>(
        &self,
        how: How,
        mut original: impl FnMut(Vec<T>, Vec<Creation<V>>) -> F,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<R, E>>,
    {
        let run = |numbers: &[usize], creations: Vec<Creation<V>>| {
            let missing = self.asked(numbers);
            let made = original(missing.clone(), creations.clone());
            async move {
                let made = made.await?.into_values(&missing);
                self.weigh(&made, &creations);
                Ok(made)
            }
        };
        let ends = self.region.batch(&self.keys, how, run).await;
        self.answer(ends)
    }

    /// [`get_or_original`](Self::get_or_original) for tasks.
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_original_async<R: Shape<T, V>, F>(
        self,
        mut original: impl FnMut(Vec<T>) -> F,
    ) -> R
    where
        T: Clone,
        F: Future<Output = R>,
    {
        let (region, elements) = (self.region, self.elements);
        match self.get_or_create_async(&mut original).await {
            Ok(answer) => answer,
            Err(partial) => {
                region.runs_uncached(&partial);
                original(elements.to_vec()).await
            }
        }
    }

    /// [`get_or_original_with`](Self::get_or_original_with) for tasks.
    ///
    /// # Panics
    /// When `original` does.
    pub async fn get_or_original_with_async<R: Shape<T, V>, F>(
        self,
        mut original: impl FnMut(Vec<T>, Vec<Creation<V>>) -> F,
    ) -> R
    where
        T: Clone,
        F: Future<Output = R>,
    {
        let (region, elements) = (self.region, self.elements);
        let sure = |missing, creations| {
            let made = original(missing, creations);
            async { Ok::<R, Infallible>(made.await) }
        };
        match self.get_or_try_create_with_async(sure).await {
            Ok(answer) => answer,
            Err(partial) => {
                region.runs_uncached(&partial);
                original(elements.to_vec(), uncached(elements.len())).await
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
    pub async fn refresh_async<R: Shape<T, V>, E, F>(
        self,
        mut original: impl FnMut(Vec<T>) -> F,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<R, E>>,
    {
        let how = self.how_for_tasks().refreshing();
        self.ask_async(how, |elements, _| original(elements)).await
    }

    /// [`refresh_with`](Self::refresh_with) for tasks.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When `original` does.
    pub async fn refresh_with_async<R: Shape<T, V>, E, F>(
        self,
        original: impl FnMut(Vec<T>, Vec<Creation<V>>) -> F,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<R, E>>,
    {
        let how = self.how_for_tasks().seeing(true).refreshing();
        self.ask_async(how, original).await
    }

    const fn how_for_tasks(&self) -> How {
        let how = How::for_tasks().within(self.fresh_for);
        how.seeing(self.judge.is_some())
    }
}

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// [`memo_set_many`](Self::memo_set_many) for tasks.
    ///
    /// # Errors
    /// As [`set_many`](Self::set_many).
    pub async fn memo_set_many_async<T>(
        &self,
        entries: impl IntoIterator<Item = (T, V)>,
        write: impl Fn(&T, &mut KeyBuffer),
    ) -> Result<(), Partial<()>> {
        let plain = entries.into_iter();
        let entries = plain.map(|(element, value)| (element, value, Terms::NONE));
        self.memo_set_many_with_async(entries, write).await
    }

    /// [`memo_set_many_with`](Self::memo_set_many_with) for tasks.
    ///
    /// # Errors
    /// As [`set_many_with`](Self::set_many_with).
    pub async fn memo_set_many_with_async<T>(
        &self,
        entries: impl IntoIterator<Item = (T, V, Terms)>,
        write: impl Fn(&T, &mut KeyBuffer),
    ) -> Result<(), Partial<()>> {
        let entries = keyed(entries, write);
        self.set_many_with_async(entries).await
    }
}
