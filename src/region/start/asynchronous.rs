//! How a task begins its call, and what is left of it while it follows: a future whose size thousands may
//! have in memory at a time. So it is no `async fn`, which has room for its arguments beside its state,
//! and twice for those that it hands on.

use std::borrow::Borrow;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dogpile_core::flow::Action;

use super::{FOLLOW, Step, claim, risen, settled, sit};
use crate::error::Error;
use crate::region::Region;
use crate::region::active::Active;
use crate::region::answer::Answer;
use crate::region::at::{NEW, Own};
use crate::region::call::{Call, Seated};
use crate::region::look::{Looked, first_look, look_at_once};
use crate::region::subject::Subject;

type Looking<'r, V, E> = Pin<Box<dyn Future<Output = Looked<'r, V, E>> + Send + 'r>>;

/// What a call says that says nothing, in no room.
pub(in crate::region) struct Nothing;

impl Borrow<Own> for Nothing {
    fn borrow(&self) -> &Own {
        const { &Own::NOTHING }
    }
}

/// A call on its way. `G` makes the engine for one that has to be driven, which is `D`.
pub(in crate::region) struct Start<'r, V, E, K, O, G, D>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    K: AsRef<[u8]>,
    O: Borrow<Own>,
{
    key: K,
    own: O,
    engine: Option<G>,
    stage: Stage<'r, V, E, D>,
}

