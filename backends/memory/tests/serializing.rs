//! What one caller does to its value, another does not see.
#![allow(missing_docs)]

mod common;

use std::sync::{Arc, Mutex};

use common::{TTL, at, made};
use dogpile_backend::{Codec, CodecError, LeaseStore, Local, Payload, Store};
use dogpile_memory::{Eviction, Memory, Null, SerializingMemory};

/// A value that can be changed by whoever has it.
type Shared = Arc<Mutex<String>>;

struct Letters;

impl Codec<Shared> for Letters {
    fn encode(&self, value: &Shared) -> Result<Vec<u8>, CodecError> {
        Ok(text(value).into_bytes())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Shared, CodecError> {
        let text = String::from_utf8(bytes.to_vec());
        let text = text.map_err(|why| CodecError::Decode(why.into()))?;
        Ok(Arc::new(Mutex::new(text)))
    }
}

fn shared(text: &str) -> Shared {
    Arc::new(Mutex::new(text.into()))
}

fn text(value: &Shared) -> String {
    value.lock().expect("nobody panics in here").clone()
}

fn change(value: &Shared) {
    value.lock().expect("nobody panics in here").push('!');
}

fn found<V>(store: &impl Store<V>, key: &[u8]) -> Option<V> {
    let cached = store.get(key).wait().expect("memory does not fail");
    cached.map(|cached| cached.value)
}

fn put<V>(store: &impl Store<V>, key: &[u8], value: V) {
    let reply = store.set(key, made(value, 0), TTL);
    reply.wait().expect("memory does not fail");
}

#[test]
fn every_caller_of_a_serializing_store_has_a_copy() {
    let (sharing, copying) = (
        Memory::unbounded(),
        Memory::unbounded().serializing(Letters),
    );
    let given = shared("as stored");
    put(&sharing, b"k", Arc::clone(&given));
    put(&copying, b"k", Arc::clone(&given));
    change(&given);
    change(&found(&copying, b"k").expect("it was set"));
    assert_eq!(
        found(&copying, b"k").as_ref().map(text).as_deref(),
        Some("as stored")
    );
    assert_eq!(
        found(&sharing, b"k").as_ref().map(text).as_deref(),
        Some("as stored!")
    );
}

#[test]
fn bytes_are_bounded_expire_and_are_looked_at_in_place() {
    let weigh =
        |_: &[u8], payload: &Payload| u32::try_from(payload.bytes.len()).unwrap_or(u32::MAX);
    let told = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&told);
    let memory = Memory::weighted(10, weigh).on_eviction(move |key, _, why| {
        ear.lock()
            .expect("nobody panics in here")
            .push((key.to_vec(), why));
    });
    let store: SerializingMemory<Letters> = memory.serializing(Letters);
    put(&store, b"a", shared("12345"));
    put(&store, b"b", shared("123456"));
    assert!(found(&store, b"a").is_none());
    let mut seen = None;
    let look =
        Store::<Shared>::look_local(&store, b"b", &mut |cached| seen = Some(text(cached.value)));
    assert_eq!((look, seen.as_deref()), (Local::Lent, Some("123456")));
    Store::<Shared>::maintain(&store, at(1_000));
    assert!(found(&store, b"b").is_none());
    let left = [
        (b"a".to_vec(), Eviction::Capacity),
        (b"b".to_vec(), Eviction::Expired),
    ];
    assert_eq!(*told.lock().expect("nobody panics in here"), left);
}

#[test]
fn the_null_store_keeps_nothing_and_refuses_nothing() {
    let store = Null::new();
    let ask = || dogpile_backend::Ask {
        fresh: &|_| true,
        held: None,
        stale: None,
        supersede: false,
        time: TTL,
    };
    let leases = [0, 1].map(|_| {
        let reply = LeaseStore::<u32>::lease(&store, b"k", ask());
        common::won(reply.wait().expect("null does not fail")).expect("it is always won")
    });
    assert_ne!(leases[0], leases[1], "stamps never repeat");
    for lease in &leases {
        let commit = store.commit(b"k", lease, made(1_u32, 0), TTL);
        assert_eq!(
            commit.wait().expect("null does not fail"),
            dogpile_backend::Commit::Stored
        );
    }
    put(&store, b"k", 2_u32);
    assert_eq!(found::<u32>(&store, b"k"), None);
    assert_eq!(
        Store::<u32>::look_local(&store, b"k", &mut |_| ()),
        Local::Absent
    );
    assert!(!LeaseStore::<u32>::expires(&store));
}
