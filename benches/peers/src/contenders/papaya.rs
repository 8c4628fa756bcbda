//! The bare lock-free map: the floor under every cache that is built on one. It creates once per caller, so it wakes nobody.

use std::sync::Arc;

use foldhash::fast::RandomState;
use papaya::HashMap;

use crate::bench::coarse_clock;
use crate::contender::{Contender, HitCall, Hoard, Stock, Value};

pub(super) struct Papaya;

/// What a cache has to keep at the very least if its values expire.
struct Entry {
    value: Value,
    expires: u64,
}

impl Contender for Papaya {
    fn name(&self) -> &'static str {
        "papaya"
    }

    fn package(&self) -> &'static str {
        "papaya"
    }

    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        vec![with_expiry(stock), borrowing(stock)]
    }

    fn hoard(&self, _entries: usize) -> Option<Hoard> {
        let map: HashMap<String, u64, RandomState> = HashMap::default();
        Some(Box::new(move |key, value| {
            map.pin().insert(key.to_owned(), value);
        }))
    }
}

fn with_expiry(stock: &Stock) -> HitCall {
    let expires = coarse_clock::now() + coarse_clock::HOUR;
    let map: HashMap<String, Entry, RandomState> = HashMap::default();
    for key in stock.keys() {
        map.pin().insert(
            key.clone(),
            Entry {
                value: Stock::value(),
                expires,
            },
        );
    }
    let stock = stock.clone();
    HitCall::cloning("papaya+ttl", true, move |key| {
        let now = coarse_clock::now();
        match map.pin().get(key) {
            Some(entry) if now < entry.expires => Arc::clone(&entry.value),
            _ => stock.missed(),
        }
    })
}

fn borrowing(stock: &Stock) -> HitCall {
    let map: HashMap<String, Value, RandomState> = HashMap::default();
    for key in stock.keys() {
        map.pin().insert(key.clone(), Stock::value());
    }
    let stock = stock.clone();
    HitCall::borrowing("papaya borrow", false, move |key| {
        match map.pin().get(key) {
            Some(value) => value[0],
            None => stock.missed()[0],
        }
    })
}
