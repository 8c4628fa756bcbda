//! Values that leave by themselves: for room, for their weight, for their age.
#![allow(missing_docs)]

mod common;

use std::sync::{Arc, Mutex};

use common::{TTL, at, commit, get, lease, made, maintain, put};
use dogpile_backend::{Commit, Span, Time};
use dogpile_memory::{Eviction, Memory};

type Told = Arc<Mutex<Vec<(Vec<u8>, u32, Eviction)>>>;

/// `memory` with a listener that keeps what it is told.
fn told(memory: Memory<u32>) -> (Memory<u32>, Told) {
    let told = Told::default();
    let ear = Arc::clone(&told);
    let memory = memory.on_eviction(move |key, value, why| {
        let mut told = ear.lock().expect("no test panics in here");
        told.push((key.to_vec(), *value, why));
    });
    (memory, told)
}

fn take(told: &Told) -> Vec<(Vec<u8>, u32, Eviction)> {
    std::mem::take(&mut *told.lock().expect("no test panics in here"))
}

/// A store that weighs a value by its number.
fn weighing(capacity: u64) -> Memory<u32> {
    Memory::weighted(capacity, |_, value| *value)
}

#[test]
fn a_bound_in_entries_is_kept_and_who_leaves_is_told() {
    let (memory, told) = told(Memory::bounded(10));
    for value in 0..1_000_u32 {
        put(&memory, &value.to_be_bytes(), value);
        assert!(memory.len() <= 10);
    }
    let left = take(&told);
    assert_eq!((left.len(), memory.len(), memory.weight()), (990, 10, 10));
    for (key, value, why) in left {
        assert_eq!(
            (key, why),
            (value.to_be_bytes().to_vec(), Eviction::Capacity)
        );
        assert_eq!(
            get(&memory, &value.to_be_bytes()),
            None,
            "it was told to have left"
        );
    }
}

#[test]
fn what_is_read_often_outlives_a_scan() {
    let memory = Memory::bounded(100);
    for hot in 0..50_u32 {
        put(&memory, &hot.to_be_bytes(), hot);
    }
    for scanned in 1_000..5_000_u32 {
        let hot = scanned % 50;
        assert_eq!(get(&memory, &hot.to_be_bytes()), Some(hot));
        put(&memory, &scanned.to_be_bytes(), scanned);
    }
}

#[test]
fn what_is_replaced_keeps_the_uses_that_were_counted() {
    let memory = Memory::bounded(10);
    put(&memory, b"used", 1);
    assert_eq!(get(&memory, b"used"), Some(1));
    put(&memory, b"used", 2);
    for other in 0..20_u32 {
        put(&memory, &other.to_be_bytes(), other);
    }
    assert_eq!(get(&memory, b"used"), Some(2));
}

#[test]
fn capacity_zero_stores_nothing_and_still_leases() {
    for (memory, told) in [told(Memory::bounded(0)), told(weighing(0))] {
        put(&memory, b"k", 1);
        assert_eq!(
            (get(&memory, b"k"), memory.len(), memory.weight()),
            (None, 0, 0)
        );
        assert_eq!(take(&told), [(b"k".to_vec(), 1, Eviction::Capacity)]);
        let first = lease(&memory, b"k");
        assert_eq!(commit(&memory, b"k", &first, 2), Commit::Stored);
        assert_eq!(get(&memory, b"k"), None);
        assert_eq!(take(&told), [(b"k".to_vec(), 2, Eviction::Capacity)]);
        let second = lease(&memory, b"k");
        memory.delete(b"k");
        assert_eq!(commit(&memory, b"k", &second, 3), Commit::Refused);
        assert_eq!(take(&told), [], "a refused value never was in the store");
        maintain(&memory, 1_000);
        memory.clear();
    }
}

#[test]
fn weights_are_counted_exactly() {
    let (memory, told) = told(weighing(100));
    put(&memory, b"a", 30);
    put(&memory, b"b", 40);
    assert_eq!(memory.weight(), 70);
    put(&memory, b"b", 10);
    assert_eq!(memory.weight(), 40, "lighter in place");
    put(&memory, b"b", 50);
    assert_eq!(memory.weight(), 80, "heavier while there is room");
    put(&memory, b"z", 0);
    assert_eq!(memory.weight(), 81, "weightless counts as one");
    memory.delete(b"z");
    memory.delete(b"a");
    assert_eq!((memory.weight(), memory.len()), (50, 1));
    assert_eq!(take(&told), [], "nobody left by themselves");
    memory.clear();
    assert_eq!((memory.weight(), memory.len()), (0, 0));
    assert_eq!(take(&told), []);
}

#[test]
fn a_value_that_grows_pushes_out_others_and_not_itself() {
    let (memory, told) = told(weighing(100));
    for (key, weight) in [(b"a", 20), (b"b", 30), (b"c", 50)] {
        put(&memory, key, weight);
    }
    put(&memory, b"a", 60);
    assert_eq!(get(&memory, b"a"), Some(60));
    assert!(memory.weight() <= 100);
    let left = take(&told);
    assert!(!left.is_empty());
    assert!(left.iter().all(|(key, _, _)| key != b"a"), "{left:?}");
}

