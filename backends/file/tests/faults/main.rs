//! What befalls a store in a folder, on the real thing: processes killed, stopped and forked, disks full,
//! files damaged, folders removed.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod children;
mod clock;
mod damaged;
mod forked;
mod full;
mod killed;
mod late;
mod leftovers;
mod opening;
mod removed;
mod stopped;

use std::time::{Duration, Instant};

use dogpile_backend::{
    Ask, CachedValue, Commit, Epoch, Lease, LeaseStore, Leased, Metadata, Payload, Span, Stamp,
    Store, StoreError, Terms, Time,
};
use dogpile_file::File;

/// A lease that no test waits to the end of.
const LONG: Span = Span::from_secs(3_600);

fn entry(bytes: impl Into<Vec<u8>>) -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: 0,
            bytes: bytes.into(),
        },
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::new(7),
            created: Time::from_nanos(1_700_000_000_000_000_000),
            terms: Terms::NONE,
        },
    }
}

fn set(store: &File, key: &[u8], bytes: impl Into<Vec<u8>>) -> Result<(), StoreError> {
    store.set(key, entry(bytes), Span::FOREVER).wait()
}

fn get(store: &File, key: &[u8]) -> Option<Vec<u8>> {
    let found = store.get(key).wait().unwrap();
    found.map(|entry| entry.value.bytes)
}

fn ask(store: &File, key: &[u8], time: Span) -> Leased<Payload> {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time,
    };
    store.lease(key, ask).wait().unwrap()
}

/// Takes the lease, which must be free.
fn win(store: &File, key: &[u8], time: Span) -> Lease {
    match ask(store, key, time) {
        Leased::Won { lease, .. } => lease,
        other => panic!("the lease is not free: {other:?}"),
    }
}

fn is_out(store: &File, key: &[u8]) -> bool {
    match ask(store, key, LONG) {
        Leased::Lost { .. } | Leased::Shut { .. } => true,
        Leased::Won { lease, .. } => {
            store.release(key, &lease, false).wait().unwrap();
            false
        }
        Leased::Fresh(_) => panic!("nothing is fresh"),
    }
}

fn commit(store: &File, key: &[u8], lease: &Lease, bytes: impl Into<Vec<u8>>) -> Commit {
    store
        .commit(key, lease, entry(bytes), Span::FOREVER)
        .wait()
        .unwrap()
}

/// Waits for what another process or the passing of time brings about. Only a test that fails waits for long.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::yield_now();
    }
}
