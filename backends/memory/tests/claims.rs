//! The table of an entry's transitions, cell by cell: absent, value, leased value, claim.
#![allow(missing_docs)]

mod common;

use common::*;
use dogpile_backend::{Commit, Lease, LeaseStore, Leased, Stamp, Store};
use dogpile_memory::Memory;

const KEY: &[u8] = b"key";

/// The entry's four states, each with the lease that is out on it, if one is.
struct States;

impl States {
    fn absent() -> Memory<u32> {
        Memory::unbounded()
    }

    fn value() -> Memory<u32> {
        let memory = Memory::unbounded();
        put(&memory, KEY, 1);
        memory
    }

    fn leased_value() -> (Memory<u32>, Lease) {
        let memory = Self::value();
        let lease = lease(&memory, KEY);
        (memory, lease)
    }

    fn claim() -> (Memory<u32>, Lease) {
        let memory = Self::absent();
        let lease = lease(&memory, KEY);
        (memory, lease)
    }

    /// The states in which a lease is out.
    fn leased() -> [(Memory<u32>, Lease); 2] {
        [Self::leased_value(), Self::claim()]
    }
}

fn is_lost(leased: &Leased<u32>) -> bool {
    matches!(leased, Leased::Lost { .. })
}

#[test]
fn a_reader_sees_values_and_no_claims() {
    assert_eq!(get(&States::absent(), KEY), None);
    assert_eq!(get(&States::value(), KEY), Some(1));
    assert_eq!(get(&States::leased_value().0, KEY), Some(1));
    assert_eq!(get(&States::claim().0, KEY), None);
    assert_eq!(States::claim().0.len(), 0, "a claim is no value");
    assert_eq!(States::leased_value().0.len(), 1);
}

#[test]
fn a_fresh_value_needs_no_lease() {
    let fresh = || Asks {
        fresh: true,
        ..STALE
    };
    for memory in [States::value(), States::leased_value().0] {
        let Leased::Fresh(found) = ask(&memory, KEY, fresh()) else {
            panic!("the value is fresh");
        };
        assert_eq!(found.value, 1);
    }
    assert!(won(ask(&States::absent(), KEY, fresh())).is_some());
    let (memory, lease) = States::leased_value();
    let held = Some(lease.clone());
    let heir = Asks { held, ..fresh() };
    assert!(matches!(ask(&memory, KEY, heir), Leased::Fresh(_)));
    assert_eq!(
        commit(&memory, KEY, &lease, 2),
        Commit::Refused,
        "a holder that is content has given its lease back"
    );
    assert!(won(ask(&memory, KEY, STALE)).is_some());
}

#[test]
fn law_1_a_free_entry_is_leased_to_one() {
    for memory in [States::absent(), States::value()] {
        let _lease = lease(&memory, KEY);
        assert!(is_lost(&ask(&memory, KEY, STALE)));
    }
}

#[test]
fn law_6_a_lease_that_is_taken_over_is_void_for_its_first_holder() {
    for (memory, lease) in States::leased() {
        let held = Some(lease.clone());
        let taken = won(ask(&memory, KEY, Asks { held, ..STALE })).expect("it is there to take");
        assert_eq!(commit(&memory, KEY, &lease, 2), Commit::Refused);
        assert_eq!(release(&memory, KEY, &lease), Commit::Refused);
        let held = Some(Lease {
            stamp: Stamp::new(999),
            foreign: None,
        });
        assert!(is_lost(&ask(&memory, KEY, Asks { held, ..STALE })));
        assert_eq!(commit(&memory, KEY, &taken, 3), Commit::Stored);
    }
}

#[test]
fn law_3_whoever_is_superseded_cannot_commit() {
    for (memory, first) in States::leased() {
        let second = won(ask(
            &memory,
            KEY,
            Asks {
                supersede: true,
                ..STALE
            },
        ))
        .expect("superseding always wins");
        assert_ne!(first, second);
        let before = get(&memory, KEY);
        assert_eq!(commit(&memory, KEY, &first, 2), Commit::Refused);
        assert_eq!(release(&memory, KEY, &first), Commit::Refused);
        assert_eq!(get(&memory, KEY), before);
        assert_eq!(commit(&memory, KEY, &second, 3), Commit::Stored);
        assert_eq!(get(&memory, KEY), Some(3));
    }
}

#[test]
fn law_3_a_commit_stores_under_the_current_lease_only_and_once() {
    for (memory, lease) in States::leased() {
        assert_eq!(commit(&memory, KEY, &lease, 2), Commit::Stored);
        assert_eq!(get(&memory, KEY), Some(2));
        assert_eq!(commit(&memory, KEY, &lease, 3), Commit::Refused);
        assert_eq!(get(&memory, KEY), Some(2));
        assert_eq!(memory.len(), 1);
        assert!(won(ask(&memory, KEY, STALE)).is_some(), "the lease ended");
    }
    let stranger = States::claim().1;
    for memory in [States::absent(), States::value()] {
        let before = get(&memory, KEY);
        assert_eq!(commit(&memory, KEY, &stranger, 2), Commit::Refused);
        assert_eq!(get(&memory, KEY), before);
    }
}

