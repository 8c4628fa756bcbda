//! Creators that run elsewhere know of their creation what those in their own call do, and may say as much.

use std::time::Duration;

use dogpile::{Answer, Config, Creation, Error, Invalidation, Origin, Region};

use crate::stores::{Hand, Stage};

const FRESH: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(100);
const SECOND: Duration = Duration::from_secs(1);

fn stage(change: impl FnOnce(Config<u64>) -> Config<u64>) -> Stage {
    Stage::new(|config| change(config.fresh_for(FRESH).creation_limit(LONG * 2)))
}

type Outcome = Result<Answer<u64>, Error<String>>;

/// One more than what is replaced, fresh for longer than the region says, under a tag.
fn next(creation: &Creation<u64>) -> Result<u64, String> {
    creation.fresh_for(LONG);
    creation.tag("group").map_err(|error| error.to_string())?;
    let Some(old) = creation.stale() else {
        return Ok(1);
    };
    assert_eq!(creation.stale_age(), Some(FRESH));
    Ok(old + 1)
}

#[allow(clippy::unnecessary_wraps)] // as creators are that can fail
fn decline(creation: &Creation<u64>) -> Result<u64, String> {
    creation.do_not_cache();
    Ok(99)
}

type Creator = fn(&Creation<u64>) -> Result<u64, String>;

/// The forms of a call whose creator runs elsewhere, each polled until the jobs that it gave away are done.
type Form = fn(&Stage, Creator) -> Outcome;

const OWNED: [Form; 4] = [
    |stage, creator| {
        let answer = stage.region.at("key").get_or_refresh_with(creator);
        run(stage);
        answer
    },
    |stage, creator| {
        let creator = async move |creation| creator(&creation);
        let call = stage.region.at("key").get_or_refresh_with_async(creator);
        finish(stage, Hand::new(call))
    },
    |stage, creator| {
        let creator = move |creation: &Creation<u64>| creator(creation);
        let at = stage.region.at("key");
        std::thread::scope(|scope| {
            let call = scope.spawn(|| at.try_create_detached_with(creator));
            while !call.is_finished() {
                run(stage);
                std::thread::yield_now();
            }
            run(stage);
            call.join().unwrap()
        })
    },
    |stage, creator| {
        let creator = async move |creation| creator(&creation);
        let at = stage.region.at("key");
        finish(stage, Hand::new(at.try_create_detached_with_async(creator)))
    },
];

fn run(stage: &Stage) {
    stage.jobs.try_iter().for_each(dogpile::Job::run);
}

fn finish<T>(stage: &Stage, mut call: Hand<'_, T>) -> T {
    let polled = call.poll();
    run(stage);
    match polled {
        std::task::Poll::Ready(ended) => ended,
        std::task::Poll::Pending => call.finish(),
    }
}

fn is_next(region: &Region<u64>, value: u64) {
    assert_eq!(region.get("key").unwrap(), Some(value));
    region.invalidate_tag("group", Invalidation::Hard).unwrap();
    assert_eq!(region.get("key").unwrap(), None, "it is under its tag");
}

#[test]
fn law_4_a_creator_that_runs_elsewhere_sees_what_it_replaces_and_says_how_long_its_value_lasts() {
    for call in OWNED {
        let stage = stage(|config| config);
        assert_eq!(call(&stage, next).unwrap().value, 1, "nothing is there");
        stage.clock.advance(LONG - SECOND);
        is_next(&stage.region, 1);
        stage.region.set("key", 5).unwrap();
        stage.clock.advance(FRESH);
        assert_eq!(call(&stage, next).unwrap().value, 5, "the stale one");
        stage.clock.advance(LONG - SECOND);
        is_next(&stage.region, 6);
    }
}

#[test]
fn a_creator_that_runs_elsewhere_may_say_that_its_value_is_not_to_be_stored() {
    for call in OWNED {
        let stage = stage(|config| config);
        assert_eq!(call(&stage, decline).unwrap().value, 99);
        assert_eq!(stage.region.get("key").unwrap(), None);
        stage.region.set("key", 5).unwrap();
        stage.clock.advance(FRESH);
        assert_eq!(call(&stage, decline).unwrap().value, 5);
        let known = stage.region.metadata("key").unwrap().unwrap();
        assert_eq!(known.age, FRESH, "the old value stays");
    }
}

#[test]
fn what_a_creator_says_is_heard_where_no_runner_takes_it() {
    for call in OWNED {
        let stage = stage(|config| config.runner(Err));
        assert_eq!(call(&stage, next).unwrap().value, 1);
        stage.clock.advance(LONG - SECOND);
        is_next(&stage.region, 1);
    }
}

