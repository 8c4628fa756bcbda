//! A configured region: what a hit needs first, what the long way needs behind it.

use std::sync::Arc;

use dogpile_backend::{
    CachedValue, Clock, Invalidation, KeyBuffer, Lease, Mangle, Metadata, Policy, Span, Stamp,
    Store, StoreError, SystemClock, Time, TimeLine, Verdict,
};
use dogpile_core::epochs::EpochCell;

use super::answer::{Answer, Known, Origin};
use super::config::{Config, Settings};
use super::hold::give_back;
use super::kept::{Kept, Mark};
use crate::clockwork::Clockwork;
use crate::flight::{Opened, Outcome};

/// Below this, freshness is measured with the precise clock.
const FINE: Span = Span::from_millis(250);

pub(crate) struct Active<V: Send + Sync + 'static> {
    store: Hot<V>,
    pub(super) policy: Policy,
    pub(super) clock: Clockwork,
    line: TimeLine,
    fine: bool,
    /// Ages are measured by the machine's coarse clock, called directly.
    quick: bool,
    pub(super) epochs: Arc<EpochCell<crate::kit::Local>>,
    pub(super) mangler: Option<Arc<dyn Mangle>>,
    pub(super) opened: Arc<Opened<V>>,
    pub(super) settings: Settings<V>,
    pub(super) kept: Kept<V>,
}

/// The store as the hit path calls it: memory directly, any other through its trait.
enum Hot<V> {
    #[cfg(feature = "memory")]
    Memory(dogpile_memory::Memory<V>),
    Other(Arc<dyn Store<V>>),
}

impl<V: Clone + Send + Sync + 'static> Active<V> {
    pub(super) fn open(region: &str, config: Config<V>) -> Self {
        let policy = config.policy();
        let hot = Hot::of(&config.store);
        let opened = Opened::open(config.store);
        let line = opened.store.time_line();
        let fine = policy.fresh_for < FINE || policy.stale_for < FINE;
        let by_machine = matches!(config.clock, Clockwork::System) && line == TimeLine::Process;
        Self {
            store: hot,
            policy,
            clock: config.clock,
            line,
            fine,
            quick: by_machine && !fine,
            epochs: opened.epochs(region),
            mangler: config.mangler,
            kept: Kept::new(config.calls.keep_last),
            opened,
            settings: config.calls,
        }
    }

    /// Uses a fresh value under the user's `key` where it lies. `None`: take the long way.
    #[inline]
    pub(super) fn hit<R>(&self, key: &[u8], using: impl FnOnce(&V) -> R) -> Option<R> {
        match &self.mangler {
            None => self.hit_mangled(key, using),
            Some(mangler) => {
                let mut buffer = KeyBuffer::new();
                self.hit_mangled(mangler.mangle(key, &mut buffer), using)
            }
        }
    }

    #[inline]
    fn hit_mangled<R>(&self, key: &[u8], using: impl FnOnce(&V) -> R) -> Option<R> {
        match &self.store {
            #[cfg(feature = "memory")]
            Hot::Memory(memory) => memory
                .lend(key, |entry| {
                    self.is_fresh(&entry.metadata).then(|| using(entry.value))
                })
                .flatten(),
            Hot::Other(store) => {
                let (mut using, mut used) = (Some(using), None);
                store.look_local(key, &mut |entry| {
                    if self.is_fresh(&entry.metadata) {
                        used = using.take().map(|using| using(entry.value));
                    }
                });
                used
            }
        }
    }

    /// A value that is fresh by a call's own policy, with its age, where it lies.
    pub(super) fn hit_at(&self, key: &[u8], policy: &Policy) -> Option<Answer<V>> {
        let mut buffer = KeyBuffer::new();
        let key = match &self.mangler {
            None => key,
            Some(mangler) => mangler.mangle(key, &mut buffer),
        };
        let mut answer = None;
        self.opened.store.look_local(key, &mut |entry| {
            let now = self.now();
            if policy.is_fresh(&entry.metadata, self.epochs.floor(), now) {
                answer = Some(Answer {
                    value: entry.value.clone(),
                    origin: Origin::Hit,
                    age: now.since(entry.metadata.created).to_duration(),
                });
            }
        });
        answer
    }

    #[inline]
    fn is_fresh(&self, metadata: &Metadata) -> bool {
        let now = if self.quick {
            SystemClock.coarse()
        } else {
            self.now()
        };
        self.policy.is_fresh(metadata, self.epochs.floor(), now)
    }

    pub(super) fn judge(&self, policy: &Policy, metadata: &Metadata) -> Verdict {
        policy.judge(metadata, self.epochs.read(), self.now())
    }

    /// The time on the store's line, as precise as the policy asks.
    pub(super) fn now(&self) -> Time {
        if self.fine {
            return self.clock.now(self.line);
        }
        self.clock.coarse(self.line)
    }

    /// The precise time on the store's line, for a creation.
    pub(super) fn precisely_now(&self) -> Time {
        self.clock.now(self.line)
    }

    /// The user's key as the store knows it.
    pub(super) fn mangled(&self, key: &[u8]) -> Box<[u8]> {
        match &self.mangler {
            None => key.into(),
            Some(mangler) => mangler.mangle(key, &mut KeyBuffer::new()).into(),
        }
    }

    /// How long a store has to keep what is written now.
    pub(super) fn time_to_live(&self, policy: &Policy) -> Span {
        policy.lifetime().plus(self.settings.creation_limit)
    }
}

