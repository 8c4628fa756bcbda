//! One call of a [`Dogpile`](super::Dogpile) on its way. The word is store and lease in one: a
//! claim that was won for what the call saw needs no second look, and the end of the creation is
//! its commit.

use std::any::Any;
use std::sync::Arc;
use std::task::{Poll, Waker};

use dogpile_backend::{Time, Verdict, WakeAt};
use dogpile_core::flow::{
    Action, Claimed, Committed, Created, Ending, Event, Flow, Leased, Looked, Origin, Release,
    Wish, Woke,
};
use dogpile_core::published::Cell;
use dogpile_core::slot::{self, End, Relief, Superseded};
use dogpile_core::state::{Claim, Snapshot};
use dogpile_core::waiters::{Told, Waiter};

use super::{Dogpile, Values};
use crate::error::{Error, Place};
use crate::failure::{self, Failure};
use crate::flight::cycle::{self, Cycle, Waiting};
use crate::flight::{Outcome, Seat, Shared};
use crate::keeper::{self, Standing};
use crate::sync::Instant;

pub(super) struct Call<'d, V: Send + Sync + 'static, E> {
    dogpile: &'d Dogpile<V>,
    flow: Flow,
    /// Whether it creates whatever is there.
    refresh: bool,
    started: Time,
    /// The word as this call last saw it.
    seen: Snapshot,
    claim: Option<Claim>,
    seat: Option<Seat<V>>,
    waiting: Option<Waiting>,
    alarm: Option<Standing>,
    at_hand: Option<V>,
    found: Option<V>,
    made: Option<V>,
    failure: Option<Failure<E>>,
}

impl<'d, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'d, V, E> {
    pub(super) fn start(dogpile: &'d Dogpile<V>, refresh: bool) -> (Self, Action) {
        let (flow, action) = Flow::start(Wish {
            refresh,
            stale_if_error: dogpile.stale_if_error,
            ..Wish::default()
        });
        let call = Self {
            dogpile,
            flow,
            refresh,
            started: dogpile.clock.monotonic(),
            seen: Snapshot::VACANT,
            claim: None,
            seat: None,
            waiting: None,
            alarm: None,
            at_hand: None,
            found: None,
            made: None,
            failure: None,
        };
        (call, action)
    }

    pub(super) fn step(&mut self, event: Event) -> Action {
        match self.flow.step(event) {
            Ok(action) => action,
            Err(misuse) => unreachable!("the engines answer what the flow asks: {misuse}"),
        }
    }

    pub(super) fn look(&mut self) -> Event {
        let guard = Values::<V>::pin();
        let (word, entry) = self.dogpile.value.read(&guard);
        self.seen = word;
        let verdict = entry.map(|entry| self.dogpile.judge(word, &entry.metadata));
        let value = || entry.map(|entry| entry.value.clone());
        Event::Looked(match verdict {
            None | Some(Verdict::Miss) => Looked::Miss,
            Some(Verdict::Stale) => {
                self.at_hand = value();
                Looked::Stale
            }
            Some(Verdict::Fresh) => {
                self.found = value();
                Looked::Fresh
            }
        })
    }

    pub(super) fn claim(&mut self, supersede: bool) -> Event {
        let slot = self.dogpile.value.slot();
        let claimed = if supersede {
            slot::Claimed::Won(slot.seize())
        } else {
            slot.claim(self.seen)
        };
        Event::Claimed(match claimed {
            slot::Claimed::Won(claim) => self.won(claim),
            slot::Claimed::Joined => match slot.take_over(self.dogpile.clock.monotonic()) {
                Some(claim) => self.won(claim),
                None => Claimed::Joined,
            },
            slot::Claimed::Changed => Claimed::Changed,
        })
    }

    fn won(&mut self, claim: Claim) -> Claimed {
        self.claim = Some(claim);
        Claimed::Won
    }

    /// The claim is for what the look saw: had that changed, it would not have been won. An heir's
    /// may have been superseded before it woke: another may create by now.
    pub(super) fn lease(&self) -> Event {
        let word = self.dogpile.value.slot().look();
        let claim = self.claim.as_ref();
        let is_current = claim.is_some_and(|claim| word.is_held_by(claim.number()));
        Event::Leased(if self.refresh || is_current {
            Leased::Won { fresh_seen: false }
        } else {
            Leased::Superseded
        })
    }

    pub(super) fn begin(&self) -> u64 {
        let creation = cycle::new_creation();
        let dogpile = self.dogpile;
        let due = dogpile.clock.monotonic().after(dogpile.creation_limit);
        let current = self.claim.as_ref();
        if current.is_some_and(|claim| dogpile.value.slot().begin(claim, due)) {
            dogpile.desk().begin(creation);
        }
        creation
    }

