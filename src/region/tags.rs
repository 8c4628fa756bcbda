//! Invalidation by tag: of all values under a name, in all processes that share the store.

mod asking;
mod hearing;
mod question;

use std::sync::Arc;

use dogpile_backend::{Fault, Invalidation, Tag, Tags, Terms, TimeLine, TooManyTags};

use super::active::Active;
use super::config::Config;
use super::{Region, telling};
use crate::error::{Error, Place};
use crate::flight::block_on;

pub(super) use asking::{ask_about, learn_order, raise_region, read_order};
pub(super) use hearing::{Hearing, begin, begin_to_write, look_again};

/// Names a value's tags from its key and itself.
pub(super) type TagsOf<V> = Arc<dyn Fn(&[u8], &V) -> Result<Tags, TooManyTags> + Send + Sync>;

/// Between a region's name and what is beside its own epochs in the store; no region's name contains it.
pub(super) const SEPARATOR: char = '\0';

impl<V: Send + Sync + 'static> Config<V> {
    /// Puts every value that is created or set under the tags that `name` has for its key and for the
    /// value itself, beside those that it has already. The key is the user's, before the region's mangler. So
    /// a group of related keys can be invalidated at once
    /// ([`Region::invalidate_tag`]), whoever writes them.
    ///
    /// Where they are more than eight tags in all, a `set` ends with [`Error::TooManyTags`], and a created
    /// value goes to those who asked and is not stored ([`Origin::Declined`](crate::Origin::Declined)).
    ///
    /// ```
    /// use dogpile::{Config, Invalidation, Memory, Region, Tag, Tags};
    ///
    /// // "user:42:posts" and "user:42:name" are of one group.
    /// fn group(key: &[u8]) -> &[u8] {
    ///     key.rsplitn(2, |byte| *byte == b':').last().unwrap_or(key)
    /// }
    ///
    /// let pages: Region<u32> = Region::new("pages");
    /// pages.configure(
    ///     Config::new(Memory::unbounded()).tags_of(|key, _| Tags::NONE.with(Tag::named(group(key)))),
    /// )?;
    /// pages.set("user:42:posts", 7)?;
    /// pages.get_or_create("user:42:name", || 1)?;
    /// pages.set("user:43:posts", 2)?;
    /// pages.invalidate_tag("user:42", Invalidation::Hard)?;
    /// assert_eq!(pages.get_many(&["user:42:posts", "user:42:name", "user:43:posts"])?, [None, None, Some(2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tags_of(
        mut self,
        name: impl Fn(&[u8], &V) -> Result<Tags, TooManyTags> + Send + Sync + 'static,
    ) -> Self {
        self.calls.tags_of = Some(Arc::new(name));
        self
    }
}

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// Makes every value of the region that carries the tag `name` a miss, or stale: in this process when
    /// this returns, in others that share the store as soon as they hear of it, as with
    /// [`invalidate`](Self::invalidate). A creation that began before does not undo it.
    ///
    /// A value carries the tags that its creator gave it ([`Creation::tag`](crate::Creation::tag)), that it
    /// was set with ([`set_with`](Self::set_with)), and that [`Config::tags_of`] finds. A tag is one of
    /// 65,535 slots: two names may share one, and then their values are invalidated together.
    ///
    /// ```
    /// use dogpile::{Config, Invalidation, Memory, Region, Terms};
    /// let pages: Region<u32> = Region::new("pages");
    /// pages.configure(Config::new(Memory::unbounded()))?;
    /// pages.set_with("front", 1, Terms::NONE.with_tag("author:7")?)?;
    /// pages.set("about", 2)?;
    /// pages.invalidate_tag("author:7", Invalidation::Hard)?;
    /// assert_eq!((pages.get("front")?, pages.get("about")?), (None, Some(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotConfigured`]; [`Error::Store`] when the store does not answer: other processes then do
    /// not know yet. In this process the invalidation holds all the same, and the store is told of it from
    /// time to time until it knows; not where it [refused](dogpile_backend::Fault::Refused) this at once.
    pub fn invalidate_tag(&self, name: impl AsRef<[u8]>, how: Invalidation) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        block_on(active.invalidate_tag(&*active.opened.store, name.as_ref(), how))
    }

    /// [`invalidate_tag`](Self::invalidate_tag) for tasks. A future that is dropped before its end has
    /// invalidated in this process, and the store is told in the background.
    ///
    /// # Errors
    /// As [`invalidate_tag`](Self::invalidate_tag).
    pub async fn invalidate_tag_async(
        &self,
        name: impl AsRef<[u8]>,
        how: Invalidation,
    ) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        let store = active.opened.for_tasks();
        active.invalidate_tag(store, name.as_ref(), how).await
    }
}

/// An invalidation that the store does not know. Whatever becomes of the call, it holds in this process, and the
/// store is told of it until it knows. Where it refused, its caller has been told that.
struct Untold<'a, V: Clone + Send + Sync + 'static> {
    active: &'a Active<V>,
    slot: u16,
    how: Invalidation,
    answer: Option<Result<(), Fault>>,
}

impl<V: Clone + Send + Sync + 'static> Drop for Untold<'_, V> {
    fn drop(&mut self) {
        if self.answer == Some(Ok(())) {
            return;
        }
        self.active.raise_tag_here(self.slot, self.how);
        if self.answer != Some(Err(Fault::Refused)) {
            let table = self.active.epochs.begin_tags();
            table.is_untold(self.slot, self.how);
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Active<V> {
    async fn invalidate_tag(
        &self,
        store: &dyn dogpile_backend::Store<V>,
        name: &[u8],
        how: Invalidation,
    ) -> Result<(), Error> {
        telling::tag_invalidated(&self.name, self.opened.store.name(), name, how);
        let slot = Tag::named(name).slot();
        let Some(epochs) = store.epochs() else {
            self.raise_tag_here(slot, how);
            return Ok(());
        };
        begin(self);
        let mut untold = Untold {
            active: self,
            slot,
            how,
            answer: None,
        };
        let told = asking::tell(self, epochs, slot, how).await;
        untold.answer = Some(told.as_ref().map_err(|error| error.fault).copied());
        drop(untold);
        Ok(told.map_err(Arc::new)?)
    }

    fn raise_tag_here(&self, slot: u16, how: Invalidation) {
        let now = self.clock.now(TimeLine::Wall);
        self.epochs.raise_tag(slot, how, now);
    }

    /// The terms of a value that is written under the user's `key`.
    pub(super) fn tagged(&self, key: &[u8], value: &V, terms: Terms) -> Result<Terms, TooManyTags> {
        let Some(name) = &self.settings.tags_of else {
            return Ok(terms);
        };
        let found = name(key, value)?;
        let tags = found.iter().try_fold(terms.tags, Tags::with)?;
        Ok(Terms { tags, ..terms })
    }

    /// The same for a value from outside.
    pub(super) fn tagged_outside<E>(
        &self,
        key: &[u8],
        value: &V,
        terms: Terms,
    ) -> Result<Terms, Error<E>> {
        let tagged = self.tagged(key, value, terms);
        tagged.map_err(|_| Error::TooManyTags {
            place: Place::new(&self.name, key),
        })
    }
}
