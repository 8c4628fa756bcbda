//! An answer that is there, or that comes later: one form for blocking and for async stores.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::StoreError;

/// What a store answers. A blocking store answers [`Reply::Ready`] and allocates nothing; an async
/// one answers [`Reply::Later`]. The sync engine waits for it, the async engine awaits it.
#[must_use = "a reply that comes later does nothing until it is awaited or waited for"]
pub enum Reply<'a, T> {
    /// The answer.
    Ready(Result<T, StoreError>),
    /// The answer to come.
    Later(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>),
}

impl<'a, T> Reply<'a, T> {
    /// An answer that is there.
    pub fn ok(value: T) -> Self {
        Self::Ready(Ok(value))
    }

    /// An answer that `future` brings.
    pub fn later(future: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }

    /// Blocks this thread until the answer is there.
    ///
    /// A store whose futures need a runtime brings its own, or is used from async code only.
    pub fn wait(self) -> Result<T, StoreError> {
        match self {
            Self::Ready(answer) => answer,
            Self::Later(future) => block_on(future),
        }
    }
}

impl<T: Unpin> Future for Reply<'_, T> {
    type Output = Result<T, StoreError>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Later(future) => future.as_mut().poll(context),
            Self::Ready(_) => {
                let spent = Self::Later(Box::pin(std::future::pending()));
                match std::mem::replace(&mut *self, spent) {
                    Self::Ready(answer) => Poll::Ready(answer),
                    Self::Later(_) => unreachable!("matched as ready above"),
                }
            }
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
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
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
