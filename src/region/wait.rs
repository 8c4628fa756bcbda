//! How a call waits: what to look at each time it is woken, and until when to sleep otherwise. The
//! engines only sleep.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

use dogpile_backend::{News, Span, Time, WakeAt, Watch};
use dogpile_core::flow::Woke;
use dogpile_core::slot::Relief;
use dogpile_core::state::Claim;
use dogpile_core::waiters::{Told, Waiter};

use super::call::Call;
use crate::flight::cycle::{Cycle, Waiting};
use crate::flight::{Doorbell, Seat, leases};
use crate::keeper::{self, Standing};
use crate::sync::{Instant, Mutex};

/// What a call that looked around is to do.
pub(super) enum Wait {
    /// The wait is over.
    Over(Woke),
    /// Sleep until woken, or until then.
    Until(Time),
}

/// How a delegate learns of what happens in the store.
#[derive(Default)]
pub(super) struct Watching {
    /// When the other process's lease has run out.
    lease_ends: Option<Time>,
    bell: Arc<Bell>,
    watch: Option<Watch>,
    subscribed: bool,
    /// Where the store cannot notify: when to look next, and after how long then.
    pause: Pause,
    /// The keeper's call to an async delegate.
    alarm: Option<Standing>,
}

struct Pause {
    until: Option<Time>,
    next: Span,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            until: None,
            next: Span::from_millis(5),
        }
    }
}

/// Rung by the store, from any thread.
#[derive(Default)]
struct Bell(Mutex<Rope>);

#[derive(Default)]
struct Rope {
    rung: Option<News>,
    waker: Option<Waker>,
}

impl Bell {
    /// A failure is not forgotten over what happened after it.
    fn ring(&self, news: News) {
        let mut rope = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rope.rung != Some(News::Failed) {
            rope.rung = Some(news);
        }
        let waker = rope.waker.take();
        drop(rope);
        if let Some(waker) = waker {
            // An executor's code, in a store's thread that others wait for too: what it throws ends with it.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    /// What it told since it was last asked; else `waker` is woken when it does.
    fn told(&self, waker: &Waker) -> Option<News> {
        let mut rope = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = rope.rung.take();
        if news.is_none() {
            rope.waker = Some(waker.clone());
        }
        news
    }
}

impl Watching {
    /// The other process's lease ends then, unless it is renewed.
    pub(super) fn lease_ends(&mut self, at: Time) {
        self.lease_ends = Some(at);
    }
}

impl<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'_, V, E> {
    /// A follower looks around: has it been told something, is the creator overdue, is its own time
    /// up?
    pub(super) fn look_around(&mut self, waker: &Waker) -> Wait {
        self.look_at_hand();
        let (has_waited, deadline) = (self.has_waited(), self.deadline());
        let has_given = self.has_given();
        let Some((flight, seat)) = self.hold.seat(has_waited) else {
            return Wait::Over(Woke::Superseded);
        };
        if self.waiting.is_none() {
            match Waiting::begin(flight) {
                Ok(waiting) => self.waiting = Some(waiting),
                Err(Cycle) => return Wait::Over(Woke::Cycle),
            }
        }
        match flight.slot.hear(seat, waker) {
            Poll::Pending => {}
            Poll::Ready(Told::Heir(claim)) => return Wait::Over(self.inherits(claim)),
            Poll::Ready(_) => return Wait::Over(self.told()),
        }
        let now = self.subject.active().clock.monotonic();
        if now >= deadline {
            return Wait::Over(Woke::Deadline);
        }
        // Without a creator it could take nobody's place.
        if has_given {
            return Wait::Until(deadline);
        }
        match flight.slot.relieve(seat, now) {
            Relief::NotYet(due) => Wait::Until(due.min(deadline)),
            // Still talking to the store: its time does not run yet.
            Relief::NotBegun => {
                Wait::Until(now.after(self.conditions.creation_limit).min(deadline))
            }
            Relief::Heir(claim) => Wait::Over(self.inherits(claim)),
            Relief::Superseded => {
                self.end_wait(None);
                Wait::Over(Woke::Superseded)
            }
            // Told between that look and now: the waker has been called.
            Relief::Told => Wait::Until(deadline),
        }
    }

    /// Where a thread of this call sleeps.
    pub(super) fn doorbell(&self, delegate: bool) -> Arc<Doorbell> {
        match self.hold.flight() {
            Some(flight) if !delegate => Arc::clone(&flight.bell),
            _ => Arc::default(),
        }
    }

    /// What a follower was told with its crowd.
    pub(super) fn told(&mut self) -> Woke {
        let seat = self.end_wait(None);
        match seat.as_ref().and_then(Waiter::told) {
            Some(Told::Outcome {
                outcome,
                began_after_me,
            }) => self.hear(outcome, began_after_me),
            _ => Woke::Superseded,
        }
    }

    fn inherits(&mut self, claim: Claim) -> Woke {
        self.end_wait(Some(claim));
        Woke::Heir
    }

    pub(super) fn end_wait(&mut self, inherited: Option<Claim>) -> Option<Seat<V>> {
        self.waiting = None;
        self.hold.rise(inherited)
    }

    /// A delegate looks around: has the store rung, has the other's lease run out, is its own time
    /// up? It subscribes first and looks again then, so that nothing falls between.
    pub(super) fn look_out(&mut self, waker: &Waker) -> Wait {
        self.look_at_hand();
        let (now, deadline) = (self.monotonic(), self.deadline());
        if now >= deadline {
            return Wait::Over(Woke::Deadline);
        }
        let watching = self.watching.get_or_insert_default();
        if !watching.subscribed {
            watching.subscribed = true;
            let bell = Arc::clone(&watching.bell);
            watching.watch = leases(&*self.subject.opened().store)
                .watch(self.subject.key(), Box::new(move |news| bell.ring(news)));
            if watching.watch.as_ref().is_some_and(Watch::stands) {
                return Wait::Over(Woke::LookAgain);
            }
        }
        match watching.bell.told(waker) {
            Some(News::Changed) => return Wait::Over(Woke::LookAgain),
            // One failing call for all who wait, wherever they are (law 5).
            Some(News::Failed) => return Wait::Over(Woke::Error),
            None => {}
        }
        let lease_ends = watching.lease_ends.unwrap_or(Time::END);
        if now >= lease_ends {
            return Wait::Over(Woke::LeaseTimer);
        }
        let mut until = lease_ends.min(deadline);
        if watching.watch.is_none() {
            match watching.pause.pass(now) {
                None => return Wait::Over(Woke::LookAgain),
                Some(pause) => until = until.min(pause),
            }
        }
        Wait::Until(until)
    }
}

impl<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'_, V, E> {
    /// Books a wake-up with a clock that is moved by hand.
    fn wake_at(&self, until: Time, waker: &Waker) -> WakeAt {
        self.subject.active().clock.wake_at(until, waker)
    }

