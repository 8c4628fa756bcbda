//! May this value be used? Facts and a policy in, a [`Verdict`] out.

use crate::cached_value::{Epoch, Epochs, Metadata};
use crate::time::{Span, Time};

/// How long values may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A value younger than this is fresh. Zero: no stored value is ever fresh.
    pub fresh_for: Span,
    /// For this long after that it may be served while another is created. Zero: never.
    pub stale_for: Span,
    /// How far clocks of different machines may disagree.
    pub skew: Span,
}

/// What a reader may do with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It must not be used: too old, invalidated, or not there.
    Miss,
    /// It may be served while a newer one is created.
    Stale,
    /// It may be served.
    Fresh,
}

impl Policy {
    /// Values that never grow old.
    pub const FOREVER: Self = Self {
        fresh_for: Span::FOREVER,
        stale_for: Span::FOREVER,
        skew: Span::from_secs(1),
    };

    /// How long a store needs to keep a value that this policy may still use.
    pub const fn lifetime(&self) -> Span {
        self.fresh_for.plus(self.stale_for)
    }

    /// Judges a value at `now`, a time on the time-line of its creation. A value's own
    /// [`terms`](Metadata::terms) go before this policy.
    ///
    /// A boundary belongs to what comes after it: at the age of exactly `fresh_for` a value is stale.
    /// A value from further ahead than the clocks may disagree cannot be given an age; it is
    /// stale, so that it is replaced and never served for ever.
    ///
    /// ```
    /// use dogpile_core::cached_value::{Epochs, Epoch, Metadata, Stamp};
    /// use dogpile_core::freshness::{Policy, Verdict};
    /// use dogpile_core::terms::Terms;
    /// use dogpile_core::time::{Span, Time};
    /// let policy = Policy {
    ///     fresh_for: Span::from_secs(60),
    ///     stale_for: Span::from_secs(60),
    ///     skew: Span::ZERO,
    /// };
    /// let (stamp, epoch, terms) = (Stamp::NONE, Epoch::FIRST, Terms::NONE);
    /// let value = Metadata { stamp, epoch, created: Time::ZERO, terms };
    /// let at = |secs| policy.judge(&value, Epochs::default(), Time::ZERO.after(Span::from_secs(secs)));
    /// assert_eq!(at(59), Verdict::Fresh);
    /// assert_eq!(at(60), Verdict::Stale);
    /// assert_eq!(at(120), Verdict::Miss);
    /// ```
    #[inline]
    #[must_use]
    pub fn judge(&self, value: &Metadata, epochs: Epochs, now: Time) -> Verdict {
        let policy = value.terms.policy(self);
        if policy.is_before(value, epochs.hard) {
            return Verdict::Miss;
        }
        match policy.judge_age(value.created, now) {
            Verdict::Fresh if policy.is_before(value, epochs.soft) => policy.verdict_when_stale(),
            verdict => verdict,
        }
    }

    /// Judges a value as if it grew old `ahead` of its time: one that [`judge`](Self::judge) calls fresh
    /// is stale from `ahead` before the end of its freshness on. So a value can be replaced before it
    /// has to be; nothing becomes a miss by it, and no value that stays fresh for ever grows old.
    ///
    /// ```
    /// use dogpile_core::cached_value::{Epochs, Epoch, Metadata, Stamp};
    /// use dogpile_core::freshness::{Policy, Verdict};
    /// use dogpile_core::terms::Terms;
    /// use dogpile_core::time::{Span, Time};
    /// let policy = Policy { fresh_for: Span::from_secs(60), ..Policy::FOREVER };
    /// let (stamp, epoch, terms) = (Stamp::NONE, Epoch::FIRST, Terms::NONE);
    /// let value = Metadata { stamp, epoch, created: Time::ZERO, terms };
    /// let at = |secs| {
    ///     let now = Time::ZERO.after(Span::from_secs(secs));
    ///     policy.judge_ahead(&value, Epochs::default(), now, Span::from_secs(10))
    /// };
    /// assert_eq!((at(49), at(50)), (Verdict::Fresh, Verdict::Stale));
    /// ```
    #[inline]
    #[must_use]
    pub fn judge_ahead(&self, value: &Metadata, epochs: Epochs, now: Time, ahead: Span) -> Verdict {
        match self.judge(value, epochs, now) {
            Verdict::Fresh if self.is_near_its_end(value, now, ahead) => Verdict::Stale,
            verdict => verdict,
        }
    }

