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

impl SystemClock {
    /// Wall time as cheap as it can be had, at most some milliseconds behind [`wall`](Clock::wall).
    #[inline]
    pub fn coarse_wall(&self) -> Time {
        machine::coarse_wall()
    }
}

fn nanos(duration: Duration) -> Time {
    Time::ZERO.after(Span::from_duration(duration))
}

/// Linux keeps the time of its last tick where it can be read in a sixth of the time that a precise
/// reading takes. Calling the kernel's page directly saves a third of what the C library takes.
#[cfg(target_os = "linux")]
mod machine {
    use rustix::time::{ClockId, Timespec, clock_gettime};

    use crate::Time;

    pub(super) fn monotonic() -> Time {
        time(clock_gettime(ClockId::Monotonic))
    }

    #[inline]
    pub(super) fn coarse() -> Time {
        time(clock_gettime(ClockId::MonotonicCoarse))
    }

    #[inline]
    pub(super) fn coarse_wall() -> Time {
        let now = clock_gettime(ClockId::RealtimeCoarse);
        // Before 1970 is the origin, as it is for the precise clock.
        if now.tv_sec < 0 {
            Time::ZERO
        } else {
            time(now)
        }
    }

    #[inline]
    #[allow(clippy::cast_sign_loss)] // the kernel's monotonic clock starts at zero
    fn time(now: Timespec) -> Time {
        // Seconds since boot, or since 1970: 584 years of them fit.
        Time::from_nanos((now.tv_sec as u64).wrapping_mul(1_000_000_000) + now.tv_nsec as u64)
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

    pub(super) fn coarse_wall() -> Time {
        super::Clock::wall(&super::SystemClock)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    #[derive(Default)]
    struct Woken(Mutex<usize>);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }

    impl Woken {
        fn times(&self) -> usize {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[test]
    fn the_machine_s_clocks_agree_with_themselves() {
        let clock = SystemClock;
        let first = clock.monotonic();
        assert!(clock.monotonic() >= first, "monotonic time never goes back");
        let coarse = clock.coarse();
        assert!(
            coarse <= clock.monotonic(),
            "coarse time lags, it does not lead"
        );
        assert!(clock.coarse() >= coarse);
        let since_2020 = clock.wall().since(Time::ZERO) > Span::from_secs(50 * 365 * 86_400);
        assert!(since_2020, "wall time counts from 1970");
        let apart = clock.wall().since(clock.coarse_wall());
        assert!(apart < Span::from_secs(3_600), "both wall clocks are one");
        assert_eq!(clock.wake_at(Time::END, Waker::noop()), WakeAt::Sleep);
    }

    #[test]
    fn a_manual_clock_stands_still_until_it_is_moved() {
        let clock = ManualClock::new();
        let (monotonic, wall) = (clock.monotonic(), clock.wall());
        assert!(monotonic > Time::ZERO, "a test can look back");
        assert_eq!(clock.coarse(), monotonic);
        clock.advance(Duration::from_secs(3));
        assert_eq!(clock.monotonic().since(monotonic), Span::from_secs(3));
        assert_eq!(clock.wall().since(wall), Span::from_secs(3));
        clock.set_wall(Time::ZERO);
        assert_eq!(clock.wall(), Time::ZERO);
        assert_eq!(clock.monotonic().since(monotonic), Span::from_secs(3));
        clock.advance(Span::FOREVER);
        assert_eq!(clock.monotonic(), Time::END);
    }

    #[test]
    fn whoever_is_due_is_woken_once_and_nobody_else() {
        let clock = ManualClock::new();
        let wake_after = |secs| {
            let woken = Arc::new(Woken::default());
            let at = clock.monotonic().after(Span::from_secs(secs));
            let booked = clock.wake_at(at, &Waker::from(Arc::clone(&woken)));
            assert_eq!(booked, WakeAt::Booked);
            woken
        };
        let (now, soon, also, later) = (wake_after(0), wake_after(1), wake_after(1), wake_after(2));
        assert_eq!((now.times(), clock.booked()), (1, 3));
        clock.advance(Span::from_nanos(999_999_999));
        assert_eq!((soon.times(), clock.booked()), (0, 3));
        clock.advance(Span::from_nanos(1));
        assert_eq!((soon.times(), also.times(), later.times()), (1, 1, 0));
        assert_eq!(clock.booked(), 1);
        clock.advance(Span::FOREVER);
        assert_eq!((soon.times(), later.times(), clock.booked()), (1, 1, 0));
    }
}
