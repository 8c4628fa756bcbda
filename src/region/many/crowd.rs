//! Calls that go on side by side in one future. Each is polled only when it was woken, however many
//! there are, and none is lost when another panics.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use dogpile_backend::in_one_pass;

use crate::sync::Mutex;

pub(in crate::region) type Member<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The calls, by their numbers.
pub(super) struct Crowd<'a, T> {
    members: Vec<Option<Member<'a, T>>>,
    wakers: Vec<Waker>,
    woken: Arc<Woken>,
    left: usize,
    /// The first panic of one; it goes on when all have ended.
    panic: Option<Box<dyn Any + Send>>,
}

/// Who is to be polled, and who polls.
#[derive(Default)]
struct Woken(Mutex<Call>);

#[derive(Default)]
struct Call {
    numbers: Vec<usize>,
    waker: Option<Waker>,
}

/// Wakes one of them.
struct Nudge {
    number: usize,
    woken: Arc<Woken>,
}

impl Wake for Nudge {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut call = self.woken.0.lock().unwrap_or_else(PoisonError::into_inner);
        call.numbers.push(self.number);
        let waker = call.waker.take();
        drop(call);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<'a, T> Crowd<'a, T> {
    /// `count` calls that `begin` makes.
    pub(super) fn of(count: usize, begin: impl FnMut(usize) -> Member<'a, T>) -> Self {
        let woken = Arc::new(Woken(Mutex::new(Call {
            numbers: (0..count).collect(),
            waker: None,
        })));
        let nudge = |number| {
            let woken = Arc::clone(&woken);
            Waker::from(Arc::new(Nudge { number, woken }))
        };
        Self {
            wakers: (0..count).map(nudge).collect(),
            members: (0..count).map(begin).map(Some).collect(),
            woken,
            left: count,
            panic: None,
        }
    }

    /// Goes on with all that were woken; `ended` gets what they end with, or nothing where that is a
    /// panic. `context` is woken when one of them is.
    pub(super) fn go_on(&mut self, context: &Context<'_>, mut ended: impl FnMut(usize, Option<T>)) {
        let mut call = self.woken.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = std::mem::take(&mut call.numbers);
        call.waker = Some(context.waker().clone());
        drop(call);
        // Each once: one that wakes itself, to let others go on, is polled when all of this is again.
        in_one_pass(|| {
            for number in numbers {
                if let Poll::Ready(end) = self.poll(number) {
                    ended(number, end);
                }
            }
        });
    }

    fn poll(&mut self, number: usize) -> Poll<Option<T>> {
        let Some(member) = self.members[number].as_mut() else {
            return Poll::Pending;
        };
        let mut context = Context::from_waker(&self.wakers[number]);
        // Unwinding: a member that panicked is not looked at again.
        let polled = catch_unwind(AssertUnwindSafe(|| member.as_mut().poll(&mut context)));
        let end = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(end)) => Some(end),
            Err(panic) => {
                self.panic.get_or_insert(panic);
                None
            }
        };
        self.send_away(number);
        Poll::Ready(end)
    }

    /// Ends this one where it is.
    pub(super) fn send_away(&mut self, number: usize) {
        if self.members[number].take().is_some() {
            self.left -= 1;
        }
    }

    /// Puts another in the place of this one.
    pub(super) fn replace(&mut self, number: usize, member: Member<'a, T>) {
        self.send_away(number);
        self.members[number] = Some(member);
        self.left += 1;
        self.wake(number);
    }

    /// Has this one looked at next time.
    pub(super) fn wake(&self, number: usize) {
        self.wakers[number].wake_by_ref();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.left == 0
    }

    pub(super) fn panic(&mut self) -> Option<Box<dyn Any + Send>> {
        self.panic.take()
    }
}

/// All of `count` calls that `begin` makes, to their ends.
pub(in crate::region) async fn all<'a, T: Send + 'a>(
    count: usize,
    begin: impl FnMut(usize) -> Member<'a, T>,
) -> Vec<T> {
    let mut crowd = Crowd::of(count, begin);
    let mut ends: Vec<Option<T>> = (0..count).map(|_| None).collect();
    poll_fn(|context| {
        crowd.go_on(context, |number, end| ends[number] = end);
        match crowd.has_ended() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    if let Some(panic) = crowd.panic() {
        resume_unwind(panic);
    }
    ends.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[test]
    fn only_those_that_were_woken_are_polled_and_a_panic_takes_nobody_along() {
        let polled = Arc::new(Mutex::new(Vec::new()));
        let mut crowd = Crowd::of(4, |number| {
            let polled = Arc::clone(&polled);
            let mut times = 0;
            Box::pin(poll_fn(move |_| {
                polled.lock().expect("nobody panics here").push(number);
                times += 1;
                match (number, times) {
                    (0, _) => panic!("the first"),
                    (1, _) | (2, 2) => Poll::Ready(number),
                    _ => Poll::Pending,
                }
            }))
        });
        let context = Context::from_waker(Waker::noop());
        let mut ends = Vec::new();
        crowd.go_on(&context, |_, end| ends.push(end));
        assert_eq!(ends, [None, Some(1)]);
        crowd.wake(2);
        crowd.wake(2);
        crowd.wake(1);
        crowd.go_on(&context, |_, end| ends.push(end));
        assert_eq!(ends, [None, Some(1), Some(2)]);
        assert_eq!(*polled.lock().expect("nobody panicked"), [0, 1, 2, 3, 2]);
        assert!(!crowd.has_ended());
        crowd.send_away(3);
        assert!(crowd.has_ended() && crowd.panic().is_some());
    }

    #[test]
    fn one_that_wakes_itself_for_ever_does_not_keep_the_others_from_going_on() {
        let mut crowd: Crowd<'_, ()> = Crowd::of(1, |_| {
            Box::pin(poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Pending
            }))
        });
        let woken = Arc::new(Woken::default());
        let outer = Waker::from(Arc::new(Nudge {
            number: 7,
            woken: Arc::clone(&woken),
        }));
        crowd.go_on(&Context::from_waker(&outer), |_, _| panic!("it never ends"));
        let woken = woken.0.lock().expect("nobody panicked");
        assert_eq!(woken.numbers, [7], "it is to be polled again");
    }

    #[test]
    fn who_takes_another_s_place_is_polled() {
        let mut crowd: Crowd<'_, u8> = Crowd::of(1, |_| Box::pin(pending()));
        let context = Context::from_waker(Waker::noop());
        crowd.go_on(&context, |_, _| panic!("it never ends"));
        crowd.replace(0, Box::pin(ready(7)));
        let mut end = None;
        crowd.go_on(&context, |number, value| end = Some((number, value)));
        assert_eq!(end, Some((0, Some(7))));
        assert!(crowd.has_ended());
    }
}
