//! Whether the server could be reached the last time, and the word about it in the log: once when it
//! cannot be, once when it can be again. A region that reaches no store works, and caches nothing.

use std::sync::{Mutex, PoisonError};

use redis::RedisResult;

use crate::trouble::InWords;

pub(super) struct Reach {
    /// The server for human eyes, without a password.
    place: String,
    lost: Mutex<bool>,
}

impl Reach {
    pub(super) fn new(place: String) -> Self {
        let lost = Mutex::new(false);
        Self { place, lost }
    }

    /// Notes how an attempt to connect ended.
    pub(super) fn note<T>(&self, attempt: RedisResult<T>) -> RedisResult<T> {
        let lost = attempt.is_err();
        let was = std::mem::replace(
            &mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner),
            lost,
        );
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
}
