//! Who waits for another region's creator is woken.
#![allow(missing_docs)]

mod common;

use std::sync::{Arc, Mutex, PoisonError};

use common::{Asks, STALE, ask, commit, get, lease, made, maintain, put, release, won};
use dogpile_backend::{LeaseStore, Span, Watch};
use dogpile_memory::Memory;

/// A number that a bell changes.
type Number = Mutex<u32>;

fn put_in(number: &Number, value: u32) -> u32 {
    let mut number = number.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut number, value)
}

struct Rung(Arc<Number>);

impl Rung {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn on(&self, memory: &Memory<u32>, key: &[u8]) -> Watch {
        let count = Arc::clone(&self.0);
        let ring = move |_| {
            *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        };
        memory.watch(key, Box::new(ring)).expect("memory notifies")
    }

    fn since(&self) -> u32 {
        put_in(&self.0, 0)
    }
}

#[test]
fn law_7_every_change_of_the_key_rings_and_no_other_does() {
    let memory = Memory::unbounded();
    let rung = Rung::new();
    let watch = rung.on(&memory, b"k");
    let first = lease(&memory, b"k");
    rung.since();
    assert!(won(ask(&memory, b"k", STALE)).is_none());
    assert_eq!(rung.since(), 0, "a lost lease is no news");
    put(&memory, b"other", 1);
    assert_eq!(rung.since(), 0, "another key");
    commit(&memory, b"k", &first, 1);
    assert_eq!(rung.since(), 1, "committed");
    commit(&memory, b"k", &first, 1);
    assert_eq!(rung.since(), 0, "refused");
    let second = lease(&memory, b"k");
    rung.since();
    release(&memory, b"k", &second);
    assert_eq!(rung.since(), 1, "released");
    let _third = lease(&memory, b"k");
    rung.since();
    let supersede = true;
    ask(&memory, b"k", Asks { supersede, ..STALE });
    assert_eq!(rung.since(), 1, "taken over");
    put(&memory, b"k", 2);
    assert_eq!(rung.since(), 1, "set");
    memory.delete(b"k");
    assert_eq!(rung.since(), 1, "deleted");
    memory.clear();
    assert_eq!(rung.since(), 1, "cleared");
    memory.set(b"k", made(3, 0), Span::from_secs(1));
    rung.since();
    maintain(&memory, 5);
    assert_eq!(rung.since(), 1, "expired");
    drop(watch);
    put(&memory, b"k", 4);
    assert_eq!(rung.since(), 0, "nobody watches any more");
}

#[test]
fn a_bell_rings_after_the_change_and_outside_of_locks() {
    let memory = Memory::bounded(10);
    let seen = Arc::new(Number::default());
    let (inside, seen_inside) = (memory.clone(), Arc::clone(&seen));
    let look = move |_| {
        put_in(&seen_inside, get(&inside, b"k").unwrap_or(0));
        put(&inside, b"from the bell", 1);
    };
    let _watch = memory.watch(b"k", Box::new(look)).expect("memory notifies");
    put(&memory, b"k", 7);
    assert_eq!(put_in(&seen, 0), 7);
    assert_eq!(get(&memory, b"from the bell"), Some(1));
}
