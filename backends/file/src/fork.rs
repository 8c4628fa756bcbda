//! What a forked child does not inherit.
//!
//! A child that is forked without a new program shares its parent's open files, and with them the
//! parent's locks: after the parent's death they would seem to be held. So in the child, before it
//! runs on, each such file is replaced by `/dev/null`. The engine's map of memory must not be used
//! there either; [`generation`] tells one process from the other.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// How many stores one process can have open at once and still be forked rightly.
const ROOM: usize = 64;
const EMPTY: i32 = -1;

// Nothing is ordered by these: the child's handler runs in the only thread that the child has, and
// that thread has forked, so it sees what it saw before.
static FILES: [AtomicI32; ROOM] = [const { AtomicI32::new(EMPTY) }; ROOM];
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// How often this process was forked from one that has a store open, counted from there.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// A file that forked children do not share, until this is dropped.
pub(crate) struct Inherited(Option<&'static AtomicI32>);

impl Inherited {
    pub(crate) fn new(file: &File) -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            // SAFETY: `in_the_child` calls only what is safe after a fork: `open`, `dup2`, `close`.
            let refused = unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
            if refused != 0 {
                log::warn!("no memory to prepare for forks: children share this process's leases");
            }
        });
        let number = file.as_raw_fd();
        let free = FILES.iter().find(|place| {
            let taken = place.compare_exchange(EMPTY, number, Ordering::Relaxed, Ordering::Relaxed);
            taken.is_ok()
        });
        if free.is_none() {
            log::warn!(
                "more than {ROOM} stores are open: forked children share the last ones' leases"
            );
        }
        Self(free)
    }
}

impl Drop for Inherited {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            place.store(EMPTY, Ordering::Relaxed);
        }
    }
}

extern "C" fn in_the_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the path is a C string; what comes back is checked.
    let nothing = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
    for place in &FILES {
        let number = place.load(Ordering::Relaxed);
        if number == EMPTY {
            continue;
        }
        // SAFETY: the number is open, for its `File` takes it out of the list before it closes it;
        // behind it stands another file from now on, so that who owns the number closes that.
        unsafe {
            if nothing == -1 {
                libc::close(number);
            } else {
                libc::dup2(nothing, number);
            }
        }
    }
    if nothing != -1 {
        // SAFETY: opened above, and nobody else knows of it.
        unsafe { libc::close(nothing) };
    }
}
