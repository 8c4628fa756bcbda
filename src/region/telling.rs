//! What a region says of itself to `tracing`, where that is built in: at `debug` how long creators took and
//! what was not there, at `info` invalidations. Keys are shown escaped and cut.

use std::time::Duration;

use dogpile_backend::Invalidation;

/// A creator has ended.
#[allow(unused_variables)] // a build without tracing says nothing
pub(super) fn created(region: &str, key: &[u8], took: Duration, failed: bool) {
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
#[allow(unused_variables)] // a build without tracing says nothing
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
#[allow(unused_variables)] // a build without tracing says nothing
pub(super) fn invalidated(region: &str, how: Invalidation) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: "dogpile", region, ?how, "invalidated");
}
