//! Writers and readers at the same time: every round starts behind a barrier, and must end well
//! however it goes.
#![allow(missing_docs)]

mod common;

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use common::{Asks, STALE, ask, at, commit, get, lease, made, put, release, won};
use dogpile_backend::{Commit, Span, Store};
use dogpile_memory::Memory;

const KEY: &[u8] = b"key";
const ROUNDS: u32 = 500;

/// Runs two pieces of work at the same time.
fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            start.wait();
            one()
        });
        start.wait();
        let other = other();
        (one.join().expect("no work panics"), other)
    })
}

#[test]
fn law_1_one_of_many_is_given_the_lease() {
    let memory = Memory::unbounded();
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            put(&memory, KEY, round);
        } else {
            memory.delete(KEY);
        }
        let start = Barrier::new(4);
        let winners = thread::scope(|scope| {
            let callers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        won(ask(&memory, KEY, STALE))
                    })
                })
                .collect();
            let answers = callers
                .into_iter()
                .map(|caller| caller.join().expect("no caller panics"));
            answers.flatten().collect::<Vec<_>>()
        });
        assert_eq!(winners.len(), 1);
        assert_eq!(commit(&memory, KEY, &winners[0], round), Commit::Stored);
    }
}

#[test]
fn law_3_a_deleted_value_does_not_come_back() {
    let memory = Memory::unbounded();
    let mut refused = 0;
    for round in 0..ROUNDS {
        let lease = lease(&memory, KEY);
        let (answer, ()) = both(
            || commit(&memory, KEY, &lease, round),
            || memory.delete(KEY),
        );
        refused += u32::from(answer == Commit::Refused);
        assert_eq!(
            get(&memory, KEY),
            None,
            "the deletion began after the creation did"
        );
    }
    assert!(refused <= ROUNDS);
}

#[test]
fn law_3_of_two_holders_the_last_one_stores() {
    let memory = Memory::unbounded();
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            memory.delete(KEY);
        }
        let first = lease(&memory, KEY);
        let before = get(&memory, KEY);
        let (answer, second) = both(
            || commit(&memory, KEY, &first, 2 * round),
            || {
                let supersede = true;
                won(ask(&memory, KEY, Asks { supersede, ..STALE })).expect("it always wins")
            },
        );
        let expected = match answer {
            Commit::Stored => Some(2 * round),
            Commit::Refused => before,
        };
        assert_eq!(get(&memory, KEY), expected);
        assert_eq!(commit(&memory, KEY, &second, 2 * round + 1), Commit::Stored);
        assert_eq!(get(&memory, KEY), Some(2 * round + 1));
        assert_eq!(commit(&memory, KEY, &first, 0), Commit::Refused);
    }
}

#[test]
fn eviction_takes_no_lease_away() {
    let memory = Memory::bounded(2);
    for round in 0..ROUNDS {
        put(&memory, KEY, round);
        let (lease, ()) = both(
            || lease(&memory, KEY),
            || {
                for other in 0..4_u32 {
                    put(&memory, &other.to_be_bytes(), other);
                }
            },
        );
        assert!(memory.len() <= 2);
        if round % 2 == 0 {
            assert_eq!(commit(&memory, KEY, &lease, round), Commit::Stored);
            assert_eq!(get(&memory, KEY), Some(round));
        } else {
            assert_eq!(release(&memory, KEY, &lease), Commit::Stored);
        }
    }
}

#[test]
fn expiry_takes_no_lease_away() {
    let memory = Memory::unbounded();
    for round in 0..ROUNDS {
        put(&memory, KEY, round);
        let (lease, _) = both(|| lease(&memory, KEY), || memory.maintain(at(1_000)));
        assert_eq!(get(&memory, KEY), None);
        assert_eq!(commit(&memory, KEY, &lease, round), Commit::Stored);
        memory.delete(KEY);
    }
}

#[test]
fn expiry_does_not_take_the_value_that_replaced_the_old_one() {
    let memory = Memory::unbounded();
    for round in 0..ROUNDS {
        put(&memory, KEY, round);
        let (_, ()) = both(
            || memory.maintain(at(1_000)),
            || memory.set(KEY, made(round, 999), Span::from_secs(10)),
        );
        assert_eq!(get(&memory, KEY), Some(round));
    }
}

#[test]
fn under_pressure_every_value_is_there_or_told_once() {
    const WRITERS: u32 = 4;
    const EACH: u32 = 2_000;
    const ROOM: usize = 64;
    let told = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&told);
    let memory = Memory::bounded(ROOM).on_eviction(move |_, value: &u32, _| {
        ear.lock().expect("nobody panics in here").push(*value);
    });
    let start = Barrier::new(WRITERS as usize);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (memory, start) = (&memory, &start);
            scope.spawn(move || {
                start.wait();
                for value in writer * EACH..(writer + 1) * EACH {
                    let key = value.to_be_bytes();
                    let lease = lease(memory, &key);
                    assert_eq!(commit(memory, &key, &lease, value), Commit::Stored);
                    for read in value.saturating_sub(20)..value {
                        let found = get(memory, &read.to_be_bytes());
                        assert!(
                            found.is_none_or(|found| found == read),
                            "a torn or foreign value"
                        );
                    }
                    assert!(memory.len() <= ROOM);
                }
            });
        }
    });
    let mut seen = told.lock().expect("nobody panics in here").clone();
    assert_eq!(memory.len(), ROOM);
    seen.extend((0..WRITERS * EACH).filter(|value| get(&memory, &value.to_be_bytes()).is_some()));
    seen.sort_unstable();
    assert_eq!(seen, (0..WRITERS * EACH).collect::<Vec<_>>());
}

#[test]
fn a_lent_value_outlives_its_removal() {
    let memory = Memory::bounded(1);
    put(&memory, KEY, String::from("still here"));
    let read = memory.lend(KEY, |cached| {
        memory.delete(KEY);
        for other in 0..100_u32 {
            put(&memory, &other.to_be_bytes(), other.to_string());
        }
        cached.value.clone()
    });
    assert_eq!(read.as_deref(), Some("still here"));
}
