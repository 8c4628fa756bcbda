//! The engine of async calls. Dropping its future cancels the call: whatever it holds goes on.

use std::borrow::BorrowMut;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use dogpile_backend::Store;
use dogpile_core::flow::{Action, Event, Release, Woke};

use crate::creator;
use crate::error::Error;
use crate::flight::leases;
use crate::region::Answer;
use crate::region::call::{Call, Rest};
use crate::region::drive::{Own, Pace};
use crate::region::wait::Wait;

/// Drives `call` to its end; see the blocking engine.
pub(in crate::region) fn drive_async<'r, V, E, C, F>(
    call: impl BorrowMut<Call<'r, V, E>>,
    action: Action,
    creator: C,
    detach: impl FnOnce(Rest<V, E>, C) -> Option<(Rest<V, E>, C)>,
) -> impl Future<Output = Result<Answer<V>, Error<E>>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: FnOnce() -> F,
    F: Future<Output = Result<V, E>>,
{
    drive_beside(call, action, creator, detach, |_| ())
}

/// The same for a call of several that go on side by side: `pace` is told when it rests, and when
/// it goes on. What its creator fails with may be shared with the others.
///
/// Thousands may wait in this future. So it is no `async fn`, which has room for its arguments twice,
/// and a call that is given away lies in it, and not beside it.
pub(in crate::region) fn drive_beside<'r, V, E, C, F, I>(
    mut call: impl BorrowMut<Call<'r, V, E>>,
    mut action: Action,
    creator: C,
    detach: impl FnOnce(Rest<V, E>, C) -> Option<(Rest<V, E>, C)>,
    pace: impl Fn(Pace),
) -> impl Future<Output = Result<Answer<V>, Error<E>>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: FnOnce() -> F,
    F: Future<Output = Result<V, I>>,
    I: Into<Arc<E>>,
{
    let mut own = Own::new(creator, detach);
    async move {
        let call = call.borrow_mut();
        let opened = call.subject.opened_beside();
        let store = opened.for_tasks();
        loop {
            let event = match action {
                Action::Look => {
                    let answer = call.look(store).await;
                    call.looked(answer)
                }
                Action::Claim { supersede } => call.claim(supersede),
                Action::Detach { creation } => own.give(call, creation),
                Action::Lease { supersede } => lease(call, store, supersede).await,
                Action::Wait { delegate } => wait(call, delegate, &pace).await,
                Action::Create => match call.backs_off_alone() {
                    Some(event) => event,
                    None => {
                        let creation = call.begin();
                        let creator = own.creator.take();
                        call.created(creator::run_async(creation, creator).await)
                    }
                },
                Action::Commit { store: wanted } => commit(call, store, wanted).await,
                Action::Release(release) => give_back(call, store, release).await,
                Action::HandOver => call.hand_over(),
                Action::Leave => call.leave(),
                Action::Return(ending) => return call.ended(ending),
            };
            action = call.step(event);
        }
    }
}

/// Asks for the store's lease, unless this process leaves the creator alone.
async fn lease<V, E>(call: &mut Call<'_, V, E>, store: &dyn Store<V>, supersede: bool) -> Event
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    if let Some(event) = call.backs_off(supersede) {
        return event;
    }
    let enough = call.enough();
    let ask = call.ask(&enough, supersede);
    let answer = leases(store).lease(call.subject.key(), ask).await;
    call.leased(answer)
}

/// Rests until there is news.
async fn wait<V, E>(call: &mut Call<'_, V, E>, delegate: bool, pace: &impl Fn(Pace)) -> Event
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pace(match delegate {
        true => Pace::Watches,
        false => Pace::Follows,
    });
    let woke = poll_fn(
        |context| match look_around(call, delegate, context.waker()) {
            Some(woke) => Poll::Ready(woke),
            None => Poll::Pending,
        },
    );
    let woke = woke.await;
    pace(Pace::Busy);
    Event::Woke(woke)
}

/// Ends the lease with the value, or, where it is not wanted, with nothing.
async fn commit<V, E>(call: &mut Call<'_, V, E>, store: &dyn Store<V>, wanted: bool) -> Event
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let Some((entry, time_to_live, lease)) = call.commitment() else {
        unreachable!("a commit follows a creation under a lease")
    };
    let (leases, key) = (leases(store), call.subject.key());
    let answer = if wanted {
        leases.commit(key, &lease, entry, time_to_live)
    } else {
        drop(entry);
        leases.release(key, &lease, false)
    };
    let answer = answer.await;
    call.committed(answer)
}

/// Gives back a lease that is still held, then ends the flight.
fn give_back<V, E>(
    call: &mut Call<'_, V, E>,
    store: &dyn Store<V>,
    release: Release,
) -> impl Future<Output = Event>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let lease = call.lease_to_return();
    let shut = call.shuts(store, lease.is_some());
    async move {
        if let Some(lease) = &lease {
            let (leases, key) = (leases(store), call.subject.key());
            // A lease that cannot be given back runs out by itself.
            let _ = match shut {
                Some(time) => leases.shut(key, lease, time),
                None => leases.release(key, lease, release.is_failure()),
            }
            .await;
        }
        call.release(release)
    }
}

/// Looks around once; `None` leaves the waker where it will be called.
fn look_around<V, E>(call: &mut Call<'_, V, E>, delegate: bool, waker: &Waker) -> Option<Woke>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let wait = if delegate {
        call.look_out(waker)
    } else {
        call.look_around(waker)
    };
    let until = match wait {
        Wait::Over(woke) => return Some(woke),
        Wait::Until(until) => until,
    };
    call.book(until, delegate, waker);
    None
}
