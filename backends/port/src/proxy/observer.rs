//! Who is told what was asked of a store, and in which words.

use std::fmt;
use std::time::Duration;

use crate::StoreError;

/// Is told of every operation of a store, by [`Observed`](super::Observed).
pub trait Observer: Send + Sync + 'static {
    /// An operation has its answer. Whoever asked waits until this returns.
    fn answered(&self, answered: &Answered<'_>);
}

/// An operation that has its answer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Answered<'a> {
    /// The name of the store beneath.
    pub backend: &'a str,
    /// What was asked.
    pub call: Call,
    /// The key as it came to the proxy; the region's name where epochs were asked for.
    pub key: &'a [u8],
    /// What came of it.
    pub outcome: Result<Outcome, &'a StoreError>,
    /// How long it took. Nothing for [`Call::LookLocal`].
    pub took: Option<Duration>,
}

/// One of a store's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// Looking into this process's memory: [`Store::look_local`](crate::Store::look_local).
    LookLocal,
    /// [`Store::get`](crate::Store::get).
    Get,
    /// [`Store::set`](crate::Store::set).
    Set,
    /// [`Store::delete`](crate::Store::delete).
    Delete,
    /// [`LeaseStore::lease`](crate::LeaseStore::lease).
    Lease,
    /// [`LeaseStore::commit`](crate::LeaseStore::commit).
    Commit,
    /// [`LeaseStore::release`](crate::LeaseStore::release).
    Release,
    /// [`LeaseStore::shut`](crate::LeaseStore::shut).
    Shut,
    /// [`LeaseStore::renew`](crate::LeaseStore::renew).
    Renew,
    /// [`EpochStore::read`](crate::EpochStore::read).
    ReadEpochs,
    /// [`EpochStore::raise`](crate::EpochStore::raise).
    RaiseEpochs,
    /// [`EpochStore::restore`](crate::EpochStore::restore).
    RestoreEpochs,
}

/// What came of an operation that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// An entry was there, fresh or not.
    Found,
    /// None was.
    Absent,
    /// What was asked is done, or told.
    Done,
    /// No lease was given, because a fresh value is there.
    Fresh,
    /// The lease was given.
    Won,
    /// Another has the lease.
    Lost,
    /// Nobody may have the lease, because a creator failed.
    Shut,
    /// The lease was current: the value is stored, or the lease given back, or prolonged.
    Current,
    /// The lease was void, and nothing was done.
    Void,
}

impl Call {
    /// All of them, for who lists figures; a later version may have more.
    ///
    /// ```
    /// use dogpile_backend::proxy::{Call, StoreStatistics};
    /// let figures = StoreStatistics::new().figures();
    /// for call in Call::ALL {
    ///     println!("{call}: {}", figures.of(*call).ended());
    /// }
    /// ```
    pub const ALL: &'static [Self] = &[
        Self::LookLocal,
        Self::Get,
        Self::Set,
        Self::Delete,
        Self::Lease,
        Self::Commit,
        Self::Release,
        Self::Shut,
        Self::Renew,
        Self::ReadEpochs,
        Self::RaiseEpochs,
        Self::RestoreEpochs,
    ];
}

impl Outcome {
    /// All of them; a later version may have more.
    pub const ALL: &'static [Self] = &[
        Self::Found,
        Self::Absent,
        Self::Done,
        Self::Fresh,
        Self::Won,
        Self::Lost,
        Self::Shut,
        Self::Current,
        Self::Void,
    ];
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookLocal => "look",
            Self::Get => "get",
            Self::Set => "set",
            Self::Delete => "delete",
            Self::Lease => "lease",
            Self::Commit => "commit",
            Self::Release => "release",
            Self::Shut => "shut",
            Self::Renew => "renew",
            Self::ReadEpochs => "read epochs",
            Self::RaiseEpochs => "raise epochs",
            Self::RestoreEpochs => "restore epochs",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Found => "found",
            Self::Absent => "absent",
            Self::Done => "done",
            Self::Fresh => "fresh",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Shut => "shut",
            Self::Current => "current",
            Self::Void => "void",
        })
    }
}
