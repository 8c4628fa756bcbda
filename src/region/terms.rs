//! Values from outside with terms of their own.

use dogpile_backend::Terms;

use super::look::before_a_write;
use super::tags::begin_to_write;
use super::{Partial, Region};
use crate::error::Error;
use crate::flight::block_on;

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// [`set`](Self::set) for a value that goes by terms of its own, where the others go by the region's.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region, Terms};
    /// use std::time::Duration;
    /// let tokens: Region<String> = Region::new("tokens");
    /// tokens.configure(Config::new(Memory::unbounded()).fresh_for(Duration::from_secs(60)))?;
    /// let terms = Terms::NONE.with_fresh_for(Duration::from_secs(5)).with_tag("user:42")?;
    /// tokens.set_with("session", "secret".to_owned(), terms)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`set`](Self::set), and [`Error::TooManyTags`] where [`Config::tags_of`](crate::Config::tags_of)
    /// has too many more.
    pub fn set_with(&self, key: impl AsRef<[u8]>, value: V, terms: Terms) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        let terms = active.tagged_outside(key.as_ref(), &value, terms)?;
        if !terms.tags.is_empty() {
            block_on(begin_to_write(active, &*active.opened.store));
        }
        block_on(before_a_write(active, &*active.opened.store));
        let (key, entry) = (active.mangled(key.as_ref()), active.entry(value, terms));
        let (before, lifetime) = (active.before_set(&key), active.lifetime(&entry));
        let written = active.opened.store.set(&key, entry.clone(), lifetime);
        let written = written.wait();
        Ok(active.was_set(&key, entry, &before, written)?)
    }

    /// [`set_with`](Self::set_with) for tasks.
    ///
    /// # Errors
    /// As [`set_with`](Self::set_with).
    pub async fn set_with_async(
        &self,
        key: impl AsRef<[u8]>,
        value: V,
        terms: Terms,
    ) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        let terms = active.tagged_outside(key.as_ref(), &value, terms)?;
        if !terms.tags.is_empty() {
            begin_to_write(active, active.opened.for_tasks()).await;
        }
        before_a_write(active, active.opened.for_tasks()).await;
        let (key, entry) = (active.mangled(key.as_ref()), active.entry(value, terms));
        let (before, lifetime) = (active.before_set(&key), active.lifetime(&entry));
        let store = active.opened.for_tasks();
        let written = store.set(&key, entry.clone(), lifetime).await;
        Ok(active.was_set(&key, entry, &before, written)?)
    }

    /// [`set_many`](Self::set_many) for values that go by terms of their own, each by those beside it.
    ///
    /// ```
    /// use dogpile::{Config, Invalidation, Memory, Region, Terms};
    /// let pages: Region<u32> = Region::new("pages");
    /// pages.configure(Config::new(Memory::unbounded()))?;
    /// let by_ann = Terms::NONE.with_tag("author:ann")?;
    /// pages.set_many_with([("front", 1, by_ann), ("about", 2, Terms::NONE)])?;
    /// pages.invalidate_tag("author:ann", Invalidation::Hard)?;
    /// assert_eq!(pages.get_many(&["front", "about"])?, [None, Some(2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Partial`] with what [`set_with`](Self::set_with) ends with for some of them; the others are stored.
    pub fn set_many_with<K: AsRef<[u8]> + Send>(
        &self,
        entries: impl IntoIterator<Item = (K, V, Terms)>,
    ) -> Result<(), Partial<()>> {
        block_on(self.set_many_with_async(entries))
    }
}
