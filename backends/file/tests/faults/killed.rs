//! Processes killed with no time to say anything.

use std::sync::mpsc::channel;

use dogpile_backend::LeaseStore;
use dogpile_file::File;

use crate::children::Child;
use crate::{LONG, get, is_out, set, win};

/// What each writer is answered before all are killed; the laboratory kills at length.
const ANSWERED: usize = 300;

#[test]
fn what_was_answered_outlives_the_death_of_all() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let mut writers: Vec<_> = (0..3)
            .map(|_| Child::start("writes", folder.path()))
            .collect();
        let mut answered = Vec::new();
        for writer in &mut writers {
            answered.extend((0..ANSWERED).map(|_| writer.hear().unwrap()));
        }
        for writer in &mut writers {
            writer.process.kill().unwrap();
            answered.extend(std::iter::from_fn(|| writer.hear()));
        }
        let store = File::open(folder.path()).unwrap();
        let lost = |key: &&String| get(&store, key.as_bytes()).as_deref() != Some(key.as_bytes());
        // The last line of a killed process may be half a line.
        let lost: Vec<_> = answered.iter().filter(lost).collect();
        assert!(lost.len() <= writers.len(), "{lost:?}");
        assert!(
            lost.iter()
                .all(|key| answered.iter().any(|other| other != *key))
        );
        assert_eq!(store.unreadable(), 0);
        set(&store, b"still", "usable").unwrap();
    }
}

#[test]
fn law_6_a_lease_is_free_once_its_holder_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut holder = Child::start("holds", folder.path());
    holder.says("holds");
    assert!(is_out(&store, b"key"));
    holder.process.kill().unwrap();
    // Not after an hour, which it has left.
    win(&store, b"key", LONG);
}

#[test]
fn law_7_those_who_wait_are_told_of_a_holders_death() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut holder = Child::start("holds", folder.path());
    holder.says("holds");
    let (rope, rung) = channel();
    let watch = store.watch(b"key", Box::new(move |_| rope.send(()).unwrap()));
    let watch = watch.unwrap();
    let mut elsewhere = Child::start("waits", folder.path());
    elsewhere.says_at_last("waits");
    assert!(rung.try_recv().is_err(), "it lives");
    holder.process.kill().unwrap();
    rung.recv().unwrap();
    elsewhere.says_at_last("Changed");
    drop(watch);
}

#[test]
fn who_died_waiting_is_no_burden() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut waiter = Child::start("waits", folder.path());
    waiter.says_at_last("waits");
    let sockets = || {
        std::fs::read_dir(folder.path().join("bells"))
            .unwrap()
            .count()
    };
    assert_eq!(sockets(), 1);
    waiter.process.kill().unwrap();
    set(&store, b"key", "value").unwrap();
    assert_eq!(
        sockets(),
        0,
        "its socket goes with the first that rings for nobody"
    );
}

#[test]
fn who_lives_is_told_of_what_others_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut waiter = Child::start("waits", folder.path());
    waiter.says_at_last("waits");
    let lease = win(&store, b"key", LONG);
    store.release(b"key", &lease, true).wait().unwrap();
    waiter.says_at_last("Failed");
}