#[test]
fn a_registered_loader_sees_what_it_replaces_and_says_how_long_its_value_lasts() {
    type Load = fn(&Stage) -> u64;
    let loads: [Load; 4] = [
        |stage| stage.region.load("key").unwrap(),
        |stage| finish(stage, Hand::new(stage.region.load_async("key"))).unwrap(),
        |stage| stage.region.at("key").load().unwrap().value,
        |stage| {
            let call = stage.region.at("key").load_async();
            finish(stage, Hand::new(call)).unwrap().value
        },
    ];
    for load in loads {
        let loader = |key: &[u8], creation: &Creation<u64>| {
            assert_eq!(key, b"key");
            next(creation)
        };
        let stage = stage(|config| config.loader_with(loader));
        assert_eq!(load(&stage), 1);
        stage.clock.advance(LONG - SECOND);
        assert_eq!(load(&stage), 1, "fresh still");
        stage.region.set("key", 5).unwrap();
        stage.clock.advance(FRESH);
        assert_eq!(load(&stage), 5);
        run(&stage);
        stage.clock.advance(LONG - SECOND);
        is_next(&stage.region, 6);
    }
}

/// What a call says itself goes for creators that run elsewhere too.
#[test]
fn law_4_a_call_with_an_owned_creator_goes_by_what_it_says_itself() {
    let stage = stage(|config| config.loader(|_| Ok::<u64, String>(7)));
    let plain = |value| move || Ok::<u64, String>(value);
    stage.region.set("key", 5).unwrap();
    stage.clock.advance(SECOND * 2);
    let call = stage.region.at("key").fresh_for(SECOND);
    let answer = call.get_or_refresh(plain(6)).unwrap();
    assert_eq!((answer.value, answer.origin), (5, Origin::Stale));
    run(&stage);
    let call = stage.region.at("key").fresh_for(SECOND);
    let answer = call.get_or_refresh(plain(7)).unwrap();
    assert_eq!((answer.value, answer.origin), (6, Origin::Hit));
    // Without a stale one to serve it creates in its own call.
    stage.clock.advance(SECOND * 2);
    let strict = || {
        let call = stage.region.at("key").fresh_for(SECOND);
        call.stale_for(Duration::ZERO)
    };
    let answer = strict().get_or_refresh(plain(8)).unwrap();
    assert_eq!((answer.value, answer.origin), (8, Origin::Created));
    stage.clock.advance(SECOND * 2);
    let answer = strict().load().unwrap();
    assert_eq!((answer.value, answer.origin), (7, Origin::Created));
    stage.clock.advance(SECOND * 2);
    let call = strict().get_or_refresh_async(async || Ok::<u64, String>(9));
    assert_eq!(Hand::new(call).finish().unwrap().value, 9);
}

#[test]
fn law_4_a_soft_timeout_of_the_call_goes_for_every_owned_creator() {
    let stage = stage(|config| config.loader(|_| Ok::<u64, String>(7)));
    let softly = || stage.region.at("key").soft_timeout(SECOND);
    let ready = async || Ok::<u64, String>(7);
    let stale = || {
        stage.region.set("key", 5).unwrap();
        stage.clock.advance(FRESH);
    };
    let seeing = async |_: Creation<u64>| Ok::<u64, String>(7);
    stale();
    let mut call = Hand::new(softly().get_or_refresh_async(ready));
    assert!(call.poll().is_pending(), "it waits for the next");
    run(&stage);
    assert_eq!(call.finish().unwrap().value, 7);
    stale();
    let mut call = Hand::new(softly().get_or_refresh_with_async(seeing));
    assert!(call.poll().is_pending(), "it waits for the next");
    stage.clock.advance(SECOND);
    assert_eq!(call.finish().unwrap().value, 5, "and no longer than so");
    run(&stage);
    stale();
    let mut call = Hand::new(softly().load_async());
    assert!(call.poll().is_pending(), "it waits for the next");
    run(&stage);
    assert_eq!(call.finish().unwrap().value, 7);
}

#[test]
fn an_owned_creator_of_a_call_with_terms_of_its_own_begins_ahead_of_time() {
    let stage = stage(|config| config.eager_refresh(0.5));
    let ask = |value: u64| {
        let call = stage.region.at("key").fresh_for(SECOND * 4);
        let answer = call.get_or_refresh(move || Ok::<u64, String>(value));
        let answer = answer.unwrap();
        run(&stage);
        (answer.value, answer.origin)
    };
    stage.region.set("key", 5).unwrap();
    stage.clock.advance(SECOND);
    assert_eq!(ask(6), (5, Origin::Hit), "not due");
    stage.clock.advance(SECOND);
    assert_eq!(ask(7), (5, Origin::Hit), "due, and fresh");
    assert_eq!(ask(8), (7, Origin::Hit));
}

#[test]
fn a_creation_beside_the_cache_replaces_nothing() {
    let creation = Creation::<u64>::uncached();
    assert_eq!((creation.stale(), creation.stale_age()), (None, None));
    assert_eq!(next(&creation.clone()), Ok(1));
}
