//! Which clock a region goes by: the machine's, called directly, or one that was passed in.

use std::sync::Arc;
use std::task::Waker;

use dogpile_backend::{Clock, SystemClock, Time, TimeLine, WakeAt};

#[derive(Clone)]
pub(crate) enum Clockwork {
    System,
    Custom(Arc<dyn Clock>),
}

impl Clockwork {
    /// The time on a store's line, as cheap as it can be had.
    #[inline]
    pub(crate) fn coarse(&self, line: TimeLine) -> Time {
        match (self, line) {
            (Self::System, TimeLine::Process) => SystemClock.coarse(),
            (Self::System, TimeLine::Wall) => SystemClock.coarse_wall(),
            _ => self.coarse_elsewhere(line),
        }
    }

    fn coarse_elsewhere(&self, line: TimeLine) -> Time {
        match (self, line) {
            (Self::Custom(clock), TimeLine::Process) => clock.coarse(),
            _ => self.now(line),
        }
    }

    /// The precise time on a store's line.
    pub(crate) fn now(&self, line: TimeLine) -> Time {
        match line {
            TimeLine::Process => self.monotonic(),
            TimeLine::Wall => match self {
                Self::System => SystemClock.wall(),
                Self::Custom(clock) => clock.wall(),
            },
        }
    }

    /// The precise time by which waits are bounded.
    pub(crate) fn monotonic(&self) -> Time {
        match self {
            Self::System => SystemClock.monotonic(),
            Self::Custom(clock) => clock.monotonic(),
        }
    }

    /// Books a wake-up, if the clock is one that wakes.
    pub(crate) fn wake_at(&self, at: Time, waker: &Waker) -> WakeAt {
        match self {
            Self::System => WakeAt::Sleep,
            Self::Custom(clock) => clock.wake_at(at, waker),
        }
    }
}
