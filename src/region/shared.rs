//! What clones of a region share: its name, and its configuration once there is one.

use std::sync::Arc;

use super::active::Active;
use crate::sync::OnceLock;

pub(crate) struct Shared<V: Send + Sync + 'static> {
    pub(super) name: Arc<str>,
    pub(super) active: OnceLock<Active<V>>,
}

impl<V: Send + Sync + 'static> Shared<V> {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            active: OnceLock::new(),
        }
    }

    /// The configuration, for a call that has found it there before.
    #[inline]
    pub(super) fn active_or_panic(&self) -> &Active<V> {
        match self.active.get() {
            Some(active) => active,
            None => unreachable!("a call starts on a configured region"),
        }
    }
}
