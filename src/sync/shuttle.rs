//! The door to shuttle. Time stands still there until the model says that it passes.

use std::io;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Duration;

use ::shuttle::future;

pub(crate) use ::shuttle::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use ::shuttle::thread::sleep;
pub(crate) use ::shuttle::thread_local;
pub(crate) use time::Instant;

/// A task that an execution does not wait for: when all others have ended, so has it.
#[allow(clippy::unnecessary_wraps)] // the system may refuse a thread, shuttle does not
pub(crate) fn in_background(_name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    drop(future::spawn(async move { work() }));
    Ok(())
}

/// Waits until `changed` is notified; when that much has passed, `waker` sees to that.
pub(crate) fn wait_for<'m, T>(
    changed: &Condvar,
    guard: MutexGuard<'m, T>,
    at_most: Duration,
    waker: Waker,
) -> MutexGuard<'m, T> {
    time::wakes(at_most, &waker);
    changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// A static of each execution: what one leaves behind must not reach the next.
macro_rules! process_wide {
    (static $name:ident: $type:ty = $start:expr;) => {
        ::shuttle::lazy_static! { static ref $name: $type = $start; }
    };
    ($(#[$doc:meta])* $visible:vis static $name:ident: $type:ty = $start:expr;) => {
        ::shuttle::lazy_static! { $(#[$doc])* pub(crate) static ref $name: $type = $start; }
    };
}
pub(crate) use process_wide;

/// A cell that is filled once. Shuttle has none, and the standard library's would stop the only
/// thread that there is.
pub(crate) struct OnceLock<T> {
    cell: std::sync::OnceLock<T>,
    filling: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        Self {
            cell: std::sync::OnceLock::new(),
            filling: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.cell.get()
    }

    pub(crate) fn get_or_init(&self, fill: impl FnOnce() -> T) -> &T {
        if let Some(there) = self.get() {
            return there;
        }
        let _alone = self.filling.lock();
        if self.get().is_none() {
            let value = fill();
            return self.cell.get_or_init(|| value);
        }
        self.cell.get_or_init(|| unreachable!("it is filled"))
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self {
            cell: value.into(),
            filling: Mutex::new(()),
        }
    }
}

/// The time of an execution, which runs in one thread of the machine.
pub mod time {
    use std::cell::{Cell, RefCell};
    use std::ops::{Add, Sub};
    use std::task::Waker;
    use std::time::Duration;

    use ::shuttle::thread::{self, Thread};

    /// Who is to wake when the time has come.
    enum Sleeper {
        Thread(Thread),
        Bell(Waker),
    }

    std::thread_local! {
        static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
        static ASLEEP: RefCell<Vec<(Duration, Sleeper)>> = const { RefCell::new(Vec::new()) };
    }

    /// The time of an execution is zero.
    pub fn starts() {
        NOW.set(Duration::ZERO);
        ASLEEP.with_borrow_mut(Vec::clear);
    }

    /// How much has passed.
    pub fn now() -> Duration {
        NOW.get()
    }

    /// So much passes: who sleeps until then wakes, and the keeper looks what is due.
    pub fn passes(span: Duration) {
        NOW.set(now() + span);
        let due = ASLEEP.with_borrow_mut(|asleep| {
            let (due, later) = std::mem::take(asleep)
                .into_iter()
                .partition(|(until, _)| *until <= now());
            *asleep = later;
            let due: Vec<(Duration, Sleeper)> = due;
            due
        });
        for (_, sleeper) in due {
            match sleeper {
                Sleeper::Thread(thread) => thread.unpark(),
                Sleeper::Bell(waker) => waker.wake(),
            }
        }
        crate::keeper::look_at_the_time();
    }

    /// Parks this thread until it is unparked, or until that much has passed.
    pub(crate) fn park(at_most: Option<Duration>) {
        if let Some(until) = at_most.and_then(|span| now().checked_add(span)) {
            let sleeper = (until, Sleeper::Thread(thread::current()));
            ASLEEP.with_borrow_mut(|asleep| asleep.push(sleeper));
        }
        thread::park();
        let awake = thread::current().id();
        let sleeps = |sleeper: &Sleeper| match sleeper {
            Sleeper::Thread(thread) => thread.id() != awake,
            Sleeper::Bell(_) => true,
        };
        ASLEEP.with_borrow_mut(|asleep| asleep.retain(|(_, sleeper)| sleeps(sleeper)));
    }

    /// Has `waker` called when that much has passed.
    pub(super) fn wakes(span: Duration, waker: &Waker) {
        if let Some(until) = now().checked_add(span) {
            let sleeper = (until, Sleeper::Bell(waker.clone()));
            ASLEEP.with_borrow_mut(|asleep| asleep.push(sleeper));
        }
    }

    /// A point of that time.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Instant(Duration);

    impl Instant {
        pub(crate) fn now() -> Self {
            Self(now())
        }

        pub(crate) fn checked_add(self, span: Duration) -> Option<Self> {
            self.0.checked_add(span).map(Self)
        }
    }

    impl Add<Duration> for Instant {
        type Output = Self;

        fn add(self, span: Duration) -> Self {
            Self(self.0 + span)
        }
    }

    impl Sub for Instant {
        type Output = Duration;

        fn sub(self, earlier: Self) -> Duration {
            self.0 - earlier.0
        }
    }
}
