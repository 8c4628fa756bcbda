//! A batch: one call, one flow for each key, side by side; what they won is created together.
//!
//! The calls know nothing of each other. Each is driven by the engine for tasks to its end; its
//! creator leaves an order at the batch's [`Desk`] and waits there. When no call is on its way any
//! more, because each is over, at the desk, or waits for somebody else's creation, the user's creator
//! runs for all orders at once. So what the batch holds is created, committed and given back before
//! the batch waits for anybody.

use std::any::Any;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use dogpile_backend::{Span, Time};

use super::begin::How;
use super::crowd::{Crowd, Member};
use super::desk::{Desk, Made, Order};
use crate::creator;
use crate::error::Error;
use crate::failure;
use crate::region::Answer;
use crate::region::active::Active;
use crate::region::call::{Call, Conditions};
use crate::region::creation::{self, Creation};
use crate::region::drive::{Pace, drive_beside, nobody_else};
use crate::region::statistics::Counted;
use crate::region::subject::Subject;

type Panic = Box<dyn Any + Send>;

/// What one run of the user's creator made: a value for each number, none where it has none.
pub(super) type Run<V, E> = Result<Vec<Option<V>>, E>;

/// What became of one key; nothing where the creator had nothing for it.
pub(super) type End<V, E> = Option<Result<Answer<V>, Error<E>>>;

pub(super) struct Batch<'r, V: Clone + Send + Sync + 'static> {
    region: &'r Arc<Active<V>>,
    keys: Vec<&'r [u8]>,
    conditions: Conditions,
    how: How,
    /// What lies between each call and its creator, if that is to see it.
    sights: Vec<Arc<creation::Desk<V>>>,
}

impl<'r, V: Clone + Send + Sync + 'static> Batch<'r, V> {
    pub(super) fn new(
        region: &'r Arc<Active<V>>,
        keys: Vec<&'r [u8]>,
        conditions: Conditions,
        how: How,
    ) -> Self {
        let seen = if how.sees { keys.len() } else { 0 };
        Self {
            sights: (0..seen).map(|_| creation::Desk::new()).collect(),
            region,
            keys,
            conditions,
            how,
        }
    }

    /// Has all of them answered; `creator` is run for the numbers of those that are to be created, with a view
    /// of each creation if it is to see them.
    ///
    /// # Panics
    /// When the creator does, after those who wait have been told.
    pub(super) async fn run<E, F>(
        self,
        creator: impl FnMut(&[usize], Vec<Creation<V>>) -> F,
    ) -> Vec<End<V, E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Run<V, E>>,
    {
        let desk = Desk::new(self.keys.len());
        let mut at_work = AtWork {
            batch: &self,
            desk: &desk,
            crowd: Crowd::of(self.keys.len(), |number| {
                self.call(number, self.conditions, &desk)
            }),
            ends: self.keys.iter().map(|_| None).collect(),
            began: self.now(),
            creator,
            creating: None,
            panic: None,
        };
        poll_fn(|context| at_work.go_on(context)).await;
        if let Some(panic) = at_work.panic.take().or_else(|| at_work.crowd.panic()) {
            resume_unwind(panic);
        }
        at_work.ends
    }

    fn call<'a, E: Send + Sync + 'static>(
        &'a self,
        number: usize,
        conditions: Conditions,
        desk: &'a Desk<V, E>,
    ) -> Member<'a, Result<Answer<V>, Error<E>>> {
        Box::pin(async move {
            let subject = Subject::new(self.region, self.keys[number]);
            let (mut call, action) = Call::start(subject, conditions, self.how.wish);
            call.desk = self.sights.get(number).cloned();
            let order = || desk.order(number);
            let pace = |pace| desk.pace(number, pace);
            drive_beside(&mut call, action, order, nobody_else, pace).await
        })
    }

    /// Views of these creations, if the creator is to see them.
    fn views(&self, numbers: &[usize]) -> Vec<Creation<V>> {
        let sights = numbers.iter().filter_map(|number| self.sights.get(*number));
        sights.map(creation::Desk::view).collect()
    }

    fn now(&self) -> Time {
        self.region.clock.monotonic()
    }
}

/// A batch on its way.
struct AtWork<'a, V: Clone + Send + Sync + 'static, E, C, F> {
    batch: &'a Batch<'a, V>,
    desk: &'a Desk<V, E>,
    began: Time,
    creator: C,
    /// The creator at work, and for whom. It stands before the calls: where all of this is dropped,
    /// the creator is gone before its keys are handed to others.
    creating: Option<(Vec<Order>, Pin<Box<F>>)>,
    crowd: Crowd<'a, Result<Answer<V>, Error<E>>>,
    ends: Vec<End<V, E>>,
    /// The creator's, until all have ended.
    panic: Option<Panic>,
}

