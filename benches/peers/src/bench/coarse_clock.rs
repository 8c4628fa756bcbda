//! The cheapest clock the system offers, for contenders that check an expiry on every hit.

/// An hour of this clock.
pub const HOUR: u64 = 3_600_000_000_000;

/// Nanoseconds of `CLOCK_MONOTONIC_COARSE`, which moves on in steps of a few milliseconds.
#[inline]
pub fn now() -> u64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_COARSE;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec that lives through the call, and the call only writes to it.
    let answer = unsafe { libc::clock_gettime(CLOCK, &raw mut time) };
    debug_assert_eq!(answer, 0, "every Unix since 2001 knows this clock");
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
