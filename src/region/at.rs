//! One key, with the options of one call.

mod own;
mod owned;

pub(super) use own::Own;
pub(super) use owned::{DETACHED, OWNED};

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{CachedValue, StoreError, Verdict};
use dogpile_core::flow::{Action, Wish};

use super::Region;
use super::active::Active;
use super::answer::{Answer, Origin};
use super::call::{Beginning, Call, Conditions};
use super::config::OnStoreFailure;
use super::creation::Desk;
use super::drive::{drive, drive_async, nobody_else};
use super::due::Ahead;
use super::kept::Mark;
use super::look::look;
use super::start::Start;
use super::subject::Subject;
use crate::error::Error;

/// One key of a region; see [`Region::at`].
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
const REFRESH: Wish = Wish {
    refresh: true,
    ..NEW
};

impl<'r, V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'r, V, K> {
    pub(super) fn new(region: &'r Region<V>, key: K) -> Self {
        let own = Own::NOTHING;
        Self { region, key, own }
    }

    /// How long a value is fresh for this call; `Duration::MAX` ignores its age.
    pub fn fresh_for(mut self, span: Duration) -> Self {
        self.own.fresh_for = Some(span);
        self
    }

    /// For how long after that a value may be served to this call while another creates the next.
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

    /// The value under the key if it is fresh. Never waits for a creation.
    ///
    /// # Errors
    /// As [`Region::get`].
    pub fn get(self) -> Result<Option<Answer<V>>, Error> {
        if let Some(answer) = self.hit() {
            return Ok(Some(answer));
        }
        let active = self.active()?;
        let key = active.mangled(self.key.as_ref());
        let mark = active.kept.mark(&key);
        let looked = look(active, &*active.opened.store, self.region.name(), &key).wait();
        active.counted(self.judged(active, &key, mark, looked))
    }

    /// [`get`](Self::get) for tasks.
    ///
    /// # Errors
    /// As [`Region::get`].
    pub async fn get_async(self) -> Result<Option<Answer<V>>, Error> {
        if let Some(answer) = self.hit() {
            return Ok(Some(answer));
        }
        let active = self.active()?;
        let key = active.mangled(self.key.as_ref());
        let mark = active.kept.mark(&key);
        let looked = look(active, active.opened.for_tasks(), self.region.name(), &key).await;
        active.counted(self.judged(active, &key, mark, looked))
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
        let conditions = self.conditions(active);
        let subject = Subject::new(active, self.key.as_ref());
        let beginning = Beginning::of(&subject);
        let store = &*active.opened.store;
        let looked = look(active, store, self.region.name(), subject.key()).wait();
        let looked = match active.hit_in(looked, &conditions, subject.key(), beginning.mark) {
            Ok(answer) => return Ok(answer),
            Err(looked) => looked,
        };
        // Most calls end above: nothing is built for the rest of their way.
        let (mut call, action) = Call::after_look(subject, conditions, NEW, beginning, looked);
        call.desk = desk;
        drive(&mut call, action, creator, nobody_else)
    }

    /// No `async fn`, for that has room for its arguments twice.
    #[allow(clippy::manual_async_fn)]
    pub(super) fn create_long_way_async<E, F>(
        self,
        desk: Option<Arc<Desk<V>>>,
        creator: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<Answer<V>, Error<E>>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        async move {
            let active = self.active()?;
            let start = Start::new(active, self.key.as_ref(), &self.own);
            let (mut call, action) = match start.await {
                Ok(ended) => return ended,
                Err(begun) => begun,
            };
            call.desk = desk;
            // Most calls end above: nothing is built for the rest of their way.
            Box::pin(drive_async(call, action, creator, nobody_else)).await
        }
    }

    /// A fresh value where it lies in this process's memory: nothing is built for it.
    pub(super) fn hit(&self) -> Option<Answer<V>> {
        let active = self.region.active()?;
        active.hit_at(self.key.as_ref(), &self.conditions(active))
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

    fn judged(
        &self,
        active: &Active<V>,
        key: &[u8],
        mark: Mark,
        looked: Result<Option<CachedValue<V>>, StoreError>,
    ) -> Result<Option<Answer<V>>, Error> {
        let view = active.view(&self.conditions(active), key);
        let (entry, origin) = match looked {
            Ok(entry) => (entry, Origin::Hit),
            Err(error) => match active.kept.get(key) {
                Some(entry) if active.judge(&view, &entry.metadata) != Verdict::Miss => {
                    (Some(entry), Origin::Kept)
                }
                _ => return Err(Error::Store(Arc::new(error))),
            },
        };
        let usable = entry.filter(|entry| match active.judge(&view, &entry.metadata) {
            Verdict::Fresh => true,
            Verdict::Stale => origin == Origin::Kept,
            Verdict::Miss => false,
        });
        if let (Some(entry), Origin::Hit) = (&usable, origin) {
            active.kept.keep(key, entry, mark);
        }
        Ok(usable.map(|entry| Answer {
            age: active.now().since(entry.metadata.created).to_duration(),
            value: entry.value,
            origin,
        }))
    }
}
