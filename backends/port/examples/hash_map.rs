//! A whole backend in thirty lines, and its proof: a map behind a lock.

use dogpile_backend::{Backend, Blocking, CachedValue, Span, StoreError, conformance};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

struct HashMapBackend<V>(RwLock<HashMap<Vec<u8>, CachedValue<V>>>);

impl<V: Clone + Send + Sync + 'static> Backend<V> for HashMapBackend<V> {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(map.get(key).cloned())
    }

    // A map that never lets anything go may ignore the time to live.
    fn set(&self, key: &[u8], entry: CachedValue<V>, _ttl: Span) -> Result<(), StoreError> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.insert(key.to_vec(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.remove(key);
        Ok(())
    }
}

// One test for each promise.
#[cfg(test)]
dogpile_backend::conformance_tests!(u64, || Blocking::new(HashMapBackend(RwLock::default())));

// Or all of them at once, as a report.
fn main() {
    let report =
        conformance::check::<String, _>(|| Blocking::new(HashMapBackend(RwLock::default())));
    println!("{report}");
    report.assert();
}