    pub(super) fn created(&mut self, answer: Result<Result<V, E>, Box<dyn Any + Send>>) -> Event {
        Event::Created(match answer {
            Ok(Ok(value)) => {
                self.made = Some(value);
                Created::Ok
            }
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

    /// Publishes the value, unless the claim was superseded: the word decides the commit. Those who
    /// followed a superseded claim to its end called before its creator began, and take its value.
    pub(super) fn commit(&mut self) -> Event {
        let Some(value) = self.made.take() else {
            unreachable!("a commit follows a creation")
        };
        // The user's `clone` and clock may panic: until they are done, the claim stays where a
        // dropped call finds it.
        self.found = Some(value.clone());
        let value = self.dogpile.entry(value);
        let outcome = Outcome::Value {
            value: value.clone(),
            committed: true,
        };
        let Some(claim) = self.claim.take() else {
            unreachable!("a commit follows a creation under a claim")
        };
        let published = self.dogpile.value.publish(claim, value, &Arc::new(outcome));
        Event::Committed(match published {
            Ok(()) => Committed::Stored,
            Err(Superseded) => Committed::Refused,
        })
    }

    /// Ends a creation without a value; one with a value has ended at its commit.
    pub(super) fn release(&mut self, release: Release) -> Event {
        if let Some(claim) = self.claim.take() {
            debug_assert!(release.is_failure(), "values are committed");
            let shared = self
                .failure
                .as_ref()
                .map_or(Shared::Elsewhere, Failure::shared);
            let outcome = Arc::new(Outcome::Failed(shared));
            let slot = self.dogpile.value.slot();
            // Superseded: those who still follow have been told all the same.
            let _ = slot.settle(claim, End::Fail, &outcome, || ());
        }
        Event::Done
    }

    pub(super) fn ended(mut self, ending: Ending) -> Result<V, Error<E>> {
        match ending {
            Ending::Value(Origin::Stale | Origin::StaleOnError) => Ok(given(self.at_hand.take())),
            Ending::Value(_) => Ok(given(self.found.take())),
            Ending::Trouble(trouble) => {
                let waited = self.dogpile.clock.monotonic().since(self.started);
                let place = Place::new("(a single value)", b"");
                Err(failure::error(trouble, self.failure.take(), place, waited))
            }
            Ending::Cancelled => unreachable!("only a dropped call is cancelled"),
        }
    }

    /// Looks around once, as one who waits. `None`: sleep until woken, or until then.
    pub(super) fn look_around(&mut self, waker: &Waker) -> Result<Woke, Time> {
        let slot = self.dogpile.value.slot();
        if self.seat.is_none() {
            self.seat = slot.join(self.flow.has_waited());
        }
        let Some(seat) = &self.seat else {
            return Ok(Woke::Superseded);
        };
        if self.waiting.is_none() {
            match Waiting::begin(self.dogpile.desk()) {
                Ok(waiting) => self.waiting = Some(waiting),
                Err(Cycle) => return Ok(Woke::Cycle),
            }
        }
        match slot.hear(seat, waker) {
            Poll::Pending => {}
            Poll::Ready(Told::Heir(claim)) => return Ok(self.inherits(claim)),
            Poll::Ready(_) => return Ok(self.told()),
        }
        let now = self.dogpile.clock.monotonic();
        let deadline = self.started.after(self.dogpile.deadline);
        if now >= deadline {
            return Ok(Woke::Deadline);
        }
        match slot.relieve(seat, now) {
            Relief::NotYet(due) => Err(due.min(deadline)),
            Relief::NotBegun => Err(now.after(self.dogpile.creation_limit).min(deadline)),
            Relief::Heir(claim) => Ok(self.inherits(claim)),
            Relief::Superseded => {
                self.end_wait();
                Ok(Woke::Superseded)
            }
            Relief::Told => Err(deadline),
        }
    }

    /// What it was told with its crowd.
    fn told(&mut self) -> Woke {
        let seat = self.end_wait();
        let Some(Told::Outcome {
            outcome,
            began_after_me,
        }) = seat.as_ref().and_then(Waiter::told)
        else {
            return Woke::Superseded;
        };
        match outcome {
            Outcome::Value { value, committed } => {
                self.found = Some(value.value.clone());
                Woke::Value {
                    committed: *committed,
                    began_after_me,
                }
            }
            Outcome::Failed(shared) => {
                self.failure = Some(Failure::Shared(shared.clone()));
                Woke::Error
            }
        }
    }

    fn inherits(&mut self, claim: Claim) -> Woke {
        self.end_wait();
        self.claim = Some(claim);
        Woke::Heir
    }

    fn end_wait(&mut self) -> Option<Seat<V>> {
        (self.waiting, self.alarm) = (None, None);
        self.seat.take()
    }

    pub(super) fn wake_at(&self, until: Time, waker: &Waker) -> WakeAt {
        self.dogpile.clock.wake_at(until, waker)
    }

    pub(super) fn until(&self, until: Time) -> dogpile_backend::Span {
        until.since(self.dogpile.clock.monotonic())
    }

    /// Has the keeper wake this task at `until`.
    pub(super) fn alarm(&mut self, until: Time, waker: &Waker) {
        let waker = waker.clone();
        let due = Instant::now().checked_add(self.until(until).to_duration());
        self.alarm = due.map(|due| {
            keeper::at(due, move || {
                waker.wake_by_ref();
                None
            })
        });
    }
}

impl<V: Send + Sync + 'static, E> Call<'_, V, E> {
    pub(super) fn hand_over(&mut self) -> Event {
        if let Some(claim) = self.claim.take() {
            self.dogpile.value.slot().abandon(claim);
        }
        Event::Done
    }

    pub(super) fn leave(&mut self) -> Event {
        (self.waiting, self.alarm) = (None, None);
        if let Some(seat) = self.seat.take() {
            self.dogpile.value.slot().leave(seat);
        }
        Event::Done
    }
}

impl<V: Send + Sync + 'static, E> Drop for Call<'_, V, E> {
    /// A call that goes away before its end gives everything to somebody else.
    fn drop(&mut self) {
        match self.flow.step(Event::Cancelled) {
            Ok(Action::HandOver) => self.hand_over(),
            Ok(Action::Leave) => self.leave(),
            // It had ended, or held nothing.
            Ok(_) | Err(_) => Event::Done,
        };
    }
}

fn given<V>(value: Option<V>) -> V {
    match value {
        Some(value) => value,
        None => unreachable!("a value is returned only when there is one"),
    }
}
