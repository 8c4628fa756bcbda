//! Records that were damaged on their way: whatever is read of one, another reader of JSON reads too.
//!
//! That no bytes make the reader panic, and that what was written is read, stands beside it in
//! `backends/port/src/record/tests.rs`; here it is held against a parser that somebody else wrote.

use dogpile_backend::record::{Payload, decode, encode};
use dogpile_backend::{CachedValue, Epoch, Metadata, Span, Stamp, Tags, Terms, Time};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::runner;

#[derive(Clone, Debug)]
enum Damage {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
}

impl Damage {
    fn to(&self, record: &mut Vec<u8>) {
        if record.is_empty() {
            return;
        }
        match self {
            Self::Replace(at, byte) => {
                let at = at.index(record.len());
                record[at] = *byte;
            }
            Self::Insert(at, bytes) => {
                let at = at.index(record.len());
                record.splice(at..at, bytes.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = at.index(record.len());
                let end = (at + count).min(record.len());
                record.drain(at..end);
            }
            Self::Repeat(at, count) => {
                let at = at.index(record.len());
                let end = (at + count).min(record.len());
                let again = record[at..end].to_vec();
                record.splice(at..at, again);
            }
            Self::Cut(at) => record.truncate(at.index(record.len())),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    // What a header is made of hits harder than any byte.
    let byte = prop_oneof![
        prop::sample::select(br#"0123456789abcdef.eE+-{}[]",:| stvcp"#.to_vec()),
        any::<u8>()
    ];
    let pieces = prop::sample::select(vec![
        r#", "v": 2"#,
        r#", "ep": 9"#,
        r#""sc": 4, "#,
        r#", "ct": 17.25"#,
        r#", "ff": 5"#,
        r#", "tg": "00000000000000000000000000000001""#,
        "-",
        "1e3",
        ".0",
        "{}",
        "|",
    ]);
    prop_oneof![
        4 => (at(), byte).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        2 => (at(), pieces).prop_map(|(at, piece)| Damage::Insert(at, piece.into())),
        1 => (at(), 1..6_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        1 => (at(), 1..12_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
        1 => at().prop_map(Damage::Cut),
    ]
}

fn entry() -> impl Strategy<Value = CachedValue<Payload>> {
    let numbers = (any::<u64>(), any::<u128>(), any::<u64>(), any::<u32>());
    let terms =
        any::<(Option<u64>, Option<u64>, Option<u128>)>().prop_map(|(fresh, stale, tags)| Terms {
            fresh_for: fresh.map(Span::from_nanos),
            stale_for: stale.map(Span::from_nanos),
            tags: tags.map_or(Tags::NONE, Tags::new),
        });
    (numbers, terms, prop::collection::vec(any::<u8>(), 0..12)).prop_map(
        |((created, stamp, epoch, schema), terms, bytes)| CachedValue {
            value: Payload { schema, bytes },
            metadata: Metadata {
                stamp: Stamp::new(stamp),
                epoch: Epoch::new(epoch),
                created: Time::from_nanos(created),
                terms,
            },
        },
    )
}

/// Whether a number in the other reader's form is `ours`.
fn is_number(theirs: &Value, ours: u64) -> bool {
    #[allow(clippy::cast_precision_loss)] // what is no integer to them is compared as they read it
    let close = |theirs: f64| (theirs - ours as f64).abs() <= theirs.abs() * 1e-9;
    theirs.as_u64() == Some(ours) || theirs.as_u64().is_none() && theirs.as_f64().is_some_and(close)
}

/// Holds what was read of `record` against the other reader.
fn agree(record: &[u8], read: &CachedValue<Payload>) -> Result<(), TestCaseError> {
    let mut parts = record.splitn(2, |byte| *byte == b'|');
    let header = parts.next().unwrap_or_default();
    prop_assert_eq!(parts.next(), Some(&read.value.bytes[..]));
    let theirs = match serde_json::from_slice::<Value>(header) {
        Ok(theirs) => theirs,
        // They take no infinity, in words or by a large exponent; we do, as Python does.
        Err(_) if header.iter().any(|byte| b"IeE".contains(byte)) => return Ok(()),
        Err(error) => return Err(TestCaseError::fail(format!("they say {error}"))),
    };
    let Metadata {
        stamp,
        epoch,
        created,
        terms,
    } = read.metadata;
    prop_assert!(theirs.get("v").is_some_and(|v| is_number(v, 2)));
    let seconds = theirs.get("ct").and_then(Value::as_f64);
    #[allow(clippy::cast_precision_loss)] // compared within what a float can hold
    let [ours, most] = [created.as_nanos(), u64::MAX].map(|nanos| nanos as f64 / 1e9);
    prop_assert!(
        seconds
            .is_some_and(|seconds| (seconds.clamp(0.0, most) - ours).abs() <= ours * 1e-9 + 1e-8),
        "{seconds:?} against {ours}"
    );
    match theirs.get("st") {
        None => prop_assert_eq!(stamp, Stamp::NONE),
        Some(theirs) => {
            let number = theirs.as_str().map(|text| u128::from_str_radix(text, 16));
            prop_assert_eq!(number, Some(Ok(stamp.number())));
        }
    }
    match theirs.get("ep") {
        None => prop_assert_eq!(epoch, Epoch::UNKNOWN),
        Some(theirs) => prop_assert!(is_number(theirs, epoch.number()), "{theirs}"),
    }
    for (key, ours) in [("ff", terms.fresh_for), ("sf", terms.stale_for)] {
        match theirs.get(key) {
            None => prop_assert_eq!(ours, None),
            Some(theirs) => {
                let ours = ours.map(Span::as_nanos);
                prop_assert!(ours.is_some_and(|ours| is_number(theirs, ours)), "{theirs}");
            }
        }
    }
    match theirs.get("tg") {
        None => prop_assert_eq!(terms.tags, Tags::NONE),
        Some(theirs) => {
            let number = theirs.as_str().map(|text| u128::from_str_radix(text, 16));
            prop_assert_eq!(number, Some(Ok(terms.tags.number())));
        }
    }
    match theirs.get("sc") {
        None => prop_assert_eq!(read.value.schema, 0),
        Some(theirs) => prop_assert!(is_number(theirs, read.value.schema.into()), "{theirs}"),
    }
    Ok(())
}

#[test]
fn what_is_read_of_a_damaged_record_another_reader_reads_too() {
    let all = (entry(), prop::collection::vec(damage(), 0..4));
    let ran = runner(file!(), 20_000).run(&all, |(entry, damages)| {
        let mut record = encode(&entry);
        for damage in &damages {
            damage.to(&mut record);
        }
        match decode(&record) {
            Ok(read) => agree(&record, &read),
            Err(_) => {
                prop_assert!(!damages.is_empty(), "what was written is read");
                Ok(())
            }
        }
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
}
