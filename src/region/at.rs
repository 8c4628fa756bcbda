//! One key, with the options of one call.

mod elsewhere;
mod looks;
mod own;
mod owned;

pub(super) use elsewhere::{DETACHED, OWNED};
pub(super) use own::Own;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use dogpile_core::flow::{Action, Wish};

use super::Region;
use super::active::Active;
use super::answer::Answer;
use super::call::{Call, Conditions};
use super::config::OnStoreFailure;
use super::creation::Desk;
use super::drive::{drive, drive_async, nobody_else};
use super::due::Ahead;
use super::look::before_a_write;
use super::start::{Start, begin};
use super::subject::Subject;
use crate::error::Error;
use crate::flight::block_on;

/// One key of a region; see [`Region::at`].
///
/// What a call says itself goes for that call, the rest is the region's. Not every way to end it asks for everything:
///
/// | | [`get`](Self::get) | [`create`](Self::create), [`try_create`](Self::try_create) | [`get_or_refresh`](Self::get_or_refresh), [`load`](Self::load), [`try_create_detached`](Self::try_create_detached) | [`refresh`](Self::refresh) |
/// |---|---|---|---|---|
/// | [`fresh_for`](Self::fresh_for) | yes | yes | yes | how long it is stored |
/// | [`stale_for`](Self::stale_for) | of a [kept](crate::Config::keep_last) value, where the store fails | yes | yes | how long it is stored |
/// | [`deadline`](Self::deadline) | it waits for nobody | yes | yes | where it waits for a lock of Python's |
/// | [`soft_timeout`](Self::soft_timeout) | it waits for nobody | its creator cannot go on without it | yes | its creator cannot go on without it |
/// | [`creation_limit`](Self::creation_limit) | it creates nothing | yes | yes | yes |
/// | [`stale_if_error`](Self::stale_if_error) | it creates nothing | yes | yes | nothing is at hand |
/// | [`on_store_failure`](Self::on_store_failure) | it is an error | yes | yes | yes |
///
/// The forms `_with` and `_async` go by the same as those that they are named after; what
/// [`stored`](Self::stored) says of a value goes by `fresh_for` and `stale_for`.
#[must_use = "an entry does nothing until it is asked for its value"]
pub struct At<'r, V: Send + Sync + 'static, K> {
    pub(super) region: &'r Region<V>,
    key: K,
    own: Own,
}

pub(super) const NEW: Wish = Wish {
    refresh: false,
    owned: false,
    patient: false,
    detached: false,
    stale_if_error: false,
    needs_store: false,
};
pub(super) const REFRESH: Wish = Wish {
    refresh: true,
    ..NEW
};

impl<'r, V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'r, V, K> {
    pub(super) fn new(region: &'r Region<V>, key: K) -> Self {
        let own = Own::NOTHING;
        Self { region, key, own }
    }

    /// How long a value is fresh for this call, in place of [`Config::fresh_for`](crate::Config::fresh_for);
    /// `Duration::MAX` ignores its age. A value whose creator said itself how long it is fresh
    /// ([`Creation::fresh_for`](crate::Creation::fresh_for)) is so no longer than it said; whatever the store
    /// has is seen by [`stored`](Self::stored).
    pub fn fresh_for(mut self, span: Duration) -> Self {
        self.own.fresh_for = Some(span);
        self
    }

    /// For how long after that a value may be served to this call while another creates the next; one
    /// whose creator said so itself, no longer than it said.
    pub fn stale_for(mut self, span: Duration) -> Self {
        self.own.stale_for = Some(span);
        self
    }

    /// How long this call waits for another's creation. Zero: not at all; where nobody creates, it
    /// creates.
    pub fn deadline(mut self, span: Duration) -> Self {
        self.own.deadline = Some(span);
        self
    }

    /// After how long another may take over from this call's creator; at least a millisecond.
    pub fn creation_limit(mut self, span: Duration) -> Self {
        self.own.creation_limit = Some(span);
        self
    }

    /// Whether a stale value answers for a creator that fails.
    pub fn stale_if_error(mut self, yes: bool) -> Self {
        self.own.stale_if_error = Some(yes);
        self
    }

    /// What happens when the store does not answer.
    pub fn on_store_failure(mut self, policy: OnStoreFailure) -> Self {
        self.own.on_store_failure = Some(policy);
        self
    }

    /// The value under the key, created if need be; see [`Region::get_or_create`].
    ///
    /// # Errors
    /// As [`Region::get_or_create`].
    ///
    /// # Panics
    /// When this call's own creator does.
    pub fn create(self, creator: impl FnOnce() -> V) -> Result<Answer<V>, Error> {
        self.try_create(|| Ok::<V, Infallible>(creator()))
    }

