//! Invalidation by a rule of the user's own, beside the region's epochs.

use std::sync::Arc;

use dogpile_backend::{Invalidation, Metadata, Policy, Verdict};

use super::config::Config;

type Judge = dyn Fn(&[u8], &Metadata) -> Option<Invalidation> + Send + Sync;

/// What a region's user says of values, if anything.
#[derive(Clone, Default)]
pub(super) struct Rule(Option<Arc<Judge>>);

/// The rule about one key.
#[derive(Clone, Default)]
pub(super) struct RuleOfKey(Option<(Arc<Judge>, Box<[u8]>)>);

impl<V: Send + Sync + 'static> Config<V> {
    /// Asks `rule` of each value whether it is invalidated: hard, so that nobody sees it again, or soft, so
    /// that it may be served while one creates the next. It is given the key as the store knows it, after
    /// the region's mangler, and what is known of the value, its own terms as they were written; it is asked at each look, a hit among them,
    /// so it has to be quick, and must not call the region.
    ///
    /// It is asked besides [`Region::invalidate`](crate::Region::invalidate), which reaches every process;
    /// a rule reaches as far as what it goes by. Values that are handed to those who waited for them are
    /// not judged.
    ///
    /// ```
    /// use dogpile::backend::Time;
    /// use dogpile::{Clock, Config, Invalidation, Memory, Region, SystemClock};
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use std::sync::Arc;
    ///
    /// // All values under one group of keys that were created before a moment are gone.
    /// let since = Arc::new(AtomicU64::new(0));
    /// let seen = Arc::clone(&since);
    /// let region: Region<u32> = Region::new("users");
    /// region.configure(Config::new(Memory::unbounded()).invalidate_when(move |key, value| {
    ///     let old = value.created < Time::from_nanos(seen.load(Relaxed));
    ///     (key.starts_with(b"group:") && old).then_some(Invalidation::Hard)
    /// }))?;
    /// region.set("group:1", 1)?;
    /// region.set("other", 2)?;
    /// // Values in memory have their times by the monotonic clock, those of other stores by the wall's.
    /// since.store(SystemClock.monotonic().as_nanos() + 1, Relaxed);
    /// assert_eq!((region.get("group:1")?, region.get("other")?), (None, Some(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn invalidate_when(
        mut self,
        rule: impl Fn(&[u8], &Metadata) -> Option<Invalidation> + Send + Sync + 'static,
    ) -> Self {
        self.rule = Rule(Some(Arc::new(rule)));
        self
    }
}

impl Rule {
    /// Whether there is one.
    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn of(&self, key: &[u8]) -> RuleOfKey {
        RuleOfKey(self.0.as_ref().map(|rule| (Arc::clone(rule), key.into())))
    }
}

impl RuleOfKey {
    /// What a value is of which freshness and epochs said `verdict`, where `policy` goes for it. The rule sees
    /// it as it was written, whatever the call asks for.
    pub(super) fn judge(&self, policy: &Policy, value: &Metadata, verdict: Verdict) -> Verdict {
        let Some((rule, key)) = &self.0 else {
            return verdict;
        };
        match (verdict, rule(key, value)) {
            (Verdict::Miss, _) | (_, Some(Invalidation::Hard)) => Verdict::Miss,
            (Verdict::Fresh, Some(Invalidation::Soft)) => policy.verdict_when_stale(),
            (verdict, _) => verdict,
        }
    }
}
