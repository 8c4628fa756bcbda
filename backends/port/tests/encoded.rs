//! Law 9: what cannot be read is a miss that is counted, reported and overwritten.

mod stores;

use dogpile_backend::{
    Ask, Awaiting, Blocking, CachedValue, CodecError, Commit, Encoded, Epoch, Fault, Guarded,
    JsonCodec, Lease, LeaseStore, Leased, Local, Metadata, Offloaded, Operation, Payload, Span,
    Stamp, Store, Terms, Time,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use stores::map::{Map, Slow};

const SCHEMA: u32 = 3;

fn entry<V>(value: V) -> CachedValue<V> {
    CachedValue {
        value,
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::FIRST,
            created: Time::ZERO,
            terms: Terms::NONE,
        },
    }
}

fn payload(schema: u32, bytes: &[u8]) -> CachedValue<Payload> {
    entry(Payload {
        schema,
        bytes: bytes.to_vec(),
    })
}

/// What was reported.
type Log = Arc<Mutex<Vec<(Vec<u8>, String)>>>;

fn encoded<S: Store<Payload>>(store: S) -> (Encoded<S, JsonCodec>, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let store =
        Encoded::new(store, JsonCodec::new().with_schema(SCHEMA)).report(move |key, why| {
            kept.lock()
                .expect("no panic")
                .push((key.to_vec(), why.to_string()));
        });
    (store, log)
}

/// Whatever cannot be read is overwritten by way of a lease, though its metadata say fresh.
fn heals<S: Store<Payload>>(store: S) {
    let (store, log) = encoded(store);
    let bad = [
        payload(SCHEMA, b"{"),
        payload(SCHEMA, b"\"text\""),
        payload(SCHEMA - 1, b"1"),
    ];
    for (number, bad) in (1..).zip(bad) {
        store
            .store()
            .set(b"key", bad, Span::FOREVER)
            .wait()
            .expect("stored");
        let before = store.unreadable();
        let found: Option<CachedValue<u64>> = store.get(b"key").wait().expect("no error");
        assert_eq!(found, None);
        assert_eq!(store.unreadable(), before + 1);
        let leases: &dyn LeaseStore<u64> = store.leases().expect("guarded");
        let ask = Ask {
            fresh: &|_| true,
            held: None,
            stale: None,
            supersede: false,
            time: Span::FOREVER,
        };
        let lease = match leases.lease(b"key", ask).wait().expect("an answer") {
            Leased::Won { lease, seen: None } => lease,
            other => panic!("a fresh value nobody can read was answered with {other:?}"),
        };
        assert!(store.unreadable() > before + 1, "found again");
        let commit = leases.commit(b"key", &lease, entry(number), Span::FOREVER);
        assert_eq!(commit.wait().expect("stored"), Commit::Stored);
        let unreadable = store.unreadable();
        assert_eq!(
            store.get(b"key").wait().expect("readable"),
            Some(entry(number))
        );
        assert_eq!(store.unreadable(), unreadable, "healed");
    }
    let log = log.lock().expect("no panic");
    assert_eq!(log.len() as u64, store.unreadable());
    assert!(log.iter().all(|(key, _)| key == b"key"));
    assert!(log[log.len() - 1].1.contains("schema 2, not 3"), "{log:?}");
}

#[test]
fn law_9_a_blocking_store_heals() {
    heals(Guarded::new(Blocking::new(Map::default())));
}

#[test]
fn law_9_an_async_store_heals() {
    heals(Guarded::new(Awaiting::new(Slow::default())));
}

#[test]
fn law_9_an_offloaded_store_heals() {
    heals(Offloaded::new(Arc::new(Guarded::new(Blocking::new(
        Map::default(),
    )))));
}

#[test]
fn a_fresh_value_is_answered_at_once() {
    let (store, _) = encoded(Guarded::new(Blocking::new(Map::default())));
    store
        .set(b"key", entry(7_u64), Span::FOREVER)
        .wait()
        .expect("stored");
    let leases: &dyn LeaseStore<u64> = store.leases().expect("guarded");
    let ask = Ask {
        fresh: &|_| true,
        held: None,
        stale: None,
        supersede: false,
        time: Span::FOREVER,
    };
    let reply = leases.lease(b"key", ask);
    assert!(reply.is_ready());
    assert_eq!(reply.wait().expect("an answer"), Leased::Fresh(entry(7)));
}

#[test]
fn what_has_no_form_is_a_typed_error_and_nothing_is_lost() {
    let (store, _) = encoded(Guarded::new(Blocking::new(Map::default())));
    // JSON's keys are strings.
    let bad = entry(BTreeMap::from([(vec![1_u8], 1_u64)]));
    let good = entry(BTreeMap::<Vec<u8>, u64>::new());
    store
        .set(b"key", good.clone(), Span::FOREVER)
        .wait()
        .expect("an empty map has a form");
    let error = store
        .set(b"key", bad.clone(), Span::FOREVER)
        .wait()
        .expect_err("no form");
    assert_eq!(
        (error.operation, error.fault),
        (Operation::Encode, Fault::Refused)
    );
    assert!(matches!(
        error.source.downcast_ref(),
        Some(CodecError::Encode(_))
    ));
    let leases: &dyn LeaseStore<BTreeMap<Vec<u8>, u64>> = store.leases().expect("guarded");
    let lease = Lease {
        stamp: Stamp::new(1),
        foreign: None,
    };
    assert!(
        leases
            .commit(b"key", &lease, bad, Span::FOREVER)
            .wait()
            .is_err()
    );
    assert_eq!(store.get(b"key").wait().expect("readable"), Some(good));
}

/// A store of one payload in this process's memory.
struct Near(CachedValue<Payload>);

impl Store<Payload> for Near {
    fn name(&self) -> &'static str {
        "near"
    }

    fn get<'a>(&'a self, _: &'a [u8]) -> dogpile_backend::Reply<'a, Option<CachedValue<Payload>>> {
        dogpile_backend::Reply::ok(Some(self.0.clone()))
    }

    fn set<'a>(
        &'a self,
        _: &'a [u8],
        _: CachedValue<Payload>,
        _: Span,
    ) -> dogpile_backend::Reply<'a, ()> {
        dogpile_backend::Reply::ok(())
    }

    fn delete<'a>(&'a self, _: &'a [u8]) -> dogpile_backend::Reply<'a, ()> {
        dogpile_backend::Reply::ok(())
    }

    fn look_local(&self, _: &[u8], lend: &mut dyn FnMut(CachedValue<&Payload>)) -> Local {
        let CachedValue { value, metadata } = &self.0;
        lend(CachedValue {
            value,
            metadata: *metadata,
        });
        Local::Lent
    }
}

#[test]
fn a_local_look_decodes_or_finds_nothing() {
    for (stored, wanted) in [
        (payload(SCHEMA, b"7"), Some(7_u64)),
        (payload(SCHEMA, b"x"), None),
    ] {
        let (store, _) = encoded(Near(stored));
        let mut lent = None;
        let found = store.look_local(b"key", &mut |entry: CachedValue<&u64>| {
            lent = Some(*entry.value);
        });
        assert_eq!(lent, wanted);
        assert_eq!(found == Local::Lent, wanted.is_some());
        assert_eq!(store.unreadable(), u64::from(wanted.is_none()));
    }
}
