//! What the store that can be wrong has in its one lock.

use dogpile_backend::{CachedValue, Epochs, News, Stamp};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) type Hung = Arc<dyn Fn(News) + Send + Sync>;

pub(super) struct State<V> {
    pub(super) calls: u64,
    pub(super) reads: u64,
    pub(super) busy: bool,
    pub(super) entries: HashMap<Vec<u8>, CachedValue<V>>,
    pub(super) leases: HashMap<Vec<u8>, Stamp>,
    pub(super) bells: HashMap<Vec<u8>, Vec<Hung>>,
    pub(super) epochs: HashMap<String, Epochs>,
    pub(super) last: u128,
}

impl<V> State<V> {
    pub(super) fn new() -> Self {
        Self {
            calls: 0,
            reads: 0,
            busy: false,
            entries: HashMap::new(),
            leases: HashMap::new(),
            bells: HashMap::new(),
            epochs: HashMap::new(),
            last: 0,
        }
    }
}
