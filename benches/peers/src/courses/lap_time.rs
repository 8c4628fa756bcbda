//! How long one call takes when so many threads make it at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::bench::cpu_clock;
use crate::bench::pinning::Cores;
use crate::contender::HitCall;
use crate::error::PeersError;

/// One call under one load: the threads, and what each of them asks for.
pub struct Load<'a> {
    /// The call.
    pub call: &'a HitCall,
    /// One sequence of keys per thread, all of one length.
    pub sequences: &'a [Vec<&'a str>],
    /// Where threads run.
    pub cores: &'a Cores,
}

/// Nanoseconds of one call, or of one lap: the mean of the threads' own times.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// By the clock on the wall.
    pub wall: f64,
    /// Of processor time: what stays when other programs of the machine are taken out, and waiting with them.
    pub cpu: f64,
}

impl Taken {
    fn divided(self, by: u64) -> Self {
        Self {
            wall: self.wall / as_float(by),
            cpu: self.cpu / as_float(by),
        }
    }
}

impl Load<'_> {
    /// Laps of the sequence that take about `sample` together.
    ///
    /// # Errors
    /// If the call panics.
    pub fn calibrate(&self, sample: Duration) -> Result<u64, PeersError> {
        let enough = sample / 4;
        let mut laps = 1;
        loop {
            let taken = self.per_lap(laps)?.wall * as_float(laps);
            if taken >= nanoseconds(enough) {
                return Ok(scaled(laps, nanoseconds(sample) / taken));
            }
            laps *= 2;
        }
    }

    /// What a call takes, measured over `laps` laps.
    ///
    /// # Errors
    /// If the call panics.
    pub fn per_call(&self, laps: u64) -> Result<Taken, PeersError> {
        let length = self.sequences.first().map_or(1, Vec::len);
        Ok(self.per_lap(laps)?.divided(length as u64))
    }

    fn per_lap(&self, laps: u64) -> Result<Taken, PeersError> {
        let start = Barrier::new(self.sequences.len());
        let measuring = AtomicUsize::new(self.sequences.len());
        let times: Result<Vec<Taken>, PeersError> = std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .sequences
                .iter()
                .enumerate()
                .map(|(thread, keys)| {
                    let (start, measuring) = (&start, &measuring);
                    scope.spawn(move || {
                        self.cores.pin(thread);
                        self.time(keys, laps, start, measuring)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread.join().map_err(|_| PeersError::Panicked {
                        contender: self.call.name,
                    })
                })
                .collect()
        });
        let times = times?;
        let sum = Taken {
            wall: times.iter().map(|taken| taken.wall).sum(),
            cpu: times.iter().map(|taken| taken.cpu).sum(),
        };
        Ok(sum.divided(times.len() as u64))
    }

    /// One thread's time per lap. Having finished, it goes on without being measured until all have: nobody is
    /// measured while the others are already gone.
    fn time(&self, keys: &[&str], laps: u64, start: &Barrier, measuring: &AtomicUsize) -> Taken {
        self.call.run(keys, 1);
        start.wait();
        let (began, began_cpu) = (Instant::now(), cpu_clock::of_this_thread());
        self.call.run(keys, laps);
        let (taken, taken_cpu) = (began.elapsed(), cpu_clock::of_this_thread() - began_cpu);
        measuring.fetch_sub(1, Ordering::Relaxed);
        while measuring.load(Ordering::Relaxed) > 0 {
            self.call.run(keys, 1);
        }
        Taken {
            wall: nanoseconds(taken),
            cpu: as_float(taken_cpu),
        }
        .divided(laps)
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// Exact up to 2^53, which neither laps nor nanoseconds reach within a run.
#[allow(clippy::cast_precision_loss)]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scaled(laps: u64, factor: f64) -> u64 {
    ((as_float(laps) * factor) as u64).max(1)
}
