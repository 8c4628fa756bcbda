//! A call that waits for another's creation, as small as it can be kept: a crowd has as much of this to
//! read, one after another, when it is woken.

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
    waiting: Waiting,
    /// See [`Subject::take_mangled`].
    pub(in crate::region) mangled: Option<Box<[u8]>>,
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
            waiting,
            mangled: self.subject.take_mangled(),
        })
    }

    /// The call again that sat down so.
    pub(in crate::region) fn risen(
        subject: Subject<'r, V>,
        conditions: &Conditions,
        seated: Seated<V>,
    ) -> Self {
        let (mut call, _) = Self::begun(subject, *conditions, NEW, seated.beginning);
        call.flow = seated.flow;
        call.hold = Hold::following(seated.followed);
        call.waiting = Some(seated.waiting);
        call
    }
}
