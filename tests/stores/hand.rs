//! A future polled by hand: what it does between two polls is up to the test.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use super::{lock, wait_until};

pub(crate) struct Hand<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    alarm: Arc<Alarm>,
}

#[derive(Default)]
struct Alarm {
    woken: Mutex<bool>,
    changed: Condvar,
}

/// Notified whenever any future is woken.
static ANY_WOKEN: Condvar = Condvar::new();
static ANY: Mutex<()> = Mutex::new(());

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *lock(&self.woken) = true;
        self.changed.notify_all();
        drop(lock(&ANY));
        ANY_WOKEN.notify_all();
    }
}

impl<'a, T> Hand<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self {
            future: Box::pin(future),
            alarm: Arc::default(),
        }
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        *lock(&self.alarm.woken) = false;
        let waker = Waker::from(Arc::clone(&self.alarm));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls as long as it is woken at once: to where it really waits.
    pub(crate) fn settle(&mut self) -> Poll<T> {
        loop {
            let polled = self.poll();
            if polled.is_ready() || !self.is_woken() {
                return polled;
            }
        }
    }

    /// Polls to the end, waiting to be woken in between.
    pub(crate) fn finish(mut self) -> T {
        loop {
            if let Poll::Ready(output) = self.poll() {
                return output;
            }
            self.wait();
        }
    }

    /// Waits until it is woken.
    pub(crate) fn wait(&self) {
        let (woken, changed) = (&self.alarm.woken, &self.alarm.changed);
        drop(wait_until(woken, changed, "a wake-up", |woken| *woken));
    }

    pub(crate) fn is_woken(&self) -> bool {
        *lock(&self.alarm.woken)
    }

    /// Waits until one of `hands` is woken.
    pub(crate) fn wait_for_any<'h>(hands: &(impl Iterator<Item = &'h Self> + Clone))
    where
        'a: 'h,
        T: 'h,
    {
        let woken = |(): &()| hands.clone().any(Self::is_woken);
        drop(wait_until(&ANY, &ANY_WOKEN, "any wake-up", woken));
    }
}
