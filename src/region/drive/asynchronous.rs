//! The engine of async calls. Dropping its future cancels the call: whatever it holds goes on.

use std::future::poll_fn;
use std::task::Poll;

use dogpile_backend::WakeAt;
use dogpile_core::flow::{Action, Event, Woke};

use crate::creator;
use crate::error::Error;
use crate::flight::leases;
use crate::region::Answer;
use crate::region::call::Call;
use crate::region::wait::Wait;

/// Drives `call` to its end; see the blocking engine.
pub(in crate::region) async fn drive_async<V, E, C, F>(
    (mut call, mut action): (Call<V, E>, Action),
    creator: C,
    detach: impl FnOnce((Call<V, E>, Action), C) -> bool,
) -> Result<Answer<V>, Error<E>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: FnOnce() -> F,
    F: Future<Output = Result<V, E>>,
{
    let mut own = Some((creator, detach));
    let opened = call.hold.opened().clone();
    let store = opened.for_tasks();
    loop {
        let event = match action {
            Action::Look => {
                let answer = store.get(call.hold.key()).await;
                call.looked(answer)
            }
            Action::Claim { supersede } => call.claim(supersede),
            Action::Detach => {
                let rest = call.detach();
                Event::Detached(
                    own.take()
                        .is_some_and(|(creator, detach)| detach(rest, creator)),
                )
            }
            Action::Lease { supersede } => {
                let enough = call.enough();
                let ask = call.ask(&enough, supersede);
                let answer = leases(store).lease(call.hold.key(), ask).await;
                call.leased(answer)
            }
            Action::Wait { delegate } => {
                let woke = poll_fn(
                    |context| match sleep(&mut call, delegate, context.waker()) {
                        Some(woke) => Poll::Ready(woke),
                        None => Poll::Pending,
                    },
                );
                Event::Woke(woke.await)
            }
            Action::Create => {
                let creation = call.begin();
                let creator = own.take().map(|(creator, _)| creator);
                call.created(creator::run_async(creation, creator).await)
            }
            Action::Commit { store: true } => {
                let Some((entry, time_to_live, lease)) = call.to_commit() else {
                    unreachable!("a commit follows a creation under a lease")
                };
                let key = call.hold.key();
                let answer = leases(store).commit(key, &lease, entry, time_to_live).await;
                call.committed(answer)
            }
            Action::Commit { store: false } => {
                let Some(lease) = call.to_give_back() else {
                    unreachable!("a commit follows a creation under a lease")
                };
                let answer = leases(store).release(call.hold.key(), &lease, false).await;
                call.committed(answer)
            }
            Action::Release(release) => {
                if let Some(lease) = call.to_give_back() {
                    let failed = release.is_failure();
                    // A lease that cannot be given back runs out by itself.
                    let _ = leases(store).release(call.hold.key(), &lease, failed).await;
                }
                call.release(release)
            }
            Action::HandOver => call.hand_over(),
            Action::Leave => call.leave(),
            Action::Return(ending) => return call.ended(ending),
        };
        action = call.step(event);
    }
}

/// Looks around once; `None` leaves the waker where it will be called.
fn sleep<V, E>(call: &mut Call<V, E>, delegate: bool, waker: &std::task::Waker) -> Option<Woke>
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
    if call.wake_at(until, waker) == WakeAt::Sleep {
        call.alarm(until, delegate, waker);
    }
    None
}
