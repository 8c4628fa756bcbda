//! Calls whose creator is owned, so that it can go on without them.

use std::time::Duration;

use dogpile_core::flow::Wish;

use super::{At, DETACHED, OWNED};
use crate::error::Error;
use crate::region::answer::Answer;
use crate::region::creation::{Creation, Desk};
use crate::region::due::Ahead;
use crate::region::owned::{BoxError, Loader};

impl<V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'_, V, K> {
    /// How long this call waits for the next value when a stale one is at hand, if its creator can go on
    /// without it; see [`Config::soft_timeout`](crate::Config::soft_timeout). Zero: not at all.
    pub fn soft_timeout(mut self, span: Duration) -> Self {
        self.own.soft_timeout = Some(span);
        self
    }

    /// A fresh value, or a stale one while `creator` runs in the background; see
    /// [`Region::get_or_refresh`](crate::Region::get_or_refresh).
    ///
    /// ```
    /// use dogpile::{Config, Memory, Origin, Region};
    /// use std::time::Duration;
    /// let rates: Region<u32> = Region::new("rates");
    /// rates.configure(Config::new(Memory::unbounded()))?;
    /// let rate = rates.at("EUR").fresh_for(Duration::from_secs(60));
    /// let answer = rate.get_or_refresh(|| "108".parse())?;
    /// assert_eq!((answer.value, answer.origin), (108, Origin::Created));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`](crate::Region::get_or_try_create).
    ///
    /// # Panics
    /// When the creator does, in this call.
    pub fn get_or_refresh<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce() -> Result<V, E> + Send + 'static,
    ) -> Result<Answer<V>, Error<E>> {
        let ahead = self.region.ahead();
        match self.hit_ahead(ahead) {
            Some(answer) => Ok(answer),
            None => self.elsewhere(OWNED, None, creator, ahead),
        }
    }

    /// [`get_or_refresh`](Self::get_or_refresh) for tasks.
    ///
    /// # Errors
    /// As [`get_or_refresh`](Self::get_or_refresh).
    ///
    /// # Panics
    /// When the creator does, in this call.
    pub async fn get_or_refresh_async<E, F>(
        self,
        creator: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let ahead = self.region.ahead();
        match self.hit_ahead(ahead) {
            Some(answer) => Ok(answer),
            None => Box::pin(self.elsewhere_async(OWNED, None, creator, ahead)).await,
        }
    }

    /// [`get_or_refresh`](Self::get_or_refresh) with a creator that sees what it replaces, and may say of its
    /// value what one of [`try_create_with`](Self::try_create_with) may, wherever it runs.
    ///
    /// # Errors
    /// As [`get_or_refresh`](Self::get_or_refresh).
    ///
    /// # Panics
    /// When the creator does, in this call.
    pub fn get_or_refresh_with<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce(&Creation<V>) -> Result<V, E> + Send + 'static,
    ) -> Result<Answer<V>, Error<E>> {
        let ahead = self.region.ahead();
        match self.hit_ahead(ahead) {
            Some(answer) => Ok(answer),
            None => self.elsewhere_with(OWNED, creator, ahead),
        }
    }

    /// [`get_or_refresh_with`](Self::get_or_refresh_with) for tasks.
    ///
    /// # Errors
    /// As [`get_or_refresh`](Self::get_or_refresh).
    ///
    /// # Panics
    /// When the creator does, in this call.
    pub async fn get_or_refresh_with_async<E, F>(
        self,
        creator: impl FnOnce(Creation<V>) -> F + Send + 'static,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let ahead = self.region.ahead();
        match self.hit_ahead(ahead) {
            Some(answer) => Ok(answer),
            None => Box::pin(self.elsewhere_with_async(OWNED, creator, ahead)).await,
        }
    }

    /// [`get_or_refresh`](Self::get_or_refresh) with the creator that was registered with the region; see
    /// [`Region::load`](crate::Region::load).
    ///
    /// # Errors
    /// As [`Region::load`](crate::Region::load).
    ///
    /// # Panics
    /// When the loader does, in this call.
    pub fn load(self) -> Result<Answer<V>, Error<BoxError>> {
        let ahead = self.region.ahead();
        match self.hit_ahead(ahead) {
            Some(answer) => Ok(answer),
            None => self.load_long_way(ahead),
        }
    }

    /// [`load`](Self::load) for tasks. The loader is a blocking function: without a usable value it runs in
    /// this task.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    ///
    /// # Panics
    /// When the loader does, in this call.
    pub async fn load_async(self) -> Result<Answer<V>, Error<BoxError>> {
        let ahead = self.region.ahead();
        match self.hit_ahead(ahead) {
            Some(answer) => Ok(answer),
            None => self.load_long_way_async(ahead).await,
        }
    }

    /// The value under the key, created by the region's [`runner`](crate::Config::runner) if need be
    /// while this call waits; see
    /// [`Region::get_or_create_detached`](crate::Region::get_or_create_detached). With a
    /// [`deadline`](Self::deadline) of zero it does not wait at all.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Origin, Region};
    /// use std::time::Duration;
    /// # static REPORTS: Region<u32> = Region::new("reports at hand");
    /// # REPORTS.configure(Config::new(Memory::unbounded()))?;
    /// let may = REPORTS.at("may").deadline(Duration::from_secs(5));
    /// let answer = may.try_create_detached(|| "31".parse())?;
    /// assert_eq!((answer.value, answer.origin), (31, Origin::Shared)); // by the runner, for this call too
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Region::get_or_create_detached`](crate::Region::get_or_create_detached), and
    /// [`Error::Creator`] when the creator fails.
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub fn try_create_detached<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce() -> Result<V, E> + Send + 'static,
    ) -> Result<Answer<V>, Error<E>> {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => self.elsewhere(DETACHED, None, creator, Ahead::NONE),
        }
    }

    /// [`try_create_detached`](Self::try_create_detached) for tasks. Dropping the future gives up a
    /// seat; the creation goes on.
    ///
    /// # Errors
    /// As [`try_create_detached`](Self::try_create_detached).
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub async fn try_create_detached_async<E, F>(
        self,
        creator: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => Box::pin(self.elsewhere_async(DETACHED, None, creator, Ahead::NONE)).await,
        }
    }

    /// [`try_create_detached`](Self::try_create_detached) with a creator that sees what it replaces, and may
    /// say of its value what one of [`try_create_with`](Self::try_create_with) may, wherever it runs.
    ///
    /// # Errors
    /// As [`try_create_detached`](Self::try_create_detached).
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub fn try_create_detached_with<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce(&Creation<V>) -> Result<V, E> + Send + 'static,
    ) -> Result<Answer<V>, Error<E>> {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => self.elsewhere_with(DETACHED, creator, Ahead::NONE),
        }
    }

    /// [`try_create_detached_with`](Self::try_create_detached_with) for tasks.
    ///
    /// # Errors
    /// As [`try_create_detached`](Self::try_create_detached).
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub async fn try_create_detached_with_async<E, F>(
        self,
        creator: impl FnOnce(Creation<V>) -> F + Send + 'static,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => {
                let call = self.elsewhere_with_async(DETACHED, creator, Ahead::NONE);
                Box::pin(call).await
            }
        }
    }

    fn elsewhere_with<E: Send + Sync + 'static>(
        self,
        wish: Wish,
        creator: impl FnOnce(&Creation<V>) -> Result<V, E> + Send + 'static,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<E>> {
        self.begin_to_write();
        let desk = Desk::new();
        let view = desk.view();
        self.elsewhere(wish, Some(desk), move || creator(&view), ahead)
    }

    async fn elsewhere_with_async<E, F>(
        self,
        wish: Wish,
        creator: impl FnOnce(Creation<V>) -> F + Send + 'static,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.begin_to_write_async().await;
        let desk = Desk::new();
        let view = desk.view();
        let call = self.elsewhere_async(wish, Some(desk), move || creator(view), ahead);
        call.await
    }

    #[cold]
    pub(in crate::region) fn load_long_way(
        self,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<BoxError>> {
        let key: Box<[u8]> = self.key.as_ref().into();
        match self.active()?.settings.loader.clone() {
            Some(Loader::Seeing(load)) => {
                self.elsewhere_with(OWNED, move |creation| load(&key, creation), ahead)
            }
            Some(Loader::Plain(load)) => self.elsewhere(OWNED, None, move || load(&key), ahead),
            None => self.elsewhere(OWNED, None, no_loader, ahead),
        }
    }

    pub(in crate::region) async fn load_long_way_async(
        self,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<BoxError>> {
        let key: Box<[u8]> = self.key.as_ref().into();
        match self.active()?.settings.loader.clone() {
            Some(Loader::Seeing(load)) => {
                let load = move |creation| async move { load(&key, &creation) };
                Box::pin(self.elsewhere_with_async(OWNED, load, ahead)).await
            }
            Some(Loader::Plain(load)) => {
                let load = move || async move { load(&key) };
                Box::pin(self.elsewhere_async(OWNED, None, load, ahead)).await
            }
            None => {
                let load = || async { no_loader() };
                Box::pin(self.elsewhere_async(OWNED, None, load, ahead)).await
            }
        }
    }
}

fn no_loader<V>() -> Result<V, BoxError> {
    Err("the region has no loader; give it one with `Config::loader`".into())
}
