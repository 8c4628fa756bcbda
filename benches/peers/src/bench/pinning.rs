//! Ties threads to cores, so that the scheduler does not move a measurement about.

/// The cores this process may use, and whether threads can be tied to them.
#[derive(Debug, Clone)]
pub struct Cores {
    /// Numbers of the cores; empty where the system does not tell.
    allowed: Vec<usize>,
}

impl Cores {
    /// The cores the system lets this process run on.
    pub fn allowed() -> Self {
        Self { allowed: allowed() }
    }

    /// How many threads run at the same time.
    pub fn count(&self) -> usize {
        if self.allowed.is_empty() {
            std::thread::available_parallelism().map_or(1, usize::from)
        } else {
            self.allowed.len()
        }
    }

    /// Where the threads of a measurement run, for the record.
    pub fn describe(&self) -> String {
        if self.allowed.is_empty() {
            "not pinned: this system does not offer it".to_owned()
        } else {
            format!(
                "thread i on core i modulo {} of {:?}",
                self.allowed.len(),
                self.allowed
            )
        }
    }

    /// Ties the calling thread to a core of its own, in turn; does nothing where that cannot be had.
    pub fn pin(&self, thread: usize) {
        if !self.allowed.is_empty() {
            pin(self.allowed[thread % self.allowed.len()]);
        }
    }
}

#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    let mut set = empty();
    // SAFETY: `set` is a valid cpu_set_t of the size stated, and the call only writes to it.
    let answer = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    if answer != 0 {
        return Vec::new();
    }
    let all = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
    // SAFETY: every number is below CPU_SETSIZE, the number of bits in a set.
    (0..all)
        .filter(|core| unsafe { libc::CPU_ISSET(*core, &set) })
        .collect()
}

#[cfg(target_os = "linux")]
fn pin(core: usize) {
    let mut set = empty();
    // SAFETY: `core` came out of a set of the same size.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: `set` is valid and of the size stated; 0 is the calling thread. A refusal leaves the thread where it was.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
}

#[cfg(target_os = "linux")]
fn empty() -> libc::cpu_set_t {
    // SAFETY: a cpu_set_t is an array of integers, for which all bits zero is the empty set.
    unsafe { std::mem::zeroed() }
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
fn pin(_core: usize) {}
