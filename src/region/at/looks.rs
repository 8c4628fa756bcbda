//! Calls that look and create nothing.

use std::sync::Arc;

use dogpile_backend::{CachedValue, StoreError, Verdict};

use super::At;
use crate::error::Error;
use crate::region::active::Active;
use crate::region::answer::{Answer, Known, Origin};
use crate::region::kept::Mark;
use crate::region::look::{closely, closely_blocking, look, look_blocking};

impl<V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'_, V, K> {
    /// The value under the key if it is fresh. Never waits for a creation.
    ///
    /// # Errors
    /// As [`Region::get`](crate::Region::get).
    pub fn get(self) -> Result<Option<Answer<V>>, Error> {
        if let Some(answer) = self.hit() {
            return Ok(Some(answer));
        }
        let active = self.active()?;
        let key = active.mangled(self.key.as_ref());
        let mark = active.kept.mark(&key);
        let looked = look_blocking(active, &*active.opened.store, self.region.name(), &key);
        active.counted(self.judged(active, &key, mark, looked))
    }

    /// [`get`](Self::get) for tasks.
    ///
    /// # Errors
    /// As [`Region::get`](crate::Region::get).
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

    /// Whatever the store has under the key, and what is known of it: also what is too old, or was
    /// invalidated, and is there still. To compare with it or to show it, say; [`Known::verdict`] tells
    /// what this call could have used it for. The store keeps a value as long as a region can use it, and
    /// may then drop it at any time.
    ///
    /// ```
    /// use dogpile::{Config, Invalidation, Memory, Region, Verdict};
    /// let users: Region<u32> = Region::new("users");
    /// users.configure(Config::new(Memory::unbounded()))?;
    /// users.set("42", 7)?;
    /// users.invalidate(Invalidation::Hard)?;
    /// assert_eq!(users.get("42")?, None);
    /// let (value, known) = users.at("42").stored()?.expect("it was not deleted");
    /// assert_eq!((value, known.verdict), (7, Verdict::Miss));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotConfigured`], [`Error::Store`].
    pub fn stored(self) -> Result<Option<(V, Known)>, Error> {
        let active = self.active()?;
        let (key, store) = (active.mangled(self.key.as_ref()), &*active.opened.store);
        let entry = store.get_blocking(&key);
        closely_blocking(active, &entry);
        Ok(self.shown(active, &key, entry.map_err(Arc::new)?))
    }

    /// [`stored`](Self::stored) for tasks.
    ///
    /// # Errors
    /// As [`stored`](Self::stored).
    pub async fn stored_async(self) -> Result<Option<(V, Known)>, Error> {
        let active = self.active()?;
        let (key, store) = (active.mangled(self.key.as_ref()), active.opened.for_tasks());
        let entry = closely(active, store.get(&key)).await;
        Ok(self.shown(active, &key, entry.map_err(Arc::new)?))
    }

    fn shown(
        &self,
        active: &Active<V>,
        key: &[u8],
        entry: Option<CachedValue<V>>,
    ) -> Option<(V, Known)> {
        let view = active.view(&self.conditions(active), key);
        entry.map(|CachedValue { value, metadata }| (value, active.known(&view, &metadata)))
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
            Err(error) => match active.kept(key, &view) {
                Some(entry) => (Some(entry), Origin::Kept),
                None => return Err(Error::Store(Arc::new(error))),
            },
        };
        let usable = entry.filter(|entry| {
            origin == Origin::Kept || active.judge(&view, &entry.metadata) == Verdict::Fresh
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
