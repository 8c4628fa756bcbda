//! Many keys in one call: answers in order, one creator for what is missing, and each key's own end.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use dogpile::backend::block_on;
use dogpile::{Config, Error, Invalidation, Memory, Region};

use crate::support::{each_runtime, each_store, region, region_by_hand, stores};

/// What each key is worth: its length.
fn lengths(keys: &[&&str]) -> Vec<u64> {
    keys.iter().map(|key| key.len() as u64).collect()
}

#[test]
fn many_are_set_got_and_deleted_with_holes_where_nothing_is() {
    each_store(|config| {
        let region = region(config);
        region.set_many([("a", 1), ("b", 2), ("c", 3)]).unwrap();
        let keys = ["c", "none", "a", "c"];
        assert_eq!(
            region.get_many(&keys).unwrap(),
            [Some(3), None, Some(1), Some(3)]
        );
        region.delete_many(&["a", "c", "none"]).unwrap();
        assert_eq!(
            region.get_many(&["a", "b", "c"]).unwrap(),
            [None, Some(2), None]
        );
    });
}

#[test]
fn the_same_for_tasks() {
    each_runtime(async |config| {
        let region = region(config);
        // As a task of its own: these futures go from thread to thread.
        let task = tokio::spawn(async move {
            region.set_many_async([("a", 1), ("b", 2)]).await.unwrap();
            let got = region.get_many_async(&["b", "none", "a"]).await.unwrap();
            assert_eq!(got, [Some(2), None, Some(1)]);
            region.delete_many_async(&["b"]).await.unwrap();
            let creator = |keys: Vec<&'static str>| async move {
                assert_eq!(keys, ["b", "ccc"]);
                vec![7, 3]
            };
            let keys = ["a", "b", "ccc"];
            let made = region
                .get_or_create_many_async(&keys, creator)
                .await
                .unwrap();
            assert_eq!(made, [1, 7, 3]);
            let creator = |_| async { HashMap::from([("d", 4)]) };
            let found = region
                .get_or_create_map_async(&["d", "e", "a"], creator)
                .await;
            assert_eq!(found.unwrap(), HashMap::from([("d", 4), ("a", 1)]));
        });
        task.await.unwrap();
    });
}

#[test]
fn no_keys_are_no_question() {
    let region: Region<u64> = region(Config::new(Memory::unbounded()));
    let none: [&str; 0] = [];
    assert!(region.get_many(&none).unwrap().is_empty());
    region.set_many(none.map(|key| (key, 1))).unwrap();
    region.delete_many(&none).unwrap();
    let made = region.get_or_create_many(&none, |_| unreachable!("nothing is missing"));
    assert!(made.unwrap().is_empty());
}

#[test]
fn one_creator_makes_what_is_missing_and_nothing_else() {
    each_store(|config| {
        let region = region(config);
        region.set("bb", 20).unwrap();
        let asked = Mutex::new(Vec::new());
        let create = |keys: &[&&'static str]| {
            asked
                .lock()
                .unwrap()
                .push(keys.iter().map(|key| **key).collect::<Vec<_>>());
            lengths(keys)
        };
        let keys = ["a", "bb", "ccc", "a"];
        let made = region.get_or_create_many(&keys, create).unwrap();
        assert_eq!(made, [1, 20, 3, 1]);
        assert_eq!(*asked.lock().unwrap(), [["a", "ccc"]]);
        let again = region.get_or_create_many(&keys, |_| unreachable!("all are there"));
        assert_eq!(again.unwrap(), made);
        assert!(!region.is_being_created("a"));
    });
}

#[test]
fn whether_to_cache_is_decided_for_each_value() {
    for (_, config) in stores() {
        let region = region(config.should_cache(|value| value % 2 == 1));
        let made = region
            .get_or_create_many(&["a", "bb", "ccc"], lengths)
            .unwrap();
        assert_eq!(made, [1, 2, 3]);
        assert_eq!(
            region.get_many(&["a", "bb", "ccc"]).unwrap(),
            [Some(1), None, Some(3)]
        );
    }
}

#[test]
fn what_a_map_leaves_out_is_neither_stored_nor_in_the_answer() {
    each_store(|config| {
        let region = region(config);
        let keys = ["a", "b", "c"];
        let found = region
            .get_or_create_map(&keys, |_| HashMap::from([("b", 2)]))
            .unwrap();
        assert_eq!(found, HashMap::from([("b", 2)]));
        assert_eq!(region.get_many(&keys).unwrap(), [None, Some(2), None]);
        for key in keys {
            assert!(!region.is_being_created(key));
        }
        let found = region.get_or_create_map(&keys, |asked| {
            assert!(asked.iter().all(|key| **key != "b"));
            let all = [("a", 1), ("c", 3), ("nobody asked", 4)];
            HashMap::from(all)
        });
        assert_eq!(found.unwrap().len(), 3);
        assert_eq!(region.get("nobody asked").unwrap(), None);
    });
}

#[test]
fn law_11_invalidations_are_seen_by_many_keys_at_once() {
    for (_, config) in stores() {
        let (region, _clock) = region_by_hand(config);
        region.set_many([("a", 1), ("b", 2)]).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        assert_eq!(region.get_many(&["a", "b"]).unwrap(), [None, None]);
        region.set_many([("a", 1), ("b", 2)]).unwrap();
        region.invalidate(Invalidation::Soft).unwrap();
        assert_eq!(region.get_many(&["a", "b"]).unwrap(), [None, None]);
        let made = region
            .get_or_create_many(&["a", "b"], |_| vec![3, 4])
            .unwrap();
        assert_eq!(made, [3, 4]);
        assert_eq!(region.get_many(&["a", "b"]).unwrap(), [Some(3), Some(4)]);
    }
}

