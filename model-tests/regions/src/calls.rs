//! Calls, and what each must answer by the books.

pub mod batches;

use std::any::Any;
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use dogpile::{Answer, At, Error, Origin};
use shuttle::future;

use crate::books::{Asked, End};
use crate::creators::{AtWork, Failed, HandedOver, Plan};
use crate::value::Value;
use crate::world::{KEYS, World, step};

/// When an async call is dropped.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Never.
    Endless,
    /// As soon as it has to wait, after so many steps.
    Waits(usize),
    /// When it is woken, so many times, before it knows why.
    Woken(usize),
}

/// What a call came to, before it is judged.
type Ended = Result<Result<Answer<Value>, Error<Failed>>, Box<dyn Any + Send>>;

/// One call, from its beginning to what it may answer.
pub struct Call<'w> {
    world: &'w World,
    asked: Asked,
    own: Arc<OnceLock<usize>>,
    /// Whether a stale value may answer it.
    lenient: bool,
}

impl<'w> Call<'w> {
    /// A call for `key` begins.
    pub fn begin(world: &'w World, key: usize, lenient: bool) -> Self {
        Self {
            world,
            asked: world.ask(key),
            own: Arc::default(),
            lenient,
        }
    }

    fn at(&self) -> At<'w, Value, &'static str> {
        let at = self.world.region.at(KEYS[self.asked.key]);
        if self.lenient {
            return at;
        }
        at.stale_for(Duration::ZERO)
    }

