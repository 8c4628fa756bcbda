//! A store in memory that can be switched off.

use std::sync::{Arc, Mutex, PoisonError};

use dogpile::Memory;
use dogpile::backend::{
    Ask, CachedValue, Commit, Fault, Lease, LeaseStore, Leased, Operation, Reply, Span, Store,
    StoreError, TimeLine,
};

/// Whether the store answers.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<Mutex<bool>>);

impl Switch {
    pub(crate) fn turn(&self, off: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = off;
    }

    fn is_off(&self) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Failing {
    memory: Memory<u64>,
    switch: Switch,
}

impl Failing {
    pub(crate) fn new(switch: &Switch) -> Self {
        Self {
            memory: Memory::unbounded(),
            switch: switch.clone(),
        }
    }

    fn unless_off<'a, T>(
        &self,
        operation: Operation,
        key: &[u8],
        work: impl FnOnce() -> Reply<'a, T>,
    ) -> Reply<'a, T> {
        if self.switch.is_off() {
            let error = StoreError::new("failing", operation, key, Fault::Unavailable, "off");
            return Reply::ready(Err(error));
        }
        work()
    }
}

impl Store<u64> for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<u64>>> {
        self.unless_off(Operation::Get, key, || Store::get(&self.memory, key))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<u64>, ttl: Span) -> Reply<'a, ()> {
        self.unless_off(Operation::Set, key, || {
            Store::set(&self.memory, key, entry, ttl)
        })
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.unless_off(Operation::Delete, key, || Store::delete(&self.memory, key))
    }

    fn time_line(&self) -> TimeLine {
        self.memory.time_line()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<u64>> {
        Some(self)
    }
}

impl LeaseStore<u64> for Failing {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<u64>> {
        self.unless_off(Operation::Lease, key, || self.memory.lease(key, ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<u64>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.unless_off(Operation::Commit, key, || {
            self.memory.commit(key, lease, entry, ttl)
        })
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.unless_off(Operation::Lease, key, || {
            self.memory.release(key, lease, failed)
        })
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.unless_off(Operation::Lease, key, || {
            self.memory.renew(key, lease, time)
        })
    }

    fn expires(&self) -> bool {
        false
    }
}
