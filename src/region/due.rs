//! When a value is due to be replaced, ahead of the end of its freshness: by a part of its own, so that
//! what was created together does not end together, and for callers whose creator runs in the
//! background by a share or by chance, so that nobody has to wait for it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use dogpile_backend::{Epochs, Metadata, Policy, Span, Time, Verdict};
use dogpile_core::terms::fnv_1a;

use super::config::Config;
use super::rule::{Rule, RuleOfKey};
use crate::error::ConfigError;
use crate::sync::thread_local;

/// How a region looks ahead. Nothing is ahead unless it was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Due {
    /// The largest part of its freshness that a value ends early.
    jitter: f64,
    /// From this part of its freshness on a value is replaced in the background.
    eager: f64,
    /// How eagerly chance replaces a value in the background; see [`Config::early_refresh`].
    beta: f64,
}

impl Default for Due {
    fn default() -> Self {
        Self {
            jitter: 0.0,
            eager: 1.0,
            beta: 0.0,
        }
    }
}

/// How far ahead of its end a value counts as stale to a call: it is replaced, and served meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ahead {
    /// By this part of the time that the value is fresh for.
    share: f64,
    /// By so much at least.
    chance: Span,
}

impl Ahead {
    pub(super) const NONE: Self = Self {
        share: 0.0,
        chance: Span::ZERO,
    };

    fn of(&self, fresh_for: Span) -> Span {
        self.chance.max(share_of(fresh_for, self.share))
    }
}

/// Which of the times in its policy a call has said itself.
#[derive(Clone, Copy)]
pub(super) struct Said {
    fresh_for: bool,
    stale_for: bool,
}

impl Said {
    pub(super) const NOTHING: Self = Self::new(None, None);

    pub(super) const fn new(fresh_for: Option<Duration>, stale_for: Option<Duration>) -> Self {
        Self {
            fresh_for: fresh_for.is_some(),
            stale_for: stale_for.is_some(),
        }
    }

    /// What a call with this policy bounds a value's own terms by.
    fn bounds(self, policy: Policy) -> Policy {
        let bound = |said, own| if said { own } else { Span::FOREVER };
        Policy {
            fresh_for: bound(self.fresh_for, policy.fresh_for),
            stale_for: bound(self.stale_for, policy.stale_for),
            ..policy
        }
    }
}

/// How a call looks at the values under one key.
#[derive(Clone)]
pub(super) struct View {
    policy: Policy,
    due: Due,
    /// What tells the key from others, where that matters.
    key: u64,
    /// What the call itself bounds a value's own terms by.
    bounds: Policy,
    ahead: Ahead,
    rule: RuleOfKey,
}

impl View {
    /// By the `policy` of a call that has `said` this of it itself; the rest is the region's.
    pub(super) fn new(policy: Policy, said: Said, due: Due, rule: &Rule, key: &[u8]) -> Self {
        Self {
            policy,
            bounds: said.bounds(policy),
            due,
            key: if due.jitter > 0.0 { fnv_1a(key) } else { 0 },
            ahead: Ahead::NONE,
            rule: rule.of(key),
        }
    }

    pub(super) fn ahead(self, ahead: Ahead) -> Self {
        Self { ahead, ..self }
    }

    /// What a value is if nobody looks ahead.
    pub(super) fn nominal(&self, value: &Metadata, epochs: Epochs, now: Time) -> Verdict {
        let bounded = &self.bounded(value);
        let verdict = self.policy.judge(bounded, epochs, now);
        let policy = bounded.terms.policy(&self.policy);
        self.rule.judge(&policy, value, verdict)
    }

    /// A value's own terms hold as far as the call does not ask for less.
    fn bounded(&self, value: &Metadata) -> Metadata {
        Metadata {
            terms: value.terms.within(&self.bounds),
            ..*value
        }
    }

