//! The engines of a single value: the same flow as a region's, against the word alone.

use std::future::poll_fn;
use std::task::Poll;

use dogpile_backend::WakeAt;
use dogpile_core::flow::{Action, Event, Woke};
use dogpile_core::kit::{Kit, Park};

use super::call::Call;
use crate::creator;
use crate::error::Error;
use crate::kit::Local;

pub(super) fn drive<V, E>(
    (mut call, mut action): (Call<'_, V, E>, Action),
    creator: impl FnOnce() -> Result<V, E>,
) -> Result<V, Error<E>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let mut creator = Some(creator);
    loop {
        let event = match action {
            Action::Wait { .. } => Event::Woke(sleep(&mut call)),
            Action::Create => {
                let creation = call.begin();
                call.created(creator::run(creation, creator.take()))
            }
            Action::Return(ending) => return call.ended(ending),
            at_once => answer(&mut call, at_once),
        };
        action = call.step(event);
    }
}

pub(super) async fn drive_async<V, E, C, F>(
    (mut call, mut action): (Call<'_, V, E>, Action),
    creator: C,
) -> Result<V, Error<E>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: FnOnce() -> F,
    F: Future<Output = Result<V, E>>,
{
    let mut creator = Some(creator);
    loop {
        let event = match action {
            Action::Wait { .. } => {
                let woke = poll_fn(|context| match call.look_around(context.waker()) {
                    Ok(woke) => Poll::Ready(woke),
                    Err(until) => {
                        if call.wake_at(until, context.waker()) == WakeAt::Sleep {
                            call.alarm(until, context.waker());
                        }
                        Poll::Pending
                    }
                });
                Event::Woke(woke.await)
            }
            Action::Create => {
                let creation = call.begin();
                call.created(creator::run_async(creation, creator.take()).await)
            }
            Action::Return(ending) => return call.ended(ending),
            at_once => answer(&mut call, at_once),
        };
        action = call.step(event);
    }
}

/// What the word answers without waiting.
fn answer<V, E>(call: &mut Call<'_, V, E>, action: Action) -> Event
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    match action {
        Action::Look => call.look(),
        Action::Claim { supersede } => call.claim(supersede),
        Action::Lease { .. } => call.lease(),
        Action::Commit { .. } => call.commit(),
        Action::Release(release) => call.release(release),
        Action::HandOver => call.hand_over(),
        Action::Leave => call.leave(),
        Action::Detach { .. } => Event::Detached(false),
        Action::Wait { .. } | Action::Create | Action::Return(_) => {
            unreachable!("the engine does these itself")
        }
    }
}

fn sleep<V, E>(call: &mut Call<'_, V, E>) -> Woke
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let place = <Local as Kit>::Park::here();
    let waker = place.waker();
    loop {
        let until = match call.look_around(&waker) {
            Ok(woke) => return woke,
            Err(until) => until,
        };
        match call.wake_at(until, &waker) {
            WakeAt::Booked => place.park(None),
            WakeAt::Sleep => place.park(Some(call.until(until))),
        }
    }
}