enum Stage<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static, D> {
    New(&'r Region<V>),
    /// The store does not answer at once.
    Looks(&'r Arc<Active<V>>, Looking<'r, V, E>),
    /// Another creates.
    Follows(&'r Arc<Active<V>>, Seated<V>),
    Driven(Pin<Box<D>>),
    Over,
}

impl<'r, V, E, K, O, G, D> Start<'r, V, E, K, O, G, D>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    K: AsRef<[u8]>,
    O: Borrow<Own>,
    G: FnOnce(Box<Call<'r, V, E>>, Action) -> D,
    D: Future<Output = Result<Answer<V>, Error<E>>>,
{
    pub(in crate::region) const fn new(region: &'r Region<V>, key: K, own: O, engine: G) -> Self {
        Self {
            key,
            own,
            engine: Some(engine),
            stage: Stage::New(region),
        }
    }

    /// A fresh value that lies in this process's memory, for a call that begins and says nothing.
    fn hit(&self) -> Option<V> {
        match &self.stage {
            Stage::New(region) => region.hit(self.key.as_ref(), |value| value.clone()).ok(),
            _ => None,
        }
    }

    /// The answer to a call that was told it, where it lies: it is moved nowhere, and nothing is built for it.
    fn answered(&mut self) -> Option<Answer<V>> {
        let Stage::Follows(active, seated) = &mut self.stage else {
            return None;
        };
        let policy = || self.own.borrow().policy(active);
        let answer = seated.answered(active, policy)?;
        self.stage = Stage::Over;
        Some(answer)
    }

    fn look(
        &mut self,
        active: &'r Arc<Active<V>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Answer<V>, Error<E>>> {
        let conditions = self.own.borrow().conditions(active);
        let looked = look_at_once(active, &conditions, self.key.as_ref());
        let step = looked.map(|looked| apart(after(looked, context.waker()), active));
        if let Some(step) = step {
            return self.goes_on(active, step, context);
        }
        let subject = Subject::apart(active, self.key.as_ref());
        let looking = Box::pin(first_look(subject, conditions, NEW));
        self.look_on(active, looking, context)
    }

    fn look_on(
        &mut self,
        active: &'r Arc<Active<V>>,
        mut looking: Looking<'r, V, E>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Answer<V>, Error<E>>> {
        match looking.as_mut().poll(context) {
            Poll::Ready(looked) => self.goes_on(active, after(looked, context.waker()), context),
            Poll::Pending => {
                self.stage = Stage::Looks(active, looking);
                Poll::Pending
            }
        }
    }

    fn goes_on(
        &mut self,
        active: &'r Arc<Active<V>>,
        step: Step<'r, V, E>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Answer<V>, Error<E>>> {
        match step {
            Step::Ended(ended) => Poll::Ready(ended),
            Step::Follows(seated, _) => {
                self.stage = Stage::Follows(active, seated);
                Poll::Pending
            }
            Step::More(call, action) => {
                let Some(engine) = self.engine.take() else {
                    unreachable!("a call is driven once")
                };
                self.drive(Box::pin(engine(call, action)), context)
            }
        }
    }

    fn drive(
        &mut self,
        mut driven: Pin<Box<D>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Answer<V>, Error<E>>> {
        let polled = driven.as_mut().poll(context);
        if polled.is_pending() {
            self.stage = Stage::Driven(driven);
        }
        polled
    }
}

impl<'r, V, E, K, O, G, D> Future for Start<'r, V, E, K, O, G, D>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    K: AsRef<[u8]>,
    O: Borrow<Own>,
    G: FnOnce(Box<Call<'r, V, E>>, Action) -> D,
    D: Future<Output = Result<Answer<V>, Error<E>>>,
{
    type Output = Result<Answer<V>, Error<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(answer) = this.answered() {
            return Poll::Ready(Ok(answer));
        }
        // Asked before anything is taken: a key is the user's, and may panic.
        let key = this.key.as_ref();
        match replace(&mut this.stage, Stage::Over) {
            Stage::New(region) => match region.active() {
                Some(active) => this.look(active, context),
                None => Poll::Ready(Err(region.not_configured())),
            },
            Stage::Looks(active, looking) => this.look_on(active, looking, context),
            Stage::Follows(active, seated) => {
                let call = risen(active, key, this.own.borrow(), seated);
                let step = sit_down(call, FOLLOW, context.waker());
                this.goes_on(active, apart(step, active), context)
            }
            Stage::Driven(driven) => this.drive(driven, context),
            // Its caller's mistake, and to be read as one.
            Stage::Over => panic!("a call was polled after it had ended"),
        }
    }
}

/// Nothing in it is pinned: what has to be lies in a box.
impl<V, E, K, O, G, D> Unpin for Start<'_, V, E, K, O, G, D>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    K: AsRef<[u8]>,
    O: Borrow<Own>,
{
}

impl<V, E, K, O, G, D> Drop for Start<'_, V, E, K, O, G, D>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    K: AsRef<[u8]>,
    O: Borrow<Own>,
{
    /// Leaves the seat that is still held, as a call does that goes away.
    fn drop(&mut self) {
        // Few are dropped while they follow: for the others nothing is moved.
        if let Stage::Follows(..) = &self.stage
            && let Stage::Follows(active, seated) = replace(&mut self.stage, Stage::Over)
        {
            // Without its key the seat is left all the same, and whoever finds the flight ended takes it out.
            let key = catch_unwind(AssertUnwindSafe(|| self.key.as_ref())).unwrap_or_default();
            let call: Box<Call<'_, V, E>> = risen(active, key, self.own.borrow(), seated);
            drop(call);
        }
    }
}

/// How far a call comes that has looked.
fn after<'k, V, E>(looked: Looked<'k, V, E>, waker: &Waker) -> Step<'k, V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    match looked {
        Ok(answer) => Step::Ended(Ok(answer)),
        Err((mut call, action)) => {
            let action = claim(&mut call, action);
            sit_down(call, action, waker)
        }
    }
}

/// The same with a key of its own, for what goes on beside the one that it borrowed.
fn apart<'r, V, E>(step: Step<'_, V, E>, active: &'r Arc<Active<V>>) -> Step<'r, V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    match step {
        Step::Ended(ended) => Step::Ended(ended),
        Step::Follows(seated, at_most) => Step::Follows(seated, at_most),
        Step::More(call, action) => Step::More(Box::new(call.apart(active)), action),
    }
}

/// Sits down, if it is to, and has the task woken in time: with its whole flight, unless the clock does so.
fn sit_down<'k, V, E>(
    mut call: Box<Call<'k, V, E>>,
    action: Action,
    waker: &Waker,
) -> Step<'k, V, E>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let sat = sit(&mut call, action, waker, |call, until| {
        call.book(until, false, waker);
        None
    });
    settled(call, sat)
}

/// The same call for one who wants the value alone, and says nothing himself. Nothing is built for a hit.
pub(in crate::region) struct Valued<S>(pub(in crate::region) S);

impl<'r, V, E, K, G, D> Future for Valued<Start<'r, V, E, K, Nothing, G, D>>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    K: AsRef<[u8]>,
    G: FnOnce(Box<Call<'r, V, E>>, Action) -> D,
    D: Future<Output = Result<Answer<V>, Error<E>>>,
{
    type Output = Result<V, Error<E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let start = &mut self.0;
        if let Some(value) = start.hit() {
            start.stage = Stage::Over;
            return Poll::Ready(Ok(value));
        }
        let ended = Pin::new(start).poll(context);
        ended.map(|ended| ended.map(|answer| answer.value))
    }
}
