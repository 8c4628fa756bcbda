//! One call on its way: what it knows and holds, and what each answer of the world means to its
//! flow. Both engines use it; neither decides anything itself.

mod at_hand;
mod beginning;
mod creation;
mod seated;
mod store;

pub(super) use beginning::Beginning;
pub(super) use seated::Seated;

use std::sync::Arc;

use dogpile_backend::{CachedValue, Epoch, Metadata, Policy, Span, StoreError, Time};
use dogpile_core::flow::{self, Action, Claimed, Ending, Event, Flow, Trouble, Wish};

use super::config::OnStoreFailure;
use super::creation::Desk;
use super::due::{Ahead, Said};
use super::hold::Hold;
use super::renewal::Renewal;
use super::statistics::Counted;
use super::subject::Subject;
use super::wait::Watching;
use super::{Answer, Origin};
use crate::error::{Error, Place};
use crate::failure::{self, Failure};
use crate::flight::cycle::Waiting;
use crate::flight::{Outcome, Shared};
use at_hand::may_serve_stale;

/// What a call goes by: the region's settings, and what it says itself.
#[derive(Clone, Copy)]
pub(super) struct Conditions {
    pub(super) policy: Policy,
    pub(super) said: Said,
    pub(super) ahead: Ahead,
    pub(super) deadline: Span,
    /// The same where a stale value is at hand, for calls whose creator can go on without them.
    pub(super) soft_timeout: Span,
    pub(super) creation_limit: Span,
    pub(super) stale_if_error: bool,
    pub(super) on_store_failure: OnStoreFailure,
}

impl Conditions {
    /// What a call wishes for that goes by them.
    fn wish(&self, wish: Wish) -> Wish {
        Wish {
            stale_if_error: self.stale_if_error,
            needs_store: self.on_store_failure == OnStoreFailure::Fail,
            patient: wish.owned && self.soft_timeout != Span::ZERO,
            ..wish
        }
    }
}

/// What the store answers to a look.
pub(super) type Found<V> = Result<Option<CachedValue<V>>, StoreError>;

