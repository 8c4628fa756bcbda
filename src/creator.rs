//! Runs a creator: in its frame, and with its panic caught until those who wait have been told.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::flight::cycle::Frame;

/// What a creator ended with: its own answer, or its panic.
type Ran<T> = Result<T, Box<dyn Any + Send>>;

// Unwinding: nothing that the creator borrowed is looked at again before the panic goes on.
pub(crate) fn run<T>(creation: u64, creator: Option<impl FnOnce() -> T>) -> Ran<T> {
    within(&[creation], once(creator))
}

/// Runs a part of the creator of all these.
pub(crate) fn within<T>(creations: &[u64], part: impl FnOnce() -> T) -> Ran<T> {
    let _frame = Frame::enter(creations);
    catch_unwind(AssertUnwindSafe(part))
}

/// Asks what the user has a creator's value judged by; a panic of that is the creator's too.
pub(crate) fn judged<T>(judge: impl FnOnce() -> T) -> Ran<T> {
    catch_unwind(AssertUnwindSafe(judge))
}

pub(crate) async fn run_async<T, F: Future<Output = T>>(
    creation: u64,
    creator: Option<impl FnOnce() -> F>,
) -> Ran<T> {
    let mut future = pin!(run(creation, creator)?);
    poll_fn(
        move |context| match within(&[creation], || future.as_mut().poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

fn once<C>(creator: Option<C>) -> C {
    match creator {
        Some(creator) => creator,
        None => unreachable!("the flow asks one call to create once at most"),
    }
}
