//! Processes that stand still: under SIGSTOP, in a debugger, on a frozen machine.

use std::time::Duration;

use dogpile_backend::{Commit, Fault, Leased, Span};
use dogpile_file::{File, FileSettings};

use crate::children::Child;
use crate::{LONG, ask, commit, get, set, until};

#[test]
fn law_6_a_stopped_holder_is_succeeded_and_its_late_commit_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    let mut holder = Child::start("holds for a second", folder.path());
    holder.says("holds");
    holder.process.freeze().unwrap();
    assert!(matches!(
        ask(&store, b"key", LONG),
        Leased::Lost { remaining, .. } if remaining <= Span::from_secs(1)
    ));
    let mut successor = None;
    until("the lease runs out", || {
        if let Leased::Won { lease, .. } = ask(&store, b"key", LONG) {
            successor = Some(lease);
        }
        successor.is_some()
    });
    // It goes on while its successor is at work, whose lease its end must not free.
    holder.process.thaw().unwrap();
    holder.go_on();
    holder.says("Refused");
    assert!(matches!(ask(&store, b"key", LONG), Leased::Lost { .. }));
    let done = commit(&store, b"key", &successor.unwrap(), "in time");
    assert_eq!(done, Commit::Stored);
    assert_eq!(get(&store, b"key").as_deref(), Some(&b"in time"[..]));
}

#[test]
fn law_12_a_stopped_writer_costs_others_no_more_than_the_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let settings = FileSettings::path(folder.path()).timeout(Duration::from_millis(50));
    let store = settings.open().unwrap();
    set(&store, b"key", "value").unwrap();
    let mut writer = Child::start("stands in a write", folder.path());
    writer.says("writes");
    writer.process.freeze().unwrap();
    let refused = set(&store, b"other", "value").unwrap_err();
    assert_eq!(refused.fault, Fault::Unavailable);
    assert!(
        refused.to_string().contains("longer than the timeout"),
        "{refused}"
    );
    // Reads go on, also in threads that have never read before.
    let read = || get(&store, b"key");
    let read = std::thread::scope(|scope| scope.spawn(read).join().unwrap());
    assert_eq!(read.as_deref(), Some(&b"value"[..]));
    writer.process.thaw().unwrap();
    writer.go_on();
    writer.says("has written");
    set(&store, b"other", "value").unwrap();
}

#[test]
fn a_writer_that_is_killed_in_the_middle_is_no_longer_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = File::open(folder.path()).unwrap();
    set(&store, b"key", "value").unwrap();
    let mut writer = Child::start("stands in a write", folder.path());
    writer.says("writes");
    writer.process.kill().unwrap();
    set(&store, b"key", "another").unwrap();
    assert_eq!(get(&store, b"key").as_deref(), Some(&b"another"[..]));
}

#[test]
fn law_12_a_stopped_reader_costs_values_and_nobody_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let most = 4 << 20;
    let store = FileSettings::path(folder.path())
        .max_size(most)
        .open()
        .unwrap();
    set(&store, b"first", "value").unwrap();
    let mut reader = Child::start("reads", folder.path());
    reader.says("reads");
    reader.process.freeze().unwrap();
    let mut number = 0_u64;
    while store.dropped() == 0 {
        set(&store, &number.to_be_bytes(), vec![7; 2_000]).unwrap();
        number += 1;
        assert!(number < 100_000, "the file grows for ever");
    }
    for _ in 0..1_000 {
        set(&store, &number.to_be_bytes(), vec![7; 2_000]).unwrap();
        number += 1;
    }
    let size = std::fs::metadata(folder.path().join("data.mdb"))
        .unwrap()
        .len();
    assert!(size < 4 * most, "{size}");
    // Nothing that was to be replaced is served in place of what was not stored.
    set(&store, b"first", "replaced").unwrap();
    assert_ne!(get(&store, b"first").as_deref(), Some(&b"value"[..]));
    store_again(&store, reader);
}

/// Once the reader is gone, values are stored as before.
fn store_again(store: &File, mut reader: Child) {
    reader.process.kill().unwrap();
    until("values are stored again", || {
        set(store, b"key", "value").unwrap();
        get(store, b"key").is_some()
    });
    let before = store.dropped();
    for number in 0..1_000_u64 {
        set(store, &number.to_be_bytes(), vec![7; 2_000]).unwrap();
    }
    assert_eq!(store.dropped(), before);
}