#[test]
fn law_5_one_error_is_that_of_every_key_it_was_asked_for_and_of_no_other() {
    each_store(|config| {
        let region = region(config);
        region.set("there", 1).unwrap();
        let keys = ["a", "there", "b"];
        let partial = region
            .get_or_try_create_many(&keys, |_| Err("no"))
            .unwrap_err();
        assert_eq!(*partial.answers[1].as_ref().unwrap(), 1);
        let failed: Vec<_> = partial.errors().map(|(number, _)| number).collect();
        assert_eq!(failed, [0, 2]);
        assert!(
            partial
                .errors()
                .all(|(_, error)| matches!(error, Error::Creator(said) if **said == "no"))
        );
        assert_eq!(partial.to_string(), "2 of 3 keys: the creator failed: no");
        let made = region.get_or_create_many(&keys, lengths).unwrap();
        assert_eq!(made, [1, 1, 1], "nothing is left of the failure");
    });
}

#[test]
fn law_6_a_panic_goes_on_and_leaves_every_key_free() {
    each_store(|config| {
        let region = region(config);
        let keys = ["a", "b"];
        let call = || region.get_or_create_many(&keys, |_| panic!("the creator's own words"));
        let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"the creator's own words"));
        let later = || {
            let creator = |_| async { panic!("the creator's own words") };
            block_on(region.get_or_create_many_async(&keys, creator))
        };
        let panic = catch_unwind(AssertUnwindSafe(later)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"the creator's own words"));
        for key in keys {
            assert!(!region.is_being_created(key));
        }
        assert_eq!(region.get_or_create_many(&keys, lengths).unwrap(), [1, 1]);
    });
}

#[test]
fn values_that_cannot_be_told_apart_are_not_stored() {
    each_store(|config| {
        let region = region(config);
        // Keys of its own for each: a lease that nobody waits for is given back in the background.
        for (keys, made) in [
            (["a", "b"], vec![]),
            (["c", "d"], vec![1]),
            (["e", "f"], vec![1, 2, 3]),
        ] {
            let partial = region
                .get_or_create_many(&keys, |_| made.clone())
                .unwrap_err();
            let wrong = |error: &Error| matches!(error, Error::WrongCount { asked: 2, .. });
            assert_eq!(
                partial.errors().filter(|(_, error)| wrong(error)).count(),
                2
            );
            assert!(
                partial.to_string().contains("values for 2 keys"),
                "{partial}"
            );
            assert_eq!(region.get_many(&keys).unwrap(), [None, None]);
            assert_eq!(region.get_or_create_many(&keys, lengths).unwrap(), [1, 1]);
        }
    });
}

#[test]
fn law_6_a_dropped_call_leaves_every_key_free() {
    each_runtime(async |config| {
        let region = region(config);
        let (begun, begins) = tokio::sync::oneshot::channel();
        let begun = Arc::new(Mutex::new(Some(begun)));
        let task = tokio::spawn({
            let region = region.clone();
            async move {
                let creator = |_| {
                    let begun = begun.lock().unwrap().take();
                    async move {
                        begun.unwrap().send(()).unwrap();
                        std::future::pending::<Vec<u64>>().await
                    }
                };
                region.get_or_create_many_async(&["a", "b"], creator).await
            }
        });
        begins.await.unwrap();
        assert!(region.is_being_created("a") && region.is_being_created("b"));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        // A lease that nobody waits for is given back in the background: one may come late.
        let each = |keys: Vec<&str>| std::future::ready(keys.iter().map(|_| 7).collect());
        let made = region.get_or_create_many_async(&["a", "b"], each).await;
        assert_eq!(made.unwrap(), [7, 7]);
    });
}

#[test]
fn law_8_a_creator_of_many_that_asks_for_one_of_them_gets_an_error() {
    each_store(|config| {
        let region = region(config);
        let made = region.get_or_create_many(&["a", "b"], |_| {
            for key in ["a", "b"] {
                let nested = region.get_or_create(key, || unreachable!("it is being created"));
                assert!(
                    matches!(nested, Err(Error::Cycle { .. })),
                    "{key}: {nested:?}"
                );
                let many = region.get_or_create_many(&["c", key], |_| vec![9]);
                let partial = many.unwrap_err();
                assert_eq!(*partial.answers[0].as_ref().unwrap(), 9);
                assert!(matches!(partial.answers[1], Err(Error::Cycle { .. })));
                region.delete("c").unwrap();
            }
            vec![1, 2]
        });
        assert_eq!(made.unwrap(), [1, 2]);
    });
}

#[test]
fn a_region_without_configuration_says_so_of_each_key() {
    let region: Region<u64> = Region::new("bare");
    let partial = region.get_or_create_many(&["a", "b"], |_| unreachable!("nowhere to store"));
    assert_eq!(partial.unwrap_err().errors().count(), 2);
    assert!(
        region
            .get_many(&["a"])
            .unwrap_err()
            .to_string()
            .contains("not configured")
    );
    assert!(region.set_many([("a", 1)]).is_err() && region.delete_many(&["a"]).is_err());
}