    fn creator(&self, plan: Plan) -> impl FnOnce() -> Result<Value, Failed> + Send + 'static {
        let (books, asked, own) = (self.world.books.clone(), self.asked, Arc::clone(&self.own));
        let handed_over = HandedOver::new(books.clone());
        move || {
            let _until_the_end = handed_over;
            let at_work = AtWork::begin(books, asked, &own);
            (0..plan.steps).for_each(|_| step());
            plan.wait();
            at_work.ends(plan.end)
        }
    }

    /// In this thread.
    pub fn block(self, plan: Plan) {
        let call = || self.at().try_create(self.creator(plan));
        let ended = catch_unwind(AssertUnwindSafe(call));
        self.judge(ended);
    }

    /// With a creator that our worker runs where a stale value is at hand.
    pub fn own(self, plan: Plan) {
        let region = &self.world.region;
        let call = || region.get_or_refresh(KEYS[self.asked.key], self.creator(plan));
        let ended = catch_unwind(AssertUnwindSafe(call));
        self.judge_value(ended);
    }

    /// With a creator that our worker runs, while this call waits for it.
    pub fn detached(self, plan: Plan) {
        let call = || self.at().try_create_detached(self.creator(plan));
        let ended = catch_unwind(AssertUnwindSafe(call));
        self.judge_value(ended.map(|answer| answer.map(|answer| answer.value)));
    }

    /// Whatever is there.
    pub fn refresh(self, plan: Plan) {
        let key = self.asked.key;
        let index = self.world.books.open().supersedes(key);
        let call = || self.at().refresh(self.creator(plan));
        let ended = catch_unwind(AssertUnwindSafe(call));
        self.world.books.open().superseded(key, index);
        self.judge(ended);
    }

    /// As a task, that may be dropped.
    pub fn task(self, plan: Plan, patience: Patience) {
        let (books, asked, own) = (self.world.books.clone(), self.asked, Arc::clone(&self.own));
        let creator = || async move {
            let at_work = AtWork::begin(books, asked, &own);
            for _ in 0..plan.steps {
                future::yield_now().await;
            }
            plan.wait();
            at_work.ends(plan.end)
        };
        let waited = Cell::new(false);
        let woken = Cell::new(false);
        let waits = || waited.set(waited.get() || self.own.get().is_none());
        let call = || {
            let call = self.at().try_create_async(creator);
            future::block_on(within(patience, &waits, &woken, call))
        };
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(None) => self.dropped(woken.get()),
            Ok(Some(answer)) => {
                if waited.get() {
                    self.world
                        .sign(self.whose("slept and created", "slept and was told"));
                }
                self.judge(Ok(answer));
            }
            Err(panic) => self.judge(Err(panic)),
        }
    }

    fn dropped(&self, woken: bool) {
        if woken && self.world.books.open().is_nothing_made() {
            self.world.sign("dropped as an heir");
        }
        self.world.sign(match (self.own.get(), woken) {
            (Some(_), _) => "dropped while it created",
            (None, true) => "dropped when it was woken",
            (None, false) => "dropped while it waited",
        });
    }

    fn judge_value(&self, ended: Result<Result<Value, Error<Failed>>, Box<dyn Any + Send>>) {
        match ended {
            Ok(Ok(value)) => self.may_have(&value, None),
            Ok(Err(error)) => self.judge(Ok(Err(error))),
            Err(panic) => self.judge(Err(panic)),
        }
    }

    /// A fresh value, or one that was kept, or none.
    ///
    /// # Panics
    /// When the value is too old.
    pub fn get(self) {
        match self.at().get() {
            Ok(None) => {}
            Ok(Some(answer)) => self.may_have(&answer.value, Some(answer.origin)),
            Err(error) => self.no_answer(&error),
        }
    }

    /// What a call answers must be what one maker made of its key, and not too old.
    ///
    /// # Panics
    /// When it is not.
    fn judge(&self, ended: Ended) {
        if let Some(&own) = self.own.get() {
            self.world.books.open().returns(own);
        }
        match ended {
            Ok(Ok(answer)) => {
                self.may_have(&answer.value, Some(answer.origin));
                self.came_from(answer.value.maker, answer.origin);
            }
            Ok(Err(Error::Creator(failed))) => {
                self.failed(failed.0, End::Error);
                self.world.sign(self.whose("own error", "another's error"));
            }
            Ok(Err(Error::CreatorPanicked { message, .. })) => {
                assert!(self.own.get().is_none(), "an own panic goes on");
                self.failed(number(&message), End::Panic);
                self.world.sign("another's panic");
            }
            Ok(Err(Error::Deadline { .. })) => {
                let own = self.own.get();
                assert!(own.is_none(), "an own creator is waited for");
                self.world.sign("deadline");
            }
            Ok(Err(error)) => self.no_answer(&error),
            Err(panic) => {
                let Some(message) = panic.downcast_ref::<String>() else {
                    resume_unwind(panic);
                };
                let maker = number(message);
                assert_eq!(self.own.get(), Some(&maker), "{message}");
                self.failed(maker, End::Panic);
                self.world.sign("own panic");
            }
        }
    }

    /// Only a store that may fail leaves a call without an answer.
    fn no_answer<E: std::fmt::Debug>(&self, error: &Error<E>) {
        let shaky = self.world.books.open().shaky;
        assert!(shaky && matches!(error, Error::Store(_)), "{error:?}");
        self.world.sign("no answer");
    }

    fn whose(&self, own: &'static str, other: &'static str) -> &'static str {
        if self.own.get().is_some() { own } else { other }
    }

    fn may_have(&self, value: &Value, origin: Option<Origin>) {
        value.touch();
        let asked = self.asked;
        let (key, version) = (value.key, value.version);
        assert_eq!(key, asked.key, "another key's value");
        let end = self.world.books.open().maker(value.maker).end;
        assert_eq!(end, End::Value, "a value of a creator that made none");
        assert!(
            version >= asked.hard,
            "{version} came back after {}",
            asked.hard
        );
        let fresh = origin == Some(Origin::Hit) || !self.lenient;
        assert!(
            version >= asked.soft || !fresh,
            "{version} is stale after {}",
            asked.soft
        );
        if version < asked.soft {
            self.world.sign("stale");
        }
    }

    fn came_from(&self, maker: usize, origin: Origin) {
        let own = self.own.get().copied();
        let made = own.filter(|own| self.world.books.open().maker(*own).end == End::Value);
        let sign = match origin {
            Origin::Hit => "hit",
            Origin::Shared => "shared",
            Origin::Created => "created",
            Origin::Superseded => "superseded",
            Origin::NotStored => "not stored",
            Origin::Stale => "stale at once",
            Origin::StaleOnError => "stale for an error",
            Origin::Kept => "kept",
            _ => panic!("{origin:?}"),
        };
        let is_own = matches!(
            origin,
            Origin::Created | Origin::Superseded | Origin::NotStored
        );
        assert_eq!(is_own.then_some(maker), made, "{origin:?}: whose value");
        let is_stale = matches!(origin, Origin::Stale | Origin::StaleOnError);
        assert!(self.lenient || !is_stale, "no stale value was allowed");
        self.world.sign(sign);
        if origin == Origin::Stale && self.world.books.open().at_work() > 0 {
            self.world.sign("stale beside a creator");
        }
    }

    /// An error is that of a creation which ended so, in this call's time.
    fn failed(&self, maker: usize, end: End) {
        let books = self.world.books.open();
        let failed = books.maker(maker);
        assert_eq!((failed.key, failed.end), (self.asked.key, end));
        let here = failed.returned.is_none_or(|at| at > self.asked.since);
        assert!(here, "an error from before");
        if let Some(&own) = self.own.get() {
            assert_eq!(own, maker, "who created has its own error");
        }
    }
}

fn number(text: &str) -> usize {
    let number = text.parse();
    number.unwrap_or_else(|_| panic!("another panic: {text}"))
}

/// Polls `call` to its end, or drops it.
async fn within<T>(
    patience: Patience,
    waits: &dyn Fn(),
    woken: &Cell<bool>,
    call: impl Future<Output = T>,
) -> Option<T> {
    let mut call = pin!(call);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        if let Patience::Woken(times) = patience
            && polls > times
        {
            woken.set(true);
            return Poll::Ready(None);
        }
        if let Poll::Ready(answer) = call.as_mut().poll(context) {
            return Poll::Ready(Some(answer));
        }
        waits();
        if let Patience::Waits(steps) = patience {
            (0..steps).for_each(|_| step());
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}
