//! One call that the pool makes for a future: the answer comes back, and dropping the future
//! neither loses nor keeps anything.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::pool::{NoThread, Pool};
use crate::{Fault, Operation, StoreError};

/// What is to be done with an answer that nobody waits for any more.
pub(crate) type Unwanted<T> = Box<dyn FnOnce(T) + Send>;

/// Whose call this is, for its errors.
pub(crate) struct Caller {
    pub(crate) backend: String,
    pub(crate) operation: Operation,
    pub(crate) key: Box<[u8]>,
}

impl Caller {
    pub(crate) fn error(
        &self,
        fault: Fault,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StoreError {
        StoreError::new(
            self.backend.clone(),
            self.operation,
            &self.key,
            fault,
            source,
        )
    }
}

/// The future of a call on the pool's threads. The call begins at the first poll.
///
/// Dropped before a thread has begun the call, it never happened (unless it
/// [always runs](Errand::always_runs)); dropped later, the call runs to its end and its answer
/// goes to [`Errand::unwanted`].
pub(crate) struct Errand<'a, T: Send + 'static> {
    pool: &'a Pool,
    /// The call, until it is handed to the pool.
    call: Option<Call<T>>,
    /// The job's number in the pool, while it can be withdrawn.
    number: Option<u64>,
    mail: Arc<Mail<T>>,
    always_runs: bool,
}

type Work<T> = Box<dyn FnOnce(&Caller) -> Result<T, StoreError> + Send>;

struct Call<T> {
    caller: Caller,
    work: Work<T>,
}

/// Where the answer is put.
struct Mail<T>(Mutex<Letter<T>>);

enum Letter<T> {
    Awaited {
        waker: Option<Waker>,
        unwanted: Option<Unwanted<T>>,
    },
    Arrived {
        answer: Result<T, StoreError>,
        unwanted: Option<Unwanted<T>>,
    },
    /// Nobody waits.
    Abandoned(Option<Unwanted<T>>),
    Taken,
}

impl<T> Mail<T> {
    fn open(&self) -> MutexGuard<'_, Letter<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, answer: Result<T, StoreError>) {
        let mut letter = self.open();
        match std::mem::replace(&mut *letter, Letter::Taken) {
            Letter::Awaited { waker, unwanted } => {
                *letter = Letter::Arrived { answer, unwanted };
                drop(letter);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            Letter::Abandoned(unwanted) => {
                drop(letter);
                if let (Some(unwanted), Ok(value)) = (unwanted, answer) {
                    unwanted(value);
                }
            }
            Letter::Arrived { .. } | Letter::Taken => {}
        }
    }
}

impl<'a, T: Send + 'static> Errand<'a, T> {
    pub(crate) fn new(
        pool: &'a Pool,
        caller: Caller,
        work: impl FnOnce(&Caller) -> Result<T, StoreError> + Send + 'static,
    ) -> Self {
        let work = Box::new(work);
        Self {
            pool,
            call: Some(Call { caller, work }),
            number: None,
            mail: Arc::new(Mail(Mutex::new(Letter::Awaited {
                waker: None,
                unwanted: None,
            }))),
            always_runs: false,
        }
    }

    /// Gives an answer that nobody takes to `unwanted`, on a thread of the pool.
    pub(crate) fn unwanted(self, unwanted: impl FnOnce(T) + Send + 'static) -> Self {
        *self.mail.open() = Letter::Awaited {
            waker: None,
            unwanted: Some(Box::new(unwanted)),
        };
        self
    }

    /// Once polled, the call is made even if the future is dropped before a thread has begun it.
    pub(crate) const fn always_runs(mut self) -> Self {
        self.always_runs = true;
        self
    }

    fn begin(&mut self, call: Call<T>) {
        let mail = Arc::clone(&self.mail);
        let Call { caller, work } = call;
        let spare = Caller {
            backend: caller.backend.clone(),
            operation: caller.operation,
            key: caller.key.clone(),
        };
        let job = Box::new(move || {
            let answer = catch_unwind(AssertUnwindSafe(|| work(&caller)))
                .unwrap_or_else(|panic| Err(caller.error(Fault::Other, panic_message(&*panic))));
            mail.deliver(answer);
        });
        match self.pool.submit(job) {
            Ok(number) => self.number = Some(number),
            Err(NoThread { error, job }) => {
                drop(job);
                self.mail
                    .deliver(Err(spare.error(Fault::Unavailable, error)));
            }
        }
    }
}

/// What a panic said, for an error's text.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    match said {
        Some(said) => format!("the backend panicked: {said}"),
        None => "the backend panicked".into(),
    }
}

impl<T: Send + 'static> Future for Errand<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(call) = self.call.take() {
            if let Letter::Awaited { waker, .. } = &mut *self.mail.open() {
                *waker = Some(context.waker().clone());
            }
            self.begin(call);
        }
        let mut letter = self.mail.open();
        if let Letter::Awaited { waker, .. } = &mut *letter {
            waker
                .get_or_insert_with(|| context.waker().clone())
                .clone_from(context.waker());
            return Poll::Pending;
        }
        match std::mem::replace(&mut *letter, Letter::Taken) {
            Letter::Arrived { answer, .. } => {
                drop(letter);
                self.number = None;
                Poll::Ready(answer)
            }
            _ => unreachable!("polled again after it was ready"),
        }
    }
}

impl<T: Send + 'static> Drop for Errand<'_, T> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        if !self.always_runs && self.pool.withdraw(number) {
            return;
        }
        let mut letter = self.mail.open();
        match std::mem::replace(&mut *letter, Letter::Taken) {
            Letter::Awaited { unwanted, .. } => *letter = Letter::Abandoned(unwanted),
            Letter::Arrived {
                answer: Ok(value),
                unwanted: Some(unwanted),
            } => {
                drop(letter);
                self.send_away(value, unwanted);
            }
            _ => {}
        }
    }
}

impl<T: Send + 'static> Errand<'_, T> {
    fn send_away(&self, value: T, unwanted: Unwanted<T>) {
        if let Err(NoThread { job, .. }) = self.pool.submit(Box::new(move || unwanted(value))) {
            // Better late than never: a lease that nobody gives back is never free.
            job();
        }
    }
}
