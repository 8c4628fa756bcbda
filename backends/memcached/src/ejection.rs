//! When a server that does not answer is left alone, and who asks it again.
//!
//! Two time-outs without an answer between, and all calls fail at once for 50 ms. Then one call asks,
//! alone; if that is in vain too, twice as long is waited, up to what the settings say.

use std::time::{Duration, Instant};

/// So many time-outs without an answer between, and the server is left alone.
const STRIKES: u32 = 2;

/// For how long at first.
const FIRST: Duration = Duration::from_millis(50);

/// What is known of a server's silence.
#[derive(Debug)]
pub(crate) struct Ejection {
    /// The longest that it is left alone.
    longest: Duration,
    /// How long one attempt may take.
    attempt: Duration,
    /// Time-outs since the last answer.
    strikes: u32,
    left_alone: Option<LeftAlone>,
}

#[derive(Clone, Copy, Debug)]
struct LeftAlone {
    until: Instant,
    span: Duration,
}

/// Whether a call may ask the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum May {
    Ask,
    /// It is the one that finds out whether the server is back.
    AskAlone,
    Not,
}

impl Ejection {
    pub(crate) fn new(longest: Duration, attempt: Duration) -> Self {
        Self {
            longest,
            attempt,
            strikes: 0,
            left_alone: None,
        }
    }

    /// Whether anybody may ask at any time.
    pub(crate) const fn is_trusted(&self) -> bool {
        self.left_alone.is_none()
    }

    pub(crate) fn may_ask(&mut self, now: Instant) -> May {
        match &mut self.left_alone {
            None => May::Ask,
            Some(left_alone) if now < left_alone.until => May::Not,
            Some(left_alone) => {
                // The others wait for what this one finds out, as long as that can take.
                left_alone.until = now + 2 * self.attempt;
                May::AskAlone
            }
        }
    }

    /// Whether all calls but one fail now, and that one is not asked for.
    pub(crate) fn is_left_alone(&self, now: Instant) -> bool {
        self.left_alone.is_some_and(|it| now < it.until)
    }

    /// No answer came in time.
    pub(crate) fn was_late(&mut self, asked: May, now: Instant) {
        self.strikes = self.strikes.saturating_add(1);
        let span = match self.left_alone {
            // One of those that were under way when it was left alone.
            Some(_) if asked != May::AskAlone => return,
            Some(before) => before.span * 2,
            None if self.strikes < STRIKES => return,
            None => FIRST,
        };
        let span = span.min(self.longest);
        let until = now + span;
        self.left_alone = Some(LeftAlone { until, span });
    }

    /// It answered, or said at once that nobody is there.
    pub(crate) fn was_heard(&mut self) {
        (self.strikes, self.left_alone) = (0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn ejection() -> Ejection {
        Ejection::new(ms(150), ms(500))
    }

    #[test]
    fn one_time_out_is_no_reason_and_two_with_an_answer_between_are_none() {
        let (mut ejection, now) = (ejection(), Instant::now());
        for _ in 0..3 {
            ejection.was_late(May::Ask, now);
            assert_eq!(ejection.may_ask(now), May::Ask);
            ejection.was_heard();
        }
    }

    #[test]
    fn one_call_at_a_time_asks_again_and_ever_less_often() {
        let (mut ejection, begun) = (ejection(), Instant::now());
        // All that were under way; only the second counts.
        for _ in 0..16 {
            ejection.was_late(May::Ask, begun);
        }
        assert_eq!(ejection.may_ask(begun + ms(49)), May::Not);
        let mut now = begun;
        for pause in [50, 100, 150, 150] {
            now += ms(pause);
            assert_eq!(ejection.may_ask(now - ms(1)), May::Not, "{pause}");
            assert!(!ejection.is_left_alone(now) && ejection.is_left_alone(now - ms(1)));
            assert_eq!(ejection.may_ask(now), May::AskAlone, "{pause}");
            assert!(ejection.is_left_alone(now), "another asks");
            assert_eq!(ejection.may_ask(now), May::Not, "another asks");
            now += ms(500);
            ejection.was_late(May::AskAlone, now);
        }
        ejection.was_heard();
        assert_eq!(ejection.may_ask(now), May::Ask);
    }

    #[test]
    fn one_who_asks_alone_and_never_says_what_came_of_it_is_followed_by_another() {
        let (mut ejection, begun) = (ejection(), Instant::now());
        ejection.was_late(May::Ask, begun);
        ejection.was_late(May::Ask, begun);
        assert_eq!(ejection.may_ask(begun + ms(50)), May::AskAlone);
        assert_eq!(ejection.may_ask(begun + ms(1_049)), May::Not);
        assert_eq!(ejection.may_ask(begun + ms(1_050)), May::AskAlone);
    }
}
