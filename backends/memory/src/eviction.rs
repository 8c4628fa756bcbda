//! Values that leave by themselves, and who is told.

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

/// Why a value left a [`Memory`](crate::Memory) that nobody took out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Eviction {
    /// It had to make room, or was heavier than the whole store.
    Capacity,
    /// Its time was over.
    Expired,
}

pub(crate) type Listener<V> = dyn Fn(&[u8], &V, Eviction) + Send + Sync;

/// The one who is told.
pub(crate) struct Ear<V>(RwLock<Option<Arc<Listener<V>>>>);

impl<V> Default for Ear<V> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<V> Ear<V> {
    pub(crate) fn set(&self, listener: Arc<Listener<V>>) {
        *self.0.write() = Some(listener);
    }

    /// Tells of one departure. No lock is held while the listener runs.
    pub(crate) fn tell(&self, key: &[u8], value: &V, why: Eviction) {
        let listener = self.0.read().clone();
        if let Some(listener) = listener {
            listener(key, value, why);
        }
    }
}

impl<V> fmt::Debug for Ear<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.0.read().is_some() {
            "set"
        } else {
            "none"
        };
        f.write_str(form)
    }
}
