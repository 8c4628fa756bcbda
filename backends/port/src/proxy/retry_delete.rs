//! A delete that failed, tried again.

use std::error::Error as StdError;
use std::sync::{Mutex, PoisonError};

use super::{Beneath, Proxy};
use crate::{CachedValue, Coming, Fault, Local, Reply, StoreError, TwoWay};

type Report = Box<dyn Fn(&StoreError) + Send + Sync>;

/// Tries a delete again, at once, that failed; a delete is an invalidation, and one that is lost
/// leaves a wrong value standing. What a store [refuses](Fault::Refused) is not tried again.
///
/// ```
/// use dogpile_backend::proxy::RetryDelete;
/// let retry = RetryDelete::new(3).report(|error| eprintln!("to be tried again: {error}"));
/// assert_eq!(retry.retried(), 0);
/// ```
pub struct RetryDelete {
    tries: u32,
    retried: Mutex<u64>,
    report: Option<Report>,
}

/// Why a delete failed for good: so many tries failed.
#[derive(Debug, thiserror::Error)]
#[error("none of {tries} tries succeeded; the last failed so: {last}")]
pub struct RetriedInVain {
    /// How often it was tried.
    pub tries: u32,
    /// What the last try ended with.
    #[source]
    pub last: Box<dyn StdError + Send + Sync>,
}

impl RetryDelete {
    /// At most `tries` tries for each delete, the first one included; zero counts as one.
    pub fn new(tries: u32) -> Self {
        Self {
            tries: tries.max(1),
            retried: Mutex::new(0),
            report: None,
        }
    }

    /// Calls `report` with what each try ended with after which there is another.
    #[must_use]
    pub fn report(mut self, report: impl Fn(&StoreError) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// How many tries there were beyond the first ones.
    pub fn retried(&self) -> u64 {
        *self.retried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end after the try with this number, unless there is to be another.
    fn ends(&self, tried: u32, answer: Result<(), StoreError>) -> Option<Result<(), StoreError>> {
        match answer {
            Err(error) if error.fault == Fault::Refused => Some(Err(error)),
            Err(error) if tried < self.tries => {
                *self.retried.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                if let Some(report) = &self.report {
                    report(&error);
                }
                None
            }
            Err(error) if tried > 1 => Some(Err(StoreError {
                source: Box::new(RetriedInVain {
                    tries: tried,
                    last: error.source,
                }),
                ..error
            })),
            end => Some(end),
        }
    }
}

/// A delete whose answers come later.
struct Trying<'a, V: 'static> {
    proxy: &'a RetryDelete,
    beneath: Beneath<'a, V>,
    key: &'a [u8],
}

impl<'a, V: 'static> TwoWay<'a, ()> for Trying<'a, V> {
    fn wait(self: Box<Self>) -> Result<(), StoreError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let answer = self.beneath.delete(self.key).wait();
            if let Some(end) = self.proxy.ends(tried, answer) {
                return end;
            }
        }
    }

    fn later(self: Box<Self>) -> Coming<'a, ()> {
        Box::pin(async move {
            let mut tried = 0;
            loop {
                tried += 1;
                let answer = self.beneath.delete(self.key).await;
                if let Some(end) = self.proxy.ends(tried, answer) {
                    return end;
                }
            }
        })
    }
}

impl<V: 'static> Proxy<V> for RetryDelete {
    fn delete<'a>(&'a self, beneath: Beneath<'a, V>, key: &'a [u8]) -> Reply<'a, ()> {
        let mut tried = 0;
        loop {
            tried += 1;
            let reply = beneath.delete(key);
            if !reply.is_ready() {
                // It has done nothing yet, nor has one before it: a store's answers are of one form.
                let proxy = self;
                return Reply::either(Trying {
                    proxy,
                    beneath,
                    key,
                });
            }
            if let Some(end) = self.ends(tried, reply.wait()) {
                return Reply::ready(end);
            }
        }
    }

    fn look_local(
        &self,
        beneath: Beneath<'_, V>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&V>),
    ) -> Local {
        beneath.look_local(key, lend)
    }
}
