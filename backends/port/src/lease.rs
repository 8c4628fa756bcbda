//! The optional ports: leases that reach as far as the storage does, and a region's epochs in it.

use crate::{CachedValue, Epoch, Epochs, Metadata, Reply, Span, Stamp};

/// What a caller wants of [`LeaseStore::lease`].
pub struct Ask<'a> {
    /// Whether a value with this metadata makes a creation unnecessary.
    pub fresh: &'a (dyn Fn(&Metadata) -> bool + Send + Sync),
    /// A lease that this process holds already and that the caller takes over, as an heir does. The
    /// lease that it gets has another stamp, and the old one is void: who held it may still be at work.
    pub held: Option<Lease>,
    /// The stamp of a value that the caller saw and did not find fresh. A store that cannot ask
    /// `fresh` in its atomic step gives the lease at once where it finds no other value than this.
    pub stale: Option<Stamp>,
    /// Take the lease from whoever has it (`refresh`: the last started wins).
    pub supersede: bool,
    /// How long the lease lasts unless it is renewed.
    pub time: Span,
}

/// The right to commit one value under one key. It names what the store compares at the commit: the
/// stamp of the claim, or of the value that was seen when the lease was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Never repeated for its key.
    pub stamp: Stamp,
    /// The exact bytes of a foreign value that carries no stamp of ours, where the store compares those.
    pub foreign: Option<Box<[u8]>>,
}

/// The answer to [`LeaseStore::lease`]: the second look and the lease in one atomic step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased<V> {
    /// A fresh value is there; no lease was given.
    Fresh(CachedValue<V>),
    /// The lease is the caller's. `seen` is what was read in the same step; a caller that finds it fresh
    /// gives the lease back. Where leases [expire](LeaseStore::expires), for several processes then share the
    /// store, nothing seen means that nothing is there: what the caller saw before was deleted, and is
    /// shown to no creator. A store in this process need not read what it does not need to answer.
    Won {
        /// The lease.
        lease: Lease,
        /// The entry beside it.
        seen: Option<CachedValue<V>>,
    },
    /// Nobody may have it for now: its last holder's creator failed, and [`LeaseStore::shut`] it.
    Shut {
        /// For how long.
        remaining: Span,
        /// The entry beside it.
        seen: Option<CachedValue<V>>,
    },
    /// Another holds it.
    Lost {
        /// How long its lease lasts at most unless it is renewed.
        remaining: Span,
        /// The entry beside it.
        seen: Option<CachedValue<V>>,
    },
}

/// Whether a lease was still current when it was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It was: the value is stored, or the lease given back.
    Stored,
    /// It was void: somebody set, deleted or took over. Nothing was changed.
    Refused,
}

/// Leases on keys. Every operation is atomic on its key.
pub trait LeaseStore<V>: Send + Sync {
    /// Looks at `key` and takes its lease unless a fresh value is there or another holds it.
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>>;

    /// Stores `entry` and ends the lease, only while the lease is current.
    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit>;

    /// Ends the lease and stores nothing; says whether it was current. `failed` tells waiters
    /// elsewhere that the creator failed, where the store can tell them.
    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit>;

    /// Ends the lease because the creator failed, and gives it to nobody for `time` from now, whoever
    /// asks ([`Leased::Shut`]) without superseding: not in any process. A `set` and a `delete` end that
    /// at once, as they void a lease. Waiters elsewhere are told as by [`release`](Self::release).
    ///
    /// Where [`shuts`](Self::shuts) is false, regions leave a creator alone in their own process only,
    /// and this is a release.
    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _time: Span) -> Reply<'a, Commit> {
        self.release(key, lease, true)
    }

    /// Whether [`shut`](Self::shut) does what it says, for all who share the store.
    fn shuts(&self) -> bool {
        false
    }

    /// Prolongs the lease to `time` from now while it is current.
    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit>;

    /// Rings `bell` whenever something happened to `key` or its lease, until the [`Watch`] is
    /// dropped; `None` where the store cannot notify, so that the caller polls. It may ring for
    /// nothing.
    fn watch(&self, _key: &[u8], _bell: Bell) -> Option<Watch> {
        None
    }

    /// Whether leases end by themselves and must be renewed. `false` for a store in this process,
    /// whose holders cannot die without giving them back.
    fn expires(&self) -> bool {
        true
    }
}

/// What a store rings, from any thread.
pub type Bell = Box<dyn Fn(News) + Send + Sync>;

/// What a [`Bell`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Something happened: look.
    Changed,
    /// Who held the lease gave it back because the creator failed, after the bell was hung: whoever
    /// hung it waited for that creator. A store whose news may come late rings for older ones
    /// `Changed`, or not at all.
    Failed,
}

/// A standing wish to be told; dropping it ends it.
pub struct Watch {
    end: Option<Box<dyn FnOnce() + Send>>,
    stands: bool,
}

impl Watch {
    /// A watch that stands, and runs `end` when it is dropped.
    pub fn new(end: impl FnOnce() + Send + 'static) -> Self {
        Self {
            end: Some(Box::new(end)),
            stands: true,
        }
    }

    /// A watch that does not stand yet: the store has to be told of it first. Its bell rings once
    /// when it does, so that what happened before is then looked for.
    pub fn coming(end: impl FnOnce() + Send + 'static) -> Self {
        Self {
            end: Some(Box::new(end)),
            stands: false,
        }
    }

    /// Whether it stood when it was made. What happened before that rang no bell.
    pub fn stands(&self) -> bool {
        self.stands
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

/// How a region is invalidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalidation {
    /// Older values are misses: nobody sees them again.
    Hard,
    /// Older values are stale: served while one caller creates anew.
    Soft,
}

/// A region's epochs where every process that shares the store sees them.
///
/// A region whose values are invalidated by tag keeps the epochs of its tags here too, each under a name
/// of its own: the region's, a zero byte, and up to four digits more. So there are up to 65,536 more names
/// to a region.
pub trait EpochStore: Send + Sync {
    /// The epochs of `region`; of one that nobody has raised, the first ones. A store that may lose what it was
    /// told, and cannot tell a region that is new from one that was lost, begins with its time instead:
    /// what was stored before is then a miss. It does not so for a tag, most of which nobody ever raises.
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs>;

    /// Raises one epoch of `region` to the higher of one more than its current epoch and the
    /// store's time in microseconds, and answers both.
    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs>;

    /// Raises the epochs of `region` to `known` where they are lower: for a store that can lose
    /// what it was told (an eviction, a flush), by who still knows. Where a clock may be set back, a tag is
    /// invalidated by way of this; a store that does nothing here then refuses it for a while.
    fn restore<'a>(&'a self, _region: &'a str, _known: Epochs) -> Reply<'a, ()> {
        Reply::ok(())
    }

    /// As much of a region's `hard` epoch, which was read here, as an invalidation raised. Less than all of it where
    /// a store that had lost what it was told began anew with that epoch: then nobody can vouch for what it
    /// stores from before, but nobody invalidated the last values that a process keeps by itself.
    fn invalidated(&self, _region: &str, hard: Epoch) -> Epoch {
        hard
    }

    /// Rings `bell` whenever the epochs of `region` may have risen; `None` where the store cannot
    /// notify, so that they are read from time to time.
    fn watch(&self, _region: &str, _bell: Bell) -> Option<Watch> {
        None
    }
}