    /// The value under the key, created if need be; see [`Region::get_or_try_create`].
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`].
    ///
    /// # Panics
    /// When this call's own creator does.
    pub fn try_create<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<Answer<V>, Error<E>> {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => self.create_long_way(None, creator),
        }
    }

    /// [`create`](Self::create) for tasks.
    ///
    /// # Errors
    /// As [`Region::get_or_create`].
    ///
    /// # Panics
    /// When this call's own creator does.
    pub async fn create_async<F: Future<Output = V>>(
        self,
        creator: impl FnOnce() -> F,
    ) -> Result<Answer<V>, Error> {
        self.try_create_async(|| async { Ok::<V, Infallible>(creator().await) })
            .await
    }

    /// [`try_create`](Self::try_create) for tasks.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`].
    ///
    /// # Panics
    /// When this call's own creator does.
    pub async fn try_create_async<E, F>(
        self,
        creator: impl FnOnce() -> F,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => self.create_long_way_async(None, creator).await,
        }
    }

    /// Creates a new value whatever is there; see [`Region::refresh`].
    ///
    /// # Errors
    /// As [`Region::refresh`].
    ///
    /// # Panics
    /// When the creator does.
    pub fn refresh<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<Answer<V>, Error<E>> {
        self.refresh_at(None, creator)
    }

    pub(super) fn refresh_at<E: Send + Sync + 'static>(
        self,
        desk: Option<Arc<Desk<V>>>,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<Answer<V>, Error<E>> {
        let active = self.active()?;
        block_on(before_a_write(active, &*active.opened.store));
        let (mut call, action) = self.start(REFRESH)?;
        call.desk = desk;
        drive(&mut call, action, creator, nobody_else)
    }

    /// [`refresh`](Self::refresh) for tasks.
    ///
    /// # Errors
    /// As [`Region::refresh`].
    ///
    /// # Panics
    /// When the creator does.
    pub async fn refresh_async<E, F>(
        self,
        creator: impl FnOnce() -> F,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        self.refresh_at_async(None, creator).await
    }

    pub(super) async fn refresh_at_async<E, F>(
        self,
        desk: Option<Arc<Desk<V>>>,
        creator: impl FnOnce() -> F,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let active = self.active()?;
        before_a_write(active, active.opened.for_tasks()).await;
        let (mut call, action) = self.start(REFRESH)?;
        call.desk = desk;
        drive_async(&mut call, action, creator, nobody_else).await
    }

    #[cold]
    pub(super) fn create_long_way<E: Send + Sync + 'static>(
        self,
        desk: Option<Arc<Desk<V>>>,
        creator: impl FnOnce() -> Result<V, E>,
    ) -> Result<Answer<V>, Error<E>> {
        let active = self.active()?;
        let (mut call, action) = match begin(active, self.key.as_ref(), &self.own) {
            Ok(ended) => return ended,
            Err(begun) => begun,
        };
        // Most calls end above: nothing is built for the rest of their way.
        call.desk = desk;
        drive(&mut *call, action, creator, nobody_else)
    }

    pub(super) fn create_long_way_async<E, F>(
        self,
        desk: Option<Arc<Desk<V>>>,
        creator: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<Answer<V>, Error<E>>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        Start::new(self.region, self.key, self.own, |mut call, action| {
            call.desk = desk;
            drive_async(call, action, creator, nobody_else)
        })
    }

    /// A fresh value where it lies in this process's memory: nothing is built for it.
    pub(super) fn hit(&self) -> Option<Answer<V>> {
        self.hit_ahead(Ahead::NONE)
    }

    /// The same for a call that looks so far ahead.
    pub(super) fn hit_ahead(&self, ahead: Ahead) -> Option<Answer<V>> {
        let active = self.region.active()?;
        let conditions = Conditions {
            ahead,
            ..self.conditions(active)
        };
        active.hit_at(self.key.as_ref(), &conditions)
    }

    fn start<E: Send + Sync + 'static>(
        &self,
        wish: Wish,
    ) -> Result<(Call<'_, V, E>, Action), Error<E>> {
        self.start_ahead(wish, Ahead::NONE)
    }

    fn start_ahead<E: Send + Sync + 'static>(
        &self,
        wish: Wish,
        ahead: Ahead,
    ) -> Result<(Call<'_, V, E>, Action), Error<E>> {
        let active = self.active()?;
        let conditions = Conditions {
            ahead,
            ..self.conditions(active)
        };
        let subject = Subject::new(active, self.key.as_ref());
        Ok(Call::start(subject, conditions, wish))
    }

    fn active<E>(&self) -> Result<&'r Arc<Active<V>>, Error<E>> {
        self.region
            .active()
            .ok_or_else(|| self.region.not_configured())
    }

    pub(super) fn conditions(&self, active: &Active<V>) -> Conditions {
        self.own.conditions(active)
    }
}
