//! Where the threads that wait for one flight sleep: one ring wakes them all, with one call to the
//! system however many they are. An heir's ring wakes the others too; they find nothing and sleep on.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use dogpile_backend::Span;

use crate::sync::{Condvar, Mutex, MutexGuard, wait_for};

/// The bell of a flight.
#[derive(Default)]
pub(crate) struct Doorbell {
    rings: Mutex<u64>,
    rung: Condvar,
}

/// A thread's place at a bell.
pub(crate) struct Listener {
    bell: Arc<Doorbell>,
    heard: u64,
}

impl Doorbell {
    /// A place that hears every ring from now on.
    pub(crate) fn listener(self: &Arc<Self>) -> Listener {
        Listener {
            heard: *self.rings(),
            bell: Arc::clone(self),
        }
    }

    fn rings(&self) -> MutexGuard<'_, u64> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.rings() += 1;
        self.rung.notify_all();
    }
}

impl Listener {
    /// Rings the bell. A sleeper keeps none: all who are woken would let theirs go at once.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.bell))
    }

    /// Sleeps until the bell has rung since the last sleep, or for `at_most`. May return early. `waker` is let
    /// go before.
    pub(crate) fn sleep(&mut self, at_most: Option<Span>, waker: Waker) {
        let (mut rings, rung) = (self.bell.rings(), &self.bell.rung);
        if *rings == self.heard {
            rings = match at_most {
                None => {
                    drop(waker);
                    rung.wait(rings).unwrap_or_else(PoisonError::into_inner)
                }
                Some(span) => wait_for(rung, rings, span.to_duration(), waker),
            };
        }
        self.heard = *rings;
    }
}

/// Has this thread wait for `future`.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut listener = Arc::new(Doorbell::default()).listener();
    loop {
        let waker = listener.waker();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        listener.sleep(None, waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_7_a_ring_before_the_sleep_is_heard() {
        let bell = Arc::new(Doorbell::default());
        let mut place = bell.listener();
        place.waker().wake_by_ref();
        place.sleep(None, place.waker());
        place.waker().wake_by_ref();
        place.sleep(None, place.waker());
    }

    #[test]
    fn law_7_one_ring_wakes_all() {
        let bell = Arc::new(Doorbell::default());
        let mut places: Vec<_> = (0..8).map(|_| bell.listener()).collect();
        std::thread::scope(|scope| {
            for place in &mut places {
                scope.spawn(|| place.sleep(None, place.waker()));
            }
            bell.wake_by_ref();
        });
    }
}
