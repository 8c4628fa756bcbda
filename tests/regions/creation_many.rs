//! Creators of many values know of each of their creations, and say of each value what they may of one.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dogpile::{Config, Creation, Error, Invalidation, KeyPart, Memory, Origin, Region, Terms};

use crate::stores::{Form, Hand, HandClock, Server};

const FRESH: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(100);
const SECOND: Duration = Duration::from_secs(1);

type Given = (Region<u64>, Arc<HandClock>);

fn each() -> Vec<Given> {
    let open = |config: Config<u64>, clock: &Arc<HandClock>| {
        let region = Region::new("region");
        let config = config.clock(clock.clone()).fresh_for(FRESH);
        region.configure(config.statistics(true)).unwrap();
        region
    };
    let clock = HandClock::new();
    let memory = open(Config::new(Memory::unbounded()), &clock);
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        (
            open(Config::new(server.open("a").form(form)), &clock),
            clock,
        )
    });
    [(memory, clock)].into_iter().chain(shared).collect()
}

const KEYS: [&str; 4] = ["long", "plain", "declined", "long"];

/// What is said of each key by its name; each value is one more than what it replaces.
fn next(key: &str, creation: &Creation<u64>) -> u64 {
    match key {
        "long" => creation.fresh_for(LONG),
        "declined" => creation.do_not_cache(),
        _ => creation.tag("group").unwrap(),
    }
    creation.stale().map_or(1, |old| old + 1)
}

fn all(keys: &[&str], creations: &[Creation<u64>]) -> Vec<u64> {
    assert_eq!(keys.len(), creations.len());
    let pairs = keys.iter().zip(creations);
    pairs.map(|(key, creation)| next(key, creation)).collect()
}

fn named(keys: &[&str], creations: &[Creation<u64>]) -> HashMap<&'static str, u64> {
    let known = |key: &&str| KEYS.into_iter().find(|known| known == key).unwrap();
    let names = keys.iter().map(known);
    names.zip(all(keys, creations)).collect()
}

/// The forms of such a call, for the keys.
type Call = fn(&Region<u64>) -> Vec<u64>;

const CALLS: [Call; 6] = [
    |region| {
        let creator = |keys: &[&&str], creations: &[Creation<u64>]| {
            let keys: Vec<_> = keys.iter().map(|key| **key).collect();
            Ok::<_, String>(all(&keys, creations))
        };
        region.get_or_try_create_many_with(&KEYS, creator).unwrap()
    },
    |region| {
        let creator = async |keys: Vec<&str>, creations: Vec<Creation<u64>>| {
            Ok::<_, String>(all(&keys, &creations))
        };
        let call = region.get_or_try_create_many_with_async(&KEYS, creator);
        Hand::new(call).finish().unwrap()
    },
    |region| {
        let creator = |keys: &[&&'static str], creations: &[Creation<u64>]| {
            let keys: Vec<_> = keys.iter().map(|key| **key).collect();
            Ok::<_, String>(named(&keys, creations))
        };
        let made = region.get_or_try_create_map_with(&KEYS, creator).unwrap();
        KEYS.map(|key| made[key]).into()
    },
    |region| {
        let creator = async |keys: Vec<&'static str>, creations: Vec<Creation<u64>>| {
            Ok::<_, String>(named(&keys, &creations))
        };
        let call = region.get_or_try_create_map_with_async(&KEYS, creator);
        let made = Hand::new(call).finish().unwrap();
        KEYS.map(|key| made[key]).into()
    },
    |region| {
        let memo = region.memo_many(&KEYS, |key, bytes| bytes.push(key.as_bytes()));
        let creator =
            |keys: &[&str], creations: &[Creation<u64>]| Ok::<_, String>(all(keys, creations));
        memo.get_or_try_create_with(creator).unwrap()
    },
    |region| {
        let memo = region.memo_many(&KEYS, |key, bytes| bytes.push(key.as_bytes()));
        let creator = async |keys: Vec<&str>, creations: Vec<Creation<u64>>| {
            Ok::<_, String>(all(&keys, &creations))
        };
        Hand::new(memo.get_or_try_create_with_async(creator))
            .finish()
            .unwrap()
    },
];

#[test]
fn law_4_a_creator_of_many_says_of_each_value_how_long_it_lasts_and_sees_what_it_replaces() {
    for call in CALLS {
        for (region, clock) in each() {
            region.set_many([("plain", 4), ("declined", 6)]).unwrap();
            clock.advance(FRESH);
            assert_eq!(call(&region), [1, 5, 7, 1]);
            let got = || region.get_many(&["long", "plain", "declined"]).unwrap();
            assert_eq!(got(), [Some(1), Some(5), None], "the old one is there");
            region.invalidate_tag("group", Invalidation::Hard).unwrap();
            assert_eq!(got(), [Some(1), None, None]);
            clock.advance(LONG - SECOND);
            assert_eq!(got(), [Some(1), None, None]);
            clock.advance(SECOND);
            assert_eq!(got(), [None; 3]);
        }
    }
}

