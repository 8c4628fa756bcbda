//! A value with its provenance.

use std::time::Duration;

pub use dogpile_core::flow::Origin;

/// A value, where it came from, and how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<V> {
    /// The value.
    pub value: V,
    /// Where it came from.
    pub origin: Origin,
    /// How long ago its creator finished.
    pub age: Duration,
}

/// What is known of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// How long ago its creator finished.
    pub age: Duration,
    /// Whether it is fresh or stale by the region's policy, or may not be used any more.
    pub verdict: dogpile_core::freshness::Verdict,
    /// What the store keeps beside it.
    pub metadata: dogpile_core::cached_value::Metadata,
}