/// The rest of a call that a runner carries on, and its first action.
pub(super) type Rest<V, E> = (Call<'static, V, E>, Action);

pub(super) struct Call<'r, V: Clone + Send + Sync + 'static, E> {
    pub(super) subject: Subject<'r, V>,
    pub(super) conditions: Conditions,
    wish: Wish,
    flow: Flow,
    pub(super) hold: Hold<V>,
    beginning: Beginning,
    /// When its own creator began.
    began: Time,
    /// Nobody gets what comes of it.
    detached: bool,
    /// It was given away, and its runner came to it only when its lease might have ended.
    late: bool,
    /// The value at hand is fresh, and replaced ahead of its time.
    is_early: bool,
    /// A value that may be served if nothing better comes.
    at_hand: Option<CachedValue<V>>,
    /// The value to return.
    found: Option<CachedValue<V>>,
    /// The region's epoch as it was before the creator began.
    epoch: Epoch,
    // What few calls come to is kept apart: a thousand that wait are a thousand times this size.
    /// What the creator made, until it is settled.
    made: Option<Box<CachedValue<V>>>,
    failure: Option<Box<Failure<E>>>,
    /// Where its creator sees what it replaces, if it asked to.
    pub(super) desk: Option<Arc<Desk<V>>>,
    renewal: Option<Box<Renewal>>,
    pub(super) waiting: Option<Waiting>,
    pub(super) watching: Option<Box<Watching>>,
}

impl<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'r, V, E> {
    /// A call about `subject`, and its first action.
    pub(super) fn start(
        subject: Subject<'r, V>,
        conditions: Conditions,
        wish: Wish,
    ) -> (Self, Action) {
        let beginning = Beginning::of(&subject);
        let wish = conditions.wish(wish);
        let (flow, action) = Flow::start(wish);
        let call = Self::with(subject, &conditions, (wish, flow), &beginning);
        (call, action)
    }

    /// A call that looked before it was more than a look; [`Call::after_look`] is its first step.
    #[inline(never)] // made beside its box, then moved: not in the frame of a call that goes on
    pub(super) fn looking(
        subject: Subject<'r, V>,
        conditions: &Conditions,
        wish: Wish,
        beginning: &Beginning,
    ) -> Box<Self> {
        let wish = conditions.wish(wish);
        let (flow, first) = Flow::start(wish);
        debug_assert_eq!(first, Action::Look, "who refreshes does not look first");
        let call = Self::with(subject, conditions, (wish, flow), beginning);
        Box::write(Box::new_uninit(), call)
    }

    /// What it does next, after it looked.
    pub(super) fn after_look(&mut self, looked: Found<V>) -> Action {
        let event = self.looked(looked);
        self.step(event)
    }

    fn with(
        subject: Subject<'r, V>,
        conditions: &Conditions,
        (wish, flow): (Wish, Flow),
        beginning: &Beginning,
    ) -> Self {
        Self {
            conditions: *conditions,
            wish,
            flow,
            hold: Hold::nothing(),
            beginning: *beginning,
            began: beginning.started,
            detached: false,
            late: false,
            is_early: false,
            at_hand: None,
            found: None,
            made: None,
            epoch: Epoch::FIRST,
            failure: None,
            desk: None,
            renewal: None,
            waiting: None,
            watching: None,
            subject,
        }
    }

    /// The part that a runner carries on: it holds the claim, and answers nobody. Of a creation that is
    /// to begin this call becomes a follower first; `None` where nobody can follow it any more.
    pub(super) fn detach(&mut self, creation: bool) -> Option<Rest<V, E>> {
        let (hold, (flow, action)) = if creation {
            let hold = self.hold.give(self.flow.has_waited())?;
            (hold, Flow::creating(self.flow.is_without_store()))
        } else {
            let hold = std::mem::replace(&mut self.hold, Hold::nothing());
            (hold, Flow::detached(self.wish))
        };
        let (mut call, _) = Call::start(self.subject.to_owned(), self.conditions, self.wish);
        (call.hold, call.flow) = (hold, flow);
        (call.renewal, call.desk) = (self.renewal.take(), self.desk.take());
        call.at_hand.clone_from(&self.at_hand);
        call.detached = true;
        // Its time runs from now on, also while it waits for a runner that may never come to it.
        call.hold.begin(
            0,
            call.beginning.started.after(call.conditions.creation_limit),
        );
        Some((call, action))
    }

    /// Has again what no runner took.
    pub(super) fn take_back(&mut self, mut rest: Call<'static, V, E>) {
        self.hold.take_back(&self.subject, &mut rest.hold);
        (self.renewal, self.desk) = (rest.renewal.take(), rest.desk.take());
    }

    pub(super) fn step(&mut self, event: Event) -> Action {
        if may_serve_stale(event) {
            self.look_at_hand();
        }
        self.advance(event)
    }

    fn advance(&mut self, event: Event) -> Action {
        match self.flow.step(event) {
            Ok(action) => action,
            Err(misuse) => unreachable!("the drivers answer what the flow asks: {misuse}"),
        }
    }

    pub(super) fn has_waited(&self) -> bool {
        self.flow.has_waited()
    }

    /// Whether its creator is on its way without it.
    pub(super) fn has_given(&self) -> bool {
        self.flow.has_given()
    }

    /// When it stops waiting.
    pub(super) fn deadline(&self) -> Time {
        let Conditions {
            deadline,
            soft_timeout,
            ..
        } = self.conditions;
        let softly = self.flow.waits_softly();
        self.beginning.started.after(match softly {
            true => soft_timeout.min(deadline),
            false => deadline,
        })
    }

    pub(super) fn monotonic(&self) -> Time {
        self.subject.active().clock.monotonic()
    }

    /// Asks this process's flights who creates.
    pub(super) fn claim(&mut self, supersede: bool) -> Event {
        // Without a creator it takes nobody's place, however overdue.
        let now = match self.has_given() {
            true => Time::ZERO,
            false => self.monotonic(),
        };
        Event::Claimed(if self.hold.board(&self.subject, supersede, now) {
            Claimed::Won
        } else {
            Claimed::Joined
        })
    }

    /// Whether what was made is known to have been invalidated meanwhile, so that nobody will use it.
    fn made_in_vain(&self) -> bool {
        let (made, known) = (self.made.as_deref(), &self.subject.active().epochs);
        made.is_some_and(|made| self.epoch < known.of(&made.metadata).epochs().hard)
    }

    /// Keeps a value for when the store does not answer.
    fn keep(&self, entry: &CachedValue<V>) {
        let kept = &self.subject.active().kept;
        kept.keep(self.subject.key(), entry, self.beginning.mark);
    }

    /// Passes the claim on.
    pub(super) fn hand_over(&mut self) -> Event {
        self.renewal = None;
        self.watching = None;
        self.hold.hand_over(&self.subject);
        Event::Done
    }

    /// Leaves the flight's waiters.
    pub(super) fn leave(&mut self) -> Event {
        self.waiting = None;
        self.hold.leave(&self.subject);
        Event::Done
    }

    fn is_too_old(&self, value: &Metadata) -> bool {
        let (active, policy) = (self.subject.active(), || self.conditions.policy);
        self.beginning.is_too_old(active, policy, value)
    }

    /// What a flight's outcome means to this call. A value from before an invalidation that this
    /// call already knows of is not one to have.
    pub(super) fn hear(&mut self, outcome: &Outcome<V>, began_after_me: bool) -> flow::Woke {
        match outcome {
            Outcome::Value { value, .. } if self.is_too_old(&value.metadata) => flow::Woke::Value {
                committed: false,
                began_after_me: false,
            },
            Outcome::Value { value, committed } => {
                self.found = Some(value.clone());
                flow::Woke::Value {
                    committed: *committed,
                    began_after_me,
                }
            }
            Outcome::Failed(Shared::Store(error)) => {
                self.fail(Failure::Store(Arc::clone(error)));
                flow::Woke::StoreFailed
            }
            Outcome::Failed(shared) => {
                self.fail(Failure::Shared(shared.clone()));
                match shared {
                    Shared::BackingOff(_) => flow::Woke::BackingOff,
                    _ => flow::Woke::Error,
                }
            }
        }
    }

    fn fail(&mut self, failure: Failure<E>) {
        self.failure = Some(Box::new(failure));
    }

    /// The end of the call. A creator's panic goes on from here, in its own caller.
    pub(super) fn ended(&mut self, ending: Ending) -> Result<Answer<V>, Error<E>> {
        let ended = match ending {
            Ending::Value(origin) => Ok(self.answer(origin)),
            Ending::Trouble(trouble) if self.is_spared(trouble) => Ok(self.answer(Origin::Stale)),
            Ending::Trouble(trouble) => {
                self.count(Counted::Error);
                Err(self.error(trouble))
            }
            Ending::Cancelled => unreachable!("only a dropped call is cancelled"),
        };
        if let Ok(answer) = &ended {
            self.count(Counted::Answer(answer.origin));
        }
        ended
    }

    fn count(&self, counted: Counted) {
        if !self.detached {
            self.subject.active().count(counted);
        }
    }

    fn error(&mut self, trouble: Trouble) -> Error<E> {
        let place = Place::new(&self.subject.active().name, self.subject.user_key());
        let waited = self.monotonic().since(self.beginning.started);
        failure::error(
            trouble,
            self.failure.take().map(|failure| *failure),
            place,
            waited,
        )
    }
}

impl<V: Clone + Send + Sync + 'static, E> Drop for Call<'_, V, E> {
    /// A call that goes away before its end gives everything to somebody else.
    fn drop(&mut self) {
        self.waiting = None;
        match self.flow.step(Event::Cancelled) {
            Ok(Action::HandOver) => self.hold.hand_over(&self.subject),
            Ok(Action::Leave) => self.hold.leave(&self.subject),
            // It had ended, or held nothing.
            Ok(_) | Err(_) => {}
        }
    }
}
