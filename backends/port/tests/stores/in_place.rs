//! A store that changes the copies that it gave away.

use dogpile_backend::conformance::Sample;
use dogpile_backend::{Backend, CachedValue, Span, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// A value that its copies share.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<u64>>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        let number = |shared: &Self| *shared.0.lock().expect("no panic");
        number(self) == number(other)
    }
}

impl Sample for Shared {
    fn sample(number: u64) -> Self {
        Self(Arc::new(Mutex::new(number)))
    }
}

/// Writes into the value that is there, and so into the copies that it gave away.
#[derive(Default)]
pub struct WritesInPlace(Mutex<HashMap<Vec<u8>, CachedValue<Shared>>>);

impl Backend<Shared> for WritesInPlace {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<Shared>>, StoreError> {
        Ok(self.0.lock().expect("no panic").get(key).cloned())
    }

    fn set(&self, key: &[u8], entry: CachedValue<Shared>, _: Span) -> Result<(), StoreError> {
        let mut map = self.0.lock().expect("no panic");
        let there = map.entry(key.into()).or_insert_with(|| entry.clone());
        let number = *entry.value.0.lock().expect("no panic");
        *there.value.0.lock().expect("no panic") = number;
        there.metadata = entry.metadata;
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.lock().expect("no panic").remove(key);
        Ok(())
    }
}

/// The check that finds it.
pub const WRITES_IN_PLACE: &str = "a_copy_does_not_change";
