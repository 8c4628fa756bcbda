//! Our own worker: creators that take long, or wait for others, keep nobody else's from running.

use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use dogpile::{Config, Memory, Region};

/// Longer than any of these tests takes; only what stands still comes to it.
const PATIENCE: Duration = Duration::from_secs(20);
/// As many as always run.
const ALWAYS: usize = 2;

fn region(name: &'static str) -> Region<u64> {
    let region = Region::new(name);
    let config = Config::new(Memory::unbounded())
        .deadline(PATIENCE)
        .creation_limit(PATIENCE * 100);
    region.configure(config).unwrap();
    region
}

/// Creators that hang until this is dropped.
struct Hung {
    _ends: Vec<mpsc::Sender<()>>,
}

impl Hung {
    fn begin(region: &Region<u64>) -> Self {
        let begun = Arc::new(Barrier::new(ALWAYS + 1));
        let ends = (0..ALWAYS).map(|number| {
            let (end, is_over) = mpsc::channel::<()>();
            let begun = Arc::clone(&begun);
            let creator = move || {
                begun.wait();
                let _ = is_over.recv();
                Ok::<u64, String>(1)
            };
            let at = region.at(format!("hung {number}")).deadline(Duration::ZERO);
            assert!(at.try_create_detached(creator).is_err(), "it hangs");
            end
        });
        let ends = ends.collect();
        begun.wait();
        Self { _ends: ends }
    }
}

#[test]
fn hung_creators_keep_no_other_regions_creator_from_running() {
    let _hung = Hung::begin(&region("hanging"));
    let other = region("another");
    assert_eq!(other.get_or_create_detached("cold", || 5).unwrap(), 5);
}

#[test]
fn hung_creators_keep_no_other_regions_values_from_being_refreshed() {
    let _hung = Hung::begin(&region("hanging too"));
    let other: Region<u64> = Region::new("stale");
    let clock = Arc::new(dogpile::ManualClock::new());
    let fresh = Duration::from_secs(10);
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    other.configure(config.fresh_for(fresh)).unwrap();
    other.set("key", 1).unwrap();
    clock.advance(fresh);
    let (done, is_done) = mpsc::channel();
    let creator = move || {
        done.send(()).unwrap();
        Ok::<u64, String>(2)
    };
    assert_eq!(other.get_or_refresh("key", creator).unwrap(), 1);
    is_done.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn creators_that_wait_for_a_queued_job_do_not_keep_it_from_running() {
    let region = region("waiting");
    let begun = Arc::new(Barrier::new(ALWAYS + 1));
    let queued = Arc::new(Barrier::new(ALWAYS + 1));
    let pages: Vec<_> = (0..ALWAYS)
        .map(|number| {
            let (region, within) = (region.clone(), region.clone());
            let (begun, queued) = (Arc::clone(&begun), Arc::clone(&queued));
            let creator = move || {
                begun.wait();
                queued.wait();
                within.get_or_create("settings", || 100).unwrap() + 1
            };
            thread::spawn(move || region.get_or_create_detached(format!("page {number}"), creator))
        })
        .collect();
    begun.wait();
    let at = region.at("settings").deadline(Duration::ZERO);
    let gone = at.try_create_detached(|| Ok::<u64, String>(5));
    assert!(gone.is_err(), "nobody waits for it yet");
    queued.wait();
    for page in pages {
        assert_eq!(page.join().unwrap().unwrap(), 6);
    }
}
