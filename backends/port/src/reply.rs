//! An answer that is there, or that comes later: one form for blocking and for async stores.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::StoreError;

/// What a store answers. A blocking store's answer is there at once and allocates nothing; an
/// async one's comes later. The sync engine waits for it, the async engine awaits it.
#[must_use = "a reply that comes later does nothing until it is awaited or waited for"]
pub struct Reply<'a, T>(Form<'a, T>);

/// An answer that a future brings.
pub type Coming<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A call that has not begun, of a store that has one client for threads and another for tasks.
pub trait TwoWay<'a, T>: Send {
    /// Makes the call on this thread, which waits for the answer.
    ///
    /// # Errors
    /// What the store answers.
    fn wait(self: Box<Self>) -> Result<T, StoreError>;

    /// Makes the call once it is polled, on any executor.
    fn later(self: Box<Self>) -> Coming<'a, T>;
}

enum Form<'a, T> {
    Ready(Result<T, StoreError>),
    Later(Coming<'a, T>),
    Either(Box<dyn TwoWay<'a, T> + 'a>),
    Spent,
}

/// A call, and what its answer means.
struct Then<'a, T, N> {
    call: Box<dyn TwoWay<'a, T> + 'a>,
    next: N,
}

impl<'a, T, U, N> TwoWay<'a, U> for Then<'a, T, N>
where
    T: Send + 'a,
    N: FnOnce(Result<T, StoreError>) -> Result<U, StoreError> + Send + 'a,
{
    fn wait(self: Box<Self>) -> Result<U, StoreError> {
        (self.next)(self.call.wait())
    }

    fn later(self: Box<Self>) -> Coming<'a, U> {
        let Self { call, next } = *self;
        let answer = call.later();
        Box::pin(async move { next(answer.await) })
    }
}

// What is pinned sits in a box of its own; an answer that is there is never pinned.
impl<T> Unpin for Reply<'_, T> {}

impl<'a, T> Reply<'a, T> {
    /// An answer that is there.
    #[inline]
    pub fn ready(answer: Result<T, StoreError>) -> Self {
        Self(Form::Ready(answer))
    }

    /// A good answer that is there.
    pub fn ok(value: T) -> Self {
        Self::ready(Ok(value))
    }