    #[inline]
    fn is_near_its_end(&self, value: &Metadata, now: Time, ahead: Span) -> bool {
        let (age, fresh_for) = (now.since(value.created), value.terms.policy(self).fresh_for);
        ahead > Span::ZERO && !fresh_for.is_forever() && age.plus(ahead) >= fresh_for
    }

    /// Whether [`judge`](Self::judge) says [`Verdict::Fresh`], for the one question of a hit: five
    /// comparisons, with `floor` the higher of the region's epochs. A foreign value without an epoch
    /// is not answered here.
    #[inline]
    #[must_use]
    pub const fn is_fresh(&self, value: &Metadata, floor: Epoch, now: Time) -> bool {
        let epoch = value.epoch.number();
        let fresh_for = value.terms.policy(self).fresh_for;
        let (created, now) = (value.created.as_nanos(), now.as_nanos());
        let is_in_time = if created <= now {
            now - created < fresh_for.as_nanos()
        } else {
            // What comes from ahead has no age yet.
            created - now <= self.skew.as_nanos() && fresh_for.as_nanos() > 0
        };
        epoch >= floor.number() && epoch != Epoch::UNKNOWN.number() && is_in_time
    }

    #[inline]
    fn judge_age(&self, created: Time, now: Time) -> Verdict {
        let age = now.since(created);
        if age < self.fresh_for || self.fresh_for.is_forever() {
            if created > now.after(self.skew) {
                return self.verdict_when_stale();
            }
            return Verdict::Fresh;
        }
        if age < self.lifetime() || self.lifetime().is_forever() {
            return Verdict::Stale;
        }
        Verdict::Miss
    }

    /// What a value is that was made stale before its time: a miss where none may be served stale.
    pub const fn verdict_when_stale(&self) -> Verdict {
        if self.stale_for.as_nanos() == 0 {
            Verdict::Miss
        } else {
            Verdict::Stale
        }
    }

    /// Whether the value was created before the region's `epoch`.
    #[inline]
    fn is_before(&self, value: &Metadata, epoch: Epoch) -> bool {
        if value.epoch == Epoch::UNKNOWN {
            return self.is_created_before(value.created, epoch);
        }
        value.epoch < epoch
    }

