//! The answer that a caller waits for: a thread of ours leaves it, and the caller's task is woken.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::trouble::Trouble;

/// What becomes of an answer that nobody takes.
pub(crate) type Unwanted<T> = Box<dyn FnOnce(T) + Send>;

/// Where the answer is left.
pub(crate) struct Mail<T>(Arc<Mutex<Letter<T>>>);

/// Where the answer comes. A caller who drops it wants it no more.
pub(crate) struct Awaited<T>(Mail<T>);

enum Letter<T> {
    Awaited {
        waker: Option<Waker>,
        unwanted: Option<Unwanted<T>>,
    },
    Arrived {
        answer: Result<T, Trouble>,
        unwanted: Option<Unwanted<T>>,
    },
    /// The caller is gone.
    Abandoned(Option<Unwanted<T>>),
    Over,
}

impl<T> Clone for Mail<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// For one answer; one that is good and that nobody takes goes to `unwanted`.
pub(crate) fn mail<T>(unwanted: Option<Unwanted<T>>) -> (Mail<T>, Awaited<T>) {
    let waker = None;
    let letter = Letter::Awaited { waker, unwanted };
    let mail = Mail(Arc::new(Mutex::new(letter)));
    (mail.clone(), Awaited(mail))
}

impl<T> Mail<T> {
    /// Whether anybody waits for it.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(&*self.letter(), Letter::Awaited { .. })
    }

    /// Leaves the answer, and has the caller look. The first counts.
    pub(crate) fn leave(&self, answer: Result<T, Trouble>) {
        self.put(answer).into_iter().for_each(wake);
    }

    /// Leaves the answer for a caller who is woken by this.
    #[must_use]
    pub(crate) fn put(&self, answer: Result<T, Trouble>) -> Option<Waker> {
        let mut letter = self.letter();
        match std::mem::replace(&mut *letter, Letter::Over) {
            Letter::Awaited { waker, unwanted } => {
                *letter = Letter::Arrived { answer, unwanted };
                return waker;
            }
            Letter::Abandoned(unwanted) => {
                drop(letter);
                if let (Ok(value), Some(unwanted)) = (answer, unwanted) {
                    unwanted(value);
                }
            }
            before => *letter = before,
        }
        None
    }

    fn letter(&self) -> MutexGuard<'_, Letter<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes a task. Wakers are an executor's code, and what it throws is nobody's here.
pub(crate) fn wake(waker: Waker) {
    // Unwinding: a waker that panicked is not looked at again.
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}

impl<T> Future for Awaited<T> {
    type Output = Result<T, Trouble>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut letter = self.0.letter();
        if let Letter::Awaited { waker, .. } = &mut *letter {
            waker
                .get_or_insert_with(|| context.waker().clone())
                .clone_from(context.waker());
            return Poll::Pending;
        }
        match std::mem::replace(&mut *letter, Letter::Over) {
            Letter::Arrived { answer, .. } => Poll::Ready(answer),
            _ => unreachable!("polled again after it was ready"),
        }
    }
}

impl<T> Drop for Awaited<T> {
    fn drop(&mut self) {
        let mut letter = self.0.letter();
        match std::mem::replace(&mut *letter, Letter::Over) {
            Letter::Awaited { unwanted, .. } => *letter = Letter::Abandoned(unwanted),
            Letter::Arrived { answer, unwanted } => {
                drop(letter);
                if let (Ok(value), Some(unwanted)) = (answer, unwanted) {
                    unwanted(value);
                }
            }
            Letter::Abandoned(_) | Letter::Over => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn polled<T>(awaited: &mut Awaited<T>) -> Poll<Result<T, Trouble>> {
        Pin::new(awaited).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_answer_is_taken_once_and_the_first_counts() {
        let (mail, mut awaited) = mail(None);
        assert!(mail.is_wanted() && polled(&mut awaited).is_pending());
        mail.leave(Ok(1));
        mail.leave(Ok(2));
        assert!(matches!(polled(&mut awaited), Poll::Ready(Ok(1))));
        assert!(!mail.is_wanted());
    }

    #[test]
    fn a_good_answer_that_nobody_takes_is_not_lost() {
        let (gone, came) = channel();
        let unwanted = || -> Option<Unwanted<u8>> {
            let gone = gone.clone();
            Some(Box::new(move |value| gone.send(value).expect("heard")))
        };
        let (before, awaited) = mail(unwanted());
        drop(awaited);
        assert!(!before.is_wanted());
        before.leave(Ok(1));
        let (after, awaited) = mail(unwanted());
        after.leave(Ok(2));
        drop(awaited);
        let (taken, mut awaited) = mail(unwanted());
        taken.leave(Ok(3));
        assert!(polled(&mut awaited).is_ready());
        drop(awaited);
        assert_eq!(came.try_iter().collect::<Vec<_>>(), [1, 2]);
    }
}
