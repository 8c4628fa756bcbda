//! Who else uses the same keys.

/// With whom values and leases are shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compatibility {
    /// With processes that use this crate. All that the laws promise holds among them.
    #[default]
    Native,
    /// Also with Python's dogpile.cache 1.5: its `redis`, `redis_sentinel` and `redis_cluster`
    /// backends with `distributed_lock=True` and a JSON serializer, so that a fleet can move
    /// service by service. `JsonCodec` is the codec to use.
    ///
    /// A value is under the user's own key and a lease under `_lock` and that key: what
    /// [`prefix`](crate::RedisSettings::prefix) and
    /// [`lease_prefix`](crate::RedisSettings::lease_prefix) say goes in front as it is. So a key
    /// that begins with `_lock` may be another key's lease, and a key that begins with
    /// `dogpile:e:` a region's epochs: give users no such keys.
    ///
    /// Python writes without asking the lease, so what a commit replaces must besides be the very
    /// value that was there when the lease was given. What nobody can see then:
    ///
    /// - that Python deleted a key while a process of ours created its first value: nothing was
    ///   there before and nothing is there after. The value is stored.
    /// - that we set or deleted a key while a creator of Python's was at work: it stores what it
    ///   created. Its lock is left alone, for it raises an error where that is taken.
    /// - a creator of Python's that is slower than its `lock_timeout`: it stores whenever it is
    ///   done, over whatever is there.
    /// - a region's invalidation, by either side: dogpile.cache's own is known to one process, and
    ///   Python reads no epochs.
    ///
    /// A Python lock without a `lock_timeout` has no end: if its holder dies, calls that have no
    /// value wait for their whole deadline, until somebody deletes the lock.
    ///
    /// On a Cluster a value and its lease are in one slot only where the key, or the prefix, has a
    /// hash tag: `{42}:profile`. Any other key is refused.
    Python,
}
