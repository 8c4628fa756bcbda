//! The machine's own clock: the same in all of its processes, and nobody sets it.

use std::sync::OnceLock;

use dogpile_backend::Time;
use rustix::time::{ClockId, clock_gettime};
use xxhash_rust::xxh3::xxh3_64;

/// Now, since the machine was started.
pub(crate) fn now() -> Time {
    let now = clock_gettime(ClockId::Monotonic);
    let whole = u64::try_from(now.tv_sec)
        .unwrap_or(0)
        .saturating_mul(1_000_000_000);
    Time::from_nanos(whole.saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0)))
}

/// Which start of the machine that clock counts from.
pub(crate) fn boot() -> u64 {
    static BOOT: OnceLock<u64> = OnceLock::new();
    *BOOT.get_or_init(|| {
        // Where the kernel does not tell, all starts are one: a lease from before lasts too long,
        // never for ever, since its lock is gone.
        let told = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        xxh3_64(&told)
    })
}
