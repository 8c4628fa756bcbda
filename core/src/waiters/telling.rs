//! Telling those who waited, and waking them.
//!
//! What they are told is cloned and who wakes them is called by whoever ends the creation; both are
//! somebody else's code, and may panic there. Nobody else may be left waiting for that.

use alloc::vec::Vec;
use core::task::Waker;

use super::{Seat, Taken, Told};
use crate::kit::Kit;

/// So many are told before they are woken: enough for threads that share a bell, and few enough for
/// the first of a crowd of tasks to be on their way while the others are told.
const AT_A_TIME: usize = 64;

/// Those who are told, and woken when some have been told. What they are told and what wakes them is
/// somebody else's code and may panic: the others are told and woken all the same.
struct Telling<K: Kit, O: Send, T: Fn(&Seat<K, O>) -> Told<O>> {
    seats: Taken<Seat<K, O>>,
    wakers: Vec<Waker>,
    told: T,
    /// Nobody knows what to tell: that was what panicked.
    speechless: bool,
}

impl<K: Kit, O: Send, T: Fn(&Seat<K, O>) -> Told<O>> Telling<K, O, T> {
    fn tell_all(&mut self) {
        while let Some(seat) = self.seats.first() {
            self.speechless = true;
            let told = (self.told)(seat);
            self.speechless = false;
            self.tell(told);
            if self.wakers.len() == AT_A_TIME {
                Calls(self.wakers.drain(..)).call();
            }
        }
    }

    /// Tells the next; one who left meanwhile does not need it. Of those in a row that wake the same
    /// only one is called, for threads may share a bell.
    fn tell(&mut self, told: Told<O>) {
        let seat = self.seats.next();
        let waker = seat.and_then(|seat| seat.ear().say(told).ok().flatten());
        let before = self.wakers.last();
        self.wakers
            .extend(waker.filter(|next| !before.is_some_and(|before| before.will_wake(next))));
    }
}

impl<K: Kit, O: Send, T: Fn(&Seat<K, O>) -> Told<O>> Drop for Telling<K, O, T> {
    fn drop(&mut self) {
        // Those whom nobody could tell what came of it look again.
        while self.speechless && self.seats.first().is_some() {
            self.tell(Told::Superseded);
        }
        // Where a waker panicked, there are more to be told.
        self.tell_all();
        Calls(self.wakers.drain(..)).call();
    }
}

/// Tells each what it is `told`, and wakes them, some at a time.
pub(crate) fn tell_each<K: Kit, O: Send>(
    seats: Taken<Seat<K, O>>,
    told: impl Fn(&Seat<K, O>) -> Told<O>,
) {
    let mut telling = Telling {
        wakers: Vec::with_capacity(seats.at_most().min(AT_A_TIME)),
        seats,
        told,
        speechless: false,
    };
    telling.tell_all();
}

/// Wakers to be called, whatever becomes of one of them. A second that panics ends the program.
struct Calls<W: Iterator<Item = Waker>>(W);

impl<W: Iterator<Item = Waker>> Calls<W> {
    fn call(&mut self) {
        self.0.by_ref().for_each(Waker::wake);
    }
}

impl<W: Iterator<Item = Waker>> Drop for Calls<W> {
    fn drop(&mut self) {
        self.call();
    }
}

/// Calls each waker, outside of all locks; of those in a row that wake the same only one, for
/// threads may share a bell.
pub(crate) fn wake_each(mut wakers: Vec<Waker>) {
    wakers.dedup_by(|next, before| before.will_wake(next));
    Calls(wakers.into_iter()).call();
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use core::cell::Cell;
    use core::task::Poll;
    use std::boxed::Box;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use super::super::{Room, Waiter};
    use super::*;
    use crate::kit::Std;

    /// Notes that it was woken, and may not take it well.
    #[derive(Default)]
    struct Bell {
        rung: Mutex<bool>,
        panics: bool,
    }

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            *self.rung.lock().expect("nobody panics with it") = true;
            if self.panics {
                resume_unwind(Box::new("a waker"));
            }
        }
    }

    /// One who waits, and what wakes them.
    type Sleeper = (Waiter<Std, u8>, Arc<Bell>);

    /// Some who wait for the claim 1; the first one's bell panics.
    fn some<const N: usize>() -> (Room<Std, u8>, [Sleeper; N]) {
        let mut room = Room::new();
        let waiters = core::array::from_fn(|index| {
            let panics = index == 0;
            let waiter = room.sit(1, false);
            let rung = Mutex::default();
            let bell = Arc::new(Bell { rung, panics });
            let waker = Waker::from(Arc::clone(&bell));
            assert!(waiter.poll(&waker).is_pending());
            (waiter, bell)
        });
        (room, waiters)
    }

    fn outcome(seat: &Seat<Std, u8>) -> Told<u8> {
        let began_after_me = seat.patient;
        Told::Outcome {
            outcome: 7,
            began_after_me,
        }
    }

    #[test]
    fn law_7_a_waker_that_panics_keeps_nobody_from_being_told_and_woken() {
        all_but_the_first_take_it_well::<3>();
        // It panics while others are still to be told.
        all_but_the_first_take_it_well::<{ 2 * AT_A_TIME + 3 }>();
    }

    fn all_but_the_first_take_it_well<const N: usize>() {
        let (mut room, waiters) = some::<N>();
        let tell = || tell_each(room.followers(1), outcome);
        assert!(catch_unwind(AssertUnwindSafe(tell)).is_err(), "it goes on");
        for (waiter, bell) in waiters {
            assert!(*bell.rung.lock().expect("nobody panics with it"), "asleep");
            let told = waiter.poll(Waker::noop());
            assert!(matches!(
                told,
                Poll::Ready(Told::Outcome { outcome: 7, .. })
            ));
        }
    }

    #[test]
    fn law_5_a_waiter_hears_once_what_it_was_told_and_keeps_its_waker_until_then() {
        let (mut room, [_, (waiter, bell)]) = some();
        assert!(waiter.told().is_none());
        let mut others = room.followers(1);
        assert!(others.next().is_some());
        tell_each(others, outcome);
        assert!(*bell.rung.lock().expect("nobody panics with it"), "asleep");
        assert!(matches!(
            waiter.told(),
            Some(Told::Outcome { outcome: 7, .. })
        ));
        assert!(waiter.told().is_none());
    }

    #[test]
    fn law_7_who_cannot_be_told_looks_again() {
        let (mut room, waiters) = some::<3>();
        let told = Cell::new(0);
        let say = |seat: &Seat<Std, u8>| {
            told.set(told.get() + 1);
            if told.get() == 2 {
                resume_unwind(Box::new("a clone"));
            }
            outcome(seat)
        };
        let [(first, _), others @ ..] = waiters;
        // Nobody listens there, or a second panic would end the program.
        let _ = first.ear().close();
        let tell = || tell_each(room.followers(1), say);
        assert!(catch_unwind(AssertUnwindSafe(tell)).is_err(), "it goes on");
        for (waiter, bell) in others {
            assert!(*bell.rung.lock().expect("nobody panics with it"), "asleep");
            let told = waiter.poll(Waker::noop());
            assert!(matches!(told, Poll::Ready(Told::Superseded)));
        }
    }
}
