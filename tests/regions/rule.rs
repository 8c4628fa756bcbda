//! Invalidation by a rule of the user's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile::backend::Prefix;
use dogpile::{Config, Invalidation, Memory, Origin, Region, Terms, Verdict};

use crate::stores::{Form, Hand, HandClock, Server};

const FRESH: Duration = Duration::from_secs(10);

/// A region, and what its rule says of keys that begin with `g:`.
type Stage = (
    Region<u64>,
    Arc<Mutex<Option<Invalidation>>>,
    Arc<HandClock>,
);

fn stage(config: Config<u64>, clock: Arc<HandClock>) -> Stage {
    let says = Arc::new(Mutex::new(None));
    let told = Arc::clone(&says);
    let rule = move |key: &[u8], _: &_| match key.starts_with(b"g:") {
        true => *told.lock().unwrap(),
        false => None,
    };
    let region = Region::new("ruled");
    let config = config.clock(clock.clone()).fresh_for(FRESH);
    region.configure(config.invalidate_when(rule)).unwrap();
    (region, says, clock)
}

fn each(terms: impl Fn(Config<u64>) -> Config<u64>) -> Vec<Stage> {
    let memory = stage(terms(Config::new(Memory::unbounded())), HandClock::new());
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        stage(terms(Config::new(server.open("a").form(form))), clock)
    });
    [memory].into_iter().chain(shared).collect()
}

#[test]
fn what_the_rule_says_is_hard_is_a_miss_to_every_call() {
    for (region, says, _) in each(|config| config) {
        region.set("g:1", 1).unwrap();
        region.set("other", 2).unwrap();
        assert_eq!(region.get("g:1").unwrap(), Some(1));
        *says.lock().unwrap() = Some(Invalidation::Hard);
        assert_eq!(region.get("g:1").unwrap(), None);
        assert_eq!(region.read("g:1", |value| *value).unwrap(), None);
        assert_eq!(region.at("g:1").get().unwrap(), None);
        assert_eq!(region.get_many(&["g:1", "other"]).unwrap(), [None, Some(2)]);
        let known = region.metadata("g:1").unwrap().unwrap();
        assert_eq!(known.verdict, Verdict::Miss);
        let answer = region.at("g:1").create(|| 3).unwrap();
        assert_eq!((answer.value, answer.origin), (3, Origin::Created));
        let call = region.get_or_create_async("g:1", async || 4);
        assert_eq!(
            Hand::new(call).finish().unwrap(),
            4,
            "it is asked each time"
        );
        *says.lock().unwrap() = None;
        assert_eq!(region.get("g:1").unwrap(), Some(4));
    }
}

#[test]
fn what_it_says_is_soft_is_served_while_one_creates() {
    for (region, says, _) in each(|config| config) {
        region.set("g:1", 1).unwrap();
        *says.lock().unwrap() = Some(Invalidation::Soft);
        let answer = region.at("g:1").create(|| {
            std::thread::scope(|threads| {
                let other = threads.spawn(|| region.at("g:1").create(|| 9).unwrap());
                let other = other.join().unwrap();
                assert_eq!((other.value, other.origin), (1, Origin::Stale));
            });
            *says.lock().unwrap() = None;
            2
        });
        let answer = answer.unwrap();
        assert_eq!((answer.value, answer.origin), (2, Origin::Created));
        assert_eq!(region.get("g:1").unwrap(), Some(2));
    }
}

#[test]
fn where_nothing_stale_may_be_served_soft_is_hard() {
    for (region, says, _) in each(|config| config.stale_for(Duration::ZERO)) {
        region.set("g:1", 1).unwrap();
        *says.lock().unwrap() = Some(Invalidation::Soft);
        let known = region.metadata("g:1").unwrap().unwrap();
        assert_eq!(known.verdict, Verdict::Miss);
    }
}

#[test]
fn a_rule_prolongs_nothing_and_goes_beside_the_epochs() {
    for (region, says, clock) in each(|config| config) {
        region.set("g:1", 1).unwrap();
        *says.lock().unwrap() = Some(Invalidation::Soft);
        clock.advance(FRESH * 2);
        assert_eq!(region.get_or_create("g:1", || 2).unwrap(), 2, "too old");
        *says.lock().unwrap() = None;
        region.invalidate(Invalidation::Hard).unwrap();
        assert_eq!(region.get("g:1").unwrap(), None);
    }
}

#[test]
fn a_rule_sees_the_key_as_the_store_knows_it() {
    for (region, says, _) in each(|config| config.key_mangler(Prefix::new("g:"))) {
        region.set("1", 1).unwrap();
        *says.lock().unwrap() = Some(Invalidation::Hard);
        assert_eq!(region.get("1").unwrap(), None);
    }
}

#[test]
fn a_rule_goes_by_what_is_known_of_the_value() {
    let (region, seen) = (Region::<u64>::new("ages"), Arc::new(Mutex::new(Vec::new())));
    let (clock, ages) = (HandClock::new(), Arc::clone(&seen));
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    let rule = move |_: &[u8], value: &dogpile::Metadata| {
        ages.lock().unwrap().push(value.created);
        None
    };
    region.configure(config.invalidate_when(rule)).unwrap();
    region.set("key", 1).unwrap();
    region.get("key").unwrap();
    clock.advance(FRESH);
    region.set("key", 2).unwrap();
    region.get("key").unwrap();
    let seen = seen.lock().unwrap();
    let (first, last) = (seen[0], seen[seen.len() - 1]);
    assert_eq!(last.since(first), FRESH.into());
}

#[test]
fn a_rule_sees_a_value_as_it_was_written_whatever_a_call_asks_for() {
    let (region, seen) = (
        Region::<u64>::new("terms"),
        Arc::new(Mutex::new(Vec::new())),
    );
    let terms = Arc::clone(&seen);
    let rule = move |_: &[u8], value: &dogpile::Metadata| {
        terms.lock().unwrap().push(value.terms);
        None
    };
    let config = Config::new(Memory::unbounded()).fresh_for(FRESH);
    region.configure(config.invalidate_when(rule)).unwrap();
    let own = Terms::NONE.with_fresh_for(FRESH * 10);
    let own = own.with_stale_for(FRESH * 10);
    region.set_with("key", 1, own).unwrap();
    let call = region.at("key").fresh_for(FRESH).stale_for(FRESH);
    assert_eq!(call.create(|| 2).unwrap().value, 1);
    region.metadata("key").unwrap();
    let seen = seen.lock().unwrap();
    assert!(
        seen.len() > 1 && seen.iter().all(|seen| *seen == own),
        "{seen:?}"
    );
}

#[test]
fn soft_is_hard_to_a_call_that_takes_nothing_stale_and_to_no_other() {
    for (region, says, _) in each(|config| config) {
        let own = Terms::NONE.with_stale_for(FRESH);
        region.set_with("g:1", 1, own).unwrap();
        *says.lock().unwrap() = Some(Invalidation::Soft);
        let known = region.metadata("g:1").unwrap().unwrap();
        assert_eq!(known.verdict, Verdict::Stale);
        let call = region.at("g:1").stale_for(Duration::ZERO);
        let (_, known) = call.stored().unwrap().unwrap();
        assert_eq!(known.verdict, Verdict::Miss);
    }
}
