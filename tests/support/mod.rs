//! What the tests of the laws share: stores, gates, a clock that says who waits, and a time limit.

#![allow(dead_code, unused_imports)] // no test needs all of it
#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod clock;
mod gate;
mod hooked;
#[cfg(any(feature = "file", feature = "sled"))]
mod on_disk;
mod plain;
mod slow;

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use dogpile::backend::{Blocking, Guarded, Store};
use dogpile::{Config, Memory, Region};
use tokio::runtime::Builder;

pub(crate) use clock::WatchedClock;
pub(crate) use gate::Gate;
pub(crate) use hooked::{Hooked, Hooks, Point};
pub(crate) use plain::Plain;
pub(crate) use slow::Slow;

/// How long a value is fresh, and then stale, where a test needs it to age.
pub(crate) const FRESH: Duration = Duration::from_secs(10);
pub(crate) const STALE: Duration = Duration::from_secs(1_000);

/// Only a call that hangs takes as long.
const LIMIT: Duration = Duration::from_secs(50);

/// The stores that are asked: ours, a map that knows nothing of leases, and those on a disk.
pub(crate) fn stores() -> Vec<(&'static str, Config<u64>)> {
    vec![
        ("memory", Config::new(Memory::unbounded())),
        ("plain", Config::new(Blocking::new(Plain::default()))),
        #[cfg(feature = "file")]
        ("file", Config::new(on_disk::in_file())),
        #[cfg(feature = "sled")]
        ("sled", Config::new(on_disk::on_sled())),
    ]
}

/// The same, with something to be done at a point of a call.
pub(crate) fn hooked_stores() -> Vec<(&'static str, Config<u64>, Hooks)> {
    vec![
        hooked("memory", Memory::unbounded()),
        hooked("plain", Guarded::new(Blocking::new(Plain::default()))),
        #[cfg(feature = "file")]
        hooked("file", on_disk::in_file()),
        #[cfg(feature = "sled")]
        hooked("sled", on_disk::on_sled()),
    ]
}

fn hooked(name: &'static str, store: impl Store<u64>) -> (&'static str, Config<u64>, Hooks) {
    let hooks = Hooks::default();
    (name, Hooked::config(store, &hooks), hooks)
}

pub(crate) fn region(config: Config<u64>) -> Region<u64> {
    let region = Region::new("laws");
    region.configure(config).unwrap();
    region
}

/// A region whose values are fresh for [`FRESH`] and stale for [`STALE`] by a clock of its own.
pub(crate) fn region_by_hand(config: Config<u64>) -> (Region<u64>, WatchedClock) {
    let clock = WatchedClock::new();
    let config = config.clock(clock.port()).fresh_for(FRESH).stale_for(STALE);
    (region(config), clock)
}

/// Runs `test` on every store, each time within a limit.
pub(crate) fn each_store(test: fn(Config<u64>)) {
    for (name, config) in stores() {
        in_time(name, move || test(config));
    }
}

/// Runs `test` on every store with either of tokio's runtimes.
#[allow(clippy::needless_pass_by_value)] // a test is written in place
pub(crate) fn each_runtime<T>(test: T)
where
    T: AsyncFn(Config<u64>) + Clone + Send + 'static,
{
    for threads in [0, 2] {
        for (name, config) in stores() {
            let test = test.clone();
            in_time(name, move || block_on(threads, test(config)));
        }
    }
}

pub(crate) fn block_on(threads: usize, test: impl Future<Output = ()>) {
    let mut builder = if threads == 0 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    if threads > 0 {
        builder.worker_threads(threads);
    }
    let runtime = builder.enable_time().build().unwrap();
    runtime.block_on(test);
    runtime.shutdown_background();
}

/// Runs `test`, and fails instead of hanging.
pub(crate) fn in_time(name: &'static str, test: impl FnOnce() + Send + 'static) {
    eprintln!("on {name}:");
    let (done, ended) = channel();
    let body = thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    match ended.recv_timeout(LIMIT) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!("on {name}: somebody waits for ever"),
        Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = body.join() {
                resume_unwind(panic);
            }
        }
    }
}
