//! How long one call takes when so many threads make it at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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

impl Load<'_> {
    /// Laps of the sequence that take about `sample` together.
    ///
    /// # Errors
    /// If the call panics.
    pub fn calibrate(&self, sample: Duration) -> Result<u64, PeersError> {
        let enough = sample / 4;
        let mut laps = 1;
        loop {
            let taken = self.nanoseconds_per_lap(laps)? * laps_as_float(laps);
            if taken >= nanoseconds(enough) {
                return Ok(scaled(laps, nanoseconds(sample) / taken));
            }
            laps *= 2;
        }
    }

    /// Nanoseconds per call, measured over `laps` laps: the mean of the threads' own times.
    ///
    /// # Errors
    /// If the call panics.
    pub fn nanoseconds_per_call(&self, laps: u64) -> Result<f64, PeersError> {
        let length = self.sequences.first().map_or(1, Vec::len);
        Ok(self.nanoseconds_per_lap(laps)? / laps_as_float(length as u64))
    }

    fn nanoseconds_per_lap(&self, laps: u64) -> Result<f64, PeersError> {
        let start = Barrier::new(self.sequences.len());
        let measuring = AtomicUsize::new(self.sequences.len());
        let times: Result<Vec<f64>, PeersError> = std::thread::scope(|scope| {
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
        Ok(times.iter().sum::<f64>() / laps_as_float(times.len() as u64))
    }

    /// One thread's nanoseconds per lap. Having finished, it goes on without being measured until all have: nobody is
    /// measured while the others are already gone.
    fn time(&self, keys: &[&str], laps: u64, start: &Barrier, measuring: &AtomicUsize) -> f64 {
        self.call.run(keys, 1);
        start.wait();
        let began = Instant::now();
        self.call.run(keys, laps);
        let taken = began.elapsed();
        measuring.fetch_sub(1, Ordering::Relaxed);
        while measuring.load(Ordering::Relaxed) > 0 {
            self.call.run(keys, 1);
        }
        nanoseconds(taken) / laps_as_float(laps)
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// Exact up to 2^53, which no count of laps reaches within a run.
#[allow(clippy::cast_precision_loss)]
fn laps_as_float(laps: u64) -> f64 {
    laps as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scaled(laps: u64, factor: f64) -> u64 {
    ((laps_as_float(laps) * factor) as u64).max(1)
}
