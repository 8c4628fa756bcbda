//! A store that answers threads in one way and tasks in another keeps both behind what wraps it.

use dogpile_backend::{
    Ask, CachedValue, Coming, Commit, Encoded, Epoch, Guarded, JsonCodec, Lease, LeaseStore,
    Leased, Metadata, Offloaded, Payload, Reply, Span, Stamp, Store, StoreError, Terms, Time,
    TwoWay, block_on,
};
use std::sync::Arc;

/// Gives each way's asker a lease of its own.
struct TwoWays;

struct Either;

const OF_THREADS: Stamp = Stamp::new(1);
const OF_TASKS: Stamp = Stamp::new(2);

fn won(stamp: Stamp) -> Leased<Payload> {
    let (foreign, seen) = (None, None);
    let lease = Lease { stamp, foreign };
    Leased::Won { lease, seen }
}

fn entry(stamp: Stamp) -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: 0,
            bytes: b"7".to_vec(),
        },
        metadata: Metadata {
            stamp,
            epoch: Epoch::FIRST,
            created: Time::ZERO,
            terms: Terms::NONE,
        },
    }
}

impl<'a> TwoWay<'a, Leased<Payload>> for Either {
    fn wait(self: Box<Self>) -> Result<Leased<Payload>, StoreError> {
        Ok(won(OF_THREADS))
    }

    fn later(self: Box<Self>) -> Coming<'a, Leased<Payload>> {
        Box::pin(async { Ok(won(OF_TASKS)) })
    }
}

impl Store<Payload> for TwoWays {
    fn name(&self) -> &'static str {
        "two ways"
    }

    fn get<'a>(&'a self, _: &'a [u8]) -> Reply<'a, Option<CachedValue<Payload>>> {
        Reply::ok(Some(entry(OF_TASKS)))
    }

    fn get_blocking(&self, _: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> {
        Ok(Some(entry(OF_THREADS)))
    }

    fn set<'a>(&'a self, _: &'a [u8], _: CachedValue<Payload>, _: Span) -> Reply<'a, ()> {
        Reply::ok(())
    }

    fn delete<'a>(&'a self, _: &'a [u8]) -> Reply<'a, ()> {
        Reply::ok(())
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Payload>> {
        Some(self)
    }
}

impl LeaseStore<Payload> for TwoWays {
    fn lease<'a>(&'a self, _: &'a [u8], _: Ask<'a>) -> Reply<'a, Leased<Payload>> {
        Reply::either(Either)
    }

    fn commit<'a>(
        &'a self,
        _: &'a [u8],
        _: &'a Lease,
        _: CachedValue<Payload>,
        _: Span,
    ) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }

    fn release<'a>(&'a self, _: &'a [u8], _: &'a Lease, _: bool) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }

    fn renew<'a>(&'a self, _: &'a [u8], _: &'a Lease, _: Span) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }
}

#[test]
fn a_thread_asks_for_a_lease_as_a_thread_and_a_task_as_a_task() {
    let store = Encoded::new(TwoWays, JsonCodec::new());
    let leases: &dyn LeaseStore<u64> = &store;
    let ask = || Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: Span::from_secs(1),
    };
    let stamp = |leased: Result<Leased<u64>, StoreError>| match leased.expect("it answers") {
        Leased::Won { lease, .. } => lease.stamp,
        other => panic!("a lease was given, not {other:?}"),
    };
    assert_eq!(stamp(leases.lease(b"key", ask()).wait()), OF_THREADS);
    let later = async { leases.lease(b"key", ask()).await };
    assert_eq!(stamp(block_on(later)), OF_TASKS);
}

#[test]
fn a_thread_looks_as_a_thread_and_a_task_as_a_task() {
    fn check<V: 'static>(store: &dyn Store<V>) {
        let stamp = |found: Result<Option<CachedValue<V>>, StoreError>| {
            let found = found.expect("it answers").expect("it is there");
            found.metadata.stamp
        };
        assert_eq!(stamp(store.get_blocking(b"key")), OF_THREADS);
        assert_eq!(stamp(block_on(store.get(b"key"))), OF_TASKS);
    }
    check(&TwoWays);
    check(&Arc::new(TwoWays));
    check(&Guarded::new(TwoWays));
    let encoded = Encoded::new(Guarded::new(TwoWays), JsonCodec::new());
    check::<u64>(&encoded);
    // Whoever waits there is a thread.
    let offloaded = Offloaded::<Payload>::new(Arc::new(TwoWays));
    let found = block_on(offloaded.get(b"key")).expect("it answers");
    assert_eq!(found, Some(entry(OF_THREADS)));
}
