//! Where the threads that wait for one flight sleep. One ring wakes them all: who rings calls the first few,
//! and each who wakes calls two more. So a creator is not kept from its own caller by waking a crowd, and
//! the crowd's cores share that work. An heir's ring wakes the others too; they find nothing and sleep on.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use dogpile_backend::Span;

use crate::sync::{Condvar, Mutex, MutexGuard, wait_for};

/// How many are called by the one who rings. Few enough to let a creator go soon; enough that a crowd is
/// awake after few turns where each turn waits for a core ([ADR 13] has what was measured).
///
/// [ADR 13]: ../../docs/adr/0013-waking-a-crowd.md
const FIRST: usize = if cfg!(dogpile_shuttle) { 1 } else { 8 };

/// How many are called by each who wakes. In a model one calls one, so that three make a chain.
const NEXT: usize = if cfg!(dogpile_shuttle) { 1 } else { 2 };

/// The bell of a flight.
#[derive(Default)]
pub(crate) struct Doorbell {
    rope: Mutex<Rope>,
    rung: Condvar,
}

#[derive(Default)]
struct Rope {
    rings: u64,
    asleep: usize,
    /// How many of them have not woken since the last ring.
    uncalled: usize,
}

/// What a thread has heard of a bell.
#[derive(Default)]
pub(crate) struct Listener {
    heard: u64,
}

impl Doorbell {
    /// Hears every ring from now on.
    pub(crate) fn listener(&self) -> Listener {
        let heard = self.rope().rings;
        Listener { heard }
    }

    /// Rings it.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Sleeps until the bell has rung since the last sleep, or for `at_most`. May return early. `waker` is let
    /// go before: all who are woken would let theirs go at once.
    pub(crate) fn sleep(&self, listener: &mut Listener, at_most: Option<Span>, waker: Waker) {
        let mut rope = self.rope();
        if rope.rings != listener.heard {
            listener.heard = rope.rings;
            return;
        }
        rope.asleep += 1;
        rope = match at_most {
            None => {
                drop(waker);
                let woken = self.rung.wait(rope);
                woken.unwrap_or_else(PoisonError::into_inner)
            }
            Some(span) => wait_for(&self.rung, rope, span.to_duration(), waker),
        };
        rope.asleep -= 1;
        if rope.rings != listener.heard {
            rope.uncalled -= 1;
            listener.heard = rope.rings;
        }
        // Whyever it woke: it may have been by a call that was for another.
        let uncalled = rope.uncalled;
        drop(rope);
        self.call(uncalled.min(NEXT));
    }

    fn call(&self, sleepers: usize) {
        for _ in 0..sleepers {
            self.rung.notify_one();
        }
    }

    fn rope(&self) -> MutexGuard<'_, Rope> {
        self.rope.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut rope = self.rope();
        rope.rings += 1;
        rope.uncalled = rope.asleep;
        let uncalled = rope.uncalled;
        drop(rope);
        self.call(uncalled.min(FIRST));
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

    /// Waits until so many sleep.
    fn asleep(bell: &Doorbell, sleepers: usize) {
        while bell.rope().asleep < sleepers {
            std::thread::yield_now();
        }
    }

    #[test]
    fn law_7_one_ring_wakes_all() {
        let bell = Arc::new(Doorbell::default());
        let mut places: Vec<_> = (0..100).map(|_| bell.listener()).collect();
        std::thread::scope(|scope| {
            for place in &mut places {
                scope.spawn(|| bell.sleep(place, None, bell.waker()));
            }
            asleep(&bell, 100);
            bell.wake_by_ref();
        });
        let rope = bell.rope();
        assert_eq!((rope.asleep, rope.uncalled), (0, 0));
    }

    #[test]
    fn law_7_one_ring_wakes_all_while_others_come_and_go() {
        let bell = Arc::new(Doorbell::default());
        let mut places: Vec<_> = (0..50).map(|_| bell.listener()).collect();
        let over = Mutex::new(false);
        std::thread::scope(|scope| {
            // Calls that are for others may reach these, who sleep for a moment over and over.
            for _ in 0..4 {
                scope.spawn(|| {
                    while !*over.lock().expect("nobody panics with it") {
                        let moment = Some(Span::from_nanos(20_000));
                        bell.sleep(&mut bell.listener(), moment, bell.waker());
                    }
                });
            }
            let sleepers: Vec<_> = places
                .iter_mut()
                .map(|place| scope.spawn(|| bell.sleep(place, None, bell.waker())))
                .collect();
            asleep(&bell, 50);
            bell.wake_by_ref();
            for sleeper in sleepers {
                sleeper.join().expect("it wakes");
            }
            *over.lock().expect("nobody panics with it") = true;
        });
        let rope = bell.rope();
        assert_eq!((rope.asleep, rope.uncalled), (0, 0));
    }
}
