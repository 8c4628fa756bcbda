//! What is still there when a folder is opened again, and what must not be.

#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod common;

use std::collections::HashSet;

use dogpile_backend::{Commit, Epochs, Invalidation, LeaseStore, Leased, Store};

use common::{LONG, Temporary, entry, lease, number, set, win};

#[test]
fn values_and_epochs_are_kept() {
    let store = Temporary::new();
    set(&store, b"", 1);
    set(&store, &[0, 255, 7], 2);
    set(&store, b"gone", 3);
    store.delete(b"gone").wait().unwrap();
    let epochs = store.epochs().unwrap();
    epochs.raise("pages", Invalidation::Hard).wait().unwrap();
    let raised = epochs.raise("pages", Invalidation::Soft).wait().unwrap();
    let store = store.reopened();
    assert_eq!(number(&store, b""), Some(1));
    let found = store.get(&[0, 255, 7]).wait().unwrap().unwrap();
    assert_eq!(found.value, entry(2).value);
    assert_eq!(found.metadata.epoch, entry(2).metadata.epoch);
    assert_eq!(found.metadata.created, entry(2).metadata.created);
    assert_eq!(number(&store, b"gone"), None);
    let epochs = store.epochs().unwrap();
    assert_eq!(epochs.read("pages").wait().unwrap(), raised);
    assert_eq!(epochs.read("").wait().unwrap(), Epochs::default());
}

#[test]
fn a_claim_of_another_opening_is_void() {
    let store = Temporary::new();
    set(&store, b"stale", 1);
    let (bare, stale) = (win(&store, b"bare"), win(&store, b"stale"));
    assert!(matches!(lease(&store, b"bare"), Leased::Lost { .. }));
    let store = store.reopened();
    for (key, old) in [(&b"bare"[..], &bare), (b"stale", &stale)] {
        let leases = &store.sled;
        let refused = leases.commit(key, old, entry(9), LONG).wait().unwrap();
        assert_eq!(refused, Commit::Refused);
        assert_eq!(leases.renew(key, old, LONG).wait().unwrap(), refused);
        assert_eq!(leases.release(key, old, false).wait().unwrap(), refused);
        let new = win(&store, key);
        assert_ne!(new.stamp, old.stamp);
        let stored = leases.commit(key, &new, entry(2), LONG).wait().unwrap();
        assert_eq!(stored, Commit::Stored);
        assert_eq!(number(&store, key), Some(2));
    }
}

#[test]
fn stamps_do_not_repeat_from_one_opening_to_the_next() {
    let mut store = Temporary::new();
    let mut seen = HashSet::new();
    for _ in 0..4 {
        for round in 0..10 {
            set(&store, b"key", round);
            let stamp = store.get(b"key").wait().unwrap().unwrap().metadata.stamp;
            assert!(seen.insert(stamp), "a value's {stamp:?} was there before");
            let stamp = win(&store, b"key").stamp;
            assert!(seen.insert(stamp), "a lease's {stamp:?} was there before");
        }
        store = store.reopened();
    }
}

#[test]
fn keyspaces_see_nothing_of_each_other() {
    let first = Temporary::new();
    let second = Temporary {
        sled: dogpile_sled::SledSettings::path(first.folder.path())
            .keyspace("second")
            .open()
            .unwrap(),
        folder: tempfile::tempdir().unwrap(),
    };
    set(&first, b"key", 1);
    assert_eq!(number(&second, b"key"), None);
    win(&first, b"key");
    win(&second, b"key");
    let epochs = first.epochs().unwrap();
    epochs.raise("pages", Invalidation::Hard).wait().unwrap();
    let other = second.epochs().unwrap().read("pages").wait().unwrap();
    assert_eq!(other, Epochs::default());
}