#[test]
fn a_value_heavier_than_the_store_leaves_at_once() {
    let (memory, told) = told(weighing(100));
    put(&memory, b"a", 20);
    put(&memory, b"b", 20);
    put(&memory, b"a", 101);
    assert_eq!(get(&memory, b"a"), None, "what it replaced is gone as well");
    assert_eq!(get(&memory, b"b"), Some(20), "nobody made room for it");
    assert_eq!(take(&told), [(b"a".to_vec(), 101, Eviction::Capacity)]);
    assert_eq!((memory.weight(), memory.len()), (20, 1));
    let lease = lease(&memory, b"b");
    assert_eq!(commit(&memory, b"b", &lease, 500), Commit::Stored);
    assert_eq!((get(&memory, b"b"), memory.weight()), (None, 0));
    assert_eq!(commit(&memory, b"b", &lease, 5), Commit::Refused);
    put(&memory, b"a", 100);
    assert_eq!(memory.weight(), 100, "exactly as heavy fits");
}

#[test]
fn the_listener_may_use_the_store() {
    let memory = Memory::bounded(1);
    let inner = memory.clone();
    let memory = memory.on_eviction(move |key, value: &u32, _| {
        assert_eq!(get(&inner, key), None);
        if *value > 0 {
            put(&inner, key, value - 1); // pushes the other one out, which tells again
        }
    });
    put(&memory, b"a", 3);
    put(&memory, b"b", 3);
    assert_eq!(memory.len(), 1);
}

#[test]
fn a_panicking_listener_leaves_the_store_whole() {
    let memory = Memory::bounded(1).on_eviction(|_, _: &u32, _| panic!("as the test wants"));
    put(&memory, b"a", 1);
    let writer = memory.clone();
    let panicked = std::thread::spawn(move || put(&writer, b"b", 2)).join();
    assert!(panicked.is_err(), "the writer hears of it");
    assert_eq!((get(&memory, b"a"), get(&memory, b"b")), (None, Some(2)));
    memory.delete(b"b");
    put(&memory, b"c", 3);
    assert_eq!((get(&memory, b"c"), memory.len()), (Some(3), 1));
}

#[test]
fn a_later_listener_replaces_the_first() {
    let (memory, first) = told(Memory::bounded(1));
    put(&memory, b"a", 1);
    let (memory, second) = told(memory);
    put(&memory, b"b", 2);
    assert_eq!((take(&first).len(), take(&second).len()), (0, 1));
}

#[test]
fn values_leave_when_their_time_is_over_and_not_before() {
    for memory in [Memory::unbounded(), Memory::bounded(100)] {
        let (memory, told) = told(memory);
        memory.set(b"short", made(1, 0), Span::from_secs(10));
        memory.set(b"late", made(2, 5), Span::from_secs(10));
        memory.set(b"ever", made(3, 0), Span::FOREVER);
        assert_eq!(maintain(&memory, 9), Some(Span::from_secs(1)));
        assert_eq!((memory.len(), take(&told).len()), (3, 0));
        assert_eq!(maintain(&memory, 10), Some(Span::from_secs(5)));
        assert_eq!(take(&told), [(b"short".to_vec(), 1, Eviction::Expired)]);
        assert_eq!(get(&memory, b"short"), None);
        assert_eq!(maintain(&memory, 10_000), Some(Span::from_secs(60)));
        assert_eq!(take(&told), [(b"late".to_vec(), 2, Eviction::Expired)]);
        assert_eq!((memory.len(), memory.weight()), (1, 1));
        assert_eq!(get(&memory, b"ever"), Some(3));
    }
}

#[test]
fn odd_times_are_defined() {
    let memory = Memory::unbounded();
    memory.set(b"zero", made(1, 5), Span::ZERO);
    let mut end = made(2, 0);
    end.metadata.created = Time::END;
    memory.set(b"end", end, TTL);
    assert_eq!(
        get(&memory, b"zero"),
        Some(1),
        "the store has no clock of its own"
    );
    maintain(&memory, 4);
    assert_eq!(memory.len(), 2, "it was made in the future");
    maintain(&memory, 5);
    assert_eq!(get(&memory, b"zero"), None);
    dogpile_backend::Store::maintain(&memory, Time::END);
    assert_eq!(
        get(&memory, b"end"),
        Some(2),
        "it stays until it is replaced"
    );
    assert!(at(5) < Time::END);
    memory.delete(b"end");
    assert!(memory.is_empty());
}

#[test]
fn any_bytes_are_a_key() {
    let keys: [&[u8]; 5] = [b"", b"\0", b"\0\0", &[0xff; 3], &vec![7; 1 << 20]];
    for memory in [Memory::unbounded(), Memory::bounded(10)] {
        for (value, key) in (0_u32..).zip(keys) {
            put(&memory, key, value);
        }
        for (value, key) in (0_u32..).zip(keys) {
            assert_eq!(get(&memory, key), Some(value));
        }
        assert_eq!(memory.len(), keys.len());
    }
    let one = Memory::bounded(1);
    for key in keys {
        put(&one, key, 1);
        assert_eq!(
            (one.len(), get(&one, key)),
            (1, Some(1)),
            "also the empty key makes room"
        );
    }
}
