//! Our own runner: per process two threads and a bounded queue for owned creators, and as many for
//! the upkeep of stores, so that no creator keeps that waiting. Started with the first job.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::Job;
use crate::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use crate::sync::{Mutex, OnceLock, in_background, process_wide, thread_local};

const THREADS: usize = 2;
/// More than this many jobs in waiting are not caught up by waiting longer.
const QUEUE: usize = 1_024;

thread_local! {
    /// The worker that this thread serves, by its name.
    static SERVED: Cell<&'static str> = const { Cell::new("") };
}

/// A queue and the threads that serve it.
pub(crate) struct Worker {
    name: &'static str,
    queue: OnceLock<SyncSender<Job>>,
}

process_wide! {
    /// Runs owned creators.
    pub(in crate::region) static CREATORS: Worker = Worker::named("dogpile-creator");
}
process_wide! {
    /// Maintains stores.
    pub(in crate::region) static UPKEEP: Worker = Worker::named("dogpile-upkeep");
}

impl Worker {
    const fn named(name: &'static str) -> Self {
        Self {
            name,
            queue: OnceLock::new(),
        }
    }

    /// Runs `job` in the background; a full queue hands it back.
    pub(in crate::region) fn run(&self, job: Job) -> Result<(), Job> {
        let queue = self.queue.get_or_init(|| self.start());
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }

    /// Whether this thread is one of its own.
    pub(in crate::region) fn is_here(&self) -> bool {
        SERVED.with(Cell::get) == self.name
    }

    fn start(&self) -> SyncSender<Job> {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..THREADS {
            let (jobs, name) = (Arc::clone(&jobs), self.name);
            // With no thread at all jobs are handed back at once.
            let _ = in_background(format!("{}-{number}", self.name), move || {
                SERVED.with(|served| served.set(name));
                serve(&jobs);
            });
        }
        queue
    }
}

fn serve(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The creator's panic has been told to those who waited; here it ends its own job only.
        let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
    }
}
