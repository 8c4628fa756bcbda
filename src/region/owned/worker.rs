//! Our own runner: per process a bounded queue for owned creators and the threads that serve it, and
//! as much for the upkeep of stores, so that no creator keeps that waiting. Started with the first job.
//!
//! Two threads serve a queue. Where a creator's job has waited for a moment, because those hang, or wait
//! for the very jobs behind them, one more is started, and so on up to a bound; what was started so ends
//! when it has been idle for a while. The keeper looks for that, and only while jobs wait.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Job;
use crate::keeper;
use crate::sync::{
    Condvar, Instant, Mutex, MutexGuard, OnceLock, in_background, process_wide, thread_local,
};

/// So many threads serve a queue always.
const THREADS: usize = 2;
/// So many run creators at most. `Config::runner` states it.
const CREATING: usize = 64;
/// More than this many jobs in waiting are not caught up by waiting longer.
const QUEUE: usize = 1_024;
/// A job that has waited for so long gets one more thread.
const MOMENT: Duration = Duration::from_millis(10);
/// A thread that was added to run creators ends after so long without a job.
const IDLE: Duration = Duration::from_secs(10);

thread_local! {
    /// The worker that this thread serves, by its name.
    static SERVED: Cell<&'static str> = const { Cell::new("") };
}

/// A queue and the threads that serve it.
pub(crate) struct Worker {
    name: &'static str,
    most: usize,
    crew: OnceLock<Arc<Crew>>,
}

process_wide! {
    /// Runs owned creators.
    pub(in crate::region) static CREATORS: Worker = Worker::named("dogpile-creator", CREATING);
}
process_wide! {
    /// Maintains stores. A store that hangs is asked again and again, so no threads are added for it.
    pub(in crate::region) static UPKEEP: Worker = Worker::named("dogpile-upkeep", THREADS);
}

impl Worker {
    const fn named(name: &'static str, most: usize) -> Self {
        Self {
            name,
            most,
            crew: OnceLock::new(),
        }
    }

    /// Runs `job` in the background; a full queue hands it back.
    pub(in crate::region) fn run(&self, job: Job) -> Result<(), Job> {
        let crew = self
            .crew
            .get_or_init(|| Crew::new(self.name, self.most, IDLE));
        crew.take_on(job)
    }

    /// Whether this thread is one of its own.
    pub(in crate::region) fn is_here(&self) -> bool {
        SERVED.with(Cell::get) == self.name
    }
}

struct Crew {
    name: &'static str,
    most: usize,
    /// After so long without a job a thread ends that was added.
    idle: Duration,
    desk: Mutex<Desk>,
    arrived: Condvar,
}

#[derive(Default)]
struct Desk {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    /// How many jobs were taken from the queue.
    taken: u64,
    /// Whether the keeper looks after the jobs that wait.
    is_watched: bool,
    /// Of this many in all, the keeper saw the last one waiting.
    seen: u64,
}

impl Desk {
    /// How many jobs there were in all.
    fn arrived(&self) -> u64 {
        self.taken + self.jobs.len() as u64
    }
}