    pub(super) fn judge(&self, value: &Metadata, epochs: Epochs, now: Time) -> Verdict {
        let bounded = &self.bounded(value);
        let policy = bounded.terms.policy(&self.policy);
        let mut ahead = self.ahead.of(policy.fresh_for);
        if self.due.jitter > 0.0 {
            let this = self.key ^ value.created.as_nanos();
            ahead = ahead.max(self.due.jitter(policy.fresh_for, this));
        }
        let verdict = self.policy.judge_ahead(bounded, epochs, now, ahead);
        self.rule.judge(&policy, value, verdict)
    }
}

impl<V: Send + Sync + 'static> Config<V> {
    /// Ends the freshness of each value early, by a part of its own between nothing and this `share` of
    /// [`fresh_for`](Self::fresh_for): with 0.1, what was created in one moment ends spread over the last
    /// tenth. All processes agree on a value's end, and until `fresh_for` is over it may be served while
    /// the next is created, and where its creator fails. Default: 0.
    pub fn jitter(mut self, share: f64) -> Self {
        self.due.jitter = share;
        self
    }

    /// From this `share` of [`fresh_for`](Self::fresh_for) on, one of the callers with a creator of
    /// their own ([`get_or_refresh`](crate::Region::get_or_refresh), [`load`](crate::Region::load)) has
    /// it run in the background, while all of them are served the fresh value: with 0.8, a value that
    /// is asked for in the last fifth of its time never grows stale. Default: 1, not before its end.
    pub fn eager_refresh(mut self, share: f64) -> Self {
        self.due.eager = share;
        self
    }

    /// Lets callers with a creator of their own ([`get_or_refresh`](crate::Region::get_or_refresh),
    /// [`load`](crate::Region::load)) have it run in the background before the value is stale, each by
    /// chance: the nearer the end, the more often a value is asked for and the longer it takes to create,
    /// the surer. `beta` is 1 for the rule as published, more for earlier; 0, the default, for never.
    ///
    /// The rule is that of A. Vattani, F. Chierichetti and K. Lowenstein, *Optimal Probabilistic Cache
    /// Stampede Prevention*, VLDB 2015: a caller goes ahead when `now - delta * beta * ln(chance)` has
    /// reached the end. Their `delta` is here the smoothed time of the region's creations in this process;
    /// before the first of them nobody goes ahead.
    pub fn early_refresh(mut self, beta: f64) -> Self {
        self.due.beta = beta;
        self
    }
}

impl Due {
    /// Refuses shares that are none.
    pub(super) fn check(&self, region: &str) -> Result<(), ConfigError> {
        let share = |what, value: f64| match (0.0..=1.0).contains(&value) {
            true => Ok(()),
            false => Err(ConfigError::Share {
                region: region.to_owned(),
                what,
                value,
                expected: "a share between 0 and 1",
            }),
        };
        share("jitter", self.jitter)?;
        share("eager_refresh", self.eager)?;
        if self.beta >= 0.0 && self.beta.is_finite() {
            return Ok(());
        }
        Err(ConfigError::Share {
            region: region.to_owned(),
            what: "early_refresh",
            value: self.beta,
            expected: "zero or more",
        })
    }

    /// How much ahead of its time a value ends whose freshness lasts that long.
    fn jitter(&self, fresh_for: Span, value: u64) -> Span {
        share_of(fresh_for, self.jitter * mixed(value))
    }

    /// The policy by which a value is surely fresh: as if every one ended as early as any does.
    #[inline]
    pub(super) fn surely(&self, policy: Policy) -> Policy {
        if !self.jitters() {
            return policy;
        }
        let (whole, most) = (policy.fresh_for, share_of(policy.fresh_for, self.jitter));
        Policy {
            fresh_for: Span::from_nanos(whole.as_nanos().saturating_sub(most.as_nanos())),
            ..policy
        }
    }

    /// Whether values end early by a part of their own.
    #[inline]
    pub(super) fn jitters(&self) -> bool {
        self.jitter > 0.0
    }

