//! A store around another, which does what a test wants at a point of a call.

use std::sync::{Arc, Mutex};

use dogpile::Config;
use dogpile::backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, Reply, Span, Store, TimeLine, Watch,
};

/// Where a call is at its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Look,
    Looked,
    Lease,
    Leased,
    Commit,
    Committed,
    Release,
    Set,
    WasSet,
}

type Hook = Box<dyn FnOnce() + Send>;

/// What is to be done where; each is done once.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Arc<Mutex<Vec<(Point, Hook)>>>);

impl Hooks {
    pub(crate) fn at(&self, point: Point, hook: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap().push((point, Box::new(hook)));
    }

    /// Whether everything was done.
    pub(crate) fn are_done(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    fn reach(&self, point: Point) {
        let hook = {
            let mut hooks = self.0.lock().unwrap();
            let at = hooks.iter().position(|(at, _)| *at == point);
            at.map(|at| hooks.remove(at).1)
        };
        if let Some(hook) = hook {
            hook();
        }
    }
}

pub(crate) struct Hooked<S> {
    store: S,
    hooks: Hooks,
}

impl<S: Store<u64>> Hooked<S> {
    pub(crate) fn config(store: S, hooks: &Hooks) -> Config<u64> {
        let hooks = hooks.clone();
        Config::new(Self { store, hooks })
    }

    fn inner(&self) -> &dyn LeaseStore<u64> {
        self.store.leases().unwrap()
    }

    fn between<T>(&self, before: Point, after: Point, call: impl FnOnce() -> T) -> T {
        self.hooks.reach(before);
        let answer = call();
        self.hooks.reach(after);
        answer
    }
}

impl<S: Store<u64>> Store<u64> for Hooked<S> {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<u64>>> {
        self.between(Point::Look, Point::Looked, || self.store.get(key))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<u64>, ttl: Span) -> Reply<'a, ()> {
        self.between(Point::Set, Point::WasSet, || {
            self.store.set(key, entry, ttl)
        })
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.store.delete(key)
    }

    fn time_line(&self) -> TimeLine {
        self.store.time_line()
    }

    fn blocks(&self) -> bool {
        self.store.blocks()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<u64>> {
        Some(self)
    }
}

impl<S: Store<u64>> LeaseStore<u64> for Hooked<S> {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<u64>> {
        self.between(Point::Lease, Point::Leased, || self.inner().lease(key, ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<u64>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.between(Point::Commit, Point::Committed, || {
            self.inner().commit(key, lease, entry, ttl)
        })
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.hooks.reach(Point::Release);
        self.inner().release(key, lease, failed)
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.inner().renew(key, lease, time)
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.inner().watch(key, bell)
    }

    fn expires(&self) -> bool {
        self.inner().expires()
    }
}
