//! The same calls for tasks. Nothing is built on a hit; a miss boxes the rest of the call's future.

// `|value| value.clone()` is a type of its own for each caller, so that the lookup is compiled into it.
#![allow(clippy::redundant_closure_for_method_calls)]

use std::convert::Infallible;
use std::sync::Arc;

use dogpile_backend::{Invalidation, Terms};

use super::drive::{drive_async, nobody_else};
use super::look::closely;
use super::start::{Nothing, Start, Valued};
use super::tags::raise_region;
use super::{Known, Region};
use crate::error::Error;

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// [`get`](Self::get) for tasks.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_async(&self, key: impl AsRef<[u8]>) -> Result<Option<V>, Error> {
        match self.hit(key.as_ref(), |value| value.clone()) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Ok(Box::pin(self.at(key).get_async())
                .await?
                .map(|answer| answer.value)),
        }
    }

    /// [`get_or_create`](Self::get_or_create) for tasks. Dropping the future cancels the call: a
    /// waiter takes its place, or the key is free.
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_create_async<F: Future<Output = V>>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<V, Error>> {
        self.get_or_try_create_async(key, || async { Ok::<V, Infallible>(creator().await) })
    }

    /// [`get_or_try_create`](Self::get_or_try_create) for tasks. Dropping the future cancels the
    /// call: a waiter takes its place, or the key is free.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_try_create_async<E, F>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<V, Error<E>>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        Valued(Start::new(self, key, Nothing, |call, action| {
            drive_async(call, action, creator, nobody_else)
        }))
    }

    /// [`set`](Self::set) for tasks.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn set_async(&self, key: impl AsRef<[u8]>, value: V) -> Result<(), Error> {
        self.set_with_async(key, value, Terms::NONE).await
    }

    /// [`delete`](Self::delete) for tasks.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    pub async fn delete_async(&self, key: impl AsRef<[u8]>) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        let key = active.mangled(key.as_ref());
        let deleted = active.opened.for_tasks().delete(&key).await;
        Ok(active.was_deleted(&key, deleted)?)
    }

    /// [`refresh`](Self::refresh) for tasks.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When the creator does.
    pub async fn refresh_async<E, F>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> F,
    ) -> Result<V, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let answer = Box::pin(self.at(key).refresh_async(creator)).await?;
        Ok(answer.value)
    }

    /// [`metadata`](Self::metadata) for tasks.
    ///
    /// # Errors
    /// As [`metadata`](Self::metadata).
    pub async fn metadata_async(&self, key: impl AsRef<[u8]>) -> Result<Option<Known>, Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        let key = active.mangled(key.as_ref());
        let store = active.opened.for_tasks();
        let entry = closely(active, store.get(&key)).await;
        let entry = entry.map_err(Arc::new)?;
        Ok(entry.map(|entry| active.known(&active.own_view(&key), &entry.metadata)))
    }

    /// [`invalidate`](Self::invalidate) for tasks.
    ///
    /// # Errors
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_async(&self, how: Invalidation) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        active.raise(how);
        let Some(epochs) = active.opened.for_tasks().epochs() else {
            return Ok(());
        };
        let raised = raise_region(active, epochs, how).await.map_err(Arc::new)?;
        active.hear(epochs, raised);
        Ok(())
    }
}
