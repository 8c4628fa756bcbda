//! What a configured region raises and hears of its own epochs.

use dogpile_backend::{CachedValue, EpochStore, Epochs, Invalidation, TimeLine, Verdict};

use super::Active;
use crate::region::due::View;
use crate::region::telling;

impl<V: Clone + Send + Sync + 'static> Active<V> {
    /// Raises an epoch in this process.
    pub(in crate::region) fn raise(&self, how: Invalidation) {
        telling::invalidated(&self.name, self.opened.store.name(), how);
        self.epochs.raise(how, self.clock.now(TimeLine::Wall));
    }

    /// Takes over what `store` says of the region's epochs; the answer is what it should know. Else a process
    /// that comes new would create what all others find too old, for ever.
    pub(in crate::region) fn hear(&self, store: &dyn EpochStore, read: Epochs) -> Option<Epochs> {
        let invalidated = store.invalidated(&self.name, read.hard);
        self.epochs.merge(read, invalidated);
        let known = self.epochs.read();
        if known != read {
            return Some(known);
        }
        // A new beginning is not to hide an invalidation that the store forgot and this process knows.
        let by_invalidations = self.epochs.invalidated();
        (by_invalidations.hard > invalidated).then_some(by_invalidations)
    }

    /// The last value that was seen here under `key`, unless it is too old or was invalidated.
    pub(in crate::region) fn kept(&self, key: &[u8], view: &View) -> Option<CachedValue<V>> {
        self.kept.get(key).filter(|CachedValue { metadata, .. }| {
            let epochs = self.epochs.of_kept(metadata).epochs();
            view.judge(metadata, epochs, self.now()) != Verdict::Miss
        })
    }
}
