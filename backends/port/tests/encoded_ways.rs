//! A store that answers threads in one way and tasks in another keeps both behind a codec.

use dogpile_backend::{
    Ask, CachedValue, Coming, Commit, Encoded, JsonCodec, Lease, LeaseStore, Leased, Payload,
    Reply, Span, Stamp, Store, StoreError, TwoWay, block_on,
};

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
        Reply::ok(None)
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
