//! Threads that read, and how an engine is closed while some of them end.
//!
//! The engine keeps a place for each thread that reads, and has the C library free it at the thread's end.
//! That comes after the end of what Rust keeps for the thread, and writes to memory that closing the
//! engine takes away. So a thread that has read says so when it ends, and whoever closes an engine first waits until
//! those who said so are gone. Nobody can begin to end meanwhile; and of an engine that is closed the C library
//! frees nothing more.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread's end may take. One that seems to take longer is another that has got its number.
const END: Duration = Duration::from_secs(1);
/// From how many on those are forgotten who are gone.
const MANY: usize = 64;

/// Threads that have read and are about to end.
static ENDING: Mutex<Vec<libc::pid_t>> = Mutex::new(Vec::new());

fn ending() -> MutexGuard<'static, Vec<libc::pid_t>> {
    ENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// The engines among whose readers this thread is.
    static KNOWN: Known = const { Known(RefCell::new(Vec::new())) };
}

struct Known(RefCell<Vec<u64>>);

impl Drop for Known {
    fn drop(&mut self) {
        if self.0.get_mut().is_empty() {
            return;
        }
        let mut ending = ending();
        if ending.len() >= MANY {
            ending.retain(|thread| is_there(*thread));
        }
        ending.push(rustix::thread::gettid().as_raw_nonzero().get());
    }
}

/// Whether this thread is among the readers of an engine. Once it is, it waits for nobody.
pub(crate) fn is_known(engine: u64) -> bool {
    // A thread at its very end is none any more.
    let known = KNOWN.try_with(|known| known.0.borrow().contains(&engine));
    known.unwrap_or(false)
}

/// Remembers that it is.
pub(crate) fn know(engine: u64) {
    let _ = KNOWN.try_with(|known| known.0.borrow_mut().push(engine));
}

/// Closes an engine by `close`, after all threads that were about to end.
pub(crate) fn close(close: impl FnOnce()) {
    let mut ending = ending();
    let (me, until) = (
        rustix::thread::gettid().as_raw_nonzero().get(),
        Instant::now() + END,
    );
    for thread in ending.drain(..) {
        while thread != me && is_there(thread) && Instant::now() < until {
            std::thread::yield_now();
        }
    }
    close();
}

fn is_there(thread: libc::pid_t) -> bool {
    // SAFETY: signal 0 is none; it is only looked whether this process has such a thread.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) == 0 }
}
