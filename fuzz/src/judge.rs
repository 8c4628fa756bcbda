//! Whatever a store claims about a value, it is judged, and judged by the laws.

use arbitrary::Arbitrary;
use dogpile_core::cached_value::{Epoch, Epochs, Metadata, Stamp};
use dogpile_core::freshness::{Policy, Verdict};
use dogpile_core::terms::Terms;
use dogpile_core::time::{Span, Time};

/// A policy, what a store claims, and two moments at which somebody reads.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Input {
    fresh_for: u64,
    stale_for: u64,
    skew: u64,
    created: u64,
    epoch: u64,
    hard: u64,
    soft: u64,
    now: u64,
    later: u64,
}

/// Judges the input.
///
/// # Panics
/// If a value below the hard epoch is anything but a miss, if one is fresh that is too old or
/// below the soft epoch, if one is served stale although the policy serves nothing stale, or if
/// one that was a miss comes back as time goes on.
pub fn check(input: Input) {
    let policy = Policy {
        fresh_for: Span::from_nanos(input.fresh_for),
        stale_for: Span::from_nanos(input.stale_for),
        skew: Span::from_nanos(input.skew),
    };
    let value = Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::new(input.epoch),
        created: Time::from_nanos(input.created),
        terms: Terms::NONE,
    };
    let epochs = Epochs {
        hard: Epoch::new(input.hard),
        soft: Epoch::new(input.soft),
    };
    let judge = |now| policy.judge(&value, epochs, Time::from_nanos(now));
    let verdict = judge(input.now);
    let has_epoch = value.epoch != Epoch::UNKNOWN;
    if has_epoch && value.epoch < epochs.hard {
        assert_eq!(verdict, Verdict::Miss, "law 11: below the hard epoch");
    }
    if has_epoch && value.epoch < epochs.soft {
        assert_ne!(verdict, Verdict::Fresh, "law 11: below the soft epoch");
    }
    let age = Time::from_nanos(input.now).since(value.created);
    if !policy.fresh_for.is_forever() && age >= policy.fresh_for {
        assert_ne!(verdict, Verdict::Fresh, "law 4: too old to be fresh");
    }
    if policy.stale_for == Span::ZERO {
        assert_ne!(
            verdict,
            Verdict::Stale,
            "law 4: nothing may be served stale"
        );
    }
    let ahead = value.created > Time::from_nanos(input.now);
    if verdict == Verdict::Miss && !ahead && input.later >= input.now {
        assert_eq!(judge(input.later), Verdict::Miss, "what is gone stays gone");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: Input = Input {
        fresh_for: 10,
        stale_for: 5,
        skew: 1,
        created: 100,
        epoch: 3,
        hard: 3,
        soft: 3,
        now: 112,
        later: 120,
    };

    #[test]
    fn the_edges_of_every_number_are_judged() {
        let edges = |middle: u64| [0, middle, u64::MAX - 1, u64::MAX];
        for fresh_for in edges(10) {
            for created in edges(100) {
                for epoch in edges(3) {
                    for now in edges(112) {
                        for stale_for in edges(5) {
                            check(Input {
                                fresh_for,
                                stale_for,
                                created,
                                epoch,
                                now,
                                ..MIDDLE
                            });
                        }
                    }
                }
            }
        }
    }
}
