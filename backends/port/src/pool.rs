//! A small pool of threads for calls that block: started when there is work, at most so many, gone
//! when there has been none for a while.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Work for the pool. What it throws is lost: who brings it catches what somebody waits for.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A job that could not be queued: no thread runs, and none can be started.
pub(crate) struct NoThread {
    pub(crate) error: io::Error,
    pub(crate) job: Job,
}

/// The pool. When it is dropped, idle threads end at once and the others when the queue is empty.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    limit: NonZeroUsize,
    idle_for: Duration,
}

#[derive(Default)]
struct State {
    /// By number, so that one can be withdrawn as cheaply as it came.
    queue: BTreeMap<u64, Job>,
    last: u64,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Pool {
    /// A pool of at most `limit` threads, each of which ends after `idle_for` without work.
    pub(crate) fn new(limit: NonZeroUsize, idle_for: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                work: Condvar::new(),
                limit,
                idle_for,
            }),
        }
    }

    /// Queues `job` and answers the number to withdraw it by.
    ///
    /// # Errors
    /// When no thread runs and none can be started.
    pub(crate) fn submit(&self, job: Job) -> Result<u64, NoThread> {
        let mut state = self.shared.lock();
        state.last += 1;
        let number = state.last;
        state.queue.insert(number, job);
        // An idle thread that was woken counts as idle until it has taken its job.
        if state.queue.len() <= state.idle {
            drop(state);
            self.shared.work.notify_one();
        } else if state.threads < self.shared.limit.get() {
            state.threads += 1;
            drop(state);
            self.start_thread(number)?;
        }
        Ok(number)
    }

    /// Takes back a job that no thread has begun; says whether that was so.
    pub(crate) fn withdraw(&self, number: u64) -> bool {
        let job = self.shared.lock().queue.remove(&number);
        job.is_some()
    }

    fn start_thread(&self, number: u64) -> Result<(), NoThread> {
        let shared = Arc::clone(&self.shared);
        let started = thread::Builder::new()
            .name("dogpile-store".into())
            .spawn(move || shared.work_until_idle());
        let Err(error) = started else { return Ok(()) };
        let mut state = self.shared.lock();
        state.threads -= 1;
        if state.threads > 0 {
            return Ok(());
        }
        match state.queue.remove(&number) {
            Some(job) => Err(NoThread { error, job }),
            None => Ok(()), // a thread that has just ended took it
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    /// No job runs under the lock, so a panic cannot leave half a change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_until_idle(&self) {
        let mut state = self.lock();
        loop {
            if let Some((_, job)) = state.queue.pop_first() {
                drop(state);
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let (woken, timeout) = self
                .work
                .wait_timeout(state, self.idle_for)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Barrier, mpsc};

    const LONG: Duration = Duration::from_mins(1);

    fn pool(limit: usize, idle_for: Duration) -> Pool {
        Pool::new(NonZeroUsize::new(limit).expect("not zero"), idle_for)
    }

    #[test]
    fn threads_are_started_when_needed_and_never_more_than_allowed() {
        let pool = pool(2, LONG);
        assert_eq!(pool.shared.lock().threads, 0);
        let both = Arc::new(Barrier::new(3));
        let (done, finished) = mpsc::channel();
        for _ in 0..2 {
            let both = Arc::clone(&both);
            pool.submit(Box::new(move || {
                both.wait();
            }))
            .ok()
            .expect("a thread");
        }
        for _ in 0..8 {
            let done = done.clone();
            pool.submit(Box::new(move || done.send(()).expect("heard")))
                .ok()
                .expect("queued");
        }
        assert_eq!(pool.shared.lock().threads, 2);
        both.wait();
        for _ in 0..8 {
            finished.recv().expect("run");
        }
        assert_eq!(pool.shared.lock().threads, 2);
    }

    #[test]
    fn a_job_that_panics_costs_no_thread() {
        let pool = pool(1, LONG);
        let (done, finished) = mpsc::channel();
        for _ in 0..2 {
            pool.submit(Box::new(|| {
                std::panic::resume_unwind(Box::new("on purpose"))
            }))
            .ok()
            .expect("a thread");
        }
        pool.submit(Box::new(move || done.send(()).expect("heard")))
            .ok()
            .expect("queued");
        finished.recv().expect("run by the same thread");
        assert_eq!(pool.shared.lock().threads, 1);
    }

    #[test]
    fn a_job_is_withdrawn_only_while_it_waits() {
        let pool = pool(1, LONG);
        let (begun, has_begun) = mpsc::channel();
        let (let_go, held) = mpsc::channel::<()>();
        let first = pool.submit(Box::new(move || {
            begun.send(()).expect("heard");
            held.recv().expect("let go");
        }));
        has_begun.recv().expect("begun");
        let (ran, has_run) = mpsc::channel();
        let second = pool.submit(Box::new(move || ran.send(()).expect("heard")));
        assert!(
            !pool.withdraw(first.ok().expect("queued")),
            "it runs already"
        );
        assert!(pool.withdraw(second.ok().expect("queued")));
        let_go.send(()).expect("waiting");
        assert!(has_run.recv().is_err(), "dropped without being run");
    }

    #[test]
    fn idle_threads_end_and_others_come_when_there_is_work_again() {
        let pool = pool(4, Duration::from_millis(1));
        for _ in 0..3 {
            let (done, finished) = mpsc::channel();
            pool.submit(Box::new(move || done.send(()).expect("heard")))
                .ok()
                .expect("a thread");
            finished.recv().expect("run");
            while pool.shared.lock().threads > 0 {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn a_dropped_pool_still_runs_what_was_queued() {
        let pool = pool(1, LONG);
        let (done, finished) = mpsc::channel();
        for number in 0..3 {
            let done = done.clone();
            pool.submit(Box::new(move || done.send(number).expect("heard")))
                .ok()
                .expect("a thread");
        }
        let shared = Arc::downgrade(&pool.shared);
        drop((pool, done));
        assert_eq!(finished.iter().collect::<Vec<_>>(), [0, 1, 2]);
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
