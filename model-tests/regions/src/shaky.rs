//! A store that does not always answer, and whose answers take a while: others go on meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use dogpile::Memory;
use dogpile::backend::{
    Ask, Bell, CachedValue, Commit, Fault, Lease, LeaseStore, Leased, Operation, Reply, Span,
    Store, StoreError, Time, TimeLine, Watch,
};
use shuttle::rand::{Rng, thread_rng};

use crate::value::Value;
use crate::world::step;

/// Whether operations may fail. Its lock is no point of the schedule.
#[derive(Clone, Default)]
pub struct Weather(Arc<Mutex<bool>>);

impl Weather {
    /// From now on they may, or not.
    pub fn is_foul(&self, foul: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = foul;
    }

    /// Once in three times while the weather is foul.
    fn strikes(&self) -> bool {
        let foul = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        foul && thread_rng().gen_range(0..3) == 0
    }
}

/// Memory behind a line that is cut now and then.
pub struct Shaky {
    memory: Memory<Value>,
    weather: Weather,
}

impl Shaky {
    /// A store that goes by `weather`.
    pub fn new(weather: &Weather) -> Self {
        Self {
            memory: Memory::unbounded(),
            weather: weather.clone(),
        }
    }

    fn inside(&self) -> &dyn LeaseStore<Value> {
        let Some(leases) = self.memory.leases() else {
            unreachable!("memory has leases")
        };
        leases
    }

    /// Does `work`, or fails without it.
    fn answer<'a, T: Send + 'a>(
        &self,
        operation: Operation,
        key: &[u8],
        work: impl FnOnce() -> Reply<'a, T>,
    ) -> Reply<'a, T> {
        step();
        if self.weather.strikes() {
            return Reply::ready(Err(cut(operation, key)));
        }
        let answer = work().wait();
        step();
        Reply::ready(answer)
    }

    /// The same for what writes: it may also be done, and its answer lost.
    fn write<'a>(
        &self,
        operation: Operation,
        key: &[u8],
        work: impl FnOnce() -> Reply<'a, ()>,
    ) -> Reply<'a, ()> {
        let written = self.answer(operation, key, work).wait();
        Reply::ready(match written {
            Ok(()) if self.weather.strikes() => Err(cut(operation, key)),
            told => told,
        })
    }
}

fn cut(operation: Operation, key: &[u8]) -> StoreError {
    StoreError::new(
        "shaky",
        operation,
        key,
        Fault::Unavailable,
        "the line is cut",
    )
}

impl Store<Value> for Shaky {
    fn name(&self) -> &'static str {
        "shaky"
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Value>>> {
        self.answer(Operation::Get, key, || self.memory.get(key))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Value>, ttl: Span) -> Reply<'a, ()> {
        self.write(Operation::Set, key, || {
            Store::set(&self.memory, key, entry, ttl)
        })
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.write(Operation::Delete, key, || Store::delete(&self.memory, key))
    }

    fn time_line(&self) -> TimeLine {
        self.memory.time_line()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Value>> {
        Some(self)
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        Store::maintain(&self.memory, now)
    }
}

/// Leases do not run out here, so what gives one back always arrives.
impl LeaseStore<Value> for Shaky {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Value>> {
        self.answer(Operation::Lease, key, || self.inside().lease(key, ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Value>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.answer(Operation::Commit, key, || {
            self.inside().commit(key, lease, entry, ttl)
        })
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.inside().release(key, lease, failed)
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.inside().renew(key, lease, time)
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.inside().watch(key, bell)
    }

    fn expires(&self) -> bool {
        self.inside().expires()
    }
}
