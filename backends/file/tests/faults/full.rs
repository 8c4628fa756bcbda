//! No room: on the disk, and within the bound.

use std::path::Path;

use dogpile_backend::{Fault, LeaseStore, Span, Store, Time};
use dogpile_file::{File, FileSettings};

use crate::children::{Child, say};
use crate::{LONG, commit, entry, get, set, win};

#[test]
fn law_12_a_full_disk_costs_values_and_nobody_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mount = format!(
        "mount -t tmpfs -o size=6m tmpfs '{}'",
        folder.path().display()
    );
    let mut child = Child::apart(&mount, "fills", folder.path());
    child.says("deletes and leases are possible");
    child.says("values are stored again");
}

/// What the child does, on a disk of six megabytes.
pub(crate) fn fills(folder: &Path) {
    let path = folder.join("store");
    let store = FileSettings::path(path).max_size(64 << 20).open().unwrap();
    set(&store, b"first", "value").unwrap();
    for number in 0..5_000_u64 {
        set(&store, &number.to_be_bytes(), vec![7; 2_000]).unwrap();
    }
    // With the disk full of something else, not even old entries make room.
    let other = folder.join("other");
    let _ = std::fs::write(&other, vec![0; 6 << 20]);
    for number in 0..2_000_u64 {
        // What cannot even be removed is an error: the old value is still there.
        let key = number.to_be_bytes();
        match set(&store, &key, vec![8; 100_000]) {
            Ok(()) => assert_ne!(get(&store, &key), Some(vec![7; 2_000])),
            Err(error) => assert_eq!(error.fault, Fault::Full),
        }
    }
    assert!(store.dropped() > 0);
    store.delete(b"first").wait().unwrap();
    assert_eq!(get(&store, b"first"), None);
    let lease = win(&store, b"key", LONG);
    commit(&store, b"key", &lease, vec![9; 100_000]);
    let lease = win(&store, b"key", LONG);
    store.release(b"key", &lease, false).wait().unwrap();
    say("deletes and leases are possible");
    std::fs::remove_file(other).unwrap();
    let (before, bytes) = (store.dropped(), vec![1; 2_000]);
    set(&store, b"key", bytes.clone()).unwrap();
    assert_eq!(get(&store, b"key"), Some(bytes));
    assert_eq!(store.dropped(), before);
    say("values are stored again");
}

#[test]
fn the_bound_holds_and_the_oldest_go() {
    let folder = tempfile::tempdir().unwrap();
    let most = 2 << 20;
    let store = FileSettings::path(folder.path())
        .max_size(most)
        .open()
        .unwrap();
    let keys = 0..5_000_u64;
    for key in keys.clone() {
        set(&store, &key.to_be_bytes(), vec![7; 1_000]).unwrap();
    }
    let kept: Vec<_> = keys
        .filter(|key| get(&store, &key.to_be_bytes()).is_some())
        .collect();
    // Pages are half to wholly full.
    assert!((700..2_000).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last(), Some(&4_999));
    let all_newest = kept.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    assert!(all_newest, "the newest are kept, whole");
    let size = std::fs::metadata(folder.path().join("data.mdb"))
        .unwrap()
        .len();
    assert!(size <= 2 * most, "{size}");
    assert_eq!(store.dropped(), 0);
}

#[test]
fn the_expired_go_before_the_living() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileSettings::path(folder.path())
        .max_size(2 << 20)
        .open()
        .unwrap();
    let lives = |number: u64| format!("lives {number}").into_bytes();
    for number in 0..300 {
        set(&store, &lives(number), vec![7; 1_000]).unwrap();
    }
    for number in 0..3_000_u64 {
        let over = Span::from_nanos(1);
        let key = number.to_be_bytes();
        store.set(&key, entry(vec![7; 1_000]), over).wait().unwrap();
    }
    let found = (0..300).filter(|number| get(&store, &lives(*number)).is_some());
    assert_eq!(found.count(), 300, "older, but not over");
    let left = (0..3_000_u64).filter(|number| get(&store, &number.to_be_bytes()).is_some());
    assert!(left.count() <= 2, "they leave as others come");
}

#[test]
fn a_value_beyond_all_bounds_is_let_go_with_what_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileSettings::path(folder.path())
        .max_size(1 << 20)
        .open()
        .unwrap();
    set(&store, b"key", "old").unwrap();
    set(&store, b"key", vec![7; 1 << 20]).unwrap();
    assert_eq!((get(&store, b"key"), store.dropped()), (None, 1));
    let lease = win(&store, b"key", LONG);
    commit(&store, b"key", &lease, vec![7; 1 << 20]);
    assert_eq!((get(&store, b"key"), store.dropped()), (None, 2));
}

#[test]
fn times_to_live_of_any_length_are_borne() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    for ttl in [Span::ZERO, Span::from_nanos(u64::MAX - 1), Span::FOREVER] {
        let mut entry = entry("value");
        entry.metadata.created = Time::END;
        store.set(b"key", entry, ttl).wait().unwrap();
        set(&store, b"other", "value").unwrap();
        assert_eq!(get(&store, b"key").is_some(), ttl > Span::ZERO);
    }
}

#[test]
fn a_store_that_is_opened_with_a_lower_bound_lets_go_of_what_is_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let bounded = |most| {
        FileSettings::path(folder.path())
            .max_size(most)
            .open()
            .unwrap()
    };
    let store = bounded(1 << 30);
    for number in 0..2_000_u64 {
        set(&store, &number.to_be_bytes(), vec![7; 50_000]).unwrap();
    }
    drop(store);
    let store = bounded(8 << 20);
    for number in 0..2_000_u64 {
        set(&store, &number.to_le_bytes(), "value").unwrap();
    }
    assert_eq!(store.dropped(), 0);
    assert!(get(&store, &1_999_u64.to_le_bytes()).is_some());
}

#[test]
fn a_heavy_value_makes_as_much_room_as_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileSettings::path(folder.path())
        .max_size(4 << 20)
        .open()
        .unwrap();
    for number in 0..10_000_u64 {
        set(&store, &number.to_be_bytes(), vec![7; 100]).unwrap();
    }
    for number in 0..10_u64 {
        set(&store, &number.to_le_bytes(), vec![8; 1 << 20]).unwrap();
        assert!(get(&store, &number.to_le_bytes()).is_some());
    }
    assert_eq!(store.dropped(), 0);
}
