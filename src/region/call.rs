//! One call on its way: what it knows and holds, and what each answer of the world means to its
//! flow. Both engines use it; neither decides anything itself.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{
    Ask, CachedValue, Commit, Epoch, Epochs, Lease, Leased, Metadata, Policy, Span, Stamp,
    StoreError, Time, Verdict,
};
use dogpile_core::flow::{
    self, Action, Claimed, Committed, Created, Ending, Event, Flow, Looked, Release, Trouble, Wish,
};
use dogpile_core::kit::{Fault, Kit};
use dogpile_core::slot::End;

use super::config::OnStoreFailure;
use super::hold::Hold;
use super::renewal::Renewal;
use super::shared::Shared as Region;
use super::wait::Watching;
use super::{Answer, Origin};
use crate::error::{Error, Place};
use crate::flight::cycle::{self, Waiting};
use crate::flight::{Outcome, Shared};
use crate::kit::Local;

/// What a call goes by: the region's settings, and what it says itself.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) policy: Policy,
    pub(super) deadline: Span,
    pub(super) creation_limit: Span,
    pub(super) stale_if_error: bool,
    pub(super) on_store_failure: OnStoreFailure,
}

/// What kept a call from having a value.
enum Failure<E> {
    Own(Arc<E>),
    Shared(Shared),
    Panic(Box<dyn Any + Send>),
    Store(Arc<StoreError>),
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
        let call = Self {
            user_key: key.into(),
            terms,
            wish,
            flow,
            hold: Hold::nothing(Arc::clone(&active.opened), active.mangled(key)),
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

    pub(super) fn started(&self) -> Time {
        self.started
    }

    pub(super) fn deadline(&self) -> Time {
        self.started.after(self.terms.deadline)
    }

    pub(super) fn monotonic(&self) -> Time {
        self.region.active_or_panic().clock.monotonic()
    }

    /// What the store answered to a look.
    pub(super) fn looked(&mut self, answer: Result<Option<CachedValue<V>>, StoreError>) -> Event {
        let entry = match answer {
            Ok(entry) => entry,
            Err(error) => return Event::Looked(self.look_failed(error)),
        };
        let Some(entry) = entry else {
            return Event::Looked(Looked::Miss);
        };
        let verdict = self.judge(&entry.metadata);
        if verdict != Verdict::Miss {
            self.region
                .active_or_panic()
                .kept
                .keep(self.hold.key(), &entry);
        }
        Event::Looked(match verdict {
            Verdict::Miss => Looked::Miss,
            Verdict::Stale => {
                self.at_hand = Some(entry);
                Looked::Stale
            }
            Verdict::Fresh => {
                self.found = Some(entry);
                Looked::Fresh
            }
        })
    }

    fn look_failed(&mut self, error: StoreError) -> Looked {
        self.failure = Some(Failure::Store(Arc::new(error)));
        let kept = self.region.active_or_panic().kept.get(self.hold.key());
        self.at_hand = kept.filter(|entry| self.judge(&entry.metadata) != Verdict::Miss);
        Looked::Failed {
            kept: self.at_hand.is_some(),
        }
    }

    fn judge(&self, metadata: &Metadata) -> Verdict {
        self.region
            .active_or_panic()
            .judge(&self.terms.policy, metadata)
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

    /// What makes a creation unnecessary, seen in the same step that grants the lease (law 2).
    pub(super) fn enough(&self) -> impl Fn(&Metadata) -> bool + Send + Sync + use<V, E> {
        let (region, policy) = (Arc::clone(&self.region), self.terms.policy);
        let look_again = !self.wish.refresh && !Local::has(Fault::NoRelook);
        move |metadata| {
            look_again && region.active_or_panic().judge(&policy, metadata) == Verdict::Fresh
        }
    }

    pub(super) fn ask<'a>(
        &mut self,
        enough: &'a (dyn Fn(&Metadata) -> bool + Send + Sync),
        supersede: bool,
    ) -> Ask<'a> {
        Ask {
            fresh: enough,
            held: self.hold.inherit_lease(),
            supersede,
            time: self.region.active_or_panic().settings.lease_time,
        }
    }

    /// What the store answered to the wish for its lease.
    pub(super) fn leased(&mut self, answer: Result<Leased<V>, StoreError>) -> Event {
        Event::Leased(match answer {
            Ok(Leased::Fresh(entry)) => {
                self.hold.lose_lease();
                self.fresh_after_all(entry)
            }
            Ok(Leased::Won { lease, seen }) => {
                self.hold_lease(lease);
                let look_again = !self.wish.refresh && !Local::has(Fault::NoRelook);
                match seen.filter(|entry| self.judge(&entry.metadata) == Verdict::Fresh) {
                    Some(entry) if look_again => self.fresh_after_all(entry),
                    // After the lease is where its superseder looks for it: one of the two sees.
                    _ if !self.wish.refresh && !self.hold.is_current() => flow::Leased::Superseded,
                    _ => flow::Leased::Won { fresh_seen: false },
                }
            }
            Ok(Leased::Lost { remaining, .. }) => {
                self.hold.lose_lease();
                let until = self.monotonic().after(remaining);
                self.watching.get_or_insert_default().lease_ends(until);
                flow::Leased::Lost
            }
            Err(error) => {
                self.failure = Some(Failure::Store(Arc::new(error)));
                flow::Leased::Failed
            }
        })
    }

    fn fresh_after_all(&mut self, entry: CachedValue<V>) -> flow::Leased {
        self.found = Some(entry);
        flow::Leased::Won { fresh_seen: true }
    }

