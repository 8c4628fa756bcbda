//! What the world answers to a flow: an event for each action.

#[cfg(doc)]
use super::Action;

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Of [`Action::Look`].
    Looked(Looked),
    /// Of [`Action::Claim`].
    Claimed(Claimed),
    /// Of [`Action::Detach`]: whether a runner took it. If not, the call still holds what it held.
    Detached(bool),
    /// Of [`Action::Lease`].
    Leased(Leased),
    /// Of [`Action::Wait`].
    Woke(Woke),
    /// Of [`Action::Create`].
    Created(Created),
    /// Of [`Action::Commit`].
    Committed(Committed),
    /// Of [`Action::Release`], [`Action::HandOver`] and [`Action::Leave`].
    Done,
    /// Before the answer to [`Action::Lease`], [`Action::Wait`] or [`Action::Create`]: if a stale value is at
    /// hand, it may not be served any more. The action is asked for again.
    Outdated,
    /// The caller went away, at any moment.
    Cancelled,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Looked {
    /// Nothing that may be used.
    Miss,
    /// A value that may be served while another is created.
    Stale,
    /// A value that is as good as fresh and is to be replaced ahead of its time: nobody waits for the
    /// next.
    Due,
    /// A value that may be served.
    Fresh,
    /// The store did not answer.
    Failed {
        /// Whether this process kept a value that may be served.
        kept: bool,
    },
}

/// Who creates in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claimed {
    /// This call.
    Won,
    /// Another.
    Joined,
    /// What the look found is no longer there.
    Changed,
}

/// Who creates among the processes that share the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leased {
    /// This one.
    Won {
        /// The second look found a fresh value after all.
        fresh_seen: bool,
    },
    /// Another.
    Lost,
    /// Nobody for now: the creator failed a short time ago, and is left alone.
    BackingOff,
    /// This one, for a local claim that was superseded meanwhile: those who come now would find the
    /// lease and no flight.
    Superseded,
    /// The store did not answer.
    Failed,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Woke {
    /// With the value of the creation.
    Value {
        /// The store confirmed that nothing superseded it.
        committed: bool,
        /// Its creator began after this call did.
        began_after_me: bool,
    },
    /// With the error of the creation.
    Error,
    /// Nobody created: the creator is left alone.
    BackingOff,
    /// The creation's caller got no answer from the store and did not create.
    StoreFailed,
    /// The creator went away or is past its limit: this call is the creator now.
    Heir,
    /// The creation was superseded.
    Superseded,
    /// Something happened to the key in the store.
    LookAgain,
    /// The other process's lease has run out.
    LeaseTimer,
    /// The deadline has passed.
    Deadline,
    /// The creation waits for this very call.
    Cycle,
}

/// How the creator ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Created {
    /// With a value to be stored.
    Ok,
    /// With a value that is not to be stored.
    Declined,
    /// With an error.
    Err,
    /// With a panic.
    Panicked,
}

/// What the store says of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Committed {
    /// The lease was current.
    Stored,
    /// The lease was void; nothing was changed.
    Refused,
    /// The store did not answer.
    Failed,
}
