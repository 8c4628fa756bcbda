//! A call that waits for another's creation, as small as it can be kept: a crowd has as much of this to
//! read, one after another, when it is woken.

use std::mem::replace;
use std::sync::Arc;

use dogpile_backend::Policy;
use dogpile_core::flow::{Action, Ending, Event, Flow, Woke};
use dogpile_core::waiters::Told;

use super::{Beginning, Call, Conditions};
use crate::flight::cycle::Waiting;
use crate::flight::{Outcome, Seat};
use crate::region::active::Active;
use crate::region::answer::Answer;
use crate::region::at::NEW;
use crate::region::hold::{Followed, Hold};
use crate::region::statistics::Counted;
use crate::region::subject::Subject;

/// What a new call that follows knows and holds. All else of it is as in a call that has just begun.
///
/// Becomes the call again before it is dropped, for that gives back what is held.
pub(in crate::region) struct Seated<V: Clone + Send + Sync + 'static> {
    pub(in crate::region) followed: Followed<V>,
    flow: Flow,
    beginning: Beginning,
    luggage: Option<Box<Luggage>>,
}

/// What few have.
struct Luggage {
    /// Creators wait with it.
    waiting: Waiting,
    /// See [`Subject::take_mangled`].
    mangled: Option<Box<[u8]>>,
}

impl Luggage {
    fn pack(waiting: Waiting, mangled: Option<Box<[u8]>>) -> Option<Box<Self>> {
        let is_empty = waiting.is_nobodys() && mangled.is_none();
        (!is_empty).then(|| Box::new(Self { waiting, mangled }))
    }
}

/// The answer to a call that was told a value and is over with it, as most that wait are: nothing else is
/// looked at, and nothing is built for them. `None` where there is more to do.
fn answered<V: Clone + Send + Sync + 'static>(
    seat: &Seat<V>,
    flow: &mut Flow,
    beginning: &Beginning,
    active: &Active<V>,
    policy: impl FnOnce() -> Policy,
) -> Option<Answer<V>> {
    let Told::Outcome {
        outcome: Outcome::Value { value, committed },
        began_after_me,
    } = seat.told()?
    else {
        return None;
    };
    if beginning.is_too_old(active, policy, &value.metadata) {
        return None;
    }
    let woke = Woke::Value {
        committed: *committed,
        began_after_me,
    };
    let mut ended = *flow;
    let Ok(Action::Return(Ending::Value(origin))) = ended.step(Event::Woke(woke)) else {
        return None;
    };
    let answer = Answer {
        value: value.value.clone(),
        origin,
        age: active.now().since(value.metadata.created).to_duration(),
    };
    *flow = ended;
    active.count(Counted::Answer(origin));
    Some(answer)
}

impl<V: Clone + Send + Sync + 'static> Seated<V> {
    /// See [`Subject::take_mangled`].
    pub(in crate::region) fn take_mangled(&mut self) -> Option<Box<[u8]>> {
        self.luggage.as_mut()?.mangled.take()
    }

    /// The answer, if it was told one.
    pub(in crate::region) fn answered(
        &mut self,
        active: &Active<V>,
        policy: impl FnOnce() -> Policy,
    ) -> Option<Answer<V>> {
        let seat = &self.followed.seat;
        answered(seat, &mut self.flow, &self.beginning, active, policy)
    }
}

impl<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'r, V, E> {
    /// The answer, if it waits and was told one.
    pub(in crate::region) fn answered(&mut self) -> Option<Answer<V>> {
        if self.detached {
            return None;
        }
        let (seat, active) = (self.hold.seated()?, self.subject.active());
        let policy = || self.conditions.policy;
        let answer = answered(seat, &mut self.flow, &self.beginning, active, policy)?;
        self.end_wait(None);
        Some(answer)
    }

    /// What is left of this call while it follows; `None` where it knows more than that. The call itself
    /// then holds nothing any more.
    pub(in crate::region) fn sit_down(&mut self) -> Option<Seated<V>> {
        let knows_more = self.at_hand.is_some()
            || self.failure.is_some()
            || self.desk.is_some()
            || self.watching.is_some()
            || self.detached;
        if knows_more {
            return None;
        }
        let waiting = self.waiting.take()?;
        let Some(followed) = self.hold.take_followed() else {
            self.waiting = Some(waiting);
            return None;
        };
        Some(Seated {
            followed,
            flow: self.flow,
            beginning: self.beginning,
            luggage: Luggage::pack(waiting, self.subject.take_mangled()),
        })
    }

    /// The call again that sat down so.
    pub(in crate::region) fn risen(
        subject: Subject<'r, V>,
        conditions: &Conditions,
        seated: Seated<V>,
    ) -> Box<Self> {
        let so_far = (conditions.wish(NEW), seated.flow);
        let mut call = Box::new(Self::with(subject, conditions, so_far, &seated.beginning));
        call.hold = Hold::following(seated.followed);
        let waiting = seated.luggage.map(|luggage| luggage.waiting);
        call.waiting = Some(waiting.unwrap_or(Waiting::NOBODYS));
        call
    }

    /// The same call with a key of its own, for a task that keeps the user's where it may move. What is left
    /// of this one holds nothing any more.
    pub(in crate::region) fn apart(mut self, region: &Arc<Active<V>>) -> Call<'_, V, E> {
        let nothing_held = Flow::start(self.wish).0;
        // All fields by name, so that none is forgotten.
        let Self {
            subject,
            conditions,
            wish,
            flow,
            hold,
            beginning,
            began,
            detached,
            late,
            is_early,
            at_hand,
            found,
            epoch,
            made,
            failure,
            desk,
            renewal,
            waiting,
            watching,
        } = &mut self;
        Call {
            subject: subject.take_apart(region),
            conditions: *conditions,
            wish: *wish,
            flow: replace(flow, nothing_held),
            hold: replace(hold, Hold::nothing()),
            beginning: *beginning,
            began: *began,
            detached: *detached,
            late: *late,
            is_early: *is_early,
            at_hand: at_hand.take(),
            found: found.take(),
            epoch: *epoch,
            made: made.take(),
            failure: failure.take(),
            desk: desk.take(),
            renewal: renewal.take(),
            waiting: waiting.take(),
            watching: watching.take(),
        }
    }
}
