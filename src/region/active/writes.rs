//! What writes from outside do, beside the store.

use std::sync::Arc;

use dogpile_backend::{CachedValue, Lease, Metadata, Span, Stamp, StoreError, Terms};

use super::Active;
use crate::flight::{Flight, Outcome};
use crate::region::answer::Known;
use crate::region::due::View;
use crate::region::hold::give_back;
use crate::region::kept::Mark;

/// What there was before a `set` acted on the store.
pub(in crate::region) struct Before<V: Send + Sync + 'static> {
    mark: Mark,
    flight: Option<Arc<Flight<V>>>,
}

impl<V: Clone + Send + Sync + 'static> Active<V> {
    /// A value from outside, as it is stored.
    pub(in crate::region) fn entry(&self, value: V, terms: Terms) -> CachedValue<V> {
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: self.epochs.floor(),
            created: self.precisely_now(),
            terms,
        };
        CachedValue { value, metadata }
    }

    /// How long a store has to keep `entry`, which comes from outside.
    pub(in crate::region) fn lifetime(&self, entry: &CachedValue<V>) -> Span {
        self.time_to_live(&self.policy, &entry.metadata.terms)
    }

    /// What a `set` knows before it acts on the store.
    pub(in crate::region) fn before_set(&self, key: &[u8]) -> Before<V> {
        Before {
            mark: self.kept.mark(key),
            flight: self.opened.flights.under_way(key),
        }
    }

    /// The store has acted on a `set`; now the flight, whatever the store said.
    ///
    /// Those who wait are given the value only in a flight that was there before the store acted.
    /// One that began later may have begun after the value was deleted again; they look.
    pub(in crate::region) fn was_set(
        &self,
        key: &[u8],
        entry: CachedValue<V>,
        before: &Before<V>,
        written: Result<(), StoreError>,
    ) -> Result<(), Arc<StoreError>> {
        match written {
            Ok(()) => self.kept.write(key, &entry, before.mark),
            Err(_) => self.kept.forget(key),
        }
        let committed = written.is_ok();
        let lease = self.opened.flights.detach(key, |flight| {
            let known = before.flight.as_ref();
            let was_there = known.is_some_and(|known| Arc::ptr_eq(known, flight));
            (committed && was_there).then(|| {
                Arc::new(Outcome::Value {
                    value: entry,
                    committed,
                })
            })
        });
        // Now that a creator which fails has no place left to begin one from.
        self.end_back_off(key);
        self.end(key, lease);
        written.map_err(Arc::new)
    }

    /// The store has acted on a `delete`; now the flight, whatever the store said.
    pub(in crate::region) fn was_deleted(
        &self,
        key: &[u8],
        deleted: Result<(), StoreError>,
    ) -> Result<(), Arc<StoreError>> {
        self.kept.forget(key);
        let lease = self.opened.flights.detach(key, |_| None);
        self.end_back_off(key);
        self.end(key, lease);
        deleted.map_err(Arc::new)
    }

    fn end_back_off(&self, key: &[u8]) {
        if let Some(back_offs) = self.opened.back_offs() {
            back_offs.end(key);
        }
    }

    /// A creator without a flight shall not keep its lease: nobody could join it or take over.
    fn end(&self, key: &[u8], lease: Option<Lease>) {
        if let Some(lease) = lease {
            give_back(&self.opened, key, lease);
        }
    }

    pub(in crate::region) fn known(&self, view: &View, metadata: &Metadata) -> Known {
        Known {
            age: self.now().since(metadata.created).to_duration(),
            verdict: self.judge(view, metadata),
            metadata: *metadata,
        }
    }
}
