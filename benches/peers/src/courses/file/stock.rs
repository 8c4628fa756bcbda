//! What is asked for, and whoever is asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use dogpile::JsonCodec;
use dogpile::backend::Codec;

use crate::bench::user::User;
use crate::bench::workload;
use crate::error::PeersError;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// A value is there and fresh.
    Hit,
    /// A value takes another's place.
    Set,
}

impl Operation {
    pub(super) const ALL: [Self; 2] = [Self::Hit, Self::Set];

    /// The name in tables, rows and scripts.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Set => "set",
        }
    }
}

/// Somebody who keeps values in files, and has all of them.
pub(super) trait Entrant {
    /// The name in tables and rows.
    fn name(&self, operation: Operation) -> &'static str;

    /// The crate or package behind it, and its version.
    fn package(&self) -> (&'static str, String);

    /// Makes so many calls, as many from each of so many threads, and tells how long they took.
    ///
    /// # Errors
    /// If a hit was none, or a call failed.
    fn run(
        &mut self,
        operation: Operation,
        threads: usize,
        calls: usize,
    ) -> Result<Duration, PeersError>;
}

/// How many bytes the value has as JSON.
pub(super) const PAYLOAD: usize = 103;

/// The keys, the value under each of them, and how many calls found nothing.
#[derive(Clone)]
pub(super) struct Stock {
    pub(super) keys: Arc<[String]>,
    missed: Arc<AtomicU64>,
}

impl Stock {
    pub(super) fn new(keys: usize) -> Self {
        Self {
            keys: (0..keys).map(workload::key).collect(),
            missed: Arc::default(),
        }
    }

    /// What a call gets that found nothing.
    pub(super) fn missed(&self) -> User {
        self.missed.fetch_add(1, Ordering::Relaxed);
        User::sample()
    }

    /// Whether all calls until now were hits.
    ///
    /// # Errors
    /// If they were not.
    pub(super) fn all_hit(&self, contender: &'static str) -> Result<(), PeersError> {
        match self.missed.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            misses => Err(PeersError::Missed { contender, misses }),
        }
    }

    /// The time from the first call of `threads` threads until the last one's end. Each makes its part
    /// of `calls`, one key after the other, and begins at another one.
    ///
    /// # Errors
    /// If a call failed.
    pub(super) fn timed(
        &self,
        threads: usize,
        calls: usize,
        call: impl Fn(&str) -> Result<(), PeersError> + Sync,
    ) -> Result<Duration, PeersError> {
        let ready = Barrier::new(threads);
        let work = |first: usize| {
            let keys = self.keys.iter().cycle().skip(first).take(calls / threads);
            ready.wait();
            let began = Instant::now();
            for key in keys {
                call(key)?;
            }
            Ok((began, Instant::now()))
        };
        let times: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|number| number * self.keys.len() / threads)
                .map(|first| scope.spawn(move || work(first)))
                .collect();
            let ends = threads.into_iter().map(|thread| {
                let contender = "a thread";
                thread
                    .join()
                    .unwrap_or(Err(PeersError::Panicked { contender }))
            });
            ends.collect::<Result<_, PeersError>>()
        })?;
        let began = times.iter().map(|(began, _)| *began).min();
        let ended = times.iter().map(|(_, ended)| *ended).max();
        let took = ended.zip(began).map(|(ended, began)| ended - began);
        Ok(took.unwrap_or_default())
    }
}

/// The value as everybody's codec writes it.
///
/// # Errors
/// Never: it has a form in bytes.
pub(super) fn encoded(value: &User) -> Result<Vec<u8>, PeersError> {
    JsonCodec::new().encode(value).map_err(store)
}

/// A store that would not do as asked.
pub(super) fn store(error: impl std::fmt::Display) -> PeersError {
    PeersError::Store(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_has_the_length_that_rows_tell() {
        assert_eq!(encoded(&User::sample()).expect("JSON").len(), PAYLOAD);
    }
}
