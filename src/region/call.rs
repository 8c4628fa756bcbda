//! One call on its way: what it knows and holds, and what each answer of the world means to its
//! flow. Both engines use it; neither decides anything itself.

mod creation;
mod store;

use std::sync::Arc;

use dogpile_backend::{CachedValue, Epoch, Epochs, Policy, Span, Time};
use dogpile_core::flow::{self, Action, Claimed, Ending, Event, Flow, Trouble, Wish};

use super::config::OnStoreFailure;
use super::hold::Hold;
use super::kept::Mark;
use super::renewal::Renewal;
use super::shared::Shared as Region;
use super::wait::Watching;
use super::{Answer, Origin};
use crate::error::{Error, Place};
use crate::failure::{self, Failure};
use crate::flight::cycle::Waiting;
use crate::flight::{Outcome, Shared};

/// What a call goes by: the region's settings, and what it says itself.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) policy: Policy,
    pub(super) deadline: Span,
    pub(super) creation_limit: Span,
    pub(super) stale_if_error: bool,
    pub(super) on_store_failure: OnStoreFailure,
}

pub(super) struct Call<V: Clone + Send + Sync + 'static, E> {
    pub(super) region: Arc<Region<V>>,
    pub(super) user_key: Box<[u8]>,
    pub(super) terms: Terms,
    wish: Wish,
    flow: Flow,
    pub(super) hold: Hold<V>,
    started: Time,
    epochs: Epochs,
    /// A value that may be served if nothing better comes.
    at_hand: Option<CachedValue<V>>,
    /// The value to return.
    found: Option<CachedValue<V>>,
    /// What the creator made, until it is settled.
    made: Option<CachedValue<V>>,
    /// The region's epoch as it was before the creator began.
    epoch: Epoch,
    /// What was written before this call read or created anything.
    mark: Mark,
    failure: Option<Failure<E>>,
    renewal: Option<Renewal>,
    pub(super) waiting: Option<Waiting>,
    pub(super) watching: Option<Watching>,
}

impl<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<V, E> {
    /// A call for the user's `key`, and its first action.
    pub(super) fn start(
        region: Arc<Region<V>>,
        key: &[u8],
        terms: Terms,
        wish: Wish,
    ) -> (Self, Action) {
        let wish = Wish {
            stale_if_error: terms.stale_if_error,
            needs_store: terms.on_store_failure == OnStoreFailure::Fail,
            ..wish
        };
        let (flow, action) = Flow::start(wish);
        let active = region.active_or_panic();
        let mangled = active.mangled(key);
        let call = Self {
            mark: active.kept.mark(&mangled),
            user_key: key.into(),
            terms,
            wish,
            flow,
            hold: Hold::nothing(Arc::clone(&active.opened), mangled),
            started: active.clock.monotonic(),
            epochs: active.epochs.read(),
            at_hand: None,
            found: None,
            made: None,
            epoch: Epoch::FIRST,
            failure: None,
            renewal: None,
            waiting: None,
            watching: None,
            region,
        };
        (call, action)
    }

    /// The part that a runner carries on: it holds the claim, and answers nobody.
    pub(super) fn detach(&mut self) -> (Self, Action) {
        let (mut call, _) = Self::start(
            Arc::clone(&self.region),
            &self.user_key,
            self.terms,
            self.wish,
        );
        let nothing = Hold::nothing(Arc::clone(self.hold.opened()), self.hold.key().into());
        call.hold = std::mem::replace(&mut self.hold, nothing);
        let (flow, action) = Flow::detached(self.wish);
        call.flow = flow;
        call.at_hand.clone_from(&self.at_hand);
        // Its time runs from now on, also while it waits for a runner that may never come to it.
        call.hold
            .begin(0, call.started.after(call.terms.creation_limit));
        (call, action)
    }

    pub(super) fn step(&mut self, event: Event) -> Action {
        match self.flow.step(event) {
            Ok(action) => action,
            Err(misuse) => unreachable!("the drivers answer what the flow asks: {misuse}"),
        }
    }