    /// A foreign value knows no epoch. Epochs are raised to the clock, so its creation time can
    /// stand in; within the skew the value counts as the older one, for a value too many is created
    /// rather than an invalidated one served.
    #[cold]
    fn is_created_before(&self, created: Time, epoch: Epoch) -> bool {
        let raised = Time::from_nanos(epoch.number().saturating_mul(1_000));
        epoch > Epoch::FIRST && created < raised.after(self.skew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cached_value::Stamp;
    use crate::terms::Terms;

    const POLICY: Policy = Policy {
        fresh_for: Span::from_secs(10),
        stale_for: Span::from_secs(5),
        skew: Span::from_secs(1),
    };

    fn created(secs: u64, epoch: Epoch) -> Metadata {
        Metadata {
            stamp: Stamp::NONE,
            epoch,
            created: at(secs),
            terms: Terms::NONE,
        }
    }

    fn at(secs: u64) -> Time {
        Time::ZERO.after(Span::from_secs(secs))
    }

    fn epochs(hard: u64, soft: u64) -> Epochs {
        Epochs {
            hard: Epoch::new(hard),
            soft: Epoch::new(soft),
        }
    }

    #[test]
    fn law_4_a_value_is_fresh_then_stale_then_gone() {
        let value = created(100, Epoch::FIRST);
        let judge = |secs| POLICY.judge(&value, Epochs::default(), at(secs));
        assert_eq!(judge(100), Verdict::Fresh);
        assert_eq!(judge(109), Verdict::Fresh);
        assert_eq!(judge(110), Verdict::Stale);
        assert_eq!(judge(114), Verdict::Stale);
        assert_eq!(judge(115), Verdict::Miss);
    }

    #[test]
    fn law_11_a_creation_time_beyond_the_skew_is_stale() {
        let judge = |now| POLICY.judge(&created(100, Epoch::FIRST), Epochs::default(), at(now));
        assert_eq!(judge(99), Verdict::Fresh, "within the skew");
        assert_eq!(judge(98), Verdict::Stale);
        let end = Metadata {
            created: Time::END,
            ..created(0, Epoch::FIRST)
        };
        assert_eq!(POLICY.judge(&end, Epochs::default(), at(5)), Verdict::Stale);
        assert_eq!(
            Policy::FOREVER.judge(&end, Epochs::default(), at(5)),
            Verdict::Stale,
            "not even a value that never ages may come from the end of time"
        );
        let strict = Policy {
            stale_for: Span::ZERO,
            ..POLICY
        };
        assert_eq!(strict.judge(&end, Epochs::default(), at(5)), Verdict::Miss);
    }

    #[test]
    fn law_11_epochs_decide_before_age_does() {
        let value = created(100, Epoch::new(7));
        let judge = |epochs| POLICY.judge(&value, epochs, at(100));
        assert_eq!(judge(epochs(7, 7)), Verdict::Fresh);
        assert_eq!(judge(epochs(7, 8)), Verdict::Stale);
        assert_eq!(judge(epochs(8, 7)), Verdict::Miss);
        assert_eq!(
            POLICY.judge(&value, epochs(7, 8), at(115)),
            Verdict::Miss,
            "a soft invalidation prolongs nothing"
        );
    }

    #[test]
    fn law_11_a_value_without_epoch_goes_by_its_creation_time() {
        let raised_at_100 = Epoch::FIRST.raised(at(100)).number();
        let judge = |made| {
            POLICY.judge(
                &created(made, Epoch::UNKNOWN),
                epochs(raised_at_100, 0),
                at(102),
            )
        };
        assert_eq!(judge(99), Verdict::Miss);
        assert_eq!(
            judge(100),
            Verdict::Miss,
            "within the skew: the invalidation wins"
        );
        assert_eq!(judge(101), Verdict::Fresh);
    }

    #[test]
    fn ahead_of_its_time_a_value_is_stale_and_never_a_miss() {
        let strict = Policy {
            stale_for: Span::ZERO,
            ..POLICY
        };
        let judge = |policy: Policy, now, ahead| {
            let ahead = Span::from_secs(ahead);
            policy.judge_ahead(
                &created(100, Epoch::FIRST),
                Epochs::default(),
                at(now),
                ahead,
            )
        };
        assert_eq!(judge(POLICY, 109, 0), Verdict::Fresh, "nothing is ahead");
        assert_eq!(judge(POLICY, 106, 3), Verdict::Fresh);
        assert_eq!(judge(POLICY, 107, 3), Verdict::Stale);
        assert_eq!(judge(strict, 107, 3), Verdict::Stale, "it is fresh still");
        assert_eq!(judge(strict, 110, 3), Verdict::Miss);
        assert_eq!(judge(POLICY, 100, 99), Verdict::Stale, "due at once");
        let never = judge(Policy::FOREVER, 9_999, 99);
        assert_eq!(never, Verdict::Fresh, "for ever has no end");
    }

    #[test]
    fn zero_spans_mean_never() {
        let never = Policy {
            fresh_for: Span::ZERO,
            stale_for: Span::ZERO,
            skew: Span::ZERO,
        };
        let value = created(1, Epoch::FIRST);
        assert_eq!(never.judge(&value, Epochs::default(), at(1)), Verdict::Miss);
        let stale = Policy {
            stale_for: Span::FOREVER,
            ..never
        };
        assert_eq!(
            stale.judge(&value, Epochs::default(), at(9_999)),
            Verdict::Stale
        );
    }

    /// The short question and the long one have the same answer, on every boundary.
    #[test]
    fn is_fresh_says_what_judge_says() {
        let times = [0, 1, 9, 10, 11, 14, 15, 16, 100].map(at);
        let numbers = [0, 1, 2, 3];
        let fresh_for = Span::ZERO;
        let policies = [
            Policy::FOREVER,
            POLICY,
            Policy {
                fresh_for,
                ..POLICY
            },
        ];
        for (policy, created, now) in policies.iter().flat_map(|policy| {
            let pairs = move |created| times.map(move |now| (policy, created, now));
            times.into_iter().chain([Time::END]).flat_map(pairs)
        }) {
            for (epoch, hard, soft) in numbers.into_iter().flat_map(|epoch| {
                let pairs = move |hard| numbers.map(move |soft| (epoch, hard, soft));
                numbers.into_iter().flat_map(pairs)
            }) {
                let value = Metadata {
                    created,
                    ..self::created(0, Epoch::new(epoch))
                };
                let epochs = epochs(hard, soft);
                let judged = policy.judge(&value, epochs, now) == Verdict::Fresh;
                let short = policy.is_fresh(&value, epochs.current(), now);
                assert_eq!(short, judged, "{policy:?} {value:?} {epochs:?} {now:?}");
            }
        }
    }
}
