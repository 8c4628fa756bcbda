//! What a region says of itself, where that is built in. To `tracing`: at `debug` how long creators took and
//! what was not there, at `info` invalidations, at `warn` what is not stored and why. Keys are shown escaped and cut.
//! To `metrics`: what is too seldom, or takes too long, for a word at once to matter.

use std::fmt::Display;
use std::time::Duration;

use dogpile_backend::Invalidation;

use super::Region;

impl<V: Send + Sync + 'static> Region<V> {
    /// A function that cannot fail runs without its cache: nobody else hears why. While the region is not
    /// configured that is said once, for each call would say so.
    #[cold]
    pub(crate) fn runs_uncached(&self, why: &dyn Display) {
        if self.is_configured() || self.shared().is_told_first() {
            uncached(self.name(), why);
        }
    }
}

/// A function runs without its cache, since the region had no answer.
#[allow(unused_variables)] // a build without tracing says nothing
fn uncached(region: &str, why: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "dogpile", region, error = %why, "a memoized function runs uncached");
}

/// A creator has ended.
#[allow(unused_variables)] // a build without listeners says nothing
pub(super) fn created(region: &str, backend: &str, key: &[u8], took: Duration, failed: bool) {
    #[cfg(feature = "metrics")]
    super::metrics::created(region, backend, took, failed);
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: "dogpile",
        region,
        key = dogpile_backend::show_key(key),
        seconds = took.as_secs_f64(),
        failed,
        "creator ended"
    );
}

/// Nothing usable was there.
#[allow(unused_variables)] // a build without listeners says nothing
pub(super) fn missed(region: &str, key: &[u8]) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: "dogpile",
        region,
        key = dogpile_backend::show_key(key),
        "miss"
    );
}

/// All values of the region are misses, or stale, from now on.
#[allow(unused_variables)] // a build without listeners says nothing
pub(super) fn invalidated(region: &str, backend: &str, how: Invalidation) {
    #[cfg(feature = "metrics")]
    super::metrics::invalidated(region, backend, how == Invalidation::Hard);
    #[cfg(feature = "tracing")]
    tracing::info!(target: "dogpile", region, ?how, "invalidated");
}

/// A creator that had failed was left alone.
#[allow(unused_variables)] // a build without listeners says nothing
pub(super) fn left_alone(region: &str, backend: &str) {
    #[cfg(feature = "metrics")]
    super::metrics::left_alone(region, backend);
}

/// All values of the region that carry the tag are misses, or stale, from now on.
#[allow(unused_variables)] // a build without listeners says nothing
pub(super) fn tag_invalidated(region: &str, backend: &str, tag: &[u8], how: Invalidation) {
    #[cfg(feature = "metrics")]
    super::metrics::tag_invalidated(region, backend, how == Invalidation::Hard);
    #[cfg(feature = "tracing")]
    tracing::info!(
        target: "dogpile",
        region,
        tag = dogpile_backend::show_key(tag),
        ?how,
        "tag invalidated"
    );
}

/// A creator's value has more tags than a value may have, and is not stored.
#[allow(unused_variables)] // a build without tracing says nothing
pub(super) fn too_many_tags(region: &str, key: &[u8]) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "dogpile",
        region,
        key = dogpile_backend::show_key(key),
        "more than 8 tags: not stored"
    );
}
