//! The first part of a call's way, in as little room as it can have: most calls are over when they have
//! looked, and of those that are not most wait for another's creation. Thousands may.
//!
//! Of a call that waits nothing is kept but what a follower knows and holds. A value that ends it is its
//! answer; whatever else it is woken for, the call is made anew around that, and looks around as every
//! call does. Either way the flow decides.

mod asynchronous;
mod blocking;

pub(super) use asynchronous::{Nothing, Start, Valued};
pub(super) use blocking::begin;

use std::sync::Arc;
use std::task::Waker;

use dogpile_backend::{Span, Time};
use dogpile_core::flow::{Action, Event};

use super::active::Active;
use super::answer::Answer;
use super::at::Own;
use super::call::{Call, Seated};
use super::subject::Subject;
use super::wait::Wait;
use crate::error::Error;

/// What those wait for who follow.
const FOLLOW: Action = Action::Wait { delegate: false };

/// How far a call came.
enum Step<'r, V: Clone + Send + Sync + 'static, E> {
    Ended(Result<Answer<V>, Error<E>>),
    /// Another creates. A thread sleeps for so long at most; all else that wakes it is booked.
    Follows(Seated<V>, Option<Span>),
    /// It has to be driven.
    More(Box<Call<'r, V, E>>, Action),
}

/// Asks who creates, where that comes next.
fn claim<V, E>(call: &mut Call<'_, V, E>, action: Action) -> Action
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    match action {
        Action::Claim { supersede } => {
            let event = call.claim(supersede);
            call.step(event)
        }
        action => action,
    }
}

/// One who sat down, and for how long a thread sleeps at most; or what the call does instead.
type Sat<V> = Result<(Seated<V>, Option<Span>), Action>;

/// Sits down where another creates, unless there is news already; `book` sees to it that the call is woken
/// then. What sits down gives nothing back, so that is done before: a clock is somebody else's code.
fn sit<'r, V, E>(
    call: &mut Call<'r, V, E>,
    action: Action,
    waker: &Waker,
    book: impl FnOnce(&mut Call<'r, V, E>, Time) -> Option<Span>,
) -> Sat<V>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    if action != FOLLOW {
        return Err(action);
    }
    match call.look_around(waker) {
        Wait::Over(woke) => Err(call.step(Event::Woke(woke))),
        Wait::Until(until) => {
            let at_most = book(call, until);
            let seated = call.sit_down();
            seated.map(|seated| (seated, at_most)).ok_or(FOLLOW)
        }
    }
}

/// How far a call came that sat down, or did not.
fn settled<V, E>(mut call: Box<Call<'_, V, E>>, sat: Sat<V>) -> Step<'_, V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    match sat {
        Ok((seated, at_most)) => Step::Follows(seated, at_most),
        Err(Action::Return(ending)) => Step::Ended(call.ended(ending)),
        Err(action) => Step::More(call, action),
    }
}

/// The call again that sat down.
#[inline(never)] // few rise again, and all others have its frame
fn risen<'r, V, E>(
    active: &'r Arc<Active<V>>,
    key: &'r [u8],
    own: &Own,
    mut seated: Seated<V>,
) -> Box<Call<'r, V, E>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let subject = Subject::again(active, key, seated.take_mangled());
    Call::risen(subject, &own.conditions(active), seated)
}
