//! An async map whose futures get on in their runtime alone, as those of a client with sockets or timers do.

use dogpile_backend::{AsyncBackend, CachedValue, Span, StoreError};
use std::cell::Cell;

use super::map::Slow;

thread_local!(static IN_RUNTIME: Cell<bool> = const { Cell::new(false) });

/// What a thread does as its store's runtime.
pub fn at_home<T>(work: impl FnOnce() -> T) -> T {
    let before = IN_RUNTIME.replace(true);
    let end = work();
    IN_RUNTIME.set(before);
    end
}

fn look_around() {
    assert!(IN_RUNTIME.get(), "there is no runtime here");
}

pub struct AtHome<V>(Slow<V>);

impl<V> Default for AtHome<V> {
    fn default() -> Self {
        Self(Slow::default())
    }
}

impl<V: Clone + Send + Sync + 'static> AsyncBackend<V> for AtHome<V> {
    async fn get(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        look_around();
        self.0.get(key).await
    }

    async fn set(&self, key: &[u8], entry: CachedValue<V>, ttl: Span) -> Result<(), StoreError> {
        look_around();
        self.0.set(key, entry, ttl).await
    }

    async fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        look_around();
        self.0.delete(key).await
    }
}
