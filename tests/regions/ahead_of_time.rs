//! Values that are replaced ahead of their time: jitter, eager and early refresh.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use dogpile::{Config, ConfigError, Job, Memory, Origin, Region, Terms};

use crate::stores::{Form, Hand, HandClock, Server};

const SECOND: Duration = Duration::from_secs(1);
const FRESH: Duration = Duration::from_secs(100);

/// A region on whose jobs the test decides.
struct Stage {
    region: Region<u64>,
    clock: Arc<HandClock>,
    jobs: Receiver<Job>,
}

fn stage(config: Config<u64>, clock: Arc<HandClock>) -> Stage {
    let (send, jobs): (Sender<Job>, _) = mpsc::channel();
    let runner = move |job| send.send(job).map_err(|refused| refused.0);
    let region = Region::new("region");
    let config = config.clock(clock.clone()).fresh_for(FRESH);
    region
        .configure(config.runner(runner).statistics(true))
        .unwrap();
    Stage {
        region,
        clock,
        jobs,
    }
}

/// The same region in memory and on stores beside it.
fn each(terms: impl Fn(Config<u64>) -> Config<u64>) -> Vec<Stage> {
    let memory = stage(terms(Config::new(Memory::unbounded())), HandClock::new());
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        stage(terms(Config::new(server.open("a").form(form))), clock)
    });
    [memory].into_iter().chain(shared).collect()
}

impl Stage {
    fn ask(&self, value: u64) -> u64 {
        let create = move || Ok::<_, String>(value);
        self.region.get_or_refresh("key", create).unwrap()
    }

    fn ask_async(&self, value: u64) -> u64 {
        let create = async move || Ok::<_, String>(value);
        let call = self.region.get_or_refresh_async("key", create);
        Hand::new(call).finish().unwrap()
    }

    /// How many of 100 values that were stored at once are not fresh any more.
    fn ended(&self) -> usize {
        let found = (0_u8..100).map(|key| self.region.get([key]).unwrap());
        found.filter(Option::is_none).count()
    }

    fn origins(&self, origin: Origin) -> u64 {
        self.region.statistics().unwrap().answers(origin)
    }
}

#[test]
fn values_stored_at_once_end_spread_over_the_share_that_was_said() {
    for stage in each(|config| config.jitter(0.5)) {
        for key in 0_u8..100 {
            stage.region.set([key], 1).unwrap();
        }
        stage.clock.advance(FRESH / 2 - SECOND);
        assert_eq!(stage.ended(), 0, "none ends before its share");
        stage.clock.advance(SECOND + FRESH / 4);
        let half = stage.ended();
        assert!(
            (20..80).contains(&half),
            "{half} of 100 in half of the time"
        );
        assert_eq!(
            stage.ended(),
            half,
            "each has an end of its own, and keeps it"
        );
        stage.clock.advance(FRESH / 4);
        assert_eq!(stage.ended(), 100, "none lasts longer than it is fresh");
    }
}

#[test]
fn processes_agree_on_the_end_of_a_value() {
    let (server, clock) = Server::by_hand();
    let open = |name| stage(Config::new(server.open(name)).jitter(0.9), clock.clone());
    let (one, other) = (open("a"), open("b"));
    for key in 0_u8..100 {
        one.region.set([key], 1).unwrap();
    }
    clock.advance(FRESH / 2);
    for key in 0_u8..100 {
        let [seen, beside] = [&one, &other].map(|stage| stage.region.get([key]).unwrap());
        assert_eq!(seen, beside, "key {key}");
    }
}

#[test]
fn a_value_that_ended_early_is_served_while_one_creates_the_next() {
    for stage in each(|config| config.jitter(1.0).stale_for(Duration::ZERO)) {
        stage.region.set("key", 1).unwrap();
        stage.clock.advance(FRESH - Duration::from_millis(1));
        assert_eq!(stage.region.get("key").unwrap(), None, "it ended early");
        let answer = stage.region.at("key").create(|| {
            // Somebody else, meanwhile.
            std::thread::scope(|threads| {
                let asked = threads.spawn(|| stage.region.at("key").create(|| 9).unwrap());
                assert_eq!(asked.join().unwrap().value, 1, "nobody waits for it");
            });
            2
        });
        assert_eq!(answer.unwrap().value, 2);
    }
}

#[test]
fn from_a_share_of_its_time_on_a_value_is_replaced_in_the_background() {
    for stage in each(|config| config.eager_refresh(0.8)) {
        for (value, ask) in [
            (1, Stage::ask as fn(&Stage, u64) -> u64),
            (3, Stage::ask_async),
        ] {
            stage.region.set("key", value).unwrap();
            stage.clock.advance(FRESH * 8 / 10 - SECOND);
            assert_eq!(ask(&stage, value + 1), value);
            assert!(stage.jobs.try_recv().is_err(), "not before that share");
            stage.clock.advance(SECOND);
            let hits = stage.origins(Origin::Hit);
            assert_eq!(ask(&stage, value + 1), value, "the fresh value, at once");
            assert_eq!(ask(&stage, 99), value, "and so for who comes second");
            assert_eq!(stage.origins(Origin::Hit), hits + 2, "both are hits");
            stage.jobs.try_recv().unwrap().run();
            assert!(stage.jobs.try_recv().is_err(), "one creates");
            assert_eq!(stage.region.get("key").unwrap(), Some(value + 1));
            assert_eq!(ask(&stage, 99), value + 1);
            assert!(stage.jobs.try_recv().is_err(), "the new value is not due");
        }
    }
}

