//! Open-loop arrivals: each request has an intended start, and its latency counts from there, so a cache
//! that makes callers queue cannot hide it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use parking_lot::Mutex;

use super::{Run, Stage, histogram, runtime, spawn_thread};
use crate::clock::nanos;
use crate::contender::{CallError, Origin, Served};
use crate::error::LabError;
use crate::figures::{Figures, OpenFigures, micros, millis};
use crate::keys::Key;
use crate::random::Random;
use crate::scenario::{Callers, Spacing};

/// Time for all workers to be ready before the first arrival.
const LEAD_NS: u64 = 100_000_000;
const WATCH_EVERY: Duration = Duration::from_millis(100);
/// How long an idle worker waits before it looks whether the run has been stopped.
const LONGEST_NAP_NS: u64 = 100_000_000;

/// Intended starts in nanoseconds after the first moment.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub(super) fn arrivals(count: usize, rate: f64, spacing: Spacing, seed: u64) -> Vec<u64> {
    let mut random = Random::new(seed ^ 0x61_72_72_69_76_65);
    let mut at = 0.0;
    let next = |index| match spacing {
        Spacing::Even => (index as f64 * 1e9 / rate) as u64,
        Spacing::Poisson => {
            let this = at;
            at -= (1.0 - random.unit()).ln() * 1e9 / rate;
            this as u64
        }
    };
    (0..count).map(next).collect()
}

/// What all workers share.
struct Shared {
    stage: Arc<Stage>,
    keys: Arc<[Key]>,
    /// On the stage's clock.
    intended: Vec<u64>,
    next: AtomicUsize,
    stop: AtomicBool,
    workers: Vec<Worker>,
}

/// A worker's own part; here, not on its stack, so that a worker that hangs takes no figures with it.
struct Worker {
    tally: Mutex<Tally>,
    /// When the call under way began, or zero.
    calling_since: AtomicU64,
}

struct Tally {
    requests: u64,
    hits: u64,
    stale: u64,
    errors: u64,
    hung: u64,
    latency: Histogram<u64>,
    stale_age: Histogram<u64>,
    first_error: Option<CallError>,
}

pub(super) fn run(
    stage: &Arc<Stage>,
    keys: Arc<[Key]>,
    times: &[u64],
    progress: &ProgressBar,
) -> Result<Run, LabError> {
    let begin = stage.clock.now() + LEAD_NS;
    let count = stage.callers.count() as usize;
    progress.set_length(keys.len() as u64);
    progress.set_position(0);
    let run = Arc::new(Shared {
        stage: Arc::clone(stage),
        keys,
        intended: times.iter().map(|time| begin + time).collect(),
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        workers: (0..count).map(|_| Worker::new()).collect(),
    });
    let (done, finished) = mpsc::channel();
    let runtime = match stage.callers {
        Callers::Tasks(_) => Some(runtime()?),
        Callers::Threads(_) | Callers::Processes { .. } => None,
    };
    for index in 0..count {
        let (run, done) = (Arc::clone(&run), done.clone());
        match &runtime {
            Some(runtime) => drop(runtime.spawn(async move { run.work_async(index, &done).await })),
            None => spawn_thread(move || run.work(index, &done))?,
        }
    }
    drop(done);
    run.watch(&finished, progress);
    if let Some(runtime) = runtime {
        runtime.shutdown_background();
    }
    Ok(run.figures())
}

impl Shared {
    fn work(&self, worker: usize, done: &mpsc::Sender<()>) {
        let stage = &self.stage;
        while let Some(index) = self.take() {
            while let Some(wait) = self.until(index) {
                std::thread::sleep(wait);
            }
            let (key, begun) = self.begin(worker, index);
            let deleted = if self.deletes(index) {
                stage.delete(key)
            } else {
                Ok(())
            };
            let served = deleted.and_then(|()| stage.ask(key));
            self.end(worker, index, begun, served);
        }
        let _ = done.send(());
    }

    async fn work_async(&self, worker: usize, done: &mpsc::Sender<()>) {
        let stage = &self.stage;
        while let Some(index) = self.take() {
            while let Some(wait) = self.until(index) {
                tokio::time::sleep(wait).await;
            }
            let (key, begun) = self.begin(worker, index);
            let deleted = if self.deletes(index) {
                stage.delete_async(key).await
            } else {
                Ok(())
            };
            let served = match deleted {
                Ok(()) => stage.ask_async(key).await,
                Err(error) => Err(error),
            };
            self.end(worker, index, begun, served);
        }
        let _ = done.send(());
    }

