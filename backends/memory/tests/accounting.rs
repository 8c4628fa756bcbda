//! Whatever happens to a bounded store, its bound holds, its weights add up, and every value is
//! accounted for: it is there, or was replaced or deleted, or was told to have left. Once.
#![allow(missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use common::{Asks, STALE, ask, at, made, won};
use dogpile_backend::{Commit, Lease, LeaseStore, Span, Store};
use dogpile_memory::{Eviction, Memory};
use proptest::prelude::*;

/// Every stored value is another one.
type Value = u64;

#[derive(Clone, Copy, Debug)]
enum Step {
    Set(u8),
    Delete(u8),
    Get(u8),
    Lease(u8, bool),
    Commit(u8),
    Release(u8),
    Pass(u64),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0_u8..12;
    prop_oneof![
        8 => key.clone().prop_map(Step::Set),
        2 => key.clone().prop_map(Step::Delete),
        8 => key.clone().prop_map(Step::Get),
        4 => (key.clone(), any::<bool>()).prop_map(|(key, supersede)| Step::Lease(key, supersede)),
        4 => key.clone().prop_map(Step::Commit),
        2 => key.prop_map(Step::Release),
        2 => (0_u64..8).prop_map(Step::Pass),
        1 => Just(Step::Clear),
    ]
}

fn weight(value: Value) -> u32 {
    u32::try_from(value % 7 + 1).expect("small")
}

fn ttl(value: Value) -> Span {
    Span::from_secs(value % 5 * 4)
}

type Told = Arc<Mutex<Vec<(Vec<u8>, Value, Eviction)>>>;

/// What must be true of a store, kept beside it.
struct Books {
    memory: Memory<Value>,
    told: Told,
    now: u64,
    last: Value,
    there: BTreeMap<u8, (Value, u64)>,
    leases: BTreeMap<u8, Lease>,
    gone: BTreeSet<Value>,
}

impl Books {
    fn open(capacity: u64) -> Self {
        let told = Told::default();
        let ear = Arc::clone(&told);
        let memory = Memory::weighted(capacity, |_, value| weight(*value));
        let memory = memory.on_eviction(move |key, value, why| {
            let mut told = ear.lock().expect("no test panics in here");
            told.push((key.to_vec(), *value, why));
        });
        Self {
            memory,
            told,
            now: 0,
            last: 0,
            there: BTreeMap::new(),
            leases: BTreeMap::new(),
            gone: BTreeSet::new(),
        }
    }

    fn next(&mut self) -> Value {
        self.last += 1;
        self.last
    }

    fn took(&mut self, key: u8, value: Value) {
        self.leases.remove(&key);
        if let Some((before, _)) = self.there.insert(key, (value, self.now)) {
            self.gone.insert(before);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Set(key) => {
                let value = self.next();
                self.memory.set(&[key], made(value, self.now), ttl(value));
                self.took(key, value);
            }
            Step::Delete(key) => {
                self.memory.delete(&[key]);
                self.leases.remove(&key);
                if let Some((before, _)) = self.there.remove(&key) {
                    self.gone.insert(before);
                }
            }
            Step::Get(key) => {
                let found = self.memory.lend(&[key], |cached| *cached.value);
                assert_eq!(found, self.there.get(&key).map(|(value, _)| *value));
            }
            Step::Lease(key, supersede) => {
                let asks = Asks { supersede, ..STALE };
                let lease = won(ask(&self.memory, &[key], asks));
                let free = supersede || !self.leases.contains_key(&key);
                assert_eq!(lease.is_some(), free, "one holder at a time");
                self.leases.extend(lease.map(|lease| (key, lease)));
            }
            Step::Commit(key) => {
                let Some(lease) = self.leases.get(&key).cloned() else {
                    return;
                };
                let value = self.next();
                let (key_bytes, entry) = ([key], made(value, self.now));
                let reply = self.memory.commit(&key_bytes, &lease, entry, ttl(value));
                assert_eq!(reply.wait().expect("memory does not fail"), Commit::Stored);
                self.took(key, value);
            }
            Step::Release(key) => {
                let Some(lease) = self.leases.remove(&key) else {
                    return;
                };
                assert_eq!(
                    common::release(&self.memory, &[key], &lease),
                    Commit::Stored
                );
            }
            Step::Pass(secs) => {
                self.now += secs;
                self.memory.maintain(at(self.now));
            }
            Step::Clear => {
                self.memory.clear();
                self.leases.clear();
                let there = std::mem::take(&mut self.there);
                self.gone
                    .extend(there.into_values().map(|(value, _)| value));
            }
        }
    }

    /// Compares the books with the store.
    fn check(&mut self, capacity: u64) {
        for (key, value, why) in self.told.lock().expect("no test panics in here").drain(..) {
            let (found, created) = self
                .there
                .remove(&key[0])
                .expect("only what was there leaves");
            assert_eq!(found, value);
            let over = at(created).after(ttl(value)) <= at(self.now);
            assert!(why == Eviction::Capacity || over, "{value} left early");
            assert!(self.gone.insert(value), "{value} was told twice");
        }
        let weights: u64 = self
            .there
            .values()
            .map(|(value, _)| u64::from(weight(*value)))
            .sum();
        assert_eq!(self.memory.weight(), weights);
        assert!(weights <= capacity);
        assert_eq!(self.memory.len(), self.there.len());
        for (key, (value, _)) in &self.there {
            assert_eq!(
                self.memory.lend(&[*key], |cached| *cached.value),
                Some(*value)
            );
        }
        assert_eq!(
            self.there.len() + self.gone.len(),
            usize::try_from(self.last).expect("small")
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_accounted_for(
        capacity in 0_u64..30,
        steps in proptest::collection::vec(step(), 0..200),
    ) {
        let mut books = Books::open(capacity);
        for step in steps {
            books.step(step);
            books.check(capacity);
        }
    }
}
