//! A map behind a lock, blocking and async.

use dogpile_backend::{AsyncBackend, Backend, CachedValue, Span, StoreError};
use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

pub struct Map<V>(Mutex<HashMap<Vec<u8>, CachedValue<V>>>);

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone + Send + Sync + 'static> Backend<V> for Map<V> {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(map.get(key).cloned())
    }

    fn set(&self, key: &[u8], entry: CachedValue<V>, _ttl: Span) -> Result<(), StoreError> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(key.to_vec(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.remove(key);
        Ok(())
    }
}

/// The same for async: each call is pending a few times before and after it takes effect.
pub struct Slow<V>(Map<V>);

impl<V> Default for Slow<V> {
    fn default() -> Self {
        Self(Map::default())
    }
}

async fn a_while() {
    for _ in 0..3 {
        let mut pending = true;
        poll_fn(|context| {
            if !std::mem::take(&mut pending) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl<V: Clone + Send + Sync + 'static> AsyncBackend<V> for Slow<V> {
    async fn get(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        a_while().await;
        let found = self.0.get(key);
        a_while().await;
        found
    }

    async fn set(&self, key: &[u8], entry: CachedValue<V>, ttl: Span) -> Result<(), StoreError> {
        a_while().await;
        let stored = self.0.set(key, entry, ttl);
        a_while().await;
        stored
    }

    async fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        a_while().await;
        let deleted = Backend::<V>::delete(&self.0, key);
        a_while().await;
        deleted
    }
}
