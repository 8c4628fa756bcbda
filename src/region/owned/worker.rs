//! Our own runner: two threads and a bounded queue per process, started with the first job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use super::Job;

const THREADS: usize = 2;
/// More than this many refreshes in waiting are not caught up by waiting longer.
const QUEUE: usize = 1_024;

/// Runs `job` in the background; a full queue hands it back.
pub(in crate::region) fn work(job: Job) -> Result<(), Job> {
    static QUEUE_IN: OnceLock<SyncSender<Job>> = OnceLock::new();
    let queue = QUEUE_IN.get_or_init(|| {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..THREADS {
            let jobs = Arc::clone(&jobs);
            let thread = thread::Builder::new().name(format!("dogpile-worker-{number}"));
            // With no thread at all the queue fills up, and jobs are handed back.
            let _ = thread.spawn(move || serve(&jobs));
        }
        queue
    });
    queue.try_send(job).map_err(|refused| match refused {
        TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
    })
}

fn serve(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The creator's panic has been told to those who waited; here it ends its own job only.
        let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
    }
}