#[test]
fn the_share_is_one_of_a_values_own_time() {
    for own in [FRESH / 10, FRESH * 10] {
        for stage in each(|config| config.eager_refresh(0.8)) {
            for ask in [Stage::ask as fn(&Stage, u64) -> u64, Stage::ask_async] {
                let terms = Terms::NONE.with_fresh_for(own);
                stage.region.set_with("key", 1, terms).unwrap();
                assert_eq!(ask(&stage, 2), 1);
                stage.clock.advance(own * 8 / 10 - SECOND);
                assert_eq!(ask(&stage, 2), 1);
                assert!(stage.jobs.try_recv().is_err(), "not before its share");
                stage.clock.advance(SECOND);
                assert_eq!(ask(&stage, 2), 1, "the fresh value, at once");
                stage.jobs.try_recv().unwrap().run();
                assert_eq!(stage.region.get("key").unwrap(), Some(2));
            }
        }
    }
}

#[test]
fn jitter_lets_no_failing_creator_take_a_value_whose_time_is_not_over() {
    let settings = |config: Config<u64>| config.jitter(1.0).stale_if_error(false);
    for stage in each(|config| settings(config).back_off(FRESH)) {
        let region = &stage.region;
        for key in 0_u8..100 {
            region.set([key], 1).unwrap();
        }
        stage.clock.advance(FRESH / 2);
        assert!(stage.ended() > 0);
        for key in 0_u8..100 {
            for _ in 0..2 {
                let fail = || Err::<u64, _>("no".to_owned());
                assert_eq!(region.get_or_try_create([key], fail).unwrap(), 1);
                let fail = async || Err::<u64, _>("no".to_owned());
                let call = region.get_or_try_create_async([key], fail);
                assert_eq!(Hand::new(call).finish().unwrap(), 1);
            }
        }
        stage.clock.advance(FRESH / 2);
        let fail = || Err::<u64, _>("no".to_owned());
        region.get_or_try_create([0], fail).unwrap_err();
    }
}

#[test]
fn who_creates_in_its_own_call_waits_for_nothing_that_is_fresh() {
    for stage in each(|config| config.eager_refresh(0.0).early_refresh(1e9)) {
        stage.region.set("key", 1).unwrap();
        stage.clock.advance(SECOND);
        let answer = stage.region.at("key").create(|| 2).unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::Hit));
    }
}

#[test]
fn the_longer_creating_takes_the_earlier_chance_replaces() {
    // With a beta of a billion every chance but the exact 1 looks beyond the end.
    for stage in each(|config| config.early_refresh(1e9)) {
        stage.region.set("key", 1).unwrap();
        stage.clock.advance(SECOND);
        assert_eq!(stage.ask(2), 1);
        assert!(
            stage.jobs.try_recv().is_err(),
            "nobody knows what creating costs"
        );
        let clock = &stage.clock;
        stage
            .region
            .get_or_create("other", || {
                clock.advance(SECOND);
                7
            })
            .unwrap();
        assert_eq!(stage.ask(2), 1, "fresh, and due");
        stage.jobs.try_recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(2));
    }
}

#[test]
fn a_background_creation_that_fails_leaves_the_fresh_value() {
    for stage in each(|config| config.eager_refresh(0.5)) {
        stage.region.set("key", 1).unwrap();
        stage.clock.advance(FRESH / 2);
        let fail = || Err::<u64, _>("no".to_owned());
        assert_eq!(stage.region.get_or_refresh("key", fail).unwrap(), 1);
        stage.jobs.try_recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(1));
        assert_eq!(stage.ask(2), 1);
        drop(stage.jobs.try_recv().unwrap());
        assert_eq!(stage.ask(3), 1, "a job that is dropped frees its key");
        stage.jobs.try_recv().unwrap().run();
        assert_eq!(stage.region.get("key").unwrap(), Some(3));
    }
}

#[test]
fn shares_that_are_none_are_refused_by_name() {
    let refused = |config: Config<u64>| {
        let region = Region::new("shares");
        let error = region.configure(config.fresh_for(FRESH)).unwrap_err();
        assert!(!region.is_configured());
        assert!(matches!(error, ConfigError::Share { .. }), "{error}");
        error.to_string()
    };
    let plain = || Config::new(Memory::unbounded());
    let message = refused(plain().jitter(1.5));
    assert_eq!(
        message,
        "region `shares`: jitter is 1.5; it has to be a share between 0 and 1"
    );
    for wrong in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(refused(plain().jitter(wrong)).contains("jitter"));
        assert!(refused(plain().eager_refresh(wrong)).contains("eager_refresh"));
        assert!(refused(plain().early_refresh(wrong)).contains("early_refresh"));
    }
}
