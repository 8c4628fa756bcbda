//! How long is waited, counted in time in which this process ran.
//!
//! Whoever was stopped, or starved, would find the time over that it had for an answer that came long ago, and take
//! its own standstill for the server's. So nobody waits at one stretch: each is a quarter of the time, and however
//! late a waiter comes to, that was one stretch and no more.

use std::time::{Duration, Instant};

const STRETCHES: u32 = 4;

/// What is left to a client that waits, for an answer or for its turn.
///
/// ```
/// # use std::time::{Duration, Instant};
/// use dogpile_backend::Patience;
/// let (second, begun) = (Duration::from_secs(1), Instant::now());
/// let mut patience = Patience::new(second, begun);
/// assert_eq!(patience.next(begun), Some(second / 4)); // for how long to wait before looking up
/// let an_hour_later = begun + 3_600 * second; // its process was stopped
/// assert_eq!(patience.next(an_hour_later), Some(second / 4)); // the answer may have come meanwhile
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    left: Duration,
    stretch: Duration,
    since: Instant,
}

impl Patience {
    /// So much, from `now` on.
    pub fn new(whole: Duration, now: Instant) -> Self {
        Self {
            left: whole,
            stretch: Self::stretch(whole),
            since: now,
        }
    }

    /// The longest that one with so much patience waits without looking up.
    pub fn stretch(whole: Duration) -> Duration {
        // The system takes no time-out of nothing.
        (whole / STRETCHES).max(Duration::from_nanos(1))
    }

    /// What is left now.
    pub fn left(&mut self, now: Instant) -> Duration {
        let waited = now.saturating_duration_since(self.since);
        self.since = now;
        self.left = self.left.saturating_sub(waited.min(self.stretch));
        self.left
    }

    /// A whole stretch passed by the system's own count, which may be a little shorter than ours: what would be left
    /// of it is not worth another.
    pub fn pass(&mut self, now: Instant) {
        self.since = now;
        self.left = self.left.saturating_sub(self.stretch);
    }

    /// For how long to wait next; `None` when the time is over.
    pub fn next(&mut self, now: Instant) -> Option<Duration> {
        let left = self.left(now);
        (!left.is_zero()).then(|| left.min(self.stretch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn law_7_who_waits_in_vain_waits_as_long_as_was_said() {
        let mut now = Instant::now();
        let mut patience = Patience::new(ms(100), now);
        for (passes, next) in [(0, 25), (10, 25), (25, 25), (25, 25), (25, 15)] {
            now += ms(passes);
            assert_eq!(patience.next(now), Some(ms(next)));
        }
        now += ms(15);
        assert_eq!(patience.next(now), None);
        assert_eq!(patience.next(now), None);
    }

    #[test]
    fn law_12_who_stood_still_has_waited_no_longer_than_a_stretch() {
        let begun = Instant::now();
        let mut patience = Patience::new(ms(100), begun);
        assert_eq!(patience.next(begun + ms(60_000)), Some(ms(25)));
        assert_eq!(patience.next(begun + ms(60_024)), Some(ms(25)));
        assert_eq!(patience.next(begun + ms(60_049)), Some(ms(25)));
        assert_eq!(patience.left(begun + ms(60_073)), ms(2));
        assert_eq!(patience.next(begun + ms(60_073)), Some(ms(2)));
        assert_eq!(patience.next(begun + ms(99_000)), None);
    }

    #[test]
    fn law_7_a_stretch_that_ended_a_little_early_is_a_stretch() {
        let mut now = Instant::now();
        let mut patience = Patience::new(ms(100), now);
        for left in [75, 50, 25, 0] {
            now += ms(24);
            patience.pass(now);
            assert_eq!(patience.left(now), ms(left));
        }
        assert_eq!(patience.next(now), None);
    }

    #[test]
    fn the_shortest_time_is_one_that_the_system_takes() {
        assert!(!Patience::stretch(Duration::from_nanos(1)).is_zero());
    }
}