    fn hold_lease(&mut self, lease: Lease) {
        self.watching = None;
        self.renewal = Renewal::begin(
            self.hold.opened(),
            self.hold.key(),
            &lease,
            self.region.active_or_panic().settings.lease_time,
            self.terms.creation_limit,
        );
        self.hold.take_lease(lease);
    }

    /// The creator begins; the answer names this run of it.
    pub(super) fn begin(&mut self) -> u64 {
        let active = self.region.active_or_panic();
        self.epoch = active.epochs.read().current();
        let creation = cycle::new_creation();
        let due = active.clock.monotonic().after(self.terms.creation_limit);
        self.hold.begin(creation, due);
        creation
    }

    /// How the creator ended: with a value, an error, or a panic.
    pub(super) fn created(&mut self, answer: Result<Result<V, E>, Box<dyn Any + Send>>) -> Event {
        Event::Created(match answer {
            Ok(Ok(value)) => self.made(value),
            Ok(Err(error)) => {
                self.failure = Some(Failure::Own(Arc::new(error)));
                Created::Err
            }
            Err(panic) => {
                self.failure = Some(Failure::Panic(panic));
                Created::Panicked
            }
        })
    }

    fn made(&mut self, value: V) -> Created {
        let active = self.region.active_or_panic();
        let judge = active.settings.should_cache.as_ref();
        let wanted = judge.is_none_or(|should_cache| should_cache(&value));
        let metadata = Metadata {
            stamp: Stamp::NONE,
            epoch: self.epoch,
            created: active.precisely_now(),
        };
        self.made = Some(CachedValue { value, metadata });
        if wanted {
            Created::Ok
        } else {
            Created::Declined
        }
    }

    /// What is to be stored, for how long, under which lease.
    pub(super) fn to_commit(&self) -> Option<(CachedValue<V>, Span, Lease)> {
        let time_to_live = self
            .region
            .active_or_panic()
            .time_to_live(&self.terms.policy);
        let lease = self.hold.lease()?.clone();
        Some((self.made.clone()?, time_to_live, lease))
    }

    /// What the store says of the commit.
    pub(super) fn committed(&mut self, answer: Result<Commit, StoreError>) -> Event {
        self.renewal = None;
        Event::Committed(match answer {
            Ok(Commit::Stored) => {
                self.hold.lose_lease();
                // Stored, but with an epoch from before an invalidation: nobody will use it.
                if self.epoch < self.region.active_or_panic().epochs.read().hard {
                    Committed::Refused
                } else {
                    Committed::Stored
                }
            }
            Ok(Commit::Refused) => {
                self.hold.lose_lease();
                Committed::Refused
            }
            Err(error) => {
                self.failure = Some(Failure::Store(Arc::new(error)));
                Committed::Failed
            }
        })
    }

    /// The lease to be given back before the flight ends, if one is still held.
    pub(super) fn to_give_back(&mut self) -> Option<Lease> {
        self.renewal = None;
        self.hold.lease().cloned()
    }

    /// Ends the flight, telling those who wait.
    pub(super) fn release(&mut self, release: Release) -> Event {
        self.hold.lose_lease();
        let (end, outcome) = match release {
            Release::Confirmed => (End::Publish, self.outcome(true)),
            Release::Unconfirmed => (End::Deliver, self.outcome(false)),
            Release::Failed | Release::Panicked | Release::StoreFailed => {
                (End::Fail, Outcome::Failed(self.shared_failure()))
            }
        };
        self.hold.settle(end, outcome);
        Event::Done
    }

    /// The value for those who wait; the caller keeps its own.
    fn outcome(&mut self, committed: bool) -> Outcome<V> {
        if let Some(made) = self.made.take() {
            if committed {
                self.region
                    .active_or_panic()
                    .kept
                    .keep(self.hold.key(), &made);
            }
            self.found = Some(made);
        }
        match &self.found {
            Some(value) => Outcome::Value {
                value: value.clone(),
                committed,
            },
            None => unreachable!("a value is released only when one was made or found"),
        }
    }

    fn shared_failure(&self) -> Shared {
        match &self.failure {
            Some(Failure::Own(error)) => Shared::Creator {
                error: Arc::clone(error) as _,
                type_name: std::any::type_name::<E>(),
            },
            Some(Failure::Panic(panic)) => Shared::Panicked(message(&**panic).into()),
            Some(Failure::Store(error)) => Shared::Store(Arc::clone(error)),
            Some(Failure::Shared(shared)) => shared.clone(),
            None => Shared::Elsewhere,
        }
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
            Outcome::Value { value, .. } if value.metadata.epoch < self.epochs.hard => {
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
        match trouble {
            Trouble::Deadline => {
                let waited = self.monotonic().since(self.started);
                let waited: Duration = waited.to_duration();
                return Error::Deadline { place, waited };
            }
            Trouble::Cycle => return Error::Cycle { place },
            _ => {}
        }
        match self.failure.take() {
            Some(Failure::Own(error)) => Error::Creator(error),
            Some(Failure::Store(error)) => Error::Store(error),
            Some(Failure::Panic(panic)) => std::panic::resume_unwind(panic),
            Some(Failure::Shared(shared)) => shared_error(shared, place),
            None => Error::CreatorFailedElsewhere { place },
        }
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

fn shared_error<E: Send + Sync + 'static>(shared: Shared, place: Place) -> Error<E> {
    match shared {
        Shared::Creator { error, type_name } => match error.downcast::<E>() {
            Ok(error) => Error::Creator(error),
            Err(error) => Error::OtherCreator {
                place,
                type_name,
                error,
            },
        },
        Shared::Panicked(message) => Error::CreatorPanicked { place, message },
        Shared::Store(error) => Error::Store(error),
        Shared::Elsewhere => Error::CreatorFailedElsewhere { place },
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}
