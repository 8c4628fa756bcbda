//! One call of a contender, checked from outside.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use super::Stage;
use super::round::Returned;
use crate::batch::Question;
use crate::clock::nanos;
use crate::contender::{CallError, Origin, Pending, Served};
use crate::creator::{CreatorError, Record};
use crate::keys::Key;

impl Stage {
    /// Asks on this thread, timed by it.
    pub(crate) fn timed_question(&self, question: &Question) -> Returned {
        match question {
            Question::One(key) => self.timed(*key),
            Question::Many(keys) => {
                let begun_ns = self.clock.now();
                let served = self.ask_many(keys);
                Returned::from(begun_ns, self.clock.now(), served)
            }
        }
    }

    /// Asks for all of `keys` on this thread, whatever comes of it.
    pub(crate) fn ask_once(&self, keys: &[Key]) {
        let _ = match keys {
            [key] if self.batches.size.is_none() => self.ask(*key).map(drop),
            _ => self.ask_many(keys).map(drop),
        };
    }

    /// Asks for `keys` in one call on this thread.
    pub(super) fn ask_many(&self, keys: &[Key]) -> Result<Origin, CallError> {
        let (asked_ns, ran) = (self.clock.now(), AtomicBool::new(false));
        let create = |missing: &[Key]| {
            ran.store(true, Ordering::Relaxed);
            let flights = missing.iter().map(|key| self.ledger.begin(*key, asked_ns));
            self.creator.create_many(flights.collect())
        };
        let call = || self.contender.get_or_create_many(keys, &create);
        let records = catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(CallError::Panicked))?;
        in_order(keys, &records)?;
        // Nobody says of a batch where its values came from, but their ages do.
        let youngest = records.iter().map(|record| record.created_ns).max();
        let youngest_ns = youngest.unwrap_or(0);
        Ok(if ran.load(Ordering::Relaxed) {
            Origin::Created
        } else if youngest_ns >= asked_ns {
            Origin::Shared
        } else if asked_ns - youngest_ns >= nanos(self.fresh) {
            Origin::Stale
        } else {
            Origin::Hit
        })
    }

    /// Asks for `key` on this thread, timed by it.
    pub(crate) fn timed(&self, key: Key) -> Returned {
        let begun_ns = self.clock.now();
        let served = self.ask(key);
        Returned::new(begun_ns, self.clock.now(), served)
    }

    /// Asks for `key` in this task, timed by it.
    pub(super) async fn timed_async(&self, key: Key) -> Returned {
        let begun_ns = self.clock.now();
        let served = self.ask_async(key).await;
        Returned::new(begun_ns, self.clock.now(), served)
    }

    /// Asks for `key` on this thread.
    pub(super) fn ask(&self, key: Key) -> Result<Served, CallError> {
        let (asked_ns, ran) = (self.clock.now(), AtomicBool::new(false));
        let create = || {
            ran.store(true, Ordering::Relaxed);
            self.creator.create(self.ledger.begin(key, asked_ns))
        };
        let call = || self.contender.get_or_create(key, &create);
        let served = catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(CallError::Panicked));
        checked(key, served, ran.load(Ordering::Relaxed))
    }

    /// Asks for `key` in this task.
    pub(super) async fn ask_async(&self, key: Key) -> Result<Served, CallError> {
        let (asked_ns, ran) = (self.clock.now(), AtomicBool::new(false));
        let create = || -> Pending<'_, Result<Record, CreatorError>> {
            ran.store(true, Ordering::Relaxed);
            Box::pin(self.creator.create_async(self.ledger.begin(key, asked_ns)))
        };
        let mut call = self.contender.get_or_create_async(key, &create);
        let caught = std::future::poll_fn(|context| {
            catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)))
                .unwrap_or(Poll::Ready(Err(CallError::Panicked)))
        });
        let served = caught.await;
        drop(call);
        checked(key, served, ran.load(Ordering::Relaxed))
    }

    /// Deletes `key` on this thread, recorded like a creation.
    pub(super) fn delete(&self, key: Key) -> Result<(), CallError> {
        let start_ns = self.ledger.deleting(key);
        let deleted = self.contender.delete(key);
        self.ledger.deleted(key, start_ns);
        deleted
    }

    /// Deletes `key` in this task, recorded like a creation.
    pub(super) async fn delete_async(&self, key: Key) -> Result<(), CallError> {
        let start_ns = self.ledger.deleting(key);
        let deleted = self.contender.delete_async(key).await;
        self.ledger.deleted(key, start_ns);
        deleted
    }
}

/// Refuses a batch that is not the values of these keys in their order.
fn in_order(keys: &[Key], records: &[Record]) -> Result<(), CallError> {
    if keys.len() != records.len() {
        return Err(CallError::WrongCount {
            asked: keys.len(),
            got: records.len(),
        });
    }
    let mut pairs = keys.iter().zip(records);
    match pairs.find(|(key, record)| record.key != **key) {
        Some((key, record)) => Err(CallError::WrongValue {
            asked: *key,
            got: record.key,
        }),
        None => Ok(()),
    }
}

/// Refuses a value of another key, and a contender that errs about who created.
fn checked(key: Key, served: Result<Served, CallError>, ran: bool) -> Result<Served, CallError> {
    let served = served?;
    if served.record.key != key {
        return Err(CallError::WrongValue {
            asked: key,
            got: served.record.key,
        });
    }
    if ran != served.origin.ran() {
        return Err(CallError::WrongOrigin {
            origin: served.origin,
            ran,
        });
    }
    Ok(served)
}
