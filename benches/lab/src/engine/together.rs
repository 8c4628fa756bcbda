//! A stampede: every caller asks for one key at the same moment, round after round, another key each time.
//!
//! A call is timed by its own caller, from just before it to just after it: callers outnumber the cores, and
//! the wait for a core after the barrier is not the cache's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::round::{Returned, Round, sum_up};
use super::{Run, SURELY_STALE, Stage, runtime, spawn_thread};
use crate::error::LabError;
use crate::figures::Figures;
use crate::keys::Key;
use crate::log::RoundBegun;
use crate::scenario::{Callers, Mode};

pub(super) fn run(
    stage: &Arc<Stage>,
    rounds: u32,
    mode: Mode,
    progress: &ProgressBar,
) -> Result<Run, LabError> {
    progress.set_length(u64::from(rounds));
    progress.set_position(0);
    let runtime = match stage.callers {
        Callers::Tasks(_) => Some(runtime()?),
        Callers::Threads(_) | Callers::Processes { .. } => None,
    };
    let (mut done, mut begun) = (Vec::new(), Vec::new());
    for number in 0..rounds {
        let keys = Key::of_round(number).and_others(stage.keys_at_once);
        let (round, round_begun) = stage.round(&keys, mode, runtime.as_ref())?;
        progress.inc(1);
        let hung = round.hung > 0;
        done.push(round);
        begun.extend(round_begun);
        if hung {
            progress.println("a caller is hung: no further rounds");
            break;
        }
    }
    if let Some(runtime) = runtime {
        runtime.shutdown_background();
    }
    let (figures, latency, first_error) = sum_up(&done, stage.callers.count());
    Ok(Run {
        figures: Figures::Together(figures),
        latency,
        rounds: Some(begun),
        first_error,
    })
}

impl Stage {
    fn round(
        self: &Arc<Self>,
        keys: &[Key],
        mode: Mode,
        runtime: Option<&tokio::runtime::Runtime>,
    ) -> Result<(Round, Vec<RoundBegun>), LabError> {
        if mode == Mode::Stale {
            self.leave_stale(keys, runtime);
        }
        let begun = RoundBegun::of(keys, self.clock.now());
        let counts = || keys.iter().map(|key| self.ledger.creations_of(*key));
        let before: Vec<u64> = counts().collect();
        let returned = self.callers_at_once(keys, runtime)?;
        let hung = u64::from(self.callers.count()) - returned.len() as u64;
        let created = keys.iter().filter_map(|key| self.ledger.last_success(*key));
        let mut round = Round::of(returned, mode, created.max());
        let creators = counts().zip(before).map(|(now, before)| now - before);
        let creators: Vec<u64> = creators.collect();
        round.creators = creators.iter().copied().max().unwrap_or(0);
        round.creations = creators.iter().sum();
        round.hung = hung;
        Ok((round, begun))
    }

    /// Creates the values and lets them go stale. This waits for real: it is the time the caches measure.
    fn leave_stale(&self, keys: &[Key], runtime: Option<&tokio::runtime::Runtime>) {
        let is_served = match (keys, runtime) {
            ([key], Some(runtime)) => runtime.block_on(self.ask_async(*key)).is_ok(),
            ([key], None) if self.batches.size.is_none() => self.ask(*key).is_ok(),
            _ => self.ask_many(keys).is_ok(),
        };
        // A creator that is told to fail leaves nothing stale; the round then is a cold one, and shows it.
        if is_served {
            std::thread::sleep(self.fresh + SURELY_STALE);
        }
    }

    /// Releases all callers together; gives those that came back within the bound.
    fn callers_at_once(
        self: &Arc<Self>,
        keys: &[Key],
        runtime: Option<&tokio::runtime::Runtime>,
    ) -> Result<Vec<Returned>, LabError> {
        let count = self.callers.count() as usize;
        let (send, receive) = mpsc::channel();
        let released = Arc::new(AtomicBool::new(false));
        if let Some(runtime) = runtime {
            let barrier = Arc::new(tokio::sync::Barrier::new(count));
            for key in keys.iter().cycle().take(count).copied() {
                let (stage, barrier, send) = (Arc::clone(self), Arc::clone(&barrier), send.clone());
                let released = Arc::clone(&released);
                runtime.spawn(async move {
                    barrier.wait().await;
                    released.store(true, Ordering::Relaxed);
                    let _ = send.send(stage.timed_async(key).await);
                });
            }
        } else {
            let barrier = Arc::new(Barrier::new(count));
            for question in self.batches.of_process(0, keys) {
                let (stage, barrier, send) = (Arc::clone(self), Arc::clone(&barrier), send.clone());
                let released = Arc::clone(&released);
                spawn_thread(move || {
                    barrier.wait();
                    released.store(true, Ordering::Relaxed);
                    let _ = send.send(stage.timed_question(&question));
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
