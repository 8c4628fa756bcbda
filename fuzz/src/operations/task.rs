//! A call polled by hand, and the creator that it may run.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::book::{Book, Ticket};
use super::{Ended, Fault, Subject};

/// A call under way.
pub(super) struct Task<'a> {
    pub(super) key: usize,
    /// What it must not get less than.
    pub(super) since: u64,
    call: Pin<Box<dyn Future<Output = Ended> + 'a>>,
    alarm: Arc<Alarm>,
}

#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'a> Task<'a> {
    pub(super) fn new(
        key: usize,
        since: u64,
        call: Pin<Box<dyn Future<Output = Ended> + 'a>>,
    ) -> Self {
        let alarm = Arc::default();
        Self {
            key,
            since,
            call,
            alarm,
        }
    }

    pub(super) fn poll(&mut self) -> Option<Ended> {
        self.alarm.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.alarm));
        match self.call.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        }
    }

    pub(super) fn is_woken(&self) -> bool {
        self.alarm.0.load(Ordering::Relaxed)
    }
}

/// What a task's creator will do, if it is asked to.
pub(crate) struct Creation<'a> {
    subject: &'a dyn Subject,
    book: Rc<RefCell<Book>>,
    key: usize,
    /// How often creations had been superseded when the call began.
    since: u32,
    polls: u8,
    made: bool,
}

impl<'a> Creation<'a> {
    pub(super) fn new(
        subject: &'a dyn Subject,
        book: Rc<RefCell<Book>>,
        key: usize,
        polls: u8,
        made: bool,
    ) -> Self {
        let since = book.borrow().superseded(key);
        Self {
            subject,
            book,
            key,
            since,
            polls,
            made,
        }
    }

    /// Creates. If it is dropped before its end, it ends without a value.
    pub(crate) async fn run(self) -> Result<u64, Fault> {
        let busy = self.subject.is_being_created(self.key);
        let ticket = self.book.borrow_mut().begin(self.key, busy, self.since);
        let mut at_work = AtWork {
            book: &self.book,
            ticket,
            made: false,
        };
        for _ in 0..self.polls {
            once().await;
        }
        at_work.made = self.made;
        drop(at_work);
        if self.made {
            Ok(ticket.value)
        } else {
            Err("the source is away")
        }
    }
}

struct AtWork<'a> {
    book: &'a RefCell<Book>,
    ticket: Ticket,
    made: bool,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.book.borrow_mut().end(self.ticket, self.made);
    }
}

/// Is ready when it is polled again, and asks for that at once.
async fn once() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
