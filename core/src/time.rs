//! Time as the core sees it: integers that somebody else read from a clock.
//!
//! Both types count nanoseconds in a `u64` and saturate, so no sum of a user's durations can wrap
//! into the past. A [`Time`] means something only beside another of the same time-line: a process's
//! monotonic clock, or the wall clock that processes share.

use core::time::Duration;

/// A point in time, in nanoseconds since the origin of its time-line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of time in nanoseconds; the largest value is [`Span::FOREVER`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Time {
    /// The origin of the time-line.
    pub const ZERO: Self = Self(0);
    /// The end of time: no clock reaches it, 584 years after the origin.
    pub const END: Self = Self(u64::MAX);

    /// The point `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time that has passed since `earlier`; nothing when `earlier` lies ahead.
    ///
    /// ```
    /// use dogpile_core::time::{Span, Time};
    /// let (early, late) = (Time::from_nanos(3), Time::from_nanos(10));
    /// assert_eq!(late.since(early), Span::from_nanos(7));
    /// assert_eq!(early.since(late), Span::ZERO);
    /// ```
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The point `span` later, at most [`Time::END`].
    #[must_use]
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any clock runs.
    pub const FOREVER: Self = Self(u64::MAX);

    /// A span of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A span of whole seconds, [`Span::FOREVER`] when they do not fit.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// A span of whole milliseconds, [`Span::FOREVER`] when they do not fit.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// The same length as `duration`, [`Span::FOREVER`] when it does not fit.
    #[allow(clippy::cast_possible_truncation)] // compared against the bound first
    pub const fn from_duration(duration: Duration) -> Self {
        let nanos = duration.as_nanos();
        if nanos > u64::MAX as u128 {
            Self::FOREVER
        } else {
            Self(nanos as u64)
        }
    }

    /// The same length as a [`Duration`]; `FOREVER` becomes 584 years.
    pub const fn to_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The length in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whether this is [`Span::FOREVER`].
    pub const fn is_forever(self) -> bool {
        self.0 == u64::MAX
    }

    /// The sum of both, at most [`Span::FOREVER`].
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self::from_duration(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stop_at_the_end_of_time() {
        assert_eq!(Time::END.after(Span::from_nanos(1)), Time::END);
        assert_eq!(
            Span::FOREVER.plus(Span::FOREVER),
            Span::FOREVER,
            "no sum of spans may wrap into a short one"
        );
        assert_eq!(Span::from_secs(u64::MAX), Span::FOREVER);
        assert_eq!(Span::from_duration(Duration::MAX), Span::FOREVER);
    }

    #[test]
    fn durations_survive_the_round_trip() {
        let three = Duration::from_millis(3);
        assert_eq!(Span::from(three).to_duration(), three);
    }
}
