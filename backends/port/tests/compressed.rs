//! Values that are compressed: they come back as they were, and what is damaged is a miss.

mod stores;

use std::sync::{Arc, Mutex};

use dogpile_backend::conformance::{Sample, Suite};
use dogpile_backend::{
    Blocking, CachedValue, Codec, CodecError, Compressed, Encoded, Epoch, Guarded, JsonCodec,
    Metadata, Payload, PostcardCodec, Span, Stamp, Store, Terms, Time,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use stores::map::Map;

type Json = Compressed<JsonCodec>;

fn json() -> Json {
    Compressed::new(JsonCodec::new()).from_size(100)
}

fn same_again() -> String {
    "the same again, ".repeat(100)
}

fn why(codec: &Json, bytes: &[u8]) -> String {
    let read: Result<String, CodecError> = codec.decode(bytes);
    read.unwrap_err().to_string()
}

#[test]
fn only_what_becomes_shorter_is_compressed() {
    let text = same_again();
    let packed = json().encode(&text).unwrap();
    assert_eq!(packed[0], 1);
    assert!(packed.len() < text.len() / 10, "{} bytes", packed.len());
    let short = json().encode(&"short".to_owned()).unwrap();
    assert_eq!(short, b"\x00\"short\"");
    let large = json().at_most(1_000).encode(&text).unwrap();
    assert_eq!((large[0], large.len()), (0, text.len() + 3));
    let back: String = json().at_most(1_000).decode(&large).unwrap();
    assert_eq!(back, text, "no larger than it lies there");
    // Nothing in it comes twice.
    let chaos: Vec<u8> = (0..=255).collect();
    let codec = Compressed::new(PostcardCodec::new()).from_size(0);
    assert_eq!(codec.encode(&chaos).unwrap()[0], 0);
}

#[test]
fn law_9_what_says_that_it_is_larger_than_it_can_be_is_refused_before_memory_is_asked_for() {
    let mut packed = json().encode(&same_again()).unwrap();
    let is = packed[1..5].to_vec();
    packed[1..5].copy_from_slice(&u32::MAX.to_le_bytes());
    let most = (packed.len() - 5) * 255;
    let told = why(&json().at_most(usize::MAX), &packed);
    assert!(told.ends_with(&format!("read to {most} at most")), "{told}");
    let told = why(&json().at_most(1_700), &packed);
    assert!(told.ends_with("read to 1700 at most"), "{told}");
    packed[1..5].copy_from_slice(&is);
    assert!(why(&json().at_most(1_000), &packed).ends_with("read to 1000 at most"));
    let read: Result<String, _> = json().decode(&packed);
    assert_eq!(read.unwrap(), same_again());
}

#[test]
fn law_9_what_is_damaged_is_no_value() {
    let packed = json().encode(&same_again()).unwrap();
    for cut in 0..packed.len() {
        why(&json(), &packed[..cut]);
    }
    let mut said = packed.clone();
    said[1] += 1;
    assert!(
        why(&json(), &said).contains("and is of"),
        "one byte too few"
    );
    said[1] -= 2;
    why(&json(), &said);
    for kind in 2..=255 {
        why(&json(), &[&[kind], &packed[1..]].concat());
    }
    assert!(why(&json(), &[&packed[..], b"x"].concat()).contains("no value"));
}

fn entry<V>(value: V) -> CachedValue<V> {
    let metadata = Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::FIRST,
        created: Time::ZERO,
        terms: Terms::NONE,
    };
    CachedValue { value, metadata }
}

fn payload(schema: u32, bytes: Vec<u8>) -> CachedValue<Payload> {
    entry(Payload { schema, bytes })
}

#[test]
fn law_9_a_damaged_entry_is_a_miss_that_is_counted_and_heals() {
    let reported = Arc::new(Mutex::new(0));
    let count = Arc::clone(&reported);
    let store = Encoded::new(Blocking::new(Map::default()), json())
        .report(move |_, _| *count.lock().unwrap() += 1);
    let schema = Codec::<String>::schema(&json());
    let mut damaged = json().encode(&same_again()).unwrap();
    damaged.truncate(20);
    let plain = JsonCodec::new().encode(&same_again()).unwrap();
    // Half of it, and what a program wrote that does not compress.
    for (number, bad) in (1..).zip([payload(schema, damaged), payload(0, plain)]) {
        store
            .store()
            .set(b"key", bad, Span::FOREVER)
            .wait()
            .unwrap();
        let found: Option<CachedValue<String>> = store.get(b"key").wait().unwrap();
        assert_eq!(found, None);
        assert_eq!(
            (store.unreadable(), *reported.lock().unwrap()),
            (number, number)
        );
        let set = store.set(b"key", entry(same_again()), Span::FOREVER);
        set.wait().unwrap();
        let found = store.get(b"key").wait().unwrap();
        assert_eq!(found, Some(entry(same_again())));
    }
}

#[test]
fn plain_and_compressed_values_never_pass_for_each_other() {
    let schema = |codec: &dyn Codec<u64>| codec.schema();
    let plain = [0, 3, u32::MAX].map(|number| JsonCodec::new().with_schema(number));
    let mut all: Vec<_> = plain.iter().map(|codec| schema(codec)).collect();
    all.extend(plain.map(|codec| schema(&Compressed::new(codec))));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 6);
}

#[test]
fn a_store_of_compressed_values_keeps_all_that_it_promises() {
    let codec = Compressed::new(PostcardCodec::new()).from_size(0);
    Suite::<Long>::new(move || {
        let bytes = Guarded::new(Blocking::new(Map::<Payload>::default()));
        Encoded::new(bytes, codec)
    })
    .run()
    .assert();
}

/// A value that is worth it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Long(Vec<u64>);

impl Sample for Long {
    fn sample(number: u64) -> Self {
        Self(vec![number; 50])
    }
}

proptest! {
    #[test]
    fn values_come_back_as_they_were(
        piece: Vec<u8>, times in 0_usize..300, from in 0_usize..300, at_most in 0_usize..100_000,
    ) {
        let value = piece.repeat(times);
        let codec = Compressed::new(PostcardCodec::new()).from_size(from).at_most(at_most);
        let bytes = codec.encode(&value).unwrap();
        let plain = PostcardCodec::new().encode(&value).unwrap();
        prop_assert!(bytes.len() <= plain.len() + 1);
        let back: Vec<u8> = codec.decode(&bytes).unwrap();
        prop_assert_eq!(back, value);
    }

    #[test]
    fn law_9_no_bytes_make_it_panic(
        bytes: Vec<u8>, said in 0_u32..10_000, kind in 0_u8..3,
    ) {
        let codec = Compressed::new(PostcardCodec::new()).at_most(5_000);
        let _ = Codec::<Vec<u8>>::decode(&codec, &bytes);
        let bytes = [&[kind], &said.to_le_bytes()[..], &bytes].concat();
        let _ = Codec::<Vec<u8>>::decode(&codec, &bytes);
    }

    #[test]
    fn law_9_no_changed_byte_makes_it_panic(
        piece: Vec<u8>, times in 1_usize..100, at: prop::sample::Index, other: u8,
    ) {
        let codec = Compressed::new(PostcardCodec::new()).from_size(0);
        let mut bytes = codec.encode(&piece.repeat(times)).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = other;
        let _ = Codec::<Vec<u8>>::decode(&codec, &bytes);
    }
}
