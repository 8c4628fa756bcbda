//! The stores that programs are run on. A new backend is one more line in [`BACKENDS`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use dogpile::backend::{Backend, Blocking, CachedValue, Guarded, Span, Store, StoreError};
use dogpile::{Clock, Memory};

use crate::stores::Server;
use crate::whole::Whole;

/// One process's handle on a store.
pub(crate) type Handle = Arc<dyn Store<Whole>>;

/// What is to be known of a store.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Lets values go for want of room.
    pub(crate) evicts: bool,
    /// Its leases run out by the clock.
    pub(crate) expires: bool,
    /// Handles for so many processes on one store.
    pub(crate) open: fn(Arc<dyn Clock>, usize) -> Vec<Handle>,
}

pub(crate) const BACKENDS: &[Kind] = &[
    kind("memory, unbounded", |_, count| {
        handles(&Memory::unbounded(), count)
    }),
    Kind {
        evicts: true,
        ..kind("memory, bounded", |_, count| {
            handles(&Memory::bounded(1), count)
        })
    },
    kind("a map of three functions, guarded", |_, count| {
        handles(
            &Arc::new(Guarded::new(Blocking::new(Plain::default()))),
            count,
        )
    }),
    Kind {
        expires: true,
        ..kind("a server with leases that run out", served)
    },
];

const fn kind(name: &'static str, open: fn(Arc<dyn Clock>, usize) -> Vec<Handle>) -> Kind {
    Kind {
        name,
        evicts: false,
        expires: false,
        open,
    }
}

fn handles<S: Store<Whole> + Clone>(store: &S, count: usize) -> Vec<Handle> {
    (0..count)
        .map(|_| Arc::new(store.clone()) as Handle)
        .collect()
}

fn served(clock: Arc<dyn Clock>, count: usize) -> Vec<Handle> {
    let server = Server::new(clock);
    let names = ["a", "b", "c"].into_iter().take(count);
    names
        .map(|name| Arc::new(server.open(name)) as Handle)
        .collect()
}

/// A store as somebody else might write it.
#[derive(Default)]
struct Plain(Mutex<BTreeMap<Vec<u8>, CachedValue<Whole>>>);

impl Plain {
    fn with<R>(&self, work: impl FnOnce(&mut BTreeMap<Vec<u8>, CachedValue<Whole>>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Backend<Whole> for Plain {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<Whole>>, StoreError> {
        Ok(self.with(|map| map.get(key).cloned()))
    }

    fn set(&self, key: &[u8], entry: CachedValue<Whole>, _ttl: Span) -> Result<(), StoreError> {
        self.with(|map| map.insert(key.to_vec(), entry));
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.with(|map| map.remove(key));
        Ok(())
    }
}
