//! What a call is about: a region, as it was configured when the call began, and a key. Borrowed from the caller as long as the call is its
//! own; a runner that carries it on owns both.

use std::borrow::Cow;
use std::mem::take;
use std::sync::Arc;

use super::active::Active;
use crate::flight::Opened;

pub(super) struct Subject<'r, V: Send + Sync + 'static> {
    region: Cow<'r, Arc<Active<V>>>,
    user_key: Cow<'r, [u8]>,
    /// The key as the store knows it, where that is another.
    mangled: Option<Box<[u8]>>,
}

impl<'r, V: Clone + Send + Sync + 'static> Subject<'r, V> {
    pub(super) fn new(region: &'r Arc<Active<V>>, user_key: &'r [u8]) -> Self {
        let mangled = region.mangler.is_some().then(|| region.mangled(user_key));
        Self::again(region, user_key, mangled)
    }

    /// The same again, of what was kept of it.
    pub(super) fn again(
        region: &'r Arc<Active<V>>,
        user_key: &'r [u8],
        mangled: Option<Box<[u8]>>,
    ) -> Self {
        Self {
            region: Cow::Borrowed(region),
            user_key: Cow::Borrowed(user_key),
            mangled,
        }
    }

    /// What cannot be borrowed again. What is left of the subject gives nothing back any more.
    pub(super) fn take_mangled(&mut self) -> Option<Box<[u8]>> {
        self.mangled.take()
    }

    /// With a key of its own.
    pub(super) fn apart(region: &'r Arc<Active<V>>, user_key: &[u8]) -> Self {
        Self {
            user_key: Cow::Owned(user_key.to_vec()),
            mangled: region.mangler.is_some().then(|| region.mangled(user_key)),
            region: Cow::Borrowed(region),
        }
    }

    /// The same with a key of its own. What is left of the subject gives nothing back any more.
    pub(super) fn take_apart<'a>(&mut self, region: &'a Arc<Active<V>>) -> Subject<'a, V> {
        Subject {
            region: Cow::Borrowed(region),
            user_key: Cow::Owned(take(&mut self.user_key).into_owned()),
            mangled: self.mangled.take(),
        }
    }

    /// The same for somebody who outlives the caller.
    pub(super) fn to_owned(&self) -> Subject<'static, V> {
        Subject {
            region: Cow::Owned(Arc::clone(&self.region)),
            user_key: Cow::Owned(self.user_key.to_vec()),
            mangled: self.mangled.clone(),
        }
    }

    /// The region for a closure that is kept beside the call; nothing is counted for a borrower.
    pub(super) fn active_beside(&self) -> Cow<'r, Arc<Active<V>>> {
        self.region.clone()
    }

    pub(super) fn active(&self) -> &Active<V> {
        &self.region
    }

    pub(super) fn opened(&self) -> &Arc<Opened<V>> {
        &self.active().opened
    }

    /// The opened store for an engine, which changes the call meanwhile.
    pub(super) fn opened_beside(&self) -> Cow<'r, Arc<Opened<V>>> {
        match &self.region {
            Cow::Borrowed(region) => Cow::Borrowed(&region.opened),
            Cow::Owned(region) => Cow::Owned(Arc::clone(&region.opened)),
        }
    }

    /// The key as the user gave it.
    pub(super) fn user_key(&self) -> &[u8] {
        &self.user_key
    }

    /// The key as the store knows it.
    pub(super) fn key(&self) -> &[u8] {
        self.mangled.as_deref().unwrap_or(&self.user_key)
    }
}
