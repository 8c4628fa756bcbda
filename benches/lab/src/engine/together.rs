//! A stampede: every caller asks for one key at the same moment, round after round, another key each time.
//!
//! A call is timed by its own caller, from just before it to just after it: callers outnumber the cores, and
//! the wait for a core after the barrier is not the cache's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;

use super::{Stage, histogram, runtime, spawn_thread};
use crate::contender::{CallError, Origin, Served};
use crate::error::LabError;
use crate::figures::{Figures, TogetherFigures, millis};
use crate::keys::Key;
use crate::scenario::{Callers, Mode};

/// How long past its freshness a value is left, so that coarse clocks call it stale too.
const SURELY_STALE: Duration = Duration::from_millis(20);

/// What a caller brings back.
struct Returned {
    begun_ns: u64,
    ended_ns: u64,
    served: Result<Served, CallError>,
}

/// What one round was.
struct Round {
    creators: u64,
    stale: u64,
    errors: u64,
    hung: u64,
    last_waiter_ns: u64,
    pooled_ns: Vec<u64>,
    first_error: Option<String>,
}

pub(super) fn run(
    stage: &Arc<Stage>,
    rounds: u32,
    mode: Mode,
    progress: &ProgressBar,
) -> Result<(Figures, Histogram<u64>, Option<String>), LabError> {
    progress.set_length(u64::from(rounds));
    progress.set_position(0);
    let runtime = match stage.callers {
        Callers::Tasks(_) => Some(runtime()?),
        Callers::Threads(_) | Callers::Processes(_) => None,
    };
    let mut done = Vec::new();
    for number in 0..rounds {
        let round = stage.round(Key::of_round(number), mode, runtime.as_ref())?;
        progress.inc(1);
        let hung = round.hung > 0;
        done.push(round);
        if hung {
            progress.println("a caller is hung: no further rounds");
            break;
        }
    }
    if let Some(runtime) = runtime {
        runtime.shutdown_background();
    }
    Ok(figures(&done, stage.callers.count()))
}

impl Stage {
    fn round(
        self: &Arc<Self>,
        key: Key,
        mode: Mode,
        runtime: Option<&tokio::runtime::Runtime>,
    ) -> Result<Round, LabError> {
        if mode == Mode::Stale {
            self.leave_stale(key, runtime);
        }
        let before = self.ledger.creations_of(key);
        let returned = self.callers_at_once(key, runtime)?;
        let mut round = Round {
            creators: self.ledger.creations_of(key) - before,
            stale: 0,
            errors: 0,
            hung: u64::from(self.callers.count()) - returned.len() as u64,
            last_waiter_ns: 0,
            pooled_ns: Vec::new(),
            first_error: None,
        };
        let created_ns = self.ledger.last_success(key).unwrap_or(u64::MAX);
        for Returned {
            begun_ns,
            ended_ns,
            served,
        } in returned
        {
            let is_stale = match served {
                Ok(served) => matches!(served.origin, Origin::Stale | Origin::StaleOnError),
                Err(error) => {
                    round.errors += 1;
                    round.first_error.get_or_insert(error.to_string());
                    false
                }
            };
            round.stale += u64::from(is_stale);
            if is_stale || mode == Mode::Cold {
                round.pooled_ns.push(ended_ns - begun_ns);
            }
            if !is_stale {
                let after = ended_ns.saturating_sub(created_ns);
                round.last_waiter_ns = round.last_waiter_ns.max(after);
            }
        }
        Ok(round)
    }

    /// Creates the value and lets it go stale. This waits for real: it is the time the caches measure.
    fn leave_stale(&self, key: Key, runtime: Option<&tokio::runtime::Runtime>) {
        let served = match runtime {
            Some(runtime) => runtime.block_on(self.ask_async(key)),
            None => self.ask(key),
        };
        // A creator that is told to fail leaves nothing stale; the round then is a cold one, and shows it.
        if served.is_ok() {
            std::thread::sleep(self.fresh + SURELY_STALE);
        }
    }

    /// Releases all callers together; gives those that came back within the bound.
    fn callers_at_once(
        self: &Arc<Self>,
        key: Key,
        runtime: Option<&tokio::runtime::Runtime>,
    ) -> Result<Vec<Returned>, LabError> {
        let count = self.callers.count() as usize;
        let (send, receive) = mpsc::channel();
        let released = Arc::new(AtomicBool::new(false));
        if let Some(runtime) = runtime {
            let barrier = Arc::new(tokio::sync::Barrier::new(count));
            for _ in 0..count {
                let (stage, barrier, send) = (Arc::clone(self), Arc::clone(&barrier), send.clone());
                let released = Arc::clone(&released);
                runtime.spawn(async move {
                    barrier.wait().await;
                    released.store(true, Ordering::Relaxed);
                    let begun_ns = stage.clock.now();
                    let served = stage.ask_async(key).await;
                    let ended_ns = stage.clock.now();
                    let _ = send.send(Returned {
                        begun_ns,
                        ended_ns,
                        served,
                    });
                });
            }
        } else {
            let barrier = Arc::new(Barrier::new(count));
            for _ in 0..count {
                let (stage, barrier, send) = (Arc::clone(self), Arc::clone(&barrier), send.clone());
                let released = Arc::clone(&released);
                spawn_thread(move || {
                    barrier.wait();
                    released.store(true, Ordering::Relaxed);
                    let begun_ns = stage.clock.now();
                    let served = stage.ask(key);
                    let ended_ns = stage.clock.now();
                    let _ = send.send(Returned {
                        begun_ns,
                        ended_ns,
                        served,
                    });
                })?;
            }
        }
        drop(send);
        Ok(self.collect(&receive, count, &released))
    }

    fn collect(
        &self,
        receive: &mpsc::Receiver<Returned>,
        count: usize,
        released: &AtomicBool,
    ) -> Vec<Returned> {
        let mut returned = Vec::with_capacity(count);
        let mut last = Instant::now();
        while returned.len() < count {
            match receive.recv_timeout(Duration::from_millis(50)) {
                Ok(one) => {
                    returned.push(one);
                    last = Instant::now();
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    // The bound runs while nobody returns, and not before everyone has been released.
                    if released.load(Ordering::Relaxed) && last.elapsed() > self.bound {
                        break;
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        returned
    }
}

fn figures(rounds: &[Round], callers: u32) -> (Figures, Histogram<u64>, Option<String>) {
    let mut latency = histogram();
    for &ns in rounds.iter().flat_map(|round| &round.pooled_ns) {
        let _ = latency.record(ns);
    }
    let mut last_waiters: Vec<u64> = rounds.iter().map(|round| round.last_waiter_ns).collect();
    last_waiters.sort_unstable();
    let median = last_waiters
        .get(last_waiters.len() / 2)
        .copied()
        .unwrap_or(0);
    let figures = TogetherFigures {
        creators: rounds.iter().map(|round| round.creators).max().unwrap_or(0),
        callers,
        stale_served: rounds.iter().map(|round| round.stale).min().unwrap_or(0),
        last_waiter_ms: millis(median),
        p50_ms: millis(latency.value_at_quantile(0.5)),
        p99_ms: millis(latency.value_at_quantile(0.99)),
        errors: rounds.iter().map(|round| round.errors).sum(),
        hung: rounds.iter().map(|round| round.hung).sum(),
    };
    let first_error = rounds.iter().find_map(|round| round.first_error.clone());
    (Figures::Together(figures), latency, first_error)
}
