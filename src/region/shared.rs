//! What clones of a region share: its configuration once there is one, and what replaced it.

use std::sync::Arc;

use super::active::Active;
use crate::sync::OnceLock;

/// Configurations in a row, of which the last counts. Those before it stay: calls that began under them
/// end under them, and a hit needs no count of who still looks.
pub(crate) struct Shared<V: Send + Sync + 'static> {
    first: OnceLock<Arc<Active<V>>>,
    /// Somebody has been told that there is none.
    told: OnceLock<()>,
}

impl<V: Send + Sync + 'static> Shared<V> {
    pub(super) fn new() -> Self {
        Self {
            first: OnceLock::new(),
            told: OnceLock::new(),
        }
    }

    /// The configuration, if there is one.
    #[inline]
    pub(super) fn active(&self) -> Option<&Arc<Active<V>>> {
        let mut active = self.first.get()?;
        while let Some(next) = active.successor.get() {
            active = next;
        }
        Some(active)
    }

    /// Whether this is the first time that somebody is told that there is none.
    pub(super) fn is_told_first(&self) -> bool {
        let mut is_first = false;
        self.told.get_or_init(|| is_first = true);
        is_first
    }

    /// Takes `open` for the first configuration; nothing where there is one.
    pub(super) fn begin(&self, open: impl FnOnce() -> Active<V>) -> Option<&Arc<Active<V>>> {
        let mut began = false;
        let active = self.first.get_or_init(|| {
            began = true;
            Arc::new(open())
        });
        began.then_some(active)
    }

    /// Puts `active` in the place of the configuration that counts.
    pub(super) fn succeed(&self, active: &Arc<Active<V>>) {
        let mut last = self.first.get_or_init(|| Arc::clone(active));
        while !Arc::ptr_eq(last, active) {
            last = last.successor.get_or_init(|| Arc::clone(active));
        }
    }
}
