//! A store as somebody else might write it: a map, three functions, no leases.

use std::collections::HashMap;
use std::sync::Mutex;

use dogpile::backend::{Backend, CachedValue, Span, StoreError};

#[derive(Default)]
pub(crate) struct Plain(Mutex<HashMap<Vec<u8>, CachedValue<u64>>>);

impl Backend<u64> for Plain {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).copied())
    }

    fn set(&self, key: &[u8], entry: CachedValue<u64>, _ttl: Span) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(key.to_vec(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}
