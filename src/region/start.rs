//! The beginning of a task's call, in as little room as it can have: most calls are over when they have
//! looked, and of those that are not most wait for another's creation. Thousands may.
//!
//! Of a call that waits nothing is kept but what a follower knows and holds. A value that ends it is its
//! answer; whatever else it is woken for, the call is made anew around that, and looks around as every
//! call does. Either way the flow decides.

use std::mem::replace;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use dogpile_core::flow::{Action, Event};

use super::active::Active;
use super::answer::Answer;
use super::at::{NEW, Own};
use super::call::{Call, Seated};
use super::drive::look_around;
use super::look::{Looked, first_look, look_at_once};
use super::subject::Subject;
use crate::error::Error;

/// How a call ended, or the call that has more to do, and what that is.
pub(super) type Begun<'r, V, E> =
    Result<Result<Answer<V>, Error<E>>, (Box<Call<'r, V, E>>, Action)>;

type Looking<'r, V, E> = Pin<Box<dyn Future<Output = Looked<'r, V, E>> + Send + 'r>>;

/// A call on the first part of its way: until it is over, or has to be driven.
pub(super) struct Start<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> {
    active: &'r Arc<Active<V>>,
    key: &'r [u8],
    own: &'r Own,
    stage: Stage<'r, V, E>,
}

enum Stage<'r, V: Clone + Send + Sync + 'static, E> {
    New,
    /// The store does not answer at once.
    Looks(Looking<'r, V, E>),
    /// Another creates.
    Follows(Seated<V>),
    Over,
}

impl<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Start<'r, V, E> {
    pub(super) fn new(active: &'r Arc<Active<V>>, key: &'r [u8], own: &'r Own) -> Self {
        Self {
            active,
            key,
            own,
            stage: Stage::New,
        }
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
                self.stage = Stage::Looks(looking);
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
                self.stage = Stage::Follows(seated);
                return Poll::Pending;
            }
        }
        Poll::Ready(begun(call, action))
    }

    /// The answer to a call that was told it, where it lies: it is moved nowhere, and nothing is built for it.
    /// Else what there is to do.
    fn hear(&mut self) -> Option<Begun<'r, V, E>> {
        let Stage::Follows(seated) = &mut self.stage else {
            return None;
        };
        let policy = || self.own.policy(self.active);
        if let Some(answer) = seated.answered(self.active, policy) {
            self.stage = Stage::Over;
            return Some(Ok(Ok(answer)));
        }
        seated.followed.seat.told()?;
        self.go_on_told()
    }

    /// Goes on after it was told what does not end it at once.
    #[cold]
    fn go_on_told(&mut self) -> Option<Begun<'r, V, E>> {
        let Stage::Follows(seated) = replace(&mut self.stage, Stage::Over) else {
            return None;
        };
        let mut call = self.risen(seated);
        let woke = call.told();
        let action = call.step(Event::Woke(woke));
        Some(begun(call, action))
    }

    fn risen(&self, mut seated: Seated<V>) -> Call<'r, V, E> {
        let subject = Subject::again(self.active, self.key, seated.mangled.take());
        Call::risen(subject, &self.own.conditions(self.active), seated)
    }
}

fn begun<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static>(
    mut call: Call<'_, V, E>,
    action: Action,
) -> Begun<'_, V, E> {
    match action {
        Action::Return(ending) => Ok(call.ended(ending)),
        action => Err((Box::new(call), action)),
    }
}

impl<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Future for Start<'r, V, E> {
    type Output = Begun<'r, V, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(begun) = this.hear() {
            return Poll::Ready(begun);
        }
        match replace(&mut this.stage, Stage::Over) {
            Stage::New => {
                let conditions = this.own.conditions(this.active);
                match look_at_once(this.active, &conditions, this.key) {
                    Some(Ok(answer)) => Poll::Ready(Ok(Ok(answer))),
                    Some(Err((call, action))) => this.go_on(call, action, context),
                    None => {
                        let subject = Subject::new(this.active, this.key);
                        let looking = first_look(subject, conditions, NEW);
                        this.look_on(Box::pin(looking), context)
                    }
                }
            }
            Stage::Looks(looking) => this.look_on(looking, context),
            // To look at the time.
            Stage::Follows(seated) => {
                let call = this.risen(seated);
                this.go_on(call, Action::Wait { delegate: false }, context)
            }
            Stage::Over => unreachable!("nobody polls a call that is over"),
        }
    }
}

impl<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Drop for Start<'_, V, E> {
    /// Leaves the seat that is still held, as a call does that goes away.
    fn drop(&mut self) {
        // Few are dropped while they follow: for the others nothing is moved.
        if let Stage::Follows(_) = &self.stage
            && let Stage::Follows(seated) = replace(&mut self.stage, Stage::Over)
        {
            drop(self.risen(seated));
        }
    }
}