#[test]
fn the_stamp_of_a_value_that_nobody_leased_is_no_lease() {
    let memory = States::value();
    let stamp = memory
        .lend(KEY, |cached| cached.metadata.stamp)
        .expect("it was set");
    let forged = Lease {
        stamp,
        foreign: None,
    };
    assert_eq!(commit(&memory, KEY, &forged, 2), Commit::Refused);
    assert_eq!(release(&memory, KEY, &forged), Commit::Refused);
}

#[test]
fn law_6_a_released_lease_is_free_and_void() {
    for (memory, first) in States::leased() {
        let before = get(&memory, KEY);
        assert_eq!(release(&memory, KEY, &first), Commit::Stored);
        assert_eq!(get(&memory, KEY), before);
        let second = lease(&memory, KEY);
        assert_ne!(first, second, "a stamp must not come back");
        assert_eq!(release(&memory, KEY, &first), Commit::Refused);
        assert_eq!(commit(&memory, KEY, &first, 2), Commit::Refused);
        assert_eq!(commit(&memory, KEY, &second, 3), Commit::Stored);
    }
}

#[test]
fn a_renewal_says_whether_the_lease_is_current() {
    let renew = |memory: &Memory<u32>, lease: &Lease| {
        memory
            .renew(KEY, lease, TTL)
            .wait()
            .expect("memory does not fail")
    };
    for (memory, lease) in States::leased() {
        assert_eq!(renew(&memory, &lease), Commit::Stored);
        Memory::delete(&memory, KEY);
        assert_eq!(renew(&memory, &lease), Commit::Refused);
    }
    assert!(!LeaseStore::expires(&States::absent()));
}

#[test]
fn law_3_set_and_delete_void_the_lease_even_without_a_value() {
    for (memory, lease) in States::leased() {
        put(&memory, KEY, 7);
        assert_eq!(commit(&memory, KEY, &lease, 2), Commit::Refused);
        assert_eq!(get(&memory, KEY), Some(7));
    }
    for (memory, lease) in States::leased() {
        Memory::delete(&memory, KEY);
        assert_eq!(get(&memory, KEY), None);
        assert_eq!(
            commit(&memory, KEY, &lease, 2),
            Commit::Refused,
            "a deleted value must not come back"
        );
        assert_eq!((get(&memory, KEY), memory.len()), (None, 0));
    }
    for (memory, lease) in States::leased() {
        memory.clear();
        assert_eq!(commit(&memory, KEY, &lease, 2), Commit::Refused);
        assert_eq!((get(&memory, KEY), memory.len()), (None, 0));
        put(&memory, KEY, 8);
        assert_eq!(memory.len(), 1, "no claim is counted any more");
    }
    Memory::delete(&States::absent(), KEY);
}

#[test]
fn expiry_takes_the_value_and_leaves_the_lease() {
    let (memory, lease) = States::leased_value();
    maintain(&memory, 11);
    assert_eq!((get(&memory, KEY), memory.len()), (None, 0));
    assert!(is_lost(&ask(&memory, KEY, STALE)), "it is still held");
    assert_eq!(commit(&memory, KEY, &lease, 2), Commit::Stored);
    assert_eq!((get(&memory, KEY), memory.len()), (Some(2), 1));

    let (memory, lease) = States::claim();
    maintain(&memory, 1_000_000);
    assert_eq!(
        commit(&memory, KEY, &lease, 2),
        Commit::Stored,
        "a claim does not grow old"
    );
}

#[test]
fn eviction_takes_the_value_and_leaves_the_lease() {
    let memory = Memory::bounded(1);
    put(&memory, KEY, 1);
    let leased = lease(&memory, KEY);
    put(&memory, b"other", 2);
    assert_eq!((get(&memory, KEY), memory.len()), (None, 1));
    assert!(is_lost(&ask(&memory, KEY, STALE)));
    assert_eq!(commit(&memory, KEY, &leased, 3), Commit::Stored);
    assert_eq!((get(&memory, KEY), memory.len()), (Some(3), 1));
    assert_eq!(get(&memory, b"other"), None);
}

#[test]
fn a_bounded_store_can_hold_more_claims_than_values() {
    let memory = Memory::bounded(2);
    let keys: Vec<[u8; 1]> = (0..100).map(|key| [key]).collect();
    let leases: Vec<Lease> = keys.iter().map(|key| lease(&memory, key)).collect();
    assert_eq!((memory.len(), memory.weight()), (0, 0));
    for (key, lease) in keys.iter().zip(&leases) {
        assert_eq!(commit(&memory, key, lease, 1), Commit::Stored);
        assert!(memory.len() <= 2);
    }
    assert_eq!(memory.len(), 2);
}

#[test]
fn the_store_says_what_it_is() {
    let memory: Memory<u32> = Memory::unbounded();
    let store: &dyn Store<u32> = &memory;
    assert_eq!(store.name(), "memory");
    assert!(!store.blocks());
    assert_eq!(store.time_line(), dogpile_backend::TimeLine::Process);
    assert!(store.leases().is_some());
}
