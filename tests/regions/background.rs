//! Owned creators: the caller has the stale value while they run elsewhere.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dogpile::{Config, Error, Job, Memory, Origin, Region};

use crate::stores::{Form, Hand, HandClock, Op, Server};

const FRESH: Duration = Duration::from_secs(10);

/// A region with a stale value, on whose jobs the test decides.
struct Stage {
    region: Region<u64>,
    clock: Arc<HandClock>,
    jobs: Receiver<Job>,
}

fn stage(config: Config<u64>, clock: Arc<HandClock>) -> Stage {
    let (send, jobs) = mpsc::channel::<Job>();
    let runner = move |job| send.send(job).map_err(|refused| refused.0);
    let region = Region::new("region");
    let config = config.clock(clock.clone()).fresh_for(FRESH).runner(runner);
    region.configure(config).unwrap();
    region.set("key", 1).unwrap();
    clock.advance(FRESH);
    Stage {
        region,
        clock,
        jobs,
    }
}

fn each() -> Vec<Stage> {
    let memory = stage(Config::new(Memory::unbounded()), HandClock::new());
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        stage(Config::new(server.open("a").form(form)), clock)
    });
    [memory].into_iter().chain(shared).collect()
}

impl Stage {
    fn refresh(&self, value: u64) -> u64 {
        let answer = self
            .region
            .get_or_refresh("key", move || Ok::<_, String>(value));
        answer.unwrap()
    }

    fn refresh_async(&self, value: u64) -> u64 {
        let create = async move || Ok::<_, String>(value);
        let call = self.region.get_or_refresh_async("key", create);
        Hand::new(call).finish().unwrap()
    }

    fn no_job(&self) {
        assert!(self.jobs.try_recv().is_err(), "nobody asked the runner");
    }
}

#[test]
fn without_a_value_the_creator_runs_in_its_own_call() {
    for stage in each() {
        let here = thread::current().id();
        stage.region.delete("key").unwrap();
        let create = move || {
            assert_eq!(thread::current().id(), here);
            Ok::<_, String>(2)
        };
        assert_eq!(stage.region.get_or_refresh("key", create).unwrap(), 2);
        stage.region.delete("key").unwrap();
        assert_eq!(stage.refresh_async(3), 3);
        stage.no_job();
        assert_eq!(stage.refresh(4), 3, "a hit");
        stage.no_job();
    }
}

#[test]
fn a_stale_value_is_returned_at_once_and_the_runner_gets_region_and_key() {
    for stage in each() {
        assert_eq!(stage.refresh(2), 1);
        let job = stage.jobs.recv().unwrap();
        assert_eq!((job.region(), job.key()), ("region", &b"key"[..]));
        assert!(format!("{job:?}").contains("key"));
        assert!(
            stage.region.is_being_created("key"),
            "the job holds the key"
        );
        assert_eq!(stage.refresh(3), 1, "another caller does not wait");
        stage.no_job();
        thread::spawn(|| job.run()).join().unwrap();
        assert!(!stage.region.is_being_created("key"), "released elsewhere");
        assert_eq!(stage.region.get("key").unwrap(), Some(2));
    }
}

#[test]
fn the_same_for_tasks_and_for_jobs_that_are_futures() {
    for stage in each() {
        assert_eq!(stage.refresh_async(2), 1);
        let job = stage.jobs.recv().unwrap();
        Hand::new(job.into_future()).finish();
        assert_eq!(stage.region.get("key").unwrap(), Some(2));
        stage.clock.advance(FRESH);
        assert_eq!(stage.refresh_async(3), 2);
        stage.jobs.recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(3));
        stage.clock.advance(FRESH);
        assert_eq!(stage.refresh(4), 3);
        Hand::new(stage.jobs.recv().unwrap().into_future()).finish();
        assert_eq!(stage.region.get("key").unwrap(), Some(4));
    }
}

#[test]
fn a_job_that_is_dropped_frees_its_key() {
    for stage in each() {
        assert_eq!(stage.refresh(2), 1);
        drop(stage.jobs.recv().unwrap());
        assert!(!stage.region.is_being_created("key"));
        assert_eq!(stage.refresh_async(3), 1);
        drop(stage.jobs.recv().unwrap());
        assert_eq!(stage.refresh(4), 1, "the next one tries again");
        stage.jobs.recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(4));
    }
}

#[test]
fn a_future_job_dropped_half_way_frees_key_and_lease() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let stage = stage(Config::new(server.open("a").form(form)), clock);
        let (begun, has_begun) = mpsc::channel();
        let create = async move || {
            begun.send(()).unwrap();
            std::future::pending::<Result<u64, String>>().await
        };
        let call = stage.region.get_or_refresh_async("key", create);
        assert_eq!(Hand::new(call).finish().unwrap(), 1);
        let mut job = Hand::new(stage.jobs.recv().unwrap().into_future());
        while job.poll().is_pending() && has_begun.try_recv().is_err() {
            job.wait();
        }
        assert!(server.is_leased("key"));
        drop(job);
        assert!(!stage.region.is_being_created("key"));
        server.wait_for("a", Op::Release, 1);
        assert!(!server.is_leased("key"), "{form:?}");
    }
}

#[test]
fn a_runner_that_refuses_leaves_the_key_free() {
    let clock = HandClock::new();
    let Stage { region, jobs, .. } = stage(Config::new(Memory::unbounded()), clock);
    drop(jobs);
    for value in 2..5 {
        let answer = region.get_or_refresh("key", move || Ok::<_, String>(value));
        assert_eq!(answer.unwrap(), 1, "the stale value, at once");
        assert!(!region.is_being_created("key"));
    }
    assert_eq!(region.get_or_create("key", || 9).unwrap(), 9);
}

