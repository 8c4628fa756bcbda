//! The house's own talk with stores, for which no call waits: renewing leases, giving them back,
//! reading epochs. One thread carries on all of it at once, so that a store that answers late, or never,
//! keeps nothing of another's waiting. Stores that block their caller are asked through their pool.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Wake, Waker};

use crate::sync::{Condvar, Mutex, MutexGuard, OnceLock, in_background, process_wide};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct Chores {
    /// Those that can go on.
    woken: Mutex<VecDeque<Arc<Chore>>>,
    changed: Condvar,
}

struct Chore {
    /// Gone once it has ended, or has panicked.
    work: Mutex<Option<Work>>,
    chores: Arc<Chores>,
}

/// Has `work` done in the background. If the thread cannot be started it is not: leases then run out
/// by themselves, and epochs are read by the next call that can.
pub(crate) fn run(work: impl Future<Output = ()> + Send + 'static) {
    process_wide! { static CHORES: OnceLock<Arc<Chores>> = OnceLock::new(); }
    let chores = CHORES.get_or_init(|| {
        let chores = Arc::new(Chores::default());
        let at_work = Arc::clone(&chores);
        let _ = in_background("dogpile-chores".to_owned(), move || at_work.work());
        chores
    });
    let chore = Arc::new(Chore {
        work: Mutex::new(Some(Box::pin(work))),
        chores: Arc::clone(chores),
    });
    chore.wake();
}

impl Wake for Chore {
    fn wake(self: Arc<Self>) {
        let chores = Arc::clone(&self.chores);
        chores.woken().push_back(self);
        chores.changed.notify_one();
    }
}

impl Chores {
    fn woken(&self) -> MutexGuard<'_, VecDeque<Arc<Chore>>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut woken = self.woken();
        loop {
            let Some(chore) = woken.pop_front() else {
                let rung = self.changed.wait(woken);
                woken = rung.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(woken);
            chore.go_on();
            woken = self.woken();
        }
    }
}

impl Chore {
    fn go_on(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        let mut place = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(work) = place.as_mut() else { return };
        // What a store's code panics with ends its own chore only.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            work.as_mut().poll(&mut Context::from_waker(&waker))
        }));
        if polled.is_ok_and(|polled| polled.is_pending()) {
            return;
        }
        let ended = place.take();
        drop(place);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(ended)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::mpsc::channel;
    use std::task::Poll;

    /// Panics when it is dropped.
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("a store's own");
        }
    }

    /// Ends, and is dropped with what it holds.
    struct Ends(#[allow(dead_code)] Panics);

    impl Future for Ends {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    #[test]
    fn one_that_never_ends_and_one_that_panics_keep_nobody_waiting() {
        let (says, said) = channel();
        run(std::future::pending());
        run(async { panic!("a store's own") });
        run(Ends(Panics));
        let mut times = 0;
        run(poll_fn(move |context| {
            times += 1;
            if times < 3 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let _ = says.send(times);
            Poll::Ready(())
        }));
        assert_eq!(said.recv(), Ok(3));
    }
}
