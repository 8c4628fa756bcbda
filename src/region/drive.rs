//! The engines: two short loops that carry out what the flow asks and step it with what came of it.

mod asynchronous;
mod blocking;

pub(super) use asynchronous::{drive_async, drive_beside};
pub(super) use blocking::{dawdle, drive};

use dogpile_core::flow::Event;

use crate::region::call::{Call, Rest};

/// What an engine has from its caller: the creator, and who would run it elsewhere.
struct Own<C, D> {
    creator: Option<C>,
    detach: Option<D>,
}

impl<C, D> Own<C, D> {
    const fn new(creator: C, detach: D) -> Self {
        Self {
            creator: Some(creator),
            detach: Some(detach),
        }
    }

    /// Gives the creator away with what `call` holds; what is handed back is the call's again.
    fn give<V, E>(&mut self, call: &mut Call<'_, V, E>, creation: bool) -> Event
    where
        V: Clone + Send + Sync + 'static,
        E: Send + Sync + 'static,
        D: FnOnce(Rest<V, E>, C) -> Option<(Rest<V, E>, C)>,
    {
        let (Some(detach), Some(rest)) = (self.detach.take(), call.detach(creation)) else {
            return Event::Detached(false);
        };
        let Some(creator) = self.creator.take() else {
            unreachable!("the flow gives a creator away once at most")
        };
        let handed_back = detach(rest, creator);
        Event::Detached(match handed_back {
            None => true,
            Some(((rest, _), creator)) => {
                call.take_back(rest);
                self.creator = Some(creator);
                false
            }
        })
    }
}

/// Borrowed creators run in their own call.
#[allow(clippy::unnecessary_wraps)] // the engines ask it as they ask a runner
pub(super) fn nobody_else<T, C>(rest: T, creator: C) -> Option<(T, C)> {
    Some((rest, creator))
}

/// Whether a call rests, for one that goes on beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It computes, or talks to the store.
    Busy,
    /// It waits for another call's creation.
    Follows,
    /// It waits for another process's creation, and others wait for it.
    Watches,
}
