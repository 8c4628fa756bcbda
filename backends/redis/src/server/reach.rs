//! What the log hears of a server that cannot be reached, or that answers with errors. A region whose
//! store fails works, and caches nothing: nobody would know.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dogpile_backend::{Fault, StoreError};
use redis::RedisResult;

use crate::trouble::InWords;

/// Requests that fail in the same way are told of so often.
const EVERY: Duration = Duration::from_secs(60);

pub(crate) struct Reach {
    /// The server for human eyes, without a password.
    place: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// No connection could be had the last time.
    lost: bool,
    told: HashMap<Fault, Instant>,
}

impl Reach {
    pub(super) fn new(place: String) -> Self {
        let state = Mutex::default();
        Self { place, state }
    }

    /// The server for human eyes.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how an attempt to connect ended.
    pub(super) fn note<T>(&self, attempt: RedisResult<T>) -> RedisResult<T> {
        let lost = attempt.is_err();
        let was = std::mem::replace(&mut self.state().lost, lost);
        match &attempt {
            Err(error) if !was => log::warn!(
                "dogpile: no connection to Redis at {}: {}; nothing is cached there until there is one",
                self.place,
                InWords(error),
            ),
            Ok(_) if was => log::info!("dogpile: Redis at {} is reached again", self.place),
            _ => {}
        }
        attempt
    }

    /// Notes a request that failed.
    pub(crate) fn failed(&self, error: &StoreError) {
        if self.is_news(error.fault, Instant::now()) {
            log::warn!(
                "dogpile: {error} (Redis at {}; other keys may fare the same, and what cannot be \
                 found or stored is created anew each time; told once a minute)",
                self.place,
            );
        }
    }

    fn is_news(&self, fault: Fault, now: Instant) -> bool {
        let mut state = self.state();
        if state.lost {
            return false;
        }
        let told = state.told.get(&fault);
        let news = told.is_none_or(|told| now.duration_since(*told) >= EVERY);
        if news {
            state.told.insert(fault, now);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_once_a_minute_and_not_while_there_is_no_connection() {
        let (reach, now) = (Reach::new("here".into()), Instant::now());
        assert!(reach.is_news(Fault::Full, now));
        assert!(!reach.is_news(Fault::Full, now));
        assert!(reach.is_news(Fault::Refused, now));
        assert!(reach.is_news(Fault::Full, now + EVERY));
        let gone = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(reach.note::<()>(Err(gone.into())).is_err());
        assert!(!reach.is_news(Fault::Unavailable, now));
        assert!(reach.note(Ok(())).is_ok());
        assert!(reach.is_news(Fault::Unavailable, now));
    }
}
