//! A store that two processes share, with epochs in it: each answer takes a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dogpile::Memory;
use dogpile::backend::{
    CachedValue, EpochStore, Epochs, Invalidation, LeaseStore, Reply, Span, Store, Time, TimeLine,
};

use crate::world::step;

/// One process's handle on it. Its lock is no point of the schedule.
#[derive(Clone)]
pub struct Far {
    memory: Memory<u64>,
    epochs: Arc<Mutex<HashMap<String, Epochs>>>,
}

impl Far {
    /// A store in which nothing is.
    pub fn empty() -> Self {
        Self {
            memory: Memory::unbounded(),
            epochs: Arc::default(),
        }
    }

    fn change(&self, region: &str, change: impl FnOnce(&mut Epochs)) -> Epochs {
        step();
        let mut all = self.epochs.lock().unwrap_or_else(PoisonError::into_inner);
        let epochs = all.entry(region.to_owned()).or_default();
        change(epochs);
        let now = *epochs;
        drop(all);
        step();
        now
    }
}

impl Store<u64> for Far {
    fn name(&self) -> &'static str {
        "far"
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<u64>>> {
        step();
        let found = self.memory.get(key).wait();
        step();
        Reply::ready(found)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<u64>, ttl: Span) -> Reply<'a, ()> {
        Store::set(&self.memory, key, entry, ttl)
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        Store::delete(&self.memory, key)
    }

    fn time_line(&self) -> TimeLine {
        self.memory.time_line()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<u64>> {
        self.memory.leases()
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}

/// Time stands still: numbers are counted.
impl EpochStore for Far {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        Reply::ok(self.change(region, |_| ()))
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        Reply::ok(self.change(region, |epochs| {
            let raised = epochs.current().raised(Time::ZERO);
            match how {
                Invalidation::Hard => epochs.hard = raised,
                Invalidation::Soft => epochs.soft = raised,
            }
        }))
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        self.change(region, |epochs| {
            epochs.hard = epochs.hard.max(known.hard);
            epochs.soft = epochs.soft.max(known.soft);
        });
        Reply::ok(())
    }
}