    /// The next request, unless the run is over.
    fn take(&self) -> Option<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.keys.len()).then_some(index)
    }

    /// How long to wait yet for the request's intended start.
    fn until(&self, index: usize) -> Option<Duration> {
        let wait = self.intended[index].saturating_sub(self.stage.clock.now());
        let over = wait == 0 || self.stop.load(Ordering::Relaxed);
        (!over).then(|| Duration::from_nanos(wait.min(LONGEST_NAP_NS)))
    }

    fn begin(&self, worker: usize, index: usize) -> (Key, u64) {
        let now = self.stage.clock.now();
        self.workers[worker]
            .calling_since
            .store(now, Ordering::Relaxed);
        (self.keys[index], now)
    }

    fn deletes(&self, index: usize) -> bool {
        self.stage
            .faults
            .delete_every
            .is_some_and(|every| (index as u64 + 1).is_multiple_of(every))
    }

    fn end(&self, worker: usize, index: usize, begun: u64, served: Result<Served, CallError>) {
        let now = self.stage.clock.now();
        let worker = &self.workers[worker];
        worker.calling_since.store(0, Ordering::Relaxed);
        let mut tally = worker.tally.lock();
        tally.requests += 1;
        tally.hung += u64::from(now - begun > nanos(self.stage.bound));
        let _ = tally
            .latency
            .record(now.saturating_sub(self.intended[index]));
        match served {
            Ok(Served {
                origin: Origin::Hit,
                ..
            }) => tally.hits += 1,
            Ok(Served { origin, record }) if origin.is_old() => {
                tally.stale += 1;
                let _ = tally
                    .stale_age
                    .record(now.saturating_sub(record.created_ns));
            }
            Ok(_) => {}
            Err(error) => {
                tally.errors += 1;
                tally.first_error.get_or_insert(error);
            }
        }
    }

    /// Waits for all workers; stops the run as soon as a call is hung, and gives the others until the bound.
    fn watch(&self, finished: &mpsc::Receiver<()>, progress: &ProgressBar) {
        let mut left = self.workers.len();
        while left > 0 {
            match finished.recv_timeout(WATCH_EVERY) {
                Ok(()) => left -= 1,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let hung = self.hung_now();
                    if hung > 0 && !self.stop.swap(true, Ordering::Relaxed) {
                        progress.println("a call is hung: the run stops early");
                    }
                    if hung == left {
                        break;
                    }
                    let taken = self.next.load(Ordering::Relaxed).min(self.keys.len());
                    progress.set_position(taken as u64);
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn hung_now(&self) -> usize {
        let now = self.stage.clock.now();
        let bound = nanos(self.stage.bound);
        let is_hung = |worker: &&Worker| {
            let since = worker.calling_since.load(Ordering::Relaxed);
            since > 0 && now.saturating_sub(since) > bound
        };
        self.workers.iter().filter(is_hung).count()
    }

    fn figures(&self) -> Run {
        let still_hung = self.hung_now() as u64;
        let mut sum = Tally::new();
        for worker in &self.workers {
            sum.add(&worker.tally.lock());
        }
        let count = self.stage.ledger.count();
        let quantile = |at| micros(sum.latency.value_at_quantile(at));
        let figures = OpenFigures {
            requests: sum.requests + still_hung,
            hits: sum.hits,
            stale_served: sum.stale,
            creations: count.creations,
            duplicate_creations: count.duplicates,
            errors: sum.errors,
            hung: sum.hung + still_hung,
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            stale_age_p99_ms: (!sum.stale_age.is_empty())
                .then(|| millis(sum.stale_age.value_at_quantile(0.99))),
        };
        Run {
            figures: Figures::Open(figures),
            latency: sum.latency,
            rounds: None,
            first_error: sum.first_error.map(|error| error.to_string()),
        }
    }
}

impl Worker {
    fn new() -> Self {
        Self {
            tally: Mutex::new(Tally::new()),
            calling_since: AtomicU64::new(0),
        }
    }
}

impl Tally {
    fn new() -> Self {
        Self {
            requests: 0,
            hits: 0,
            stale: 0,
            errors: 0,
            hung: 0,
            latency: histogram(),
            stale_age: histogram(),
            first_error: None,
        }
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.hits += other.hits;
        self.stale += other.stale;
        self.errors += other.errors;
        self.hung += other.hung;
        // Adding fails only where the sum cannot grow, and both may.
        let _ = self.latency.add(&other.latency);
        let _ = self.stale_age.add(&other.stale_age);
        if self.first_error.is_none() {
            self.first_error.clone_from(&other.first_error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_keep_the_stated_rate() {
        let even = arrivals(1001, 1000.0, Spacing::Even, 1);
        assert_eq!(
            (even[0], even[1], even[1000]),
            (0, 1_000_000, 1_000_000_000)
        );
        let poisson = arrivals(100_001, 1000.0, Spacing::Poisson, 1);
        assert!(poisson.is_sorted());
        // 100 s; one sigma of the sum is 1 / sqrt(100,000) = 0.3 %.
        assert!(
            (99_000_000_000..101_000_000_000).contains(&poisson[100_000]),
            "{}",
            poisson[100_000]
        );
        assert_eq!(poisson, arrivals(100_001, 1000.0, Spacing::Poisson, 1));
    }
}
