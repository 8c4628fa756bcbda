//! The clock port: where time comes from, and a clock that a test moves by hand.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Span, Time};

/// The time-line on which a store's creation times lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLine {
    /// This process's monotonic clock: never goes back, means nothing elsewhere.
    Process,
    /// The wall clock that processes share, in nanoseconds since 1970.
    Wall,
}

/// Whether a clock will wake by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeAt {
    /// The clock wakes the waker when the time has come.
    Booked,
    /// Time passes by itself: the caller sleeps for the difference.
    Sleep,
}

/// Where a region reads the time.
pub trait Clock: Send + Sync + 'static {
    /// Monotonic time, precise.
    fn monotonic(&self) -> Time;

    /// Monotonic time as cheap as it can be had, at most some milliseconds behind
    /// [`monotonic`](Clock::monotonic).
    fn coarse(&self) -> Time {
        self.monotonic()
    }

    /// Wall time since 1970.
    fn wall(&self) -> Time;

    /// Asks to be woken once [`monotonic`](Clock::monotonic) reaches `at`.
    fn wake_at(&self, _at: Time, _waker: &Waker) -> WakeAt {
        WakeAt::Sleep
    }
}

/// The machine's clocks. The origin of monotonic time is arbitrary.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn monotonic(&self) -> Time {
        machine::monotonic()
    }

    #[inline]
    fn coarse(&self) -> Time {
        machine::coarse()
    }

    fn wall(&self) -> Time {
        // Before 1970 is the origin: such a clock is wrong anyway, and its values count as old.
        nanos(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        )
    }
}

fn nanos(duration: Duration) -> Time {
    Time::ZERO.after(Span::from_duration(duration))
}

/// Linux keeps the time of its last tick where it can be read in a fifth of the time that a precise
/// reading takes.
#[cfg(target_os = "linux")]
mod machine {
    use crate::{Span, Time};

    pub(super) fn monotonic() -> Time {
        read(libc::CLOCK_MONOTONIC)
    }

    #[inline]
    pub(super) fn coarse() -> Time {
        read(libc::CLOCK_MONOTONIC_COARSE)
    }

    #[inline]
    #[allow(clippy::cast_sign_loss)] // the kernel's monotonic clock starts at zero
    fn read(clock: libc::clockid_t) -> Time {
        let mut now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `now` is a valid timespec to write to for the length of the call. Both clocks
        // exist on every Linux that Rust supports, so the call cannot fail; if it did, the
        // time would read as zero, which `since` saturates.
        unsafe { libc::clock_gettime(clock, &raw mut now) };
        Time::ZERO
            .after(Span::from_secs(now.tv_sec as u64))
            .after(Span::from_nanos(now.tv_nsec as u64))
    }
}

#[cfg(not(target_os = "linux"))]
mod machine {
    use std::sync::OnceLock;
    use std::time::Instant;

    use crate::Time;

    pub(super) fn monotonic() -> Time {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        let origin = *ORIGIN.get_or_init(Instant::now);
        super::nanos(origin.elapsed())
    }

    pub(super) fn coarse() -> Time {
        monotonic()
    }
}

/// A clock that stands still until it is moved: for tests of a service's own freshness rules, and
/// of ours. Share it as an `Arc`; whoever waits for a time is woken when the clock is moved past it.
///
/// ```
/// use dogpile_backend::{Clock, ManualClock, Span};
/// let clock = ManualClock::new();
/// let before = clock.monotonic();
/// clock.advance(Span::from_secs(60));
/// assert_eq!(clock.monotonic().since(before), Span::from_secs(60));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    state: Mutex<Manual>,
}

#[derive(Debug, Default)]
struct Manual {
    monotonic: Time,
    wall: Time,
    booked: BTreeMap<(Time, u64), Waker>,
    bookings: u64,
}

impl ManualClock {
    /// A clock whose monotonic time and wall time both stand an hour after their origins, so that a
    /// test can also look back.
    pub fn new() -> Self {
        let hour = Time::ZERO.after(Span::from_secs(3_600));
        let clock = Self::default();
        {
            let mut state = clock.state();
            state.monotonic = hour;
            state.wall = hour;
        }
        clock
    }

    /// Moves both times forward by `span` and wakes whom that makes due.
    pub fn advance(&self, span: impl Into<Span>) {
        let span = span.into();
        let due = {
            let mut state = self.state();
            state.monotonic = state.monotonic.after(span);
            state.wall = state.wall.after(span);
            let first_later = (state.monotonic.after(Span::from_nanos(1)), 0);
            let later = state.booked.split_off(&first_later);
            std::mem::replace(&mut state.booked, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Sets the wall clock, back or forth, as an administrator might; monotonic time stays.
    pub fn set_wall(&self, wall: Time) {
        self.state().wall = wall;
    }

    /// How many wake-ups are booked and not yet due: a test can wait until its waiters have
    /// booked theirs before it moves the clock.
    pub fn booked(&self) -> usize {
        self.state().booked.len()
    }

    fn state(&self) -> MutexGuard<'_, Manual> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Time {
        self.state().monotonic
    }

    fn wall(&self) -> Time {
        self.state().wall
    }

    fn wake_at(&self, at: Time, waker: &Waker) -> WakeAt {
        let mut state = self.state();
        if at <= state.monotonic {
            drop(state);
            waker.wake_by_ref();
            return WakeAt::Booked;
        }
        state.bookings += 1;
        let booking = state.bookings;
        state.booked.insert((at, booking), waker.clone());
        WakeAt::Booked
    }
}
