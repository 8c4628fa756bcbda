//! What a run goes by: the region's policy, and what its store can do.

/// For ever, in seconds.
pub(crate) const FOREVER: u64 = u64::MAX;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// For how many seconds a value is fresh, and then stale.
    pub(crate) fresh_for: u64,
    pub(crate) stale_for: u64,
    /// After how many seconds a creator is taken over.
    pub(crate) creation_limit: u64,
    /// After how many seconds the store's leases run out; never in this process's memory.
    pub(crate) lease_time: u64,
    pub(crate) stale_if_error: bool,
    /// Whether the store lets values go for want of room.
    pub(crate) evicts: bool,
    /// Whether what was asked of the store is done also when the call that asked is dropped.
    pub(crate) outlives: bool,
    pub(crate) keys: u8,
    pub(crate) processes: u8,
}
