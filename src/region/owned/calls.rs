//! The calls whose creators are owned, so that they can run in the background.

// `|value| value.clone()` is a type of its own for each caller, so that the lookup is compiled into it.
#![allow(clippy::redundant_closure_for_method_calls)]

use super::BoxError;
use crate::error::Error;
use crate::region::Region;
use crate::region::at::OWNED;
use crate::region::due::Ahead;

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// A fresh value, or a stale one at once while `creator` runs in the background, or, with no
    /// usable value, what it makes in this call.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    pub fn get_or_refresh<E: Send + Sync + 'static>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> Result<V, E> + Send + 'static,
    ) -> Result<V, Error<E>> {
        let ahead = self.ahead();
        match self.hit_ahead(key.as_ref(), ahead) {
            Some(value) => Ok(value),
            None => self
                .at(key)
                .elsewhere(OWNED, None, creator, ahead)
                .map(|answer| answer.value),
        }
    }

    /// [`get_or_refresh`](Self::get_or_refresh) with the creator that was registered as
    /// [`Config::loader`](crate::Config::loader).
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create); without a loader, [`Error::Creator`]
    /// that says so.
    pub fn load(&self, key: impl AsRef<[u8]>) -> Result<V, Error<BoxError>> {
        let ahead = self.ahead();
        if let Some(value) = self.hit_ahead(key.as_ref(), ahead) {
            return Ok(value);
        }
        let answer = self.at(key).load_long_way(ahead)?;
        Ok(answer.value)
    }

    /// [`get_or_refresh`](Self::get_or_refresh) for tasks. Without a
    /// [`runner`](crate::Config::runner) the future runs on our own worker, outside of any runtime.
    ///
    /// # Errors
    /// As [`get_or_try_create`](Self::get_or_try_create).
    pub async fn get_or_refresh_async<E, F>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> F + Send + 'static,
    ) -> Result<V, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let ahead = self.ahead();
        match self.hit_ahead(key.as_ref(), ahead) {
            Some(value) => Ok(value),
            None => {
                let answer =
                    Box::pin(self.at(key).elsewhere_async(OWNED, None, creator, ahead)).await?;
                Ok(answer.value)
            }
        }
    }

    /// [`load`](Self::load) for tasks. The loader is a blocking function: without a usable value it
    /// runs in this task.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_async(&self, key: impl AsRef<[u8]>) -> Result<V, Error<BoxError>> {
        let ahead = self.ahead();
        if let Some(value) = self.hit_ahead(key.as_ref(), ahead) {
            return Ok(value);
        }
        let answer = self.at(key).load_long_way_async(ahead).await?;
        Ok(answer.value)
    }

    /// How far ahead a call looks whose creator runs in the background. Not at all in most regions.
    #[inline]
    pub(in crate::region) fn ahead(&self) -> Ahead {
        self.active()
            .map_or(Ahead::NONE, |active| active.look_ahead())
    }

    /// The fresh value for such a call, where it lies in this process's memory and is not due.
    #[inline]
    fn hit_ahead(&self, key: &[u8], ahead: Ahead) -> Option<V> {
        if ahead == Ahead::NONE {
            return self.hit(key, |value| value.clone()).ok();
        }
        self.at(key).hit_ahead(ahead).map(|answer| answer.value)
    }
}
