//! A store as it is used in this process: with its flights and what is known of its regions' invalidations.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};

use dogpile_backend::{LeaseStore, Offloaded, Store};

use super::{BackOffs, Flights, Invalidations};
use crate::sync::{Mutex, OnceLock, process_wide};

pub(crate) struct Opened<V: Send + Sync + 'static> {
    /// For callers that may block.
    pub(crate) store: Arc<dyn Store<V>>,
    /// For callers that must not.
    offloaded: OnceLock<Arc<dyn Store<V>>>,
    pub(crate) flights: Flights<V>,
    /// There once a region leaves creators alone: a write to any other store asks for no lock.
    back_offs: OnceLock<BackOffs>,
    invalidations: Mutex<HashMap<String, Arc<Invalidations>>>,
}

/// Opened stores by the type of their values and their identity. A store that is open is alive, so
/// its identity, an address, means no other.
type Registry = HashMap<(TypeId, usize), Weak<dyn Any + Send + Sync>>;

impl<V: Send + Sync + 'static> Opened<V> {
    /// Opens `store`, or finds it opened: clones of one store share their flights.
    pub(crate) fn open(store: Arc<dyn Store<V>>) -> Arc<Self> {
        process_wide! { static REGISTRY: OnceLock<Mutex<Registry>> = OnceLock::new(); }
        let registry = REGISTRY.get_or_init(Mutex::default);
        let mut registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = store
            .identity()
            .unwrap_or_else(|| Arc::as_ptr(&store).addr());
        let key = (TypeId::of::<V>(), identity);
        let known = registry.get(&key).and_then(Weak::upgrade);
        if let Some(opened) = known.and_then(|known| known.downcast::<Self>().ok()) {
            return opened;
        }
        let opened = Arc::new(Self {
            store,
            offloaded: OnceLock::new(),
            flights: Flights::new(),
            back_offs: OnceLock::new(),
            invalidations: Mutex::default(),
        });
        let shared: Arc<dyn Any + Send + Sync> = opened.clone();
        registry.retain(|_, open| open.strong_count() > 0);
        registry.insert(key, Arc::downgrade(&shared));
        opened
    }

    /// The store for a caller that must not block its thread.
    pub(crate) fn for_tasks(&self) -> &dyn Store<V> {
        if !self.store.blocks() {
            return &*self.store;
        }
        let offloaded = self
            .offloaded
            .get_or_init(|| Arc::new(Offloaded::new(Arc::clone(&self.store))));
        &**offloaded
    }

    /// Has creators left alone, before the first call of a region that wants it.
    pub(crate) fn begin_back_offs(&self) {
        self.back_offs.get_or_init(BackOffs::default);
    }

    /// The keys whose creators are left alone, if any region does so.
    ///
    /// Whoever ends a flight and then asks here sees them where that flight's own region has some: it
    /// was configured before it made the flight.
    pub(crate) fn back_offs(&self) -> Option<&BackOffs> {
        self.back_offs.get()
    }

    /// What is known of the invalidations of the region with this name, shared by all regions of that
    /// name on this store.
    pub(crate) fn invalidations(&self, region: &str) -> Arc<Invalidations> {
        let known = self.invalidations.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let shared = self.store.epochs().is_some();
        let region = known
            .entry(region.to_owned())
            .or_insert_with(|| Arc::new(Invalidations::new(shared)));
        Arc::clone(region)
    }
}

/// The leases of an opened store.
///
/// # Panics
/// Never for a store that came through [`Config`](crate::Config), which guards one without leases.
pub(crate) fn leases<V: 'static>(store: &dyn Store<V>) -> &dyn LeaseStore<V> {
    match store.leases() {
        Some(leases) => leases,
        None => unreachable!("a store is opened with leases"),
    }
}