impl Crew {
    fn new(name: &'static str, most: usize, idle: Duration) -> Arc<Self> {
        Arc::new(Self {
            name,
            most,
            idle,
            desk: Mutex::new(Desk::default()),
            arrived: Condvar::new(),
        })
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_on(self: &Arc<Self>, job: Job) -> Result<(), Job> {
        let mut desk = self.desk();
        while desk.threads < THREADS && self.start_one(&mut desk) {}
        // With no thread at all jobs are handed back at once.
        if desk.threads == 0 || desk.jobs.len() >= QUEUE {
            return Err(job);
        }
        desk.jobs.push_back(job);
        let watch = desk.jobs.len() > desk.idle && desk.threads < self.most && !desk.is_watched;
        if watch {
            desk.is_watched = true;
            desk.seen = desk.arrived();
        }
        drop(desk);
        self.arrived.notify_one();
        if watch {
            let crew = Arc::clone(self);
            // It ends by itself, once no job waits.
            std::mem::forget(keeper::at(Instant::now() + MOMENT, move || crew.look()));
        }
        Ok(())
    }

    /// A moment has passed. If a job has waited since, one more thread comes to help; the answer is when
    /// to look again.
    fn look(self: &Arc<Self>) -> Option<Duration> {
        let mut desk = self.desk();
        if desk.taken < desk.seen && desk.threads < self.most {
            self.start_one(&mut desk);
        }
        desk.seen = desk.arrived();
        desk.is_watched = !desk.jobs.is_empty() && desk.threads < self.most;
        desk.is_watched.then_some(MOMENT)
    }

    /// One thread more; `false` where the system has none to give.
    fn start_one(self: &Arc<Self>, desk: &mut Desk) -> bool {
        let crew = Arc::clone(self);
        let name = format!("{}-{}", self.name, desk.threads);
        let started = in_background(name, move || {
            SERVED.with(|served| served.set(crew.name));
            crew.serve();
        });
        if started.is_ok() {
            desk.threads += 1;
        }
        started.is_ok()
    }

    fn serve(&self) {
        while let Some(job) = self.next() {
            // The creator's panic has been told to those who waited; here it ends its own job only.
            let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
        }
    }

    /// The next job; `None` when this thread is not needed any more.
    fn next(&self) -> Option<Job> {
        let mut desk = self.desk();
        loop {
            if let Some(job) = desk.jobs.pop_front() {
                desk.taken += 1;
                return Some(job);
            }
            desk.idle += 1;
            let is_over;
            (desk, is_over) = self.rest(desk);
            desk.idle -= 1;
            if is_over && desk.jobs.is_empty() && desk.threads > THREADS {
                desk.threads -= 1;
                return None;
            }
        }
    }

    /// Rests until a job arrives, or, where there are more threads than there always are, for a while.
    fn rest<'d>(&self, desk: MutexGuard<'d, Desk>) -> (MutexGuard<'d, Desk>, bool) {
        if desk.threads <= THREADS {
            let woken = self.arrived.wait(desk);
            return (woken.unwrap_or_else(PoisonError::into_inner), false);
        }
        let woken = self.arrived.wait_timeout(desk, self.idle);
        let (desk, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
        (desk, timeout.timed_out())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, mpsc};

    use super::*;

    fn job(work: impl FnOnce() + Send + 'static) -> Job {
        Job::call("region", b"key", work)
    }

    /// Has so many jobs run at the same time, which go on when all of them and the test meet again.
    fn busy(crew: &Arc<Crew>, jobs: usize) -> Arc<Barrier> {
        let all = Arc::new(Barrier::new(jobs + 1));
        for _ in 0..jobs {
            let all = Arc::clone(&all);
            let meets = job(move || {
                all.wait();
                all.wait();
            });
            assert!(crew.take_on(meets).is_ok());
        }
        all.wait();
        all
    }

    #[test]
    fn threads_are_added_up_to_the_bound_and_no_further() {
        let crew = Crew::new("bounded", THREADS + 2, IDLE);
        let all = busy(&crew, THREADS + 2);
        let (done, is_done) = mpsc::channel();
        let waits = job(move || done.send(()).unwrap_or(()));
        assert!(crew.take_on(waits).is_ok());
        for _ in 0..5 {
            assert_eq!(crew.look(), None, "nothing to look for until one is free");
        }
        assert_eq!(crew.desk().threads, THREADS + 2);
        assert!(is_done.try_recv().is_err(), "it waits");
        all.wait();
        assert!(is_done.recv().is_ok(), "and runs when one is free");
    }

    #[test]
    fn threads_that_were_added_end_when_they_are_idle_and_come_again() {
        let crew = Crew::new("idle", THREADS + 2, Duration::ZERO);
        for _ in 0..3 {
            busy(&crew, THREADS + 2).wait();
            while crew.desk().threads > THREADS {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn a_full_queue_hands_back_what_does_not_fit() {
        let crew = Crew::new("full", THREADS, IDLE);
        let all = busy(&crew, THREADS);
        let taken = (0..=QUEUE).filter(|_| crew.take_on(job(|| ())).is_ok());
        assert_eq!(taken.count(), QUEUE);
        all.wait();
    }
}
