//! Creations that go on without their callers, among processes. Whoever has a kind of store asks this of it;
//! `config` stands for one process that has opened it.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use dogpile::{Config, Invalidation, Job, Origin, Region};

/// Longer than any test waits.
const HOUR: Duration = Duration::from_hours(1);

/// A process on whose jobs the test decides.
struct Process {
    region: Region<u64>,
    jobs: Receiver<Job>,
}

impl Process {
    fn new(config: Config<u64>) -> Self {
        let (send, jobs) = channel::<Job>();
        let config = config
            .fresh_for(HOUR)
            .stale_for(HOUR)
            .soft_timeout(Duration::from_millis(1))
            .runner(move |job| send.send(job).map_err(|refused| refused.0));
        let region = Region::new("shared");
        region.configure(config).unwrap();
        Self { region, jobs }
    }

    /// Waits for a successor of what is there only for a moment.
    fn softly(&self, made: u64) -> u64 {
        let value = self
            .region
            .get_or_refresh("key", move || Ok::<_, String>(made));
        value.unwrap()
    }

    fn has_no_job(&self) -> bool {
        self.jobs.try_recv().is_err()
    }
}

/// Two processes, and a stale value.
fn two(config: impl Fn() -> Config<u64>) -> [Process; 2] {
    let two = [Process::new(config()), Process::new(config())];
    two[0].region.set("key", 1).unwrap();
    two[0].region.invalidate(Invalidation::Soft).unwrap();
    two
}

/// Laws 1 and 4: both are served what is stale, and one of them creates, for both.
pub(crate) fn softly_served(config: impl Fn() -> Config<u64>) {
    let [a, b] = two(config);
    assert_eq!(a.softly(2), 1);
    assert_eq!(b.softly(3), 1);
    let job = a.jobs.recv().unwrap();
    assert!(a.has_no_job() && b.has_no_job(), "one creation for both");
    job.run();
    assert_eq!((a.softly(4), b.softly(5)), (2, 2));
}

/// Law 6: a job that nobody runs frees the lease, for whoever asks next in another process.
pub(crate) fn dropped_job(config: impl Fn() -> Config<u64>) {
    let [a, b] = two(config);
    assert_eq!(a.softly(2), 1);
    drop(a.jobs.recv().unwrap());
    // The lease is given back beside the call that drops it.
    let job = loop {
        assert_eq!(b.softly(3), 1);
        if let Ok(job) = b.jobs.try_recv() {
            break job;
        }
    };
    job.run();
    assert_eq!((a.softly(4), b.softly(5)), (3, 3));
}

/// Laws 1 and 5: what was given away in one process is the answer in the other, too.
pub(crate) fn detached(config: impl Fn() -> Config<u64>) {
    let [a, b] = [Process::new(config()), Process::new(config())];
    let (here, there) = (&a.region, &b.region);
    thread::scope(|scope| {
        let give = || here.at("key").try_create_detached(|| Ok::<_, String>(2));
        let caller = scope.spawn(give);
        let job = a.jobs.recv().unwrap();
        let other = scope.spawn(|| there.get_or_create("key", || 3));
        job.run();
        let answer = caller.join().unwrap().unwrap();
        assert_eq!((answer.value, answer.origin), (2, Origin::Shared));
        assert_eq!(other.join().unwrap().unwrap(), 2);
    });
    assert!(b.has_no_job());
}
