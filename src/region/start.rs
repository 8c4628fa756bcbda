//! The beginning of a task's call, in as little room as it can have: most calls are over when they have
//! looked, and of those that are not most wait for another's creation. Thousands may.
//!
//! Of a call that waits nothing is kept but what a follower knows and holds. Each time it is woken the
//! call is made anew around that, and looks around as every call does; so nothing is decided here.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use dogpile_core::flow::{Action, Event};

use super::active::Active;
use super::answer::Answer;
use super::at::NEW;
use super::call::{Call, Conditions, Seated};
use super::drive::look_around;
use super::look::{Looked, first_look, look_at_once};
use super::subject::Subject;
use crate::error::Error;

/// How a call ended, or the call that has more to do, and what that is.
pub(super) type Begun<'r, V, E> =
    Result<Result<Answer<V>, Error<E>>, (Box<Call<'r, V, E>>, Action)>;

type Looking<'r, V, E> = Pin<Box<dyn Future<Output = Looked<'r, V, E>> + Send + 'r>>;

/// A call on the first part of its way.
pub(super) enum Start<'r, V: Clone + Send + Sync + 'static, E> {
    New,
    /// The store does not answer at once.
    Looks(Looking<'r, V, E>),
    /// Another creates.
    Follows(Seated<'r, V>),
    Over,
}

impl<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Start<'r, V, E> {
    /// Goes on until the call is over, or has to be driven.
    pub(super) fn poll(
        &mut self,
        active: &'r Arc<Active<V>>,
        conditions: &'r Conditions,
        key: &'r [u8],
        context: &mut Context<'_>,
    ) -> Poll<Begun<'r, V, E>> {
        let (call, action) = match std::mem::replace(self, Self::Over) {
            Self::New => match look_at_once(active, conditions, key) {
                Some(Ok(answer)) => return Poll::Ready(Ok(Ok(answer))),
                Some(Err(begun)) => begun,
                None => {
                    let looking = first_look(Subject::new(active, key), conditions, NEW);
                    return self.look_on(Box::pin(looking), context);
                }
            },
            Self::Looks(looking) => return self.look_on(looking, context),
            Self::Follows(seated) => (
                Call::risen(seated, conditions),
                Action::Wait { delegate: false },
            ),
            Self::Over => unreachable!("nobody polls a call that is over"),
        };
        self.go_on(call, action, context)
    }

    fn look_on(
        &mut self,
        mut looking: Looking<'r, V, E>,
        context: &mut Context<'_>,
    ) -> Poll<Begun<'r, V, E>> {
        match looking.as_mut().poll(context) {
            Poll::Ready(Ok(answer)) => Poll::Ready(Ok(Ok(answer))),
            Poll::Ready(Err((call, action))) => self.go_on(call, action, context),
            Poll::Pending => {
                *self = Self::Looks(looking);
                Poll::Pending
            }
        }
    }

    /// Claims, and sits down where another creates.
    fn go_on(
        &mut self,
        mut call: Call<'r, V, E>,
        mut action: Action,
        context: &mut Context<'_>,
    ) -> Poll<Begun<'r, V, E>> {
        if let Action::Claim { supersede } = action {
            let event = call.claim(supersede);
            action = call.step(event);
        }
        if action == (Action::Wait { delegate: false }) {
            if let Some(woke) = look_around(&mut call, false, context.waker()) {
                action = call.step(Event::Woke(woke));
            } else if let Some(seated) = call.sit_down() {
                *self = Self::Follows(seated);
                return Poll::Pending;
            }
        }
        Poll::Ready(match action {
            Action::Return(ending) => Ok(call.ended(ending)),
            action => Err((Box::new(call), action)),
        })
    }
}
