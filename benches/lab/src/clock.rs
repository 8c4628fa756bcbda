//! One monotonic time axis for a whole run, in nanoseconds since the laboratory started. All processes of a
//! run have it: the machine counts it, not the process.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Reads nanoseconds since its own creation; copies share the same zero, also in other processes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Clock {
    zero_ns: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            zero_ns: monotonic(),
        }
    }

    pub(crate) fn now(self) -> u64 {
        monotonic().saturating_sub(self.zero_ns)
    }

    /// Sleeps until that moment; not at all if it has passed.
    pub(crate) fn sleep_until(self, at_ns: u64) {
        std::thread::sleep(Duration::from_nanos(at_ns.saturating_sub(self.now())));
    }
}

/// A duration in nanoseconds, saturating after 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn monotonic() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}
