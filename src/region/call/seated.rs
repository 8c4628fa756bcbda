//! A call that waits for another's creation, as small as it can be kept.

use dogpile_core::flow::{Flow, Wish};

use super::{Beginning, Call, Conditions};
use crate::flight::cycle::Waiting;
use crate::region::hold::Hold;
use crate::region::subject::Subject;

/// What a call that follows knows and holds. All else of it is as in a call that has just begun.
pub(in crate::region) struct Seated<'r, V: Clone + Send + Sync + 'static> {
    subject: Subject<'r, V>,
    wish: Wish,
    flow: Flow,
    hold: Hold<V>,
    beginning: Beginning,
    waiting: Option<Waiting>,
}

impl<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'r, V, E> {
    /// What is left of this call while it follows; `None` where it knows more than that. The call itself
    /// then holds nothing any more.
    pub(in crate::region) fn sit_down(&mut self) -> Option<Seated<'r, V>> {
        let knows_more = self.at_hand.is_some()
            || self.failure.is_some()
            || self.desk.is_some()
            || self.watching.is_some()
            || self.detached;
        if knows_more {
            return None;
        }
        Some(Seated {
            subject: self.subject.take(),
            wish: self.wish,
            flow: self.flow,
            hold: std::mem::replace(&mut self.hold, Hold::nothing()),
            beginning: Beginning {
                started: self.started,
                epochs: self.epochs,
                floor: self.floor,
                mark: self.mark,
            },
            waiting: self.waiting.take(),
        })
    }

    /// The call again that sat down so.
    pub(in crate::region) fn risen(mut seated: Seated<'r, V>, conditions: &Conditions) -> Self {
        let subject = seated.subject.take();
        let (mut call, _) = Self::begun(subject, *conditions, seated.wish, seated.beginning);
        call.flow = seated.flow;
        call.hold = std::mem::replace(&mut seated.hold, Hold::nothing());
        call.waiting = seated.waiting.take();
        call
    }
}

impl<V: Clone + Send + Sync + 'static> Drop for Seated<'_, V> {
    /// Leaves the seat that is still held, as a call does that goes away.
    fn drop(&mut self) {
        self.waiting = None;
        self.hold.leave(&self.subject);
    }
}