#[test]
fn each_of_many_values_from_outside_has_terms_of_its_own() {
    for (region, clock) in each() {
        let long = Terms::NONE.with_fresh_for(LONG);
        let tagged = Terms::NONE.with_tag("group").unwrap();
        let entries = [("a", 1, long), ("b", 2, tagged), ("c", 3, Terms::NONE)];
        region.set_many_with(entries).unwrap();
        let got = || region.get_many(&["a", "b", "c"]).unwrap();
        assert_eq!(got(), [Some(1), Some(2), Some(3)]);
        region.invalidate_tag("group", Invalidation::Hard).unwrap();
        assert_eq!(got(), [Some(1), None, Some(3)]);
        clock.advance(FRESH);
        assert_eq!(got(), [Some(1), None, None]);
        Hand::new(region.set_many_with_async(entries))
            .finish()
            .unwrap();
        assert_eq!(got(), [Some(1), Some(2), Some(3)]);
    }
}

#[test]
fn law_5_who_waits_for_one_of_many_that_is_declined_gets_it() {
    for (region, _) in each() {
        let write = |element: &u64, key: &mut dogpile::key::KeyBuffer| element.write_key(key);
        let memo = || {
            region
                .memo_many(&[1, 2], write)
                .should_cache(&|value| *value > 10)
        };
        let key = dogpile::key::bytes_of(&1_u64);
        thread::scope(|scope| {
            let made = memo().get_or_create(|missing: &[u64]| -> Vec<u64> {
                let waiter = scope.spawn(|| {
                    let answer = region.at(&key).create(|| 99).unwrap();
                    assert_eq!((answer.value, answer.origin), (5, Origin::Shared));
                });
                while region.statistics().unwrap().waiting == 0 {
                    assert!(!waiter.is_finished(), "it waits");
                    thread::yield_now();
                }
                missing.iter().map(|number| number * 5).collect()
            });
            assert_eq!(made.unwrap(), [5, 10]);
        });
        assert_eq!(memo().get().unwrap(), [None; 2]);
        let call = memo().get_or_create_async(async |_| vec![7, 70]);
        assert_eq!(Hand::new(call).finish().unwrap(), [7, 70]);
        assert_eq!(memo().get().unwrap(), [None, Some(70)]);
    }
}

#[test]
fn a_wrong_count_is_an_error_of_each_key_to_the_statistics() {
    for (region, _) in each() {
        let made = region.get_or_create_many(&["a", "b"], |_| vec![1]);
        let partial = made.unwrap_err();
        assert!(matches!(partial.answers[0], Err(Error::WrongCount { .. })));
        assert_eq!(region.statistics().unwrap().errors, 2);
    }
}

#[test]
fn law_11_what_was_invalidated_while_many_are_made_anew_is_not_undone() {
    for (region, _) in each() {
        let memo = || region.memo_many(&[1, 2], |element: &u64, key| element.write_key(key));
        let made = memo().refresh(|elements| {
            region.invalidate(Invalidation::Hard).unwrap();
            Ok::<_, String>(elements.to_vec())
        });
        assert_eq!(made.unwrap(), [1, 2]);
        assert_eq!(memo().get().unwrap(), [None, None]);
        let made = memo().refresh_async(async |elements| {
            region.invalidate(Invalidation::Hard).unwrap();
            Ok::<_, String>(elements)
        });
        assert_eq!(Hand::new(made).finish().unwrap(), [1, 2]);
        assert_eq!(memo().get().unwrap(), [None, None]);
    }
}

#[test]
fn law_3_who_makes_many_anew_supersedes_who_makes_one_of_them() {
    for (region, _) in each() {
        let write = |element: &u64, key: &mut dogpile::key::KeyBuffer| element.write_key(key);
        let memo = || region.memo_many(&[1, 2], write);
        let key = dogpile::key::bytes_of(&1_u64);
        let answer = region.at(&key).create(|| {
            let made = memo().refresh(|_| Ok::<_, String>(vec![10, 20]));
            assert_eq!(made.unwrap(), [10, 20]);
            99
        });
        assert_eq!(answer.unwrap().origin, Origin::Superseded);
        assert_eq!(memo().get().unwrap(), [Some(10), Some(20)]);
        let made = memo().refresh(|_| Ok::<_, String>(vec![11, 21])).unwrap();
        assert_eq!(made, [11, 21], "whatever is there");
        assert_eq!(memo().get().unwrap(), [Some(11), Some(21)]);
    }
}
