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
//! An owned creator may be given to a runner: with a stale value at hand right after the claim, and the
//! caller is served; by a caller that wishes to wait for it when it is to begin, and the caller follows
//! it like anybody else: where it would have to create itself after all, it ends. Either way the creation
//! outlives its caller.
//!
//! Who holds the local claim when another process holds the lease is the *delegate*: the one
//! caller of this process that talks to the store about the key.

mod events;
mod steps;
#[cfg(test)]
mod tests;

pub use events::{Claimed, Committed, Created, Event, Leased, Looked, Woke};

/// What the call wants, fixed when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools)] // independent wishes, not states of one thing
pub struct Wish {
    /// Create whatever is there, superseding a creation under way (`refresh`).
    pub refresh: bool,
    /// The creator is owned: with a stale value at hand it runs elsewhere.
    pub owned: bool,
    /// With a stale value at hand the call waits for the next one; its deadline then ends with the stale
    /// one, not with an error.
    pub patient: bool,
    /// The creator is owned: with no value at hand it runs elsewhere too, and the call waits for it as
    /// for another's. When the call goes away, the creation goes on.
    pub detached: bool,
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
    /// Give claim, lease and creator to a runner. Answer: [`Event::Detached`].
    Detach {
        /// The creator is to begin: this call takes a seat among those who wait for it, before the
        /// runner may begin, and what the runner goes on with is [`Flow::creating`]. Else it is
        /// [`Flow::detached`], and this call waits for nothing.
        creation: bool,
    },
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
    /// The creation that this call gave to a runner came to nothing, as did what took its place, and
    /// nobody else creates.
    Dropped,
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
    /// It is served only when waiting for the next takes too long.
    soft: bool,
    /// The store did not answer this call's last question: no lease, no commit.
    store_failed: bool,
    /// The call has waited for another's creation.
    waited: bool,
    /// The call's claim was superseded before it had the lease, and it has looked again.
    superseded: bool,
    /// The call gave its creator to a runner: it has none any more.
    given: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Looking,
    Claiming,
    Detaching {
        creation: bool,
    },
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
    /// A call with this wish, and its first action. Who refreshes creates in the call itself.
    pub fn start(wish: Wish) -> (Self, Action) {
        let (wish, state, action) = if wish.refresh {
            let wish = Wish {
                owned: false,
                patient: false,
                detached: false,
                ..wish
            };
            (wish, State::Claiming, Action::Claim { supersede: true })
        } else {
            (wish, State::Looking, Action::Look)
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
                patient: false,
                detached: false,
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

    /// The creation that a call gave to a runner when it was to begin, and its first action. It holds
    /// what the call held, the claim and the lease, or no lease where the store did not answer; it
    /// answers nobody.
    pub fn creating(store_failed: bool) -> (Self, Action) {
        let flow = Self {
            wish: Wish::default(),
            state: State::Creating,
            facts: Facts {
                store_failed,
                ..Facts::default()
            },
        };
        (flow, Action::Create)
    }

    /// The same where the runner comes to it so late that the lease may have ended: it is asked for again,
    /// and the creator begins only if nobody else has created meanwhile, or does.
    pub fn creating_late(wish: Wish) -> (Self, Action) {
        let flow = Self {
            wish: Wish {
                needs_store: wish.needs_store,
                ..Wish::default()
            },
            state: State::Leasing,
            facts: Facts::default(),
        };
        (flow, Action::Lease { supersede: false })
    }

    /// Whether the store did not answer the call's last question.
    pub const fn is_without_store(&self) -> bool {
        self.facts.store_failed
    }

    /// Whether a wait ends with the value at hand, and so at the earlier of the caller's deadlines.
    pub const fn waits_softly(&self) -> bool {
        self.facts.soft
    }

    /// Whether the call has given its creator away: it never takes a creator's place.
    pub const fn has_given(&self) -> bool {
        self.facts.given
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