    pub(super) fn has_waited(&self) -> bool {
        self.flow.has_waited()
    }

    pub(super) fn deadline(&self) -> Time {
        self.started.after(self.terms.deadline)
    }

    pub(super) fn monotonic(&self) -> Time {
        self.region.active_or_panic().clock.monotonic()
    }

    /// Asks this process's flights who creates.
    pub(super) fn claim(&mut self, supersede: bool) -> Event {
        let now = self.monotonic();
        Event::Claimed(if self.hold.board(supersede, now) {
            Claimed::Won
        } else {
            Claimed::Joined
        })
    }

    /// What was created before this is a miss to this call: before the last hard invalidation that
    /// it knows of, or the last soft one where no stale value may be served.
    fn oldest_epoch(&self) -> Epoch {
        if self.terms.policy.stale_for == Span::ZERO {
            return self.epochs.current();
        }
        self.epochs.hard
    }

    /// Keeps a value for when the store does not answer.
    fn keep(&self, entry: &CachedValue<V>) {
        let active = self.region.active_or_panic();
        active.kept.keep(self.hold.key(), entry, self.mark);
    }

    /// Passes the claim on.
    pub(super) fn hand_over(&mut self) -> Event {
        self.renewal = None;
        self.watching = None;
        self.hold.hand_over();
        Event::Done
    }

    /// Leaves the flight's waiters.
    pub(super) fn leave(&mut self) -> Event {
        self.waiting = None;
        self.hold.leave();
        Event::Done
    }

    /// What a flight's outcome means to this call. A value from before an invalidation that this
    /// call already knows of is not one to have.
    pub(super) fn hear(&mut self, outcome: &Outcome<V>, began_after_me: bool) -> flow::Woke {
        match outcome {
            Outcome::Value { value, .. } if value.metadata.epoch < self.oldest_epoch() => {
                flow::Woke::Value {
                    committed: false,
                    began_after_me: false,
                }
            }
            Outcome::Value { value, committed } => {
                self.found = Some(value.clone());
                flow::Woke::Value {
                    committed: *committed,
                    began_after_me,
                }
            }
            Outcome::Failed(Shared::Store(error)) => {
                self.failure = Some(Failure::Store(Arc::clone(error)));
                flow::Woke::StoreFailed
            }
            Outcome::Failed(shared) => {
                self.failure = Some(Failure::Shared(shared.clone()));
                flow::Woke::Error
            }
        }
    }

    /// The end of the call. A creator's panic goes on from here, in its own caller.
    pub(super) fn ended(mut self, ending: Ending) -> Result<Answer<V>, Error<E>> {
        match ending {
            Ending::Value(origin) => Ok(self.answer(origin)),
            Ending::Trouble(trouble) => Err(self.error(trouble)),
            Ending::Cancelled => unreachable!("only a dropped call is cancelled"),
        }
    }

    fn answer(&mut self, origin: Origin) -> Answer<V> {
        let from_hand = matches!(origin, Origin::Stale | Origin::StaleOnError | Origin::Kept);
        let entry = if from_hand {
            self.at_hand.take()
        } else {
            self.found.take()
        };
        let Some(entry) = entry else {
            unreachable!("a value is returned only when there is one")
        };
        let now = self.region.active_or_panic().now();
        Answer {
            age: now.since(entry.metadata.created).to_duration(),
            value: entry.value,
            origin,
        }
    }

    fn error(&mut self, trouble: Trouble) -> Error<E> {
        let place = Place::new(&self.region.name, &self.user_key);
        let waited = self.monotonic().since(self.started);
        failure::error(trouble, self.failure.take(), place, waited)
    }
}

impl<V: Clone + Send + Sync + 'static, E> Drop for Call<V, E> {
    /// A call that goes away before its end gives everything to somebody else.
    fn drop(&mut self) {
        self.waiting = None;
        match self.flow.step(Event::Cancelled) {
            Ok(Action::HandOver) => self.hold.hand_over(),
            Ok(Action::Leave) => self.hold.leave(),
            // It had ended, or held nothing.
            Ok(_) | Err(_) => {}
        }
    }
}
