//! What has expired really leaves, a bounded piece of work at a time.

#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod common;

use dogpile_backend::{Commit, LeaseStore, Span, Store};

use common::{LONG, Temporary, at, entry, number, set, win};

#[test]
fn what_has_expired_leaves_and_nothing_else() {
    let store = Temporary::new();
    let live_for = |key: &[u8], span| store.set(key, entry(10), span).wait().unwrap();
    live_for(b"a", Span::from_secs(5));
    live_for(b"b", Span::from_secs(6));
    live_for(b"c", Span::FOREVER);
    live_for(b"d", Span::from_secs(5));
    let lease = win(&store, b"d");
    assert!(store.maintain(at(14)).is_some());
    assert_eq!(number(&store, b"a"), Some(10));
    store.maintain(at(15));
    assert_eq!(number(&store, b"a"), None);
    assert_eq!(number(&store, b"b"), Some(10));
    assert_eq!(number(&store, b"d"), None);
    store.maintain(at(1_000_000_000));
    assert_eq!(number(&store, b"b"), None);
    assert_eq!(number(&store, b"c"), Some(10));
    // Whoever creates the next value has the lease still.
    let stored = store.sled.commit(b"d", &lease, entry(11), LONG);
    assert_eq!(stored.wait().unwrap(), Commit::Stored);
}

#[test]
fn many_leave_in_many_calls() {
    let store = Temporary::new();
    for number in 0..2_500_u64 {
        set(&store, &number.to_be_bytes(), 10);
    }
    let left = |store: &Temporary| {
        let keys = (0..2_500_u64).map(u64::to_be_bytes);
        keys.filter(|key| number(store, key).is_some()).count()
    };
    let late = at(10_000);
    let wish = store.maintain(late).unwrap();
    assert_eq!(left(&store), 1_500);
    assert!(wish >= Span::from_millis(100));
    store.maintain(late);
    store.maintain(late);
    assert_eq!(left(&store), 0);
}

#[test]
fn void_claims_leave_too() {
    let store = Temporary::new();
    win(&store, b"key");
    let folder = store.reopened().closed();
    let store = Temporary {
        sled: dogpile_sled::Sled::open(folder.path()).unwrap(),
        folder,
    };
    store.maintain(at(0));
    let folder = store.closed();
    let db = loop {
        match sled::open(folder.path()) {
            Ok(db) => break db,
            Err(error) => assert!(error.to_string().contains("lock"), "{error}"),
        }
    };
    assert!(db.open_tree("entries:dogpile").unwrap().is_empty());
}
