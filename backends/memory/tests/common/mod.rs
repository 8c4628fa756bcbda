//! What the tests of this crate say in one word.
#![allow(dead_code, missing_docs)] // each test binary uses its own part

use dogpile_backend::{
    Ask, CachedValue, Commit, Epoch, Lease, LeaseStore, Leased, Metadata, Span, Stamp, Store,
    Terms, Time,
};
use dogpile_memory::Memory;

pub(crate) const TTL: Span = Span::from_secs(10);

/// A value that was created `secs` seconds after the origin.
pub(crate) fn made<V>(value: V, secs: u64) -> CachedValue<V> {
    CachedValue {
        value,
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: at(secs),
            terms: Terms::NONE,
        },
    }
}

pub(crate) fn at(secs: u64) -> Time {
    Time::ZERO.after(Span::from_secs(secs))
}

pub(crate) fn put<V: Clone + Send + Sync + 'static>(memory: &Memory<V>, key: &[u8], value: V) {
    memory.set(key, made(value, 0), TTL);
}

pub(crate) fn get<V: Clone + Send + Sync + 'static>(memory: &Memory<V>, key: &[u8]) -> Option<V> {
    memory.lend(key, |cached| cached.value.clone())
}

/// How a caller asks for a lease: plainly, and never content with what is there.
pub(crate) struct Asks {
    pub(crate) fresh: bool,
    pub(crate) held: Option<Lease>,
    pub(crate) supersede: bool,
}

pub(crate) const STALE: Asks = Asks {
    fresh: false,
    held: None,
    supersede: false,
};

pub(crate) fn ask<V: Clone + Send + Sync + 'static>(
    memory: &Memory<V>,
    key: &[u8],
    asks: Asks,
) -> Leased<V> {
    let ask = Ask {
        fresh: &|_| asks.fresh,
        held: asks.held,
        stale: None,
        supersede: asks.supersede,
        time: TTL,
    };
    memory.lease(key, ask).wait().expect("memory does not fail")
}

/// The lease on `key`, which must be free.
pub(crate) fn lease<V: Clone + Send + Sync + 'static>(memory: &Memory<V>, key: &[u8]) -> Lease {
    won(ask(memory, key, STALE)).expect("the lease was free")
}

pub(crate) fn won<V>(leased: Leased<V>) -> Option<Lease> {
    match leased {
        Leased::Won { lease, .. } => Some(lease),
        Leased::Fresh(_) | Leased::Shut { .. } | Leased::Lost { .. } => None,
    }
}

pub(crate) fn commit<V: Clone + Send + Sync + 'static>(
    memory: &Memory<V>,
    key: &[u8],
    lease: &Lease,
    value: V,
) -> Commit {
    let reply = memory.commit(key, lease, made(value, 0), TTL);
    reply.wait().expect("memory does not fail")
}

pub(crate) fn release<V: Clone + Send + Sync + 'static>(
    memory: &Memory<V>,
    key: &[u8],
    lease: &Lease,
) -> Commit {
    let reply = memory.release(key, lease, false);
    reply.wait().expect("memory does not fail")
}

pub(crate) fn maintain<V: Clone + Send + Sync + 'static>(
    memory: &Memory<V>,
    secs: u64,
) -> Option<Span> {
    memory.maintain(at(secs))
}
