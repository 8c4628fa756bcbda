//! How a thread begins its call, and sleeps while it follows.
//!
//! What a thread has on its stack while it sleeps has gone cold when it is woken, and all who are woken
//! read theirs at once. So nothing lies there but what a follower needs.

use std::sync::Arc;
use std::task::Waker;

use dogpile_core::flow::Action;
use dogpile_core::kit::{Fault, Kit};

use super::{FOLLOW, Step, claim, risen, sit};
use crate::error::Error;
use crate::flight::Listener;
use crate::kit::Local;
use crate::region::active::Active;
use crate::region::answer::Answer;
use crate::region::at::{NEW, Own};
use crate::region::call::{Beginning, Call, Seated};
use crate::region::drive::dawdle;
use crate::region::look::look_blocking;
use crate::region::subject::Subject;

/// How a call ended, or the call that has more to do, and what that is.
type Begun<'r, V, E> = Result<Result<Answer<V>, Error<E>>, (Box<Call<'r, V, E>>, Action)>;

/// Goes the first part of a call's way: until it is over, or has to be driven.
#[inline(never)]
pub(in crate::region) fn begin<'r, V, E>(
    active: &'r Arc<Active<V>>,
    key: &'r [u8],
    own: &Own,
) -> Begun<'r, V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let (mut step, mut listener) = first(active, key, own);
    loop {
        let (mut seated, at_most) = match step {
            Step::Ended(ended) => return Ok(ended),
            Step::Follows(seated, at_most) => (seated, at_most),
            Step::More(call, action) => return Err((call, action)),
        };
        let bell = &seated.followed.flight.bell;
        bell.sleep(&mut listener, at_most, bell.waker());
        if let Some(answer) = seated.answered(active, || own.policy(active)) {
            return Ok(Ok(answer));
        }
        (step, listener) = again(active, key, own, seated);
    }
}

/// Looks, and sits down where another creates.
#[inline(never)]
fn first<'r, V, E>(
    active: &'r Arc<Active<V>>,
    key: &'r [u8],
    own: &Own,
) -> (Step<'r, V, E>, Listener)
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let conditions = own.conditions(active);
    let subject = Subject::new(active, key);
    let beginning = Beginning::of(&subject);
    let store = &*active.opened.store;
    let looked = look_blocking(active, store, &active.name, subject.key());
    match active.hit_in(looked, &conditions, subject.key(), beginning.mark) {
        Ok(answer) => (Step::Ended(Ok(answer)), Listener::default()),
        // Most calls end above: nothing is built for the rest of their way.
        Err(looked) => {
            let (mut call, action) = Call::after_look(subject, conditions, NEW, beginning, looked);
            if matches!(action, Action::Claim { .. }) && Local::has(Fault::NoRelook) {
                dawdle(&call);
            }
            let action = claim(&mut call, action);
            settle_down(call, action)
        }
    }
}

/// Looks around again, after the call was woken for what did not end it.
#[cold]
#[inline(never)]
fn again<'r, V, E>(
    active: &'r Arc<Active<V>>,
    key: &'r [u8],
    own: &Own,
    seated: Seated<V>,
) -> (Step<'r, V, E>, Listener)
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    settle_down(risen(active, key, own, seated), FOLLOW)
}

/// Sits down, if it is to, beside its flight's bell, which it listens to from before it looks around.
fn settle_down<V, E>(call: Call<'_, V, E>, action: Action) -> (Step<'_, V, E>, Listener)
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let bell = call.hold.flight().filter(|_| action == FOLLOW);
    let Some(bell) = bell.map(|flight| Arc::clone(&flight.bell)) else {
        let never = |_: &mut Call<'_, V, E>, _| None;
        return (sit(call, action, Waker::noop(), never), Listener::default());
    };
    let (listener, waker) = (bell.listener(), bell.waker());
    let step = sit(call, action, &waker, |call, until| {
        call.at_most(until, &waker)
    });
    (step, listener)
}
