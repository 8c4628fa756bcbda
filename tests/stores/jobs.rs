//! A region on whose jobs the test decides.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use dogpile::{Config, Job, ManualClock, Memory, Region};

/// A region in memory whose clock and whose runner are the test's.
pub(crate) struct Stage {
    pub(crate) region: Region<u64>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) jobs: Receiver<Job>,
}

impl Stage {
    pub(crate) fn new(change: impl FnOnce(Config<u64>) -> Config<u64>) -> Self {
        let (send, jobs) = mpsc::channel::<Job>();
        let clock = Arc::new(ManualClock::new());
        let region = Region::new("region");
        let config = Config::new(Memory::unbounded())
            .clock(clock.clone())
            .runner(move |job| send.send(job).map_err(|refused| refused.0));
        region
            .configure(change(config))
            .expect("it is configured once");
        Self {
            region,
            clock,
            jobs,
        }
    }
}
