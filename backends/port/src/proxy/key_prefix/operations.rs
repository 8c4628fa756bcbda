//! Operations under a key that their reply has to keep.
//!
//! A reply may borrow the key that it was asked with, and so can only leave with its answer there, or in the
//! company of its key: the operation is then put off until somebody waits for it, or awaits it.

use super::super::Beneath;
use crate::{
    Ask, CachedValue, Coming, Commit, KeyBuffer, Lease, Leased, Reply, Span, StoreError, TwoWay,
};

/// One operation, still to be asked under some key.
pub(super) trait Asks<V: 'static>: Send {
    type Answer: Send;

    fn ask<'k>(self, beneath: Beneath<'k, V>, key: &'k [u8]) -> Reply<'k, Self::Answer>
    where
        Self: 'k;
}

/// Asks at once where the answer is there at once. One that comes later has done nothing yet: it is
/// asked for again by whoever takes it.
pub(super) fn ask<'a, V: 'static, A>(
    beneath: Beneath<'a, V>,
    key: KeyBuffer,
    asks: A,
) -> Reply<'a, A::Answer>
where
    A: Asks<V> + Clone + 'a,
{
    let reply = asks.clone().ask(beneath, key.as_bytes());
    if reply.is_ready() {
        return Reply::ready(reply.wait());
    }
    drop(reply);
    Reply::either(PutOff { beneath, key, asks })
}

/// The same for an operation that takes a value with it, and so cannot be asked twice.
pub(super) fn ask_once<'a, V: 'static, A>(
    beneath: Beneath<'a, V>,
    key: KeyBuffer,
    asks: A,
) -> Reply<'a, A::Answer>
where
    A: Asks<V> + 'a,
{
    if beneath.store().blocks() {
        return Reply::ready(asks.ask(beneath, key.as_bytes()).wait());
    }
    Reply::either(PutOff { beneath, key, asks })
}

struct PutOff<'a, V: 'static, A> {
    beneath: Beneath<'a, V>,
    key: KeyBuffer,
    asks: A,
}

impl<'a, V: 'static, A: Asks<V> + 'a> TwoWay<'a, A::Answer> for PutOff<'a, V, A> {
    fn wait(self: Box<Self>) -> Result<A::Answer, StoreError> {
        let Self { beneath, key, asks } = *self;
        asks.ask(beneath, key.as_bytes()).wait()
    }

    fn later(self: Box<Self>) -> Coming<'a, A::Answer> {
        let Self { beneath, key, asks } = *self;
        Box::pin(async move { asks.ask(beneath, key.as_bytes()).await })
    }
}

#[derive(Clone, Copy)]
pub(super) struct Gets;

impl<V: Send + 'static> Asks<V> for Gets {
    type Answer = Option<CachedValue<V>>;

    fn ask<'k>(self, beneath: Beneath<'k, V>, key: &'k [u8]) -> Reply<'k, Self::Answer>
    where
        Self: 'k,
    {
        beneath.get(key)
    }
}

pub(super) struct Sets<V> {
    pub(super) entry: CachedValue<V>,
    pub(super) ttl: Span,
}

impl<V: Send + 'static> Asks<V> for Sets<V> {
    type Answer = ();

    fn ask<'k>(self, beneath: Beneath<'k, V>, key: &'k [u8]) -> Reply<'k, ()>
    where
        Self: 'k,
    {
        beneath.set(key, self.entry, self.ttl)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Deletes;

impl<V: Send + 'static> Asks<V> for Deletes {
    type Answer = ();

    fn ask<'k>(self, beneath: Beneath<'k, V>, key: &'k [u8]) -> Reply<'k, ()>
    where
        Self: 'k,
    {
        beneath.delete(key)
    }
}

pub(super) struct Leases<'a>(pub(super) Ask<'a>);

impl Clone for Leases<'_> {
    fn clone(&self) -> Self {
        Self(Ask {
            held: self.0.held.clone(),
            ..self.0
        })
    }
}

impl<V: Send + 'static> Asks<V> for Leases<'_> {
    type Answer = Leased<V>;

    fn ask<'k>(self, beneath: Beneath<'k, V>, key: &'k [u8]) -> Reply<'k, Leased<V>>
    where
        Self: 'k,
    {
        beneath.lease(key, self.0)
    }
}

pub(super) struct Commits<'a, V> {
    pub(super) lease: &'a Lease,
    pub(super) entry: CachedValue<V>,
    pub(super) ttl: Span,
}

impl<V: Send + 'static> Asks<V> for Commits<'_, V> {
    type Answer = Commit;

    fn ask<'k>(self, beneath: Beneath<'k, V>, key: &'k [u8]) -> Reply<'k, Commit>
    where
        Self: 'k,
    {
        beneath.commit(key, self.lease, self.entry, self.ttl)
    }
}

/// What is done with a lease that is held.
#[derive(Clone, Copy)]
pub(super) enum End {
    Release { failed: bool },
    Shut { time: Span },
    Renew { time: Span },
}

#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) lease: &'a Lease,
    pub(super) how: End,
}

impl<V: Send + 'static> Asks<V> for Ends<'_> {
    type Answer = Commit;

    fn ask<'k>(self, beneath: Beneath<'k, V>, key: &'k [u8]) -> Reply<'k, Commit>
    where
        Self: 'k,
    {
        match self.how {
            End::Release { failed } => beneath.release(key, self.lease, failed),
            End::Shut { time } => beneath.shut(key, self.lease, time),
            End::Renew { time } => beneath.renew(key, self.lease, time),
        }
    }
}