    /// For how long a thread is to sleep at most, which is woken at `until`: its clock may see to that.
    pub(super) fn at_most(&self, until: Time, waker: &Waker) -> Option<Span> {
        match self.wake_at(until, waker) {
            WakeAt::Booked => None,
            WakeAt::Sleep => Some(until.since(self.monotonic())),
        }
    }

    /// Has this task woken at `until`, by its clock or the keeper.
    pub(super) fn book(&mut self, until: Time, delegate: bool, waker: &Waker) {
        if self.wake_at(until, waker) == WakeAt::Sleep {
            self.alarm(until, delegate, waker);
        }
    }

    /// Has the keeper wake this task at `until`: a follower with its whole flight, a delegate alone.
    fn alarm(&mut self, until: Time, delegate: bool, waker: &Waker) {
        let now = self.monotonic();
        if !delegate {
            if let Some(flight) = self.hold.flight() {
                flight.alarm(until, now);
            }
            return;
        }
        let waker = waker.clone();
        let due = Instant::now().checked_add(until.since(now).to_duration());
        let standing = due.map(|due| {
            keeper::at(due, move || {
                waker.wake_by_ref();
                None
            })
        });
        self.watching.get_or_insert_default().alarm = standing;
    }
}

impl Pause {
    /// Until when to pause; `None` when the pause is over. Each is twice as long, up to 250 ms.
    fn pass(&mut self, now: Time) -> Option<Time> {
        const LONGEST: Span = Span::from_millis(250);
        match self.until {
            Some(until) if now >= until => {
                self.until = None;
                self.next = self.next.plus(self.next).min(LONGEST);
                None
            }
            Some(until) => Some(until),
            None => {
                let until = now.after(self.next);
                self.until = Some(until);
                Some(until)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::task::Wake;

    use super::*;

    /// Panics when it is told to wake.
    #[derive(Default)]
    struct Torn(OnceLock<()>);

    impl Wake for Torn {
        fn wake(self: Arc<Self>) {
            let _ = self.0.set(());
            panic!("the executor is gone");
        }
    }

    #[test]
    fn law_7_a_waker_that_panics_keeps_no_store_from_ringing_on() {
        let (bell, torn) = (Bell::default(), Arc::new(Torn::default()));
        assert_eq!(bell.told(&Waker::from(Arc::clone(&torn))), None);
        bell.ring(News::Changed);
        assert!(torn.0.get().is_some(), "it was woken");
        assert_eq!(bell.told(Waker::noop()), Some(News::Changed));
    }
}
