//! One `T` per key behind a mutex: what people build around the primitives that know no keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

/// A map whose entries begin with their default.
pub(super) struct Keyed<T> {
    entries: Mutex<HashMap<String, Arc<T>, RandomState>>,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
        }
    }
}

impl<T: Default> Keyed<T> {
    /// The entry of `key`, made if it was not there. The map's lock is held no longer than that.
    pub(super) fn of(&self, key: &str) -> Arc<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(key) {
            return Arc::clone(entry);
        }
        Arc::clone(entries.entry(key.to_owned()).or_default())
    }
}
