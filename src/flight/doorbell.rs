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

/// What a thread has heard of a bell.
#[derive(Default)]
pub(crate) struct Listener {
    heard: u64,
}

impl Doorbell {
    /// Hears every ring from now on.
    pub(crate) fn listener(&self) -> Listener {
        let heard = *self.rings();
        Listener { heard }
    }

    /// Rings it.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Sleeps until the bell has rung since the last sleep, or for `at_most`. May return early. `waker` is let
    /// go before: all who are woken would let theirs go at once.
    pub(crate) fn sleep(&self, listener: &mut Listener, at_most: Option<Span>, waker: Waker) {
        let mut rings = self.rings();
        if *rings == listener.heard {
            rings = match at_most {
                None => {
                    drop(waker);
                    let woken = self.rung.wait(rings);
                    woken.unwrap_or_else(PoisonError::into_inner)
                }
                Some(span) => wait_for(&self.rung, rings, span.to_duration(), waker),
            };
        }
        listener.heard = *rings;
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

/// Has this thread wait for `future`.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = Arc::new(Doorbell::default());
    let mut listener = bell.listener();
    loop {
        let waker = bell.waker();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        bell.sleep(&mut listener, None, waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_7_a_ring_before_the_sleep_is_heard() {
        let bell = Arc::new(Doorbell::default());
        let mut place = bell.listener();
        for _ in 0..2 {
            bell.waker().wake();
            bell.sleep(&mut place, None, bell.waker());
        }
    }

    #[test]
    fn law_7_one_ring_wakes_all() {
        let bell = Arc::new(Doorbell::default());
        let mut places: Vec<_> = (0..8).map(|_| bell.listener()).collect();
        std::thread::scope(|scope| {
            for place in &mut places {
                scope.spawn(|| bell.sleep(place, None, bell.waker()));
            }
            bell.wake_by_ref();
        });
    }
}