impl<V: Clone + Send + Sync + 'static> Hot<V> {
    fn of(store: &Arc<dyn Store<V>>) -> Self {
        #[cfg(feature = "memory")]
        {
            let any: &dyn std::any::Any = &**store;
            if let Some(memory) = any.downcast_ref::<dogpile_memory::Memory<V>>() {
                return Self::Memory(memory.clone());
            }
        }
        Self::Other(Arc::clone(store))
    }
}

/// What writes from outside do, beside the store.
impl<V: Clone + Send + Sync + 'static> Active<V> {
    /// A value from outside, as it is stored.
    pub(super) fn entry(&self, value: V) -> CachedValue<V> {
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: self.epochs.read().current(),
            created: self.precisely_now(),
        };
        CachedValue { value, metadata }
    }

    pub(super) fn lifetime(&self) -> Span {
        self.time_to_live(&self.policy)
    }

    /// The store has acted on a `set`; now the flight, whatever the store said.
    pub(super) fn was_set(
        &self,
        key: &[u8],
        entry: CachedValue<V>,
        mark: Mark,
        written: Result<(), StoreError>,
    ) -> Result<(), Arc<StoreError>> {
        match written {
            Ok(()) => self.kept.write(key, &entry, mark),
            Err(_) => self.kept.forget(key),
        }
        let committed = written.is_ok();
        let lease = self.opened.flights.detach(key, || {
            committed.then(|| {
                Arc::new(Outcome::Value {
                    value: entry,
                    committed,
                })
            })
        });
        self.end(key, lease);
        written.map_err(Arc::new)
    }

    /// The store has acted on a `delete`; now the flight, whatever the store said.
    pub(super) fn was_deleted(
        &self,
        key: &[u8],
        deleted: Result<(), StoreError>,
    ) -> Result<(), Arc<StoreError>> {
        self.kept.forget(key);
        let lease = self.opened.flights.detach(key, || None);
        self.end(key, lease);
        deleted.map_err(Arc::new)
    }

    /// A creator without a flight shall not keep its lease: nobody could join it or take over.
    fn end(&self, key: &[u8], lease: Option<Lease>) {
        if let Some(lease) = lease {
            give_back(&self.opened, key, lease);
        }
    }

    /// Raises an epoch in this process.
    pub(super) fn raise(&self, how: Invalidation) {
        let now = self.clock.now(TimeLine::Wall);
        match how {
            Invalidation::Hard => self.epochs.raise_hard(now),
            Invalidation::Soft => self.epochs.raise_soft(now),
        }
    }

    pub(super) fn known(&self, metadata: &Metadata) -> Known {
        Known {
            age: self.now().since(metadata.created).to_duration(),
            verdict: self.judge(&self.policy, metadata),
            metadata: *metadata,
        }
    }
}
