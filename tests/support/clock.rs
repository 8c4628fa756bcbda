//! A clock that is moved by hand and says how many waits it was asked to end.

use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Duration;

use dogpile::backend::{Time, WakeAt, block_on};
use dogpile::{Clock, ManualClock};
use tokio::sync::watch;
use tokio::task;

#[derive(Clone)]
pub(crate) struct WatchedClock(Arc<Watched>);

struct Watched {
    clock: ManualClock,
    /// Each once, however often its waiter looked around.
    booked: Mutex<Vec<(Time, Caller, Waker)>>,
    waits: watch::Sender<usize>,
}

#[derive(PartialEq)]
enum Caller {
    Task(task::Id),
    Thread(ThreadId),
}

impl WatchedClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Watched {
            clock: ManualClock::new(),
            booked: Mutex::default(),
            waits: watch::Sender::new(0),
        }))
    }

    pub(crate) fn port(&self) -> Arc<dyn Clock> {
        self.0.clone()
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.0.clock.advance(span);
    }

    /// Returns once `waits` waits have begun since the clock was made: their callers sit and sleep.
    /// Two waits of one caller until the same time count as one.
    pub(crate) async fn saw(&self, waits: usize) {
        let mut begun = self.0.waits.subscribe();
        begun.wait_for(|begun| *begun >= waits).await.unwrap();
    }

    pub(crate) fn see(&self, waits: usize) {
        block_on(self.saw(waits));
    }

    /// How many waits have begun.
    pub(crate) fn waits(&self) -> usize {
        *self.0.waits.borrow()
    }
}

impl Clock for Watched {
    fn monotonic(&self) -> Time {
        self.clock.monotonic()
    }

    fn wall(&self) -> Time {
        self.clock.wall()
    }

    fn wake_at(&self, at: Time, waker: &Waker) -> WakeAt {
        let answer = self.clock.wake_at(at, waker);
        // Threads that wait for one creation share a waker.
        let caller =
            task::try_id().map_or_else(|| Caller::Thread(thread::current().id()), Caller::Task);
        let mut booked = self.booked.lock().unwrap();
        let same = |(time, who, known): &(Time, Caller, Waker)| {
            *time == at && *who == caller && known.will_wake(waker)
        };
        if !booked.iter().any(same) {
            booked.push((at, caller, waker.clone()));
            self.waits.send_replace(booked.len());
        }
        answer
    }
}
