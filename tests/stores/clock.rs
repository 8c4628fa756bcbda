//! A clock that is moved by hand and tells who has booked a wake-up.

use std::sync::{Arc, Condvar, Mutex};
use std::task::Waker;
use std::time::Duration;

use dogpile::backend::{Span, Time, WakeAt};
use dogpile::{Clock, ManualClock};

use super::{lock, wait_until};

pub(crate) struct HandClock {
    manual: ManualClock,
    bookings: Mutex<usize>,
    booked: Condvar,
}

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            manual: ManualClock::new(),
            bookings: Mutex::new(0),
            booked: Condvar::new(),
        })
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.manual.advance(span);
    }

    pub(crate) fn set_wall(&self, wall: Time) {
        self.manual.set_wall(wall);
    }

    /// How many wake-ups were booked so far, due or not.
    pub(crate) fn bookings(&self) -> usize {
        *lock(&self.bookings)
    }

    /// Waits until so many wake-ups were booked: whoever booked them waits.
    pub(crate) fn wait_for_bookings(&self, count: usize) {
        drop(wait_until(
            &self.bookings,
            &self.booked,
            "a waiter",
            |bookings| *bookings >= count,
        ));
    }

    pub(crate) fn earlier(&self, span: Duration) -> Time {
        let span = Span::from(span).as_nanos();
        Time::from_nanos(self.wall().as_nanos() - span)
    }
}

impl Clock for HandClock {
    fn monotonic(&self) -> Time {
        self.manual.monotonic()
    }

    fn wall(&self) -> Time {
        self.manual.wall()
    }

    fn wake_at(&self, at: Time, waker: &Waker) -> WakeAt {
        let answer = self.manual.wake_at(at, waker);
        *lock(&self.bookings) += 1;
        self.booked.notify_all();
        answer
    }
}
