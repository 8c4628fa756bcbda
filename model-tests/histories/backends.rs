//! The stores that programs are run on. A new backend is one more line in [`BACKENDS`].

use std::collections::BTreeMap;
use std::path::Path;
#[cfg(feature = "servers")]
use std::sync::OnceLock;
use std::sync::{Arc, Mutex, PoisonError};

use dogpile::backend::{
    Backend, Blocking, CachedValue, Guarded, LeaseStore, Reply, Span, Store, StoreError, TimeLine,
};
use dogpile::{Clock, File, Memory, Sled};
#[cfg(feature = "servers")]
use dogpile::{MemcachedSettings, RedisSettings};
#[cfg(feature = "servers")]
use dogpile_test_servers::{Flavour, Memcached};

use crate::stores::Server;
use crate::whole::{Whole, WholeCodec};

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
    /// What was sent to it is done also when the call that sent it is dropped.
    pub(crate) outlives: bool,
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

/// Stores in folders. They act at moments of their own, so that what runs on them does not come again.
pub(crate) const ON_DISK: &[Kind] = &[
    kind("a folder that processes share", |_, count| {
        in_folder(count, |folder| {
            File::open(folder)
                .expect("the folder is new")
                .encoded(WholeCodec)
        })
    }),
    kind("sled", |_, count| {
        in_folder(count, |folder| {
            Sled::open(folder)
                .expect("the folder is new")
                .encoded(WholeCodec)
        })
    }),
];

/// Stores on real servers, which all programs of this process share: each has keys of its own. They act at
/// moments of their own too, and by their own clocks their leases last for as long as a program.
#[cfg(feature = "servers")]
pub(crate) const SERVED: &[Kind] = &[
    sent_to("memcached", |_, count| {
        static SERVER: OnceLock<Memcached> = OnceLock::new();
        let server = SERVER.get_or_init(|| Memcached::start(&[]).expect("memcached starts"));
        on_a_server(count, |prefix| {
            let settings = MemcachedSettings::server(server.url()).prefix(prefix);
            settings.open().expect("good settings").encoded(WholeCodec)
        })
    }),
    sent_to("Redis", |_, count| {
        static SERVER: OnceLock<dogpile_test_servers::Server> = OnceLock::new();
        let server = SERVER.get_or_init(|| {
            let redis = dogpile_test_servers::Server::of(Flavour::Redis);
            redis.start().expect("Redis starts")
        });
        on_a_server(count, |prefix| {
            let settings = RedisSettings::url(server.url()).prefix(prefix);
            settings.open().expect("good settings").encoded(WholeCodec)
        })
    }),
];

/// All that are in this process, or in files of its own.
pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
    BACKENDS.iter().chain(ON_DISK)
}

const fn kind(name: &'static str, open: fn(Arc<dyn Clock>, usize) -> Vec<Handle>) -> Kind {
    Kind {
        name,
        evicts: false,
        expires: false,
        outlives: false,
        open,
    }
}

/// A server that tasks talk to.
#[cfg(feature = "servers")]
const fn sent_to(name: &'static str, open: fn(Arc<dyn Clock>, usize) -> Vec<Handle>) -> Kind {
    Kind {
        outlives: true,
        ..kind(name, open)
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

/// Handles of their own on one folder, which goes with the last.
fn in_folder<S: Store<Whole>>(count: usize, open: impl Fn(&Path) -> S) -> Vec<Handle> {
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let handle = |_| {
        let (store, there) = (open(folder.path()), Arc::clone(&folder));
        Arc::new(Elsewhere { store, there }) as Handle
    };
    (0..count).map(handle).collect()
}

/// Handles of their own on the same keys of a server, which no other program has.
#[cfg(feature = "servers")]
fn on_a_server<S: Store<Whole>>(count: usize, open: impl Fn(String) -> S) -> Vec<Handle> {
    static PROGRAMS: Mutex<u64> = Mutex::new(0);
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    *programs += 1;
    let handle = |_| {
        let (store, there) = (open(format!("program-{programs}")), ());
        Arc::new(Elsewhere { store, there }) as Handle
    };
    (0..count).map(handle).collect()
}

/// A store that is not this process's memory, and what it stands on.
struct Elsewhere<S, P> {
    /// It ends before its place does.
    store: S,
    #[expect(dead_code, reason = "it is there for as long as this is")]
    there: P,
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

/// Calls are made where they are asked for: what is offloaded to other threads is for other tests. It has no
/// epochs: those of the stores go by the machine's clock, and the programs' clock stands still.
impl<S: Store<Whole>, P: Send + Sync + 'static> Store<Whole> for Elsewhere<S, P> {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Whole>>> {
        self.store.get(key)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Whole>, ttl: Span) -> Reply<'a, ()> {
        self.store.set(key, entry, ttl)
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.store.delete(key)
    }

    fn time_line(&self) -> TimeLine {
        self.store.time_line()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Whole>> {
        self.store.leases()
    }
}
