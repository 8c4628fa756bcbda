//! A store around another whose answers take a while: between the call and the store's step, and
//! between that and the answer, others may go on.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::thread;

use dogpile::backend::{
    Ask, Bell, CachedValue, Commit, EpochStore, Lease, LeaseStore, Leased, Local, Reply, Span,
    Store, StoreError, Time, TimeLine, Watch,
};

use crate::backends::Handle;
use crate::dice::Dice;
use crate::whole::Whole;

/// Who is to go on meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Other threads.
    Threads,
    /// Other tasks of this thread.
    Tasks,
}

pub(crate) struct Jostle {
    inner: Handle,
    pace: Pace,
    dice: Mutex<Dice>,
}

/// Lets other tasks go on so often.
pub(crate) async fn give_way(times: usize) {
    for _ in 0..times {
        let mut gave_way = false;
        poll_fn(|context| {
            if std::mem::replace(&mut gave_way, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Lets other threads go on so often.
pub(crate) fn step_aside(times: usize) {
    (0..times).for_each(|_| thread::yield_now());
}

impl Jostle {
    pub(crate) fn new(inner: Handle, pace: Pace, dice: Dice) -> Self {
        let dice = Mutex::new(dice);
        Self { inner, pace, dice }
    }

    fn roll(&self, below: usize) -> usize {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        dice.below(below)
    }

    /// Does `work` somewhere in the middle. What is `held` only by who has the answer is answered
    /// at once: a future that is dropped then would leave it with nobody.
    fn amid<'a, T: Send + 'a>(
        &'a self,
        held: bool,
        work: impl FnOnce() -> Reply<'a, T> + Send + 'a,
    ) -> Reply<'a, T> {
        let (before, after) = (self.roll(3), if held { 0 } else { self.roll(3) });
        match self.pace {
            Pace::Threads => {
                step_aside(before);
                let answer = work().wait();
                step_aside(after);
                Reply::ready(answer)
            }
            Pace::Tasks => Reply::later(async move {
                give_way(before).await;
                let answer: Result<T, StoreError> = work().await;
                give_way(after).await;
                answer
            }),
        }
    }

    fn leases_inside(&self) -> &dyn LeaseStore<Whole> {
        match self.inner.leases() {
            Some(leases) => leases,
            None => unreachable!("every store in the list has leases"),
        }
    }
}

impl Store<Whole> for Jostle {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Whole>>> {
        self.amid(false, || self.inner.get(key))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Whole>, ttl: Span) -> Reply<'a, ()> {
        self.amid(false, move || self.inner.set(key, entry, ttl))
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.amid(false, || self.inner.delete(key))
    }

    /// Every other look goes the long way.
    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&Whole>)) -> Local {
        if self.roll(2) == 0 {
            return Local::Unknown;
        }
        self.inner.look_local(key, lend)
    }

    fn time_line(&self) -> TimeLine {
        self.inner.time_line()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Whole>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        self.inner.epochs()
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        self.inner.maintain(now)
    }
}

impl LeaseStore<Whole> for Jostle {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Whole>> {
        self.amid(true, move || self.leases_inside().lease(key, ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Whole>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.amid(false, move || {
            self.leases_inside().commit(key, lease, entry, ttl)
        })
    }

    /// At once, so that who drops a future gives back what it held before anything else happens:
    /// a run of tasks is then the same each time.
    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.leases_inside().release(key, lease, failed)
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.leases_inside().renew(key, lease, time)
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.leases_inside().watch(key, bell)
    }

    fn expires(&self) -> bool {
        self.leases_inside().expires()
    }
}
