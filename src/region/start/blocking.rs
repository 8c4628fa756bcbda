//! How a thread begins its call, and sleeps while it follows.
//!
//! What a thread has on its stack while it sleeps has gone cold when it is woken, and all who are woken
//! read theirs at once. So nothing lies there but what a follower needs.

use std::sync::Arc;
use std::task::Waker;

use dogpile_core::flow::Action;
use dogpile_core::kit::{Fault, Kit};

use super::{FOLLOW, Sat, Step, claim, risen, settled, sit};
use crate::error::Error;
use crate::flight::Listener;
use crate::kit::Local;
use crate::region::active::Active;
use crate::region::answer::Answer;
use crate::region::at::Own;
use crate::region::call::Call;
use crate::region::drive::dawdle;
use crate::region::look::{Looked, look_and_wait};

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
    let (mut call, mut action) = match first(active, key, own) {
        Ok(answer) => return Ok(Ok(answer)),
        Err(missed) => missed,
    };
    loop {
        let (sat, mut listener) = settle_down(&mut call, action);
        let (mut seated, at_most) = match settled(call, sat) {
            Step::Ended(ended) => return Ok(ended),
            Step::Follows(seated, at_most) => (seated, at_most),
            Step::More(call, action) => return Err((call, action)),
        };
        let bell = &seated.followed.flight.bell;
        bell.sleep(&mut listener, at_most, bell.waker());
        if let Some(answer) = seated.answered(active, || own.policy(active)) {
            return Ok(Ok(answer));
        }
        (call, action) = (risen(active, key, own, seated), FOLLOW);
    }
}

/// Looks, and asks who creates where that finds nothing.
#[inline(never)]
fn first<'r, V, E>(active: &'r Arc<Active<V>>, key: &'r [u8], own: &Own) -> Looked<'r, V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let looked = look_and_wait(active, &own.conditions(active), key);
    looked.map_err(|(mut call, action)| {
        if matches!(action, Action::Claim { .. }) && Local::has(Fault::NoRelook) {
            dawdle(&call);
        }
        let action = claim(&mut call, action);
        (call, action)
    })
}

/// Sits down, if it is to, beside its flight's bell, which it listens to from before it looks around.
#[inline(never)]
fn settle_down<V, E>(call: &mut Call<'_, V, E>, action: Action) -> (Sat<V>, Listener)
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
    let sat = sit(call, action, &waker, |call, until| {
        call.at_most(until, &waker)
    });
    (sat, listener)
}
