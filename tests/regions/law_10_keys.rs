//! Law 10: keys are any bytes, and no two keys ever meet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile::backend::{KeyBuffer, LengthConditional, Prefix};
use dogpile::{Config, Job, Memory, Region};
use proptest::prelude::*;

use crate::stores::{Form, Hand, HandClock, Server};

fn configured(config: Config<usize>) -> Region<usize> {
    let region = Region::new("keys");
    region.configure(config).unwrap();
    region
}

/// The same in memory, in a shared store however it answers, and behind a mangler.
fn each() -> Vec<(&'static str, Region<usize>)> {
    let shared = |form| {
        let (server, clock) = Server::by_hand();
        configured(server.open("shared").form(form).config(&clock))
    };
    let memory = || Config::new(Memory::unbounded());
    vec![
        ("memory", configured(memory())),
        ("ready", shared(Form::Ready)),
        ("blocking", shared(Form::Blocking)),
        ("later", shared(Form::Later)),
        (
            "prefix",
            configured(memory().key_mangler(Prefix::new("p:"))),
        ),
    ]
}

/// Keys that a careless store takes for one another.
fn odd_keys() -> Vec<Vec<u8>> {
    let mut megabyte = vec![b'x'; 1 << 20];
    let mut keys = vec![
        b"".to_vec(),
        b"\0".to_vec(),
        b"\0\0".to_vec(),
        b" ".to_vec(),
        b"\r\n".to_vec(),
        b"a".to_vec(),
        b"a\0".to_vec(),
        b"a\0b".to_vec(),
        b"A".to_vec(),
        b"p:a".to_vec(),
        "ключ".into(),
        b"\xff\xfe\x80".to_vec(),
        (0..=255).collect(),
        (0..=254).collect(),
        megabyte.clone(),
    ];
    *megabyte.last_mut().unwrap() = b'y';
    keys.push(megabyte);
    keys
}

#[test]
fn law_10_keys_of_any_bytes_are_kept_apart_by_threads() {
    for (name, region) in each() {
        let keys = odd_keys();
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(region.get(key).unwrap(), None, "{name}: key {number}");
            assert_eq!(region.get_or_create(key, || number).unwrap(), number);
        }
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(region.get(key).unwrap(), Some(number), "{name}");
            region.set(key, number + 100).unwrap();
        }
        for (number, key) in keys.iter().enumerate() {
            let read = region.read(key, |value| *value).unwrap();
            assert_eq!(read, Some(number + 100), "{name}");
            region.delete(key).unwrap();
            assert_eq!(region.get(key).unwrap(), None, "{name}");
            assert!(region.metadata(key).unwrap().is_none());
        }
    }
}

#[test]
fn law_10_keys_of_any_bytes_are_kept_apart_by_tasks() {
    for (name, region) in each() {
        let keys = odd_keys();
        for (number, key) in keys.iter().enumerate() {
            let created = region.get_or_create_async(key, async || number);
            assert_eq!(Hand::new(created).finish().unwrap(), number, "{name}");
        }
        for (number, key) in keys.iter().enumerate() {
            let got = Hand::new(region.get_async(key)).finish().unwrap();
            assert_eq!(got, Some(number), "{name}");
            let set = Hand::new(region.set_async(key, number + 100)).finish();
            set.unwrap();
        }
        for (number, key) in keys.iter().enumerate() {
            let known = Hand::new(region.metadata_async(key)).finish().unwrap();
            assert!(known.is_some(), "{name}");
            assert_eq!(region.get(key).unwrap(), Some(number + 100), "{name}");
            Hand::new(region.delete_async(key)).finish().unwrap();
            assert_eq!(region.get(key).unwrap(), None, "{name}");
        }
    }
}

#[test]
fn law_10_creations_of_different_keys_do_not_meet() {
    for (name, region) in each() {
        for outer in odd_keys() {
            let inner = [&outer[..], b"+"].concat();
            let created = region.get_or_create(&outer, || {
                assert!(region.is_being_created(&outer), "{name}");
                assert!(!region.is_being_created(&inner), "{name}");
                region.get_or_create(&inner, || 1).unwrap() + 1
            });
            assert_eq!(created.unwrap(), 2);
            assert!(!region.is_being_created(&outer));
        }
    }
}

/// Upside down, and marked.
fn reversed(key: &[u8], mangled: &mut KeyBuffer) {
    mangled.push(b"r:");
    key.iter().rev().for_each(|byte| mangled.push(&[*byte]));
}

#[test]
fn law_10_every_operation_goes_through_the_regions_mangler() {
    let (server, clock) = Server::<usize>::by_hand();
    let config = server.open("a").config(&clock);
    let region = configured(config.key_mangler(reversed));
    let stored = || {
        let keys = server.keys();
        assert_eq!(
            keys.iter().map(|key| &**key).collect::<Vec<_>>(),
            [b"r:cba"]
        );
        let entry = server.entry("r:cba");
        region.delete("abc").unwrap();
        assert!(server.keys().is_empty());
        entry.map(|entry| entry.value)
    };
    region.set("abc", 1).unwrap();
    assert_eq!(stored(), Some(1));
    Hand::new(region.set_async("abc", 2)).finish().unwrap();
    assert_eq!(stored(), Some(2));
    region.get_or_create("abc", || 3).unwrap();
    assert_eq!(stored(), Some(3));
    let created = region.get_or_create_async("abc", async || 4);
    Hand::new(created).finish().unwrap();
    assert_eq!(stored(), Some(4));
    region.refresh("abc", || Ok::<_, String>(5)).unwrap();
    assert_eq!(stored(), Some(5));
    region.at("abc").create(|| 6).unwrap();
    assert_eq!(stored(), Some(6));
    region.get_or_refresh("abc", || Ok::<_, String>(7)).unwrap();
    assert_eq!(stored(), Some(7));
}