#[test]
fn a_failing_job_leaves_the_old_value_and_the_key_free() {
    for stage in each() {
        let answer = stage.region.get_or_refresh("key", || Err("down"));
        assert_eq!(answer.unwrap(), 1);
        stage.jobs.recv().unwrap().run();
        assert!(!stage.region.is_being_created("key"));
        assert_eq!(stage.refresh(3), 1);
        stage.jobs.recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(3));
    }
}

#[test]
fn a_panicking_job_ends_its_own_thread_only_and_frees_the_key() {
    for stage in each() {
        let panic = || -> Result<u64, String> { panic!("in the background") };
        assert_eq!(stage.region.get_or_refresh("key", panic).unwrap(), 1);
        let job = stage.jobs.recv().unwrap();
        let ended = thread::spawn(|| job.run()).join();
        assert_eq!(
            ended.unwrap_err().downcast_ref(),
            Some(&"in the background")
        );
        assert!(!stage.region.is_being_created("key"));
        assert_eq!(stage.refresh(3), 1);
        stage.jobs.recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(3));
    }
}

#[test]
fn a_job_that_comes_too_late_overwrites_nothing() {
    for stage in each() {
        assert_eq!(stage.refresh(2), 1);
        let job = stage.jobs.recv().unwrap();
        stage.region.set("key", 7).unwrap();
        job.run();
        assert_eq!(
            stage.region.get("key").unwrap(),
            Some(7),
            "a fresh one is there"
        );
    }
}

#[test]
fn a_set_while_the_job_creates_stays() {
    for stage in each() {
        let region = stage.region.clone();
        let create = move || {
            region.set("key", 7).unwrap();
            Ok::<_, String>(2)
        };
        assert_eq!(stage.region.get_or_refresh("key", create).unwrap(), 1);
        stage.jobs.recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(7));
    }
}

#[test]
fn the_registered_loader_creates_and_refreshes() {
    let (clock, loaded) = (HandClock::new(), Arc::new(Mutex::new(Vec::new())));
    let keys = Arc::clone(&loaded);
    let config = Config::new(Memory::unbounded()).loader(move |key| {
        keys.lock().unwrap().push(key.to_vec());
        std::str::from_utf8(key).map_err(|error| error.to_string())?;
        Ok::<_, String>(key.len() as u64)
    });
    let stage = stage(config, clock);
    assert_eq!(stage.region.load("four").unwrap(), 4, "in its own call");
    assert_eq!(stage.region.load("key").unwrap(), 1, "stale");
    stage.jobs.recv().unwrap().run();
    assert_eq!(stage.region.load("key").unwrap(), 3);
    let load = || Hand::new(stage.region.load_async("async")).finish();
    assert_eq!(load().unwrap(), 5);
    stage.clock.advance(FRESH);
    assert_eq!(load().unwrap(), 5);
    stage.jobs.recv().unwrap().run();
    let seen = loaded.lock().unwrap().clone();
    let expected: [&[u8]; 4] = [b"four", b"key", b"async", b"async"];
    assert_eq!(seen, expected);
    match stage.region.load(b"\xff") {
        Err(Error::Creator(error)) => assert!(error.to_string().contains("utf-8")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_region_without_a_loader_says_so() {
    let clock = HandClock::new();
    let stage = stage(Config::new(Memory::unbounded()), clock);
    let answers = [
        stage.region.load("none"),
        Hand::new(stage.region.load_async("none")).finish(),
    ];
    for answer in answers {
        let said = answer.unwrap_err().to_string();
        assert!(said.contains("Config::loader"), "{said}");
    }
}

/// A region whose background creations our own worker runs.
fn with_worker() -> (Region<u64>, Arc<HandClock>) {
    let clock = HandClock::new();
    let region = Region::new("worked");
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    region.configure(config.fresh_for(FRESH)).unwrap();
    region.set("key", 1).unwrap();
    clock.advance(FRESH);
    (region, clock)
}

#[test]
fn our_own_worker_runs_jobs_in_the_background() {
    let (region, _clock) = with_worker();
    let (done, is_done): (Sender<thread::ThreadId>, _) = mpsc::channel();
    let create = move || {
        done.send(thread::current().id()).unwrap();
        Ok::<_, String>(2)
    };
    assert_eq!(region.get_or_refresh("key", create).unwrap(), 1);
    assert_ne!(is_done.recv().unwrap(), thread::current().id());
    let value = region
        .at("key")
        .stale_for(Duration::ZERO)
        .create(|| 2)
        .unwrap();
    assert_eq!(value.value, 2);
    assert!(matches!(value.origin, Origin::Hit | Origin::Shared));
}

#[test]
fn our_own_worker_outlives_panicking_jobs() {
    let (region, _clock) = with_worker();
    for _ in 0..8 {
        let (begun, has_begun) = mpsc::channel::<()>();
        let panic = move || -> Result<u64, String> {
            let _begun = begun;
            panic!("in the worker")
        };
        // A refresh that another's job still holds the key against begins nothing, and drops its creator.
        assert_eq!(region.get_or_refresh("key", panic).unwrap(), 1);
        assert!(has_begun.recv().is_err(), "it ended");
    }
    loop {
        let (done, is_done) = mpsc::channel();
        let create = move || {
            done.send(()).unwrap();
            Ok::<_, String>(2)
        };
        assert_eq!(region.get_or_refresh("key", create).unwrap(), 1);
        // The last job that panicked may still be giving the key back.
        if is_done.recv().is_ok() {
            return;
        }
    }
}
