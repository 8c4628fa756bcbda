//! The engine of blocking calls.

use std::time::Duration;

use dogpile_backend::Store;
use dogpile_core::flow::{Action, Event, Release, Woke};
use dogpile_core::kit::{Fault, Kit};

use crate::creator;
use crate::error::Error;
use crate::flight::leases;
use crate::kit::Local;
use crate::region::Answer;
use crate::region::call::{Call, Rest};
use crate::region::drive::Own;
use crate::region::wait::Wait;

/// Drives `call` to its end. `detach` takes over the rest of a call whose creator is owned, and hands
/// back what it does not take.
#[inline(never)] // most calls end before, and sleep in less room
pub(in crate::region) fn drive<V, E, C>(
    call: &mut Call<'_, V, E>,
    mut action: Action,
    creator: C,
    detach: impl FnOnce(Rest<V, E>, C) -> Option<(Rest<V, E>, C)>,
) -> Result<Answer<V>, Error<E>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: FnOnce() -> Result<V, E>,
{
    let mut own = Own::new(creator, detach);
    let opened = call.subject.opened_beside();
    let store = &*opened.store;
    loop {
        let event = match action {
            Action::Look => {
                let answer = call.look_blocking(store);
                call.looked(answer)
            }
            Action::Claim { supersede } => {
                if Local::has(Fault::NoRelook) {
                    dawdle(call);
                }
                call.claim(supersede)
            }
            Action::Detach { creation } => own.give(call, creation),
            Action::Lease { supersede } => match call.backs_off(supersede) {
                Some(event) => event,
                None => {
                    let enough = call.enough();
                    let ask = call.ask(&enough, supersede);
                    let answer = leases(store).lease(call.subject.key(), ask).wait();
                    call.leased(answer)
                }
            },
            Action::Wait { delegate } => match sleep(call, delegate) {
                Slept::Answered(answer) => return Ok(answer),
                Slept::Woke(woke) => Event::Woke(woke),
            },
            Action::Create => match call.backs_off_alone() {
                Some(event) => event,
                None => {
                    let creation = call.begin();
                    let creator = own.creator.take();
                    call.created(creator::run(creation, creator))
                }
            },
            Action::Commit { store: wanted } => commit(call, store, wanted),
            Action::Release(release) => give_back(call, store, release),
            Action::HandOver => call.hand_over(),
            Action::Leave => call.leave(),
            Action::Return(ending) => return call.ended(ending),
        };
        action = call.step(event);
    }
}

/// Ends the lease with the value, or, where it is not wanted, with nothing.
fn commit<V, E>(call: &mut Call<'_, V, E>, store: &dyn Store<V>, wanted: bool) -> Event
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let Some((entry, time_to_live, lease)) = call.commitment() else {
        unreachable!("a commit follows a creation under a lease")
    };
    let (leases, key) = (leases(store), call.subject.key());
    let answer = if wanted {
        leases.commit(key, &lease, entry, time_to_live).wait()
    } else {
        leases.release(key, &lease, false).wait()
    };
    call.committed(answer)
}

/// Gives back a lease that is still held, then ends the flight.
fn give_back<V, E>(call: &mut Call<'_, V, E>, store: &dyn Store<V>, release: Release) -> Event
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let lease = call.lease_to_return();
    let shut = call.shuts(store, lease.is_some());
    if let Some(lease) = lease {
        let (leases, key) = (leases(store), call.subject.key());
        // A lease that cannot be given back runs out by itself.
        let _ = match shut {
            Some(time) => leases.shut(key, &lease, time),
            None => leases.release(key, &lease, release.is_failure()),
        }
        .wait();
    }
    call.release(release)
}

/// How a sleep ended.
enum Slept<V> {
    Answered(Answer<V>),
    Woke(Woke),
}

/// Followers of one flight sleep at its bell, a delegate at one of its own.
fn sleep<V, E>(call: &mut Call<'_, V, E>, delegate: bool) -> Slept<V>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let bell = call.doorbell(delegate);
    let mut listener = bell.listener();
    loop {
        let waker = bell.waker();
        let wait = if delegate {
            call.look_out(&waker)
        } else {
            call.look_around(&waker)
        };
        let until = match wait {
            Wait::Over(woke) => return Slept::Woke(woke),
            Wait::Until(until) => until,
        };
        let at_most = call.at_most(until, &waker);
        bell.sleep(&mut listener, at_most, waker);
        if let Some(answer) = call.answered() {
            return Slept::Answered(answer);
        }
    }
}

/// What may befall any thread between its look and its claim: it comes late, and others have created
/// meanwhile. The missing second look is only then seen, so the fault waits for it, for a second at
/// most.
#[cold]
pub(in crate::region) fn dawdle<V, E>(call: &Call<'_, V, E>)
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let is_busy = || call.subject.opened().flights.is_busy(call.subject.key());
    for _ in 0..1000 {
        if !is_busy() {
            return;
        }
        crate::sync::sleep(Duration::from_millis(1));
    }
}
