//! An async store without leases whose reads can be held up.

use std::sync::{Arc, Mutex};

use dogpile::backend::{AsyncBackend, Backend, CachedValue, Span, StoreError};

use crate::support::{Gate, Plain};

#[derive(Clone, Default)]
pub(crate) struct Slow {
    plain: Arc<Plain>,
    held_up: Arc<Mutex<Option<(Gate, Gate)>>>,
}

impl Slow {
    /// Holds the next read up: the first gate opens when it is there, the second lets it go on.
    pub(crate) fn hold_up(&self) -> (Gate, Gate) {
        let gates = (Gate::shut(), Gate::shut());
        *self.held_up.lock().unwrap() = Some(gates.clone());
        gates
    }
}

impl AsyncBackend<u64> for Slow {
    async fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        let held_up = self.held_up.lock().unwrap().take();
        if let Some((there, go_on)) = held_up {
            there.open();
            go_on.passed().await;
        }
        self.plain.get(key)
    }

    async fn set(&self, key: &[u8], entry: CachedValue<u64>, ttl: Span) -> Result<(), StoreError> {
        self.plain.set(key, entry, ttl)
    }

    async fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.plain.delete(key)
    }
}