// The creator's future is pinned in a box of its own.
impl<V: Clone + Send + Sync + 'static, E, C, F> Unpin for AtWork<'_, V, E, C, F> {}

impl<V, E, C, F> AtWork<'_, V, E, C, F>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: FnMut(&[usize], Vec<Creation<V>>) -> F,
    F: Future<Output = Run<V, E>>,
{
    fn go_on(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let (desk, ends) = (self.desk, &mut self.ends);
            self.crowd.go_on(context, |number, end| {
                desk.over(number);
                ends[number] = end;
            });
            if self.creating.is_none() {
                if self.crowd.has_ended() {
                    return Poll::Ready(());
                }
                let orders = self.desk.take_orders();
                if orders.is_empty() {
                    return Poll::Pending;
                }
                self.begin(orders);
            }
            if self.create(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Has the creator begin.
    fn begin(&mut self, orders: Vec<Order>) {
        if self.batch.how.blocks {
            self.step_aside();
        }
        let numbers: Vec<_> = orders.iter().map(|order| order.number).collect();
        let (creator, views) = (&mut self.creator, self.batch.views(&numbers));
        match creator::within(&creations(&orders), || creator(&numbers, views)) {
            Ok(run) => self.creating = Some((orders, Box::pin(run))),
            Err(panic) => self.panicked(&orders, panic),
        }
    }

    /// Goes on with the creator, if it is at work.
    fn create(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some((orders, run)) = &mut self.creating else {
            return Poll::Ready(());
        };
        let polled = creator::within(&creations(orders), || run.as_mut().poll(context));
        if let Ok(Poll::Pending) = polled {
            return Poll::Pending;
        }
        let Some((orders, _)) = self.creating.take() else {
            unreachable!("it was just polled")
        };
        match polled {
            Ok(Poll::Ready(run)) => self.made(&orders, run),
            Ok(Poll::Pending) => unreachable!("it has ended"),
            Err(panic) => self.panicked(&orders, panic),
        }
        Poll::Ready(())
    }

    /// Gives each call what was made for it. A call that gets nothing goes away, and leaves its key
    /// to whoever waits for it.
    fn made(&mut self, orders: &[Order], run: Run<V, E>) {
        let values = match run {
            Ok(values) if values.len() == orders.len() => values,
            Ok(values) => return self.miscounted(orders, values.len()),
            Err(error) => {
                let error = Arc::new(error);
                for order in orders {
                    self.give(order.number, Made::Failed(Arc::clone(&error)));
                }
                return;
            }
        };
        for (order, value) in orders.iter().zip(values) {
            match value {
                Some(value) => self.give(order.number, Made::Value(value)),
                None => self.crowd.send_away(order.number),
            }
        }
    }

    fn give(&self, number: usize, made: Made<V, E>) {
        self.desk.leave(number, made);
        self.crowd.wake(number);
    }

    fn miscounted(&mut self, orders: &[Order], made: usize) {
        for order in orders {
            self.crowd.send_away(order.number);
            self.batch.region.count(Counted::Error);
            self.ends[order.number] = Some(Err(Error::WrongCount {
                region: self.batch.region.name.to_string(),
                asked: orders.len(),
                made,
            }));
        }
    }

    /// The panic goes on once those who wait have been told; the batch itself waits for nobody then.
    /// Who is left is busy until all is over, so that nothing is created any more.
    fn panicked(&mut self, orders: &[Order], panic: Panic) {
        for number in self.desk.resting(|_| true) {
            if orders.iter().all(|order| order.number != number) {
                self.crowd.send_away(number);
            }
        }
        let message = failure::message(&*panic).to_owned();
        for order in orders {
            self.give(order.number, Made::Panicked(message.clone()));
        }
        self.panic.get_or_insert(panic);
    }

    /// While the creator keeps this thread, nobody would tell those who wait behind a call that
    /// waits for another process. It begins anew, with what is left of its time.
    fn step_aside(&mut self) {
        let gone = self.batch.now().since(self.began);
        let mut conditions = self.batch.conditions;
        conditions.deadline = Span::from_nanos(
            conditions
                .deadline
                .as_nanos()
                .saturating_sub(gone.as_nanos()),
        );
        for number in self.desk.resting(|pace| pace == Pace::Watches) {
            self.desk.pace(number, Pace::Busy);
            self.crowd
                .replace(number, self.batch.call(number, conditions, self.desk));
        }
    }
}

fn creations(orders: &[Order]) -> Vec<u64> {
    orders.iter().map(|order| order.creation).collect()
}
