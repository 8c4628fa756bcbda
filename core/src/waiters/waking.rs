//! Waking those who were told.
//!
//! What wakes them is somebody else's code, and may panic there. Nobody else may be left asleep for
//! that.

use core::mem::replace;
use core::task::Waker;

/// Wakers to be called, whatever becomes of one of them. A second that panics ends the program.
struct Calls<W: Iterator<Item = Waker>> {
    wakers: W,
    /// The one before, to see whether the next wakes the same.
    last: Option<Waker>,
    /// Whether that was called: it is so at once where the one behind it wakes the same, for a crowd of
    /// threads at one bell has waited long enough for the wakers of the others to be let go.
    called: bool,
}

impl<W: Iterator<Item = Waker>> Calls<W> {
    fn call(&mut self) {
        while let Some(waker) = self.wakers.next() {
            match &self.last {
                Some(last) if last.will_wake(&waker) => {
                    if !replace(&mut self.called, true) {
                        last.wake_by_ref();
                    }
                }
                _ => self.call_last(Some(waker)),
            }
        }
        self.call_last(None);
    }

    fn call_last(&mut self, next: Option<Waker>) {
        let called = replace(&mut self.called, false);
        if let Some(last) = replace(&mut self.last, next)
            && !called
        {
            last.wake();
        }
    }
}

impl<W: Iterator<Item = Waker>> Drop for Calls<W> {
    fn drop(&mut self) {
        self.call();
    }
}

/// Calls each waker, outside of all locks; of those in a row that wake the same only one, for
/// threads may share a bell.
pub(crate) fn wake_each(wakers: impl IntoIterator<Item = Waker>) {
    let mut calls = Calls {
        wakers: wakers.into_iter(),
        last: None,
        called: false,
    };
    calls.call();
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::boxed::Box;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::atomic::AtomicU64;
    use std::sync::{Arc, Mutex};
    use std::task::{Poll, Wake};
    use std::vec::Vec;

    use super::*;
    use crate::kit::Std;
    use crate::slot::{Claimed, End, Slot};
    use crate::state::Claim;
    use crate::waiters::{Room, Told, Waiter};

    /// Counts how often it is rung, and may not take it well.
    #[derive(Default)]
    struct Bell {
        rung: Mutex<u32>,
        panics: bool,
    }

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            *self.rung.lock().expect("nobody panics with it") += 1;
            if self.panics {
                resume_unwind(Box::new("a waker"));
            }
        }
    }

    impl Bell {
        fn rung(&self) -> u32 {
            *self.rung.lock().expect("nobody panics with it")
        }
    }

    type Seat = (Waiter<Std, u8>, Arc<Bell>);

    /// A creation, and one who waits for it with each of the bells.
    fn asleep(bells: &[Arc<Bell>]) -> (Slot<Std, u8>, Claim, Vec<Seat>) {
        let room = Mutex::new(Room::new());
        let slot = Slot::from_parts(AtomicU64::default(), AtomicU64::default(), room);
        let Claimed::Won(claim) = slot.claim(slot.look()) else {
            panic!("nobody else is there");
        };
        let sit = |bell: &Arc<Bell>| {
            let waiter = slot.join(false).expect("somebody creates");
            let waker = Waker::from(Arc::clone(bell));
            assert!(slot.hear(&waiter, &waker).is_pending());
            (waiter, Arc::clone(bell))
        };
        let seats = bells.iter().map(sit).collect();
        (slot, claim, seats)
    }

    #[test]
    fn law_7_a_waker_that_panics_keeps_nobody_from_being_told_and_woken() {
        for torn in 0..3 {
            let bell = |index| Bell {
                panics: index == torn,
                ..Bell::default()
            };
            let bells: Vec<_> = (0..3).map(|index| Arc::new(bell(index))).collect();
            let (slot, claim, seats) = asleep(&bells);
            let end = || slot.settle(claim, End::Deliver, &Arc::new(7), || ());
            assert!(catch_unwind(AssertUnwindSafe(end)).is_err(), "it goes on");
            for (waiter, bell) in seats {
                assert_eq!(bell.rung(), 1);
                let told = waiter.told();
                assert!(matches!(told, Some(Told::Outcome { outcome: 7, .. })));
            }
        }
    }

    #[test]
    fn those_who_share_a_bell_are_woken_by_one_ring() {
        let [one, other] = [(); 2].map(|()| Arc::<Bell>::default());
        let bells = [&one, &one, &one, &other, &one].map(Arc::clone);
        let (slot, claim, seats) = asleep(&bells);
        assert!(slot.settle(claim, End::Fail, &Arc::new(7), || ()).is_ok());
        assert_eq!((one.rung(), other.rung()), (2, 1));
        assert!(seats.iter().all(|(waiter, _)| waiter.told().is_some()));
    }

    #[test]
    fn law_5_a_waiter_keeps_its_last_waker_until_it_is_told() {
        let bells = [Arc::default()];
        let (slot, claim, seats) = asleep(&bells);
        let ((waiter, first), second) = (&seats[0], Arc::<Bell>::default());
        assert!(waiter.told().is_none());
        let waker = Waker::from(Arc::clone(&second));
        assert!(slot.hear(waiter, &waker).is_pending());
        assert!(slot.settle(claim, End::Fail, &Arc::new(7), || ()).is_ok());
        assert_eq!((first.rung(), second.rung()), (0, 1));
        let told = slot.hear(waiter, Waker::noop());
        assert!(matches!(
            told,
            Poll::Ready(Told::Outcome { outcome: 7, .. })
        ));
    }
}