    /// An answer that `future` brings.
    pub fn later(future: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Self {
        Self(Form::Later(Box::pin(future)))
    }

    /// An answer that a thread gets in one way and a task in another.
    pub fn either(call: impl TwoWay<'a, T> + 'a) -> Self {
        Self(Form::Either(Box::new(call)))
    }

    /// Whether the answer is there already. One that comes later has done nothing yet.
    pub fn is_ready(&self) -> bool {
        matches!(self.0, Form::Ready(_))
    }

    /// Goes on with `next` once the answer is there: at once and without allocating if it is
    /// there already.
    ///
    /// ```
    /// use dogpile_backend::Reply;
    /// let doubled = Reply::ok(21).then(|answer| answer.map(|number| number * 2));
    /// assert_eq!(doubled.wait().unwrap(), 42);
    /// ```
    #[inline]
    pub fn then<U>(
        self,
        next: impl FnOnce(Result<T, StoreError>) -> Result<U, StoreError> + Send + 'a,
    ) -> Reply<'a, U>
    where
        T: Send + 'a,
    {
        match self.0 {
            Form::Ready(answer) => Reply::ready(next(answer)),
            form => Self(form).then_later(next),
        }
    }

    /// Apart, so that a hit has none of it compiled in.
    #[inline(never)]
    fn then_later<U>(
        self,
        next: impl FnOnce(Result<T, StoreError>) -> Result<U, StoreError> + Send + 'a,
    ) -> Reply<'a, U>
    where
        T: Send + 'a,
    {
        match self.0 {
            Form::Ready(answer) => Reply::ready(next(answer)),
            Form::Later(future) => Reply::later(async move { next(future.await) }),
            Form::Either(call) => Reply(Form::Either(Box::new(Then { call, next }))),
            Form::Spent => Reply(Form::Spent),
        }
    }

    /// Blocks this thread until the answer is there.
    ///
    /// A store whose futures need a runtime brings its own, or is used from async code only.
    ///
    /// # Errors
    /// What the store answers.
    ///
    /// # Panics
    /// When the reply was polled to its end before.
    #[inline]
    pub fn wait(self) -> Result<T, StoreError> {
        match self.0 {
            Form::Ready(answer) => answer,
            form => Self(form).wait_for(),
        }
    }

    #[inline(never)]
    fn wait_for(self) -> Result<T, StoreError> {
        match self.0 {
            Form::Ready(answer) => answer,
            Form::Later(future) => block_on(future),
            Form::Either(call) => call.wait(),
            Form::Spent => panic!("this reply was taken before"),
        }
    }
}

impl<T> Future for Reply<'_, T> {
    type Output = Result<T, StoreError>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Form::Later(future) = &mut self.0 {
            return future.as_mut().poll(context);
        }
        match std::mem::replace(&mut self.0, Form::Spent) {
            Form::Ready(answer) => Poll::Ready(answer),
            Form::Either(call) => {
                self.0 = Form::Later(call.later());
                self.poll(context)
            }
            Form::Later(_) | Form::Spent => panic!("this reply was taken before"),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs `future` to its end on this thread, parking it meanwhile.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, Operation};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Mutex, PoisonError, mpsc};

    fn error() -> StoreError {
        StoreError::new("none", Operation::Get, b"key", Fault::Other, "on purpose")
    }

    /// Pending until another thread sends what it is, and wakes.
    fn from_elsewhere() -> Reply<'static, u64> {
        let (asked, asks) = mpsc::channel::<Waker>();
        let answer = Arc::new(Mutex::new(None));
        let there = Arc::clone(&answer);
        thread::spawn(move || {
            let Ok(first) = asks.recv() else { return };
            first.wake(); // once for nothing
            let Ok(second) = asks.recv() else { return };
            *there.lock().unwrap_or_else(PoisonError::into_inner) = Some(7);
            second.wake();
        });
        Reply::later(std::future::poll_fn(move |context| {
            if let Some(value) = *answer.lock().unwrap_or_else(PoisonError::into_inner) {
                return Poll::Ready(Ok(value));
            }
            let _ = asked.send(context.waker().clone());
            Poll::Pending
        }))
    }

    #[test]
    fn waiting_brings_the_answer_of_either_form() {
        assert_eq!(Reply::ok(1).wait().expect("there"), 1);
        assert!(Reply::<u64>::ready(Err(error())).wait().is_err());
        assert_eq!(from_elsewhere().wait().expect("in the end"), 7);
        assert_eq!(block_on(from_elsewhere()).expect("in the end"), 7);
    }

    #[test]
    fn only_a_ready_reply_is_ready() {
        assert!(Reply::ok(1).is_ready());
        assert!(Reply::ok(1).then(|answer| answer).is_ready());
        assert!(!from_elsewhere().is_ready());
        assert!(!from_elsewhere().then(|answer| answer).is_ready());
    }

    #[test]
    fn what_comes_next_sees_values_and_errors_of_either_form() {
        let next = |answer: Result<u64, StoreError>| match answer {
            Ok(value) => Ok(value.to_string()),
            Err(_) => Ok("an error".into()),
        };
        assert_eq!(Reply::ok(1).then(next).wait().expect("there"), "1");
        assert_eq!(from_elsewhere().then(next).wait().expect("there"), "7");
        let failed = Reply::ready(Err(error())).then(next);
        assert_eq!(failed.wait().expect("there"), "an error");
        let failed = Reply::later(async { Err(error()) }).then(next);
        assert_eq!(failed.wait().expect("there"), "an error");
    }

    /// Says how it was called.
    struct Says;

    impl TwoWay<'static, String> for Says {
        fn wait(self: Box<Self>) -> Result<String, StoreError> {
            Ok("waited".into())
        }

        fn later(self: Box<Self>) -> Coming<'static, String> {
            Box::pin(async { Ok("awaited".into()) })
        }
    }

    #[test]
    fn a_call_of_two_ways_goes_the_way_it_is_taken() {
        let shout = |answer: Result<String, StoreError>| answer.map(|text| text.to_uppercase());
        assert!(!Reply::either(Says).is_ready());
        assert_eq!(Reply::either(Says).wait().expect("there"), "waited");
        assert_eq!(block_on(Reply::either(Says)).expect("there"), "awaited");
        let waited = Reply::either(Says).then(shout);
        assert_eq!(waited.wait().expect("there"), "WAITED");
        let awaited = Reply::either(Says).then(shout);
        assert_eq!(block_on(awaited).expect("there"), "AWAITED");
    }

    #[test]
    fn a_reply_is_taken_once() {
        let mut reply = Reply::ok(1);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut reply).poll(&mut context).is_ready());
        let again = catch_unwind(AssertUnwindSafe(|| reply.wait()));
        assert!(again.is_err());
    }
}
