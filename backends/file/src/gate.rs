//! One at a time among all processes, by a lock that the kernel frees when its holder dies.
//!
//! The engine has mutexes of its own in memory that all processes share. When one of those who wait for such
//! a mutex is killed just as it is woken, nobody is told in its place: a process was seen to sleep for ever
//! beside another that wrote on. So nobody ever waits there: here they do, and not for ever.

use std::io;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use crate::locks::{Locks, OneByte};

/// What is passed one at a time.
pub(crate) struct Gate {
    byte: OneByte,
    /// Threads of one process do not exclude each other by the kernel's lock.
    here: Mutex<()>,
    timeout: Duration,
}

/// Nobody else passes until this is dropped.
pub(crate) struct Passed<'g> {
    byte: OneByte,
    locks: &'g Locks,
    _here: MutexGuard<'g, ()>,
}

/// The kernel wakes who waits for a lock, but lets nobody wait for a while only. So it is tried again, first
/// at once and then after pauses that grow up to this.
const LONGEST_PAUSE: Duration = Duration::from_micros(500);
const AT_ONCE: u32 = 4;
/// As good as for ever.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

impl Gate {
    pub(crate) const fn new(byte: OneByte, timeout: Duration) -> Self {
        Self {
            byte,
            here: Mutex::new(()),
            timeout,
        }
    }

    /// Passes; nothing if another is in there for longer than the timeout.
    pub(crate) fn pass<'g>(&'g self, locks: &'g Locks) -> io::Result<Option<Passed<'g>>> {
        let now = Instant::now();
        let until = now.checked_add(self.timeout).unwrap_or(now + YEAR);
        let Some(here) = self.here.try_lock_until(until) else {
            return Ok(None);
        };
        let mut tried = 0;
        let mut pause = Duration::from_micros(20);
        while !locks.take(self.byte)? {
            tried += 1;
            if tried < AT_ONCE {
                std::thread::yield_now();
                continue;
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(Some(Passed {
            byte: self.byte,
            locks,
            _here: here,
        }))
    }
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        self.locks.give_back(self.byte);
    }
}