#[test]
fn law_10_every_look_goes_through_the_regions_mangler() {
    let (server, clock) = Server::<usize>::by_hand();
    let config = server.open("a").config(&clock);
    let region = configured(config.key_mangler(reversed));
    let raw = configured(server.open("b").config(&clock));
    raw.set("r:cba", 8).unwrap();
    assert_eq!(region.get("abc").unwrap(), Some(8));
    let got = Hand::new(region.get_async("abc")).finish();
    assert_eq!(got.unwrap(), Some(8));
    assert_eq!(region.read("abc", |value| *value).unwrap(), Some(8));
    assert!(region.metadata("abc").unwrap().is_some());
    assert!(region.at("abc").get().unwrap().is_some());
    Hand::new(region.delete_async("abc")).finish().unwrap();
    assert_eq!(raw.get("r:cba").unwrap(), None);
    region
        .get_or_create("abc", || {
            assert!(region.is_being_created("abc"));
            assert!(!region.is_being_created("r:cba"));
            9
        })
        .unwrap();
}

#[test]
fn law_10_calls_about_many_keys_go_through_the_regions_mangler() {
    let (server, clock) = Server::<usize>::by_hand();
    let config = server.open("a").config(&clock);
    let region = configured(config.key_mangler(reversed));
    let stored = || {
        let mut keys = server.keys();
        keys.sort();
        keys.iter().map(|key| key.to_vec()).collect::<Vec<_>>()
    };
    let both = [b"r:ba".to_vec(), b"r:dc".to_vec()];
    region.set_many([("ab", 1), ("cd", 2)]).unwrap();
    assert_eq!(stored(), both);
    assert_eq!(region.get_many(&["cd", "ab"]).unwrap(), [Some(2), Some(1)]);
    region.delete_many(&["ab", "cd"]).unwrap();
    assert!(stored().is_empty());
    let created = region.get_or_create_many(&["ab", "cd"], |keys| {
        assert_eq!(keys, [&"ab", &"cd"]);
        assert!(region.is_being_created("ab") && !region.is_being_created("r:ba"));
        vec![3, 4]
    });
    assert_eq!((created.unwrap(), stored()), (vec![3, 4], both.to_vec()));
    let refreshed = region.refresh_async("ab", async || Ok::<_, String>(5));
    assert_eq!(Hand::new(refreshed).finish().unwrap(), 5);
    let known = Hand::new(region.metadata_async("ab")).finish();
    assert!(known.unwrap().is_some());
    assert_eq!(stored(), both);
}

#[test]
fn law_10_creators_and_errors_see_the_users_own_key() {
    let (jobs, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::default());
    let loaded: &Arc<Mutex<Vec<Vec<u8>>>> = &seen;
    let clock = HandClock::new();
    let config = Config::new(Memory::unbounded()).clock(clock.clone());
    let config = config
        .fresh_for(Duration::from_secs(1))
        .key_mangler(reversed);
    let (taken, keys) = (Arc::clone(&jobs), Arc::clone(loaded));
    let config = config
        .runner(move |job: Job| {
            taken.lock().unwrap().push(job.key().to_vec());
            job.run();
            Ok(())
        })
        .loader(move |key| {
            keys.lock().unwrap().push(key.to_vec());
            Ok::<_, String>(1)
        });
    let region = configured(config);
    region.load("abc").unwrap();
    clock.advance(Duration::from_secs(1));
    region.load("abc").unwrap();
    assert_eq!(*jobs.lock().unwrap(), [b"abc"]);
    assert_eq!(*loaded.lock().unwrap(), [b"abc", b"abc"]);
    let cycle = region.get_or_create("xyz", || {
        let again = region.get_or_create("xyz", || 1);
        assert!(again.unwrap_err().to_string().contains("\"xyz\""));
        1
    });
    cycle.unwrap();
}

#[test]
fn law_10_two_prefixes_keep_two_regions_on_one_store_apart() {
    let store = Memory::unbounded();
    let with = |prefix| configured(Config::new(store.clone()).key_mangler(Prefix::new(prefix)));
    let (users, groups) = (with("user:"), with("group:"));
    users.set("1", 1).unwrap();
    groups.set("1", 2).unwrap();
    assert_eq!(users.get("1").unwrap(), Some(1));
    users.delete("1").unwrap();
    assert_eq!(groups.get("1").unwrap(), Some(2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn law_10_different_keys_never_share_a_value(
        keys in prop::collection::hash_set(prop::collection::vec(any::<u8>(), 0..300), 1..40),
        mangled in any::<bool>(),
    ) {
        let mut config = Config::new(Memory::unbounded());
        if mangled {
            config = config.key_mangler(LengthConditional::new(3, Prefix::new([0, 255])));
        }
        let region = configured(config);
        let mut expected = HashMap::new();
        // A short key that looks like a mangled one is not for this mangler.
        let keys = keys.into_iter().filter(|key| !mangled || !key.starts_with(&[0, 255]));
        for (number, key) in keys.enumerate() {
            region.get_or_create(&key, || number).unwrap();
            expected.insert(key, number);
        }
        for (key, number) in expected {
            prop_assert_eq!(region.get(&key).unwrap(), Some(number));
        }
    }
}
