//! Waiting for what another process does: looking at the real state, again and again.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;

/// How long anything may take before a test is told that it did not happen. Generous, since a
/// machine under load is no failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks. Another process sends no event for what it has become.
const PAUSE: Duration = Duration::from_millis(5);

/// What a look saw.
pub(crate) enum Seen<T> {
    /// It came about.
    Yes(T),
    /// Not yet, for this reason.
    NotYet(String),
}

/// Looks until `look` sees it. A server that does not answer is looked at again.
pub(crate) fn until<T>(
    what: impl Into<String>,
    mut look: impl FnMut() -> Result<Seen<T>, Error>,
) -> Result<T, Error> {
    let start = Instant::now();
    loop {
        let reason = match look() {
            Ok(Seen::Yes(seen)) => return Ok(seen),
            Ok(Seen::NotYet(reason)) => reason,
            Err(error) if error.may_pass() => error.to_string(),
            Err(error) => return Err(error),
        };
        if start.elapsed() > PATIENCE {
            return Err(Error::TooLong {
                what: what.into(),
                waited: start.elapsed(),
                last: reason,
            });
        }
        thread::sleep(PAUSE);
    }
}
