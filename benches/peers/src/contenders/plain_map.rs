//! A storage author's first backend: a map, and nothing else.

use dogpile::backend::{Backend, CachedValue, Local, Span, StoreError, TimeLine};
use foldhash::fast::RandomState;
use papaya::HashMap;

/// Values in a lock-free map. It knows no leases and no epochs; the region brings them.
pub struct PlainMap<V> {
    entries: HashMap<Box<[u8]>, CachedValue<V>, RandomState>,
}

impl<V> Default for PlainMap<V> {
    fn default() -> Self {
        Self {
            entries: HashMap::default(),
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Backend<V> for PlainMap<V> {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        Ok(self.entries.pin().get(key).cloned())
    }

    fn set(&self, key: &[u8], entry: CachedValue<V>, _ttl: Span) -> Result<(), StoreError> {
        self.entries.pin().insert(key.into(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.entries.pin().remove(key);
        Ok(())
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        let entries = self.entries.pin();
        let Some(CachedValue { value, metadata }) = entries.get(key) else {
            return Local::Absent;
        };
        lend(CachedValue {
            value,
            metadata: *metadata,
        });
        Local::Lent
    }

    fn time_line(&self) -> TimeLine {
        TimeLine::Process
    }

    fn blocks(&self) -> bool {
        false
    }
}
