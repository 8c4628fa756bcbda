//! One call's protocol, from the key to the answer, as a pure step function.
//!
//! A driver holds a [`Flow`], carries out the [`Action`] that it names, and steps it with the
//! [`Event`] that came of it, until the action is [`Action::Return`]. The flow knows no store, no
//! clock, no value and no thread; the sync driver, the async driver and the exhaustive walk in the
//! models all step this one.
//!
//! ```text
//! Look --fresh--> Return            Claim --joined--> Wait, or Return(Stale) with a value at hand
//!   | stale, miss                     | won
//!   v                                 v
//! Claim                             Lease --won, fresh seen--> Release, Return(Hit)
//!                                     | won                 \--lost--> Wait as delegate, or stale
//!                                     v
//!                                   Create --> Commit --> Release --> Return(Created)
//! ```
//!
//! Who holds the local claim when another process holds the lease is the *delegate*: the one
//! caller of this process that talks to the store about the key.

mod steps;
#[cfg(test)]
mod tests;

/// What the call wants, fixed when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools)] // four independent wishes, not states of one thing
pub struct Wish {
    /// Create whatever is there, superseding a creation under way (`refresh`).
    pub refresh: bool,
    /// The creator is owned: with a stale value at hand it runs elsewhere.
    pub owned: bool,
    /// A creator's error is answered with the stale value, if there is one.
    pub stale_if_error: bool,
    /// Without a store the call fails, rather than creating without storing.
    pub needs_store: bool,
}

/// What the driver is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Action {
    /// Read the store. Answer: [`Event::Looked`].
    Look,
    /// Ask this process's flights who creates. Answer: [`Event::Claimed`].
    Claim {
        /// End the flight that is there and begin another.
        supersede: bool,
    },
    /// Give the rest of this flow to a runner. Answer: [`Event::Detached`].
    Detach,
    /// Look again and ask for the store's lease, in one step. Answer: [`Event::Leased`].
    Lease {
        /// Take it from whoever holds it, and ignore what is there.
        supersede: bool,
    },
    /// Wait for the flight (a follower) or for the store (a delegate). Answer: [`Event::Woke`].
    Wait {
        /// Whether this call holds the local claim.
        delegate: bool,
    },
    /// Run the creator. Answer: [`Event::Created`].
    Create,
    /// End the lease, storing the value or nothing. Answer: [`Event::Committed`].
    Commit {
        /// Whether the value is to be stored.
        store: bool,
    },
    /// Give the lease back if it is held, then end the flight this way. Answer: [`Event::Done`].
    Release(Release),
    /// Pass the claim, and the lease with it, to a waiter. Answer: [`Event::Done`].
    HandOver,
    /// Leave the flight's waiters. Answer: [`Event::Done`].
    Leave,
    /// The call is over.
    Return(Ending),
}

/// What a flight's waiters are told when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Release {
    /// The value; the store confirmed that nothing superseded it.
    Confirmed,
    /// The value; nobody knows whether it was superseded.
    Unconfirmed,
    /// The creator's error.
    Failed,
    /// The creator's panic.
    Panicked,
    /// The store's error.
    StoreFailed,
}

impl Release {
    /// Whether there is no value.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Panicked | Self::StoreFailed)
    }
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With a value from there.
    Value(Origin),
    /// Without.
    Trouble(Trouble),
    /// Nobody is there to get anything.
    Cancelled,
}

/// Where the value of an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A fresh value was in the store.
    Hit,
    /// A stale value was in the store; another caller, or a runner, creates the next.
    Stale,
    /// The creator failed and the stale value was at hand.
    StaleOnError,
    /// The store failed and this process had kept the value.
    Kept,
    /// Another caller created it while this one waited.
    Shared,
    /// This call created and stored it.
    Created,
    /// This call created it, and `should_cache` declined to store it.
    Declined,
    /// This call created it, but a set, a delete, an invalidation or another creator came first: it
    /// was not stored.
    Superseded,
    /// This call created it, but the store failed: it was not stored.
    NotStored,
}

/// Why a call ends without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// This call's creator failed.
    Creator,
    /// This call's creator panicked.
    Panicked,
    /// The creation that this call waited for failed.
    Shared,
    /// The creator failed a short time ago and is not called yet.
    BackingOff,
    /// The wait took longer than the deadline.
    Deadline,
    /// Waiting would never end: the creation waits for this very call.
    Cycle,
    /// The store failed.
    Store,
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Of [`Action::Look`].
    Looked(Looked),
    /// Of [`Action::Claim`].
    Claimed(Claimed),
    /// Of [`Action::Detach`]: whether the runner took the creation.
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

/// An event that cannot follow the action that was asked for: a defect of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Misuse {
    /// What the flow waited for.
    pub flow: Flow,
    /// What it got.
    pub event: Event,
}

impl core::fmt::Display for Misuse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?} cannot follow {:?}", self.event, self.flow.state)
    }
}

impl core::error::Error for Misuse {}

/// One call on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    wish: Wish,
    state: State,
    facts: Facts,
}

/// What the call has learned on its way.
#[allow(clippy::struct_excessive_bools)] // independent facts, not states of one thing
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Facts {
    /// A value is at hand that may be served while another is created.
    stale: bool,
    /// The store did not answer this call's last question: no lease, no commit.
    store_failed: bool,
    /// The call has waited for another's creation.
    waited: bool,
    /// The call's claim was superseded before it had the lease, and it has looked again.
    superseded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Looking,
    Claiming,
    Detaching,
    Leasing,
    Waiting {
        delegate: bool,
    },
    Creating,
    Committing {
        store: bool,
    },
    /// The claim is being given back or handed over; then this.
    Parting(Then),
    /// The seat is being left; then this.
    Leaving(Then),
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    Look,
    Return(Ending),
}

impl Flow {
    /// A call with this wish, and its first action.
    pub fn start(wish: Wish) -> (Self, Action) {
        let (state, action) = if wish.refresh {
            (State::Claiming, Action::Claim { supersede: true })
        } else {
            (State::Looking, Action::Look)
        };
        let facts = Facts::default();
        (Self { wish, state, facts }, action)
    }

    /// The part of a detached call that the runner carries on, and its first action. It holds the
    /// claim, and answers nobody.
    pub fn detached(wish: Wish) -> (Self, Action) {
        let flow = Self {
            wish: Wish {
                owned: false,
                ..wish
            },
            state: State::Leasing,
            // It began with a stale value: no runner waits for another process, and none creates
            // what a failing store cannot take.
            facts: Facts {
                stale: true,
                ..Facts::default()
            },
        };
        (flow, Action::Lease { supersede: false })
    }

    /// Whether the call has waited before: a creation that it joins now began after it did.
    pub const fn has_waited(&self) -> bool {
        self.facts.waited
    }

    /// The next action.
    ///
    /// # Errors
    /// [`Misuse`] when `event` cannot follow the last action; the flow stays as it was.
    pub fn step(&mut self, event: Event) -> Result<Action, Misuse> {
        let mut next = *self;
        let action = next.react(event).ok_or(Misuse { flow: *self, event })?;
        *self = next;
        Ok(action)
    }
}