    /// Whether callers whose creator runs in the background look ahead at all.
    #[inline]
    pub(super) fn looks_ahead(&self) -> bool {
        self.eager < 1.0 || self.beta > 0.0
    }

    /// How far ahead a caller looks whose creator runs in the background, where creating takes `cost`.
    pub(super) fn ahead(&self, cost: impl FnOnce() -> Duration) -> Ahead {
        let chance = match self.beta == 0.0 {
            true => Span::ZERO,
            false => self.by_chance(cost().into(), chance()),
        };
        Ahead {
            share: 1.0 - self.eager,
            chance,
        }
    }

    /// `luck` is above 0 and at most 1.
    fn by_chance(&self, cost: Span, luck: f64) -> Span {
        share_of(cost, -luck.ln() * self.beta)
    }
}

/// What is for ever has no share.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // shares are no finer than that, and what is too large saturates
fn share_of(span: Span, share: f64) -> Span {
    if span.is_forever() || share <= 0.0 {
        return Span::ZERO;
    }
    Span::from_nanos((span.as_nanos() as f64 * share).round() as u64)
}

/// A number below 1 that looks like chance and is the same for everybody: the finalizer of
/// `SplitMix64` (G. Steele, D. Lea and C. Flood, *Fast Splittable Pseudorandom Number Generators*,
/// OOPSLA 2014).
fn mixed(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    part_of_one(z ^ (z >> 31))
}

#[allow(clippy::cast_precision_loss)] // 53 bits fit
fn part_of_one(bits: u64) -> f64 {
    const BITS: u32 = 53;
    (bits >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
}

/// A number above 0 and at most 1, another each time.
fn chance() -> f64 {
    use std::cell::Cell;
    thread_local! {
        static SEED: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
    }
    SEED.with(|seed| {
        seed.set(seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        1.0 - mixed(seed.get())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Span = Span::from_secs(60);

    #[test]
    fn nothing_is_ahead_unless_it_was_asked_for() {
        let due = Due::default();
        assert!(!due.looks_ahead());
        assert_eq!(due.ahead(|| Duration::MAX), Ahead::NONE);
    }

    #[test]
    fn jitter_spreads_over_its_share_and_nothing_more() {
        let due = Due {
            jitter: 0.1,
            ..Due::default()
        };
        let mut tenths = [0; 10];
        for value in 0..1_000 {
            let early = due.jitter(MINUTE, value);
            assert!(early < Span::from_secs(6));
            let tenth = early.as_nanos() * 10 / Span::from_secs(6).as_nanos();
            tenths[usize::try_from(tenth).unwrap()] += 1;
        }
        // One of ten parts has 100 of 1,000 on average, and hardly ever less than 60 or more than 140.
        let even = tenths.iter().all(|count| (60..140).contains(count));
        assert!(even, "{tenths:?}");
        assert_eq!(due.jitter(Span::FOREVER, 0), Span::ZERO);
    }

    /// FNV's own test vectors.
    #[test]
    fn keys_are_told_apart_by_a_published_hash() {
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn chance_looks_further_ahead_where_creating_takes_longer() {
        let due = Due {
            beta: 1.0,
            ..Due::default()
        };
        let e = std::f64::consts::E;
        let second = Span::from_secs(1);
        let near = |luck: f64, cost| due.by_chance(cost, luck).to_duration().as_secs_f64();
        assert!((near(1.0 / e, second) - 1.0).abs() < 1e-6);
        assert!((near(1.0 / (e * e), second) - 2.0).abs() < 1e-6);
        assert!((near(1.0 / e, MINUTE) - 60.0).abs() < 1e-6);
        assert_eq!(due.by_chance(second, 1.0), Span::ZERO);
        for _ in 0..1_000 {
            let luck = chance();
            assert!(luck > 0.0 && luck <= 1.0);
        }
    }
}
