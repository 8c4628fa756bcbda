//! What is asked of a slot, and what it answers.

use crate::state::Claim;
use crate::time::Time;

/// The answer to a claim.
#[derive(Debug)]
#[must_use]
pub enum Claimed {
    /// The caller is the creator.
    Won(Claim),
    /// Another creates.
    Joined,
    /// What the caller saw is no longer there: look again.
    Changed,
}

/// How a creation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The value is kept.
    Publish,
    /// The value is not kept; the waiters get it.
    Deliver,
    /// There is no value; the waiters get the error.
    Fail,
}

/// What comes from outside and supersedes a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A value was set.
    Set,
    /// The value was removed.
    Delete,
    /// The value was made stale.
    Soften,
}

/// The claim was superseded: by a set, a delete, an invalidation or a take-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superseded;

/// The answer to a waiter whose patience with the creator has ended.
#[derive(Debug)]
#[must_use]
pub enum Relief {
    /// The creator has until then.
    NotYet(Time),
    /// The creator has not begun: its time does not run yet. Ask again after a whole one.
    NotBegun,
    /// The waiter is the creator now and no longer waits.
    Heir(Claim),
    /// The creator was superseded before; the waiter no longer waits and looks again.
    Superseded,
    /// The waiter has been told something: it polls.
    Told,
}

/// What became of an abandoned claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// A waiter goes on with the creation.
    Inherited,
    /// Nobody waited; the creation has ended.
    Ended,
    /// The claim no longer held; the creation is somebody else's.
    Superseded,
}
