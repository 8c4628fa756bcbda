//! A store that does not answer is left alone for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Beneath, Proxy};
use crate::{
    Ask, CachedValue, Clock, Commit, Epochs, Fault, Invalidation, Lease, Leased, Local, Operation,
    Reply, Span, StoreError, SystemClock, Time,
};

/// After some failures in a row the store is not asked for a while: each operation is an error at once, so
/// that a region goes on without it instead of waiting for one time-out after another. When the time is over
/// the first operation tries again, while all others are errors still; its success closes the circuit.
///
/// Only what says that the store is away counts: [`Fault::Unavailable`] and [`Fault::Other`]. What it refuses,
/// or has no room for, was answered. Giving a lease back is not kept from the store.
///
/// ```
/// use dogpile_backend::proxy::CircuitBreaker;
/// use std::time::Duration;
/// let breaker = CircuitBreaker::new(5, Duration::from_secs(10));
/// assert!(!breaker.is_open());
/// ```
///
/// The pattern is M. Nygard's, *Release It!*, 2007.
#[derive(Clone)]
pub struct CircuitBreaker {
    failures: u32,
    rest: Span,
    clock: Arc<dyn Clock>,
    circuit: Arc<Mutex<Circuit>>,
}

/// Why the store was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the store failed {failures} times in a row and is left alone (`CircuitBreaker`); it is asked again in {rest:?}"
)]
pub struct CircuitOpen {
    /// How often it failed.
    pub failures: u32,
    /// For how long it is left alone still, or until the one who tries has an answer.
    pub rest: Duration,
}

#[derive(Debug, Default)]
struct Circuit {
    /// In a row, so far.
    failures: u32,
    /// Until then nobody asks.
    until: Option<Time>,
    /// How many trials began: an answer to an older one says nothing.
    trial: u64,
}

/// The right to ask once, and how to tell what came of it.
struct Ticket {
    circuit: Arc<Mutex<Circuit>>,
    most: u32,
    rest: Span,
    clock: Arc<dyn Clock>,
    /// The number of the trials that began before it was given, its own included.
    trial: u64,
    /// Whether it is the trial itself, and has told nothing yet.
    tries: bool,
}

impl CircuitBreaker {
    /// Leaves the store alone for `rest` after so many `failures` in a row; zero counts as one.
    pub fn new(failures: u32, rest: Duration) -> Self {
        Self {
            failures: failures.max(1),
            rest: rest.into(),
            clock: Arc::new(SystemClock),
            circuit: Arc::default(),
        }
    }

    /// Reads the time from `clock`: a [`ManualClock`](crate::ManualClock) in a test.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Whether the store is left alone at this moment. Clones tell of the same.
    pub fn is_open(&self) -> bool {
        let until = lock(&self.circuit).until;
        until.is_some_and(|until| self.clock.monotonic() < until)
    }

    fn ask<'a, V: 'static, T: Send + 'a>(
        &self,
        beneath: Beneath<'a, V>,
        operation: Operation,
        key: &[u8],
        start: impl FnOnce() -> Reply<'a, T>,
    ) -> Reply<'a, T> {
        match self.ticket() {
            Ok(mut ticket) => start().then(move |answer| {
                ticket.answered(answer.as_ref().err());
                answer
            }),
            Err(open) => {
                let fault = Fault::Unavailable;
                Reply::ready(Err(StoreError::new(
                    beneath.name(),
                    operation,
                    key,
                    fault,
                    open,
                )))
            }
        }
    }

    fn ticket(&self) -> Result<Ticket, CircuitOpen> {
        let mut circuit = lock(&self.circuit);
        let now = self.clock.monotonic();
        let tries = circuit.until.is_some();
        match circuit.until {
            Some(until) if now < until => {
                return Err(CircuitOpen {
                    failures: circuit.failures,
                    rest: until.since(now).to_duration(),
                });
            }
            // This one tries; all others wait as long again, in case it never tells.
            Some(_) => {
                circuit.until = Some(now.after(self.rest));
                circuit.trial += 1;
            }
            None => {}
        }
        Ok(Ticket {
            circuit: Arc::clone(&self.circuit),
            most: self.failures,
            rest: self.rest,
            clock: Arc::clone(&self.clock),
            trial: circuit.trial,
            tries,
        })
    }
}

impl Ticket {
    fn answered(&mut self, error: Option<&StoreError>) {
        self.tries = false;
        let mut circuit = lock(&self.circuit);
        let is_away = |error: &StoreError| matches!(error.fault, Fault::Unavailable | Fault::Other);
        if self.trial != circuit.trial {
            return;
        }
        if !error.is_some_and(is_away) {
            (circuit.failures, circuit.until) = (0, None);
            return;
        }
        circuit.failures = circuit.failures.saturating_add(1);
        if circuit.failures >= self.most {
            circuit.until = Some(self.clock.monotonic().after(self.rest));
        }
    }
}

/// Whoever was to try and never did leaves it to the next.
impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.tries {
            return;
        }
        let mut circuit = lock(&self.circuit);
        if self.trial == circuit.trial && circuit.until.is_some() {
            circuit.until = Some(self.clock.monotonic());
        }
    }
}

fn lock(circuit: &Mutex<Circuit>) -> MutexGuard<'_, Circuit> {
    circuit.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<V: Send + 'static> Proxy<V> for CircuitBreaker {
    fn look_local(
        &self,
        beneath: Beneath<'_, V>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&V>),
    ) -> Local {
        beneath.look_local(key, lend)
    }

    fn get<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
    ) -> Reply<'a, Option<CachedValue<V>>> {
        self.ask(beneath, Operation::Get, key, || beneath.get(key))
    }

    fn set<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, ()> {
        self.ask(beneath, Operation::Set, key, || {
            beneath.set(key, entry, ttl)
        })
    }

    fn delete<'a>(&'a self, beneath: Beneath<'a, V>, key: &'a [u8]) -> Reply<'a, ()> {
        self.ask(beneath, Operation::Delete, key, || beneath.delete(key))
    }

    fn lease<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        ask: Ask<'a>,
    ) -> Reply<'a, Leased<V>> {
        self.ask(beneath, Operation::Lease, key, || beneath.lease(key, ask))
    }

    fn commit<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let start = || beneath.commit(key, lease, entry, ttl);
        self.ask(beneath, Operation::Commit, key, start)
    }

    fn read_epochs<'a>(&'a self, beneath: Beneath<'a, V>, region: &'a str) -> Reply<'a, Epochs> {
        let start = || beneath.read_epochs(region);
        self.ask(beneath, Operation::Epoch, region.as_bytes(), start)
    }

    fn raise_epochs<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        region: &'a str,
        how: Invalidation,
    ) -> Reply<'a, Epochs> {
        let start = || beneath.raise_epochs(region, how);
        self.ask(beneath, Operation::Epoch, region.as_bytes(), start)
    }
}
