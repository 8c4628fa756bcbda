//! `records.json`: the bytes of byte stores, read and written.

use dogpile_backend::record::{Unreadable, decode, encode};
use dogpile_backend::{CachedValue, Epoch, Metadata, Payload, Span, Stamp, Tags, Terms, Time};
use serde_json::{Value, json};

use crate::file::{File, hex, number};
use crate::freshness::span;

pub(crate) fn file() -> File {
    File::new(
        "records",
        "Records as they are written, and whatever is found in a store as it is read.",
    )
    .with("encoded", entries().iter().map(encoded).collect())
    .with(
        "decoded",
        found().iter().map(|record| decoded(record)).collect(),
    )
}

fn entries() -> Vec<CachedValue<Payload>> {
    let mut entries = Vec::new();
    for stamp in [0, 42, u128::MAX] {
        for epoch in [0, 7, u64::MAX - 1, u64::MAX] {
            for (created, schema, bytes) in [
                (0, 0, &b""[..]),
                (1_795_316_595_841_604_000, 0, b"{\"a\": 1}"),
                (1, 1, b"pay|load"),
                (u64::MAX, u32::MAX, b"\x00\xff|{}"),
            ] {
                entries.push(CachedValue {
                    value: Payload {
                        schema,
                        bytes: bytes.to_vec(),
                    },
                    metadata: Metadata {
                        stamp: Stamp::new(stamp),
                        epoch: Epoch::new(epoch),
                        created: Time::from_nanos(created),
                        terms: Terms::NONE,
                    },
                });
            }
        }
    }
    for (fresh_for, stale_for, tags) in [
        (None, None, 1),
        (Some(0), None, 0),
        (None, Some(u64::MAX), u128::MAX),
        (Some(60_000_000_000), Some(1), 0xffff_0001),
    ] {
        let mut entry = entries[5].clone();
        entry.metadata.terms = Terms {
            fresh_for: fresh_for.map(Span::from_nanos),
            stale_for: stale_for.map(Span::from_nanos),
            tags: Tags::new(tags),
        };
        entries.push(entry);
    }
    entries
}

fn entry(entry: &CachedValue<Payload>) -> Value {
    let CachedValue { value, metadata } = entry;
    json!({
        "created": number(metadata.created.as_nanos()),
        "stamp": number(metadata.stamp.number()),
        "epoch": number(metadata.epoch.number()),
        "own_fresh_for": span(metadata.terms.fresh_for),
        "own_stale_for": span(metadata.terms.stale_for),
        "tags": number(metadata.terms.tags.number()),
        "schema": number(value.schema),
        "payload": hex(&value.bytes),
    })
}

fn encoded(value: &CachedValue<Payload>) -> Value {
    let record = encode(value);
    assert_eq!(
        decode(&record).as_ref(),
        Ok(value),
        "what is written is read the same"
    );
    json!({"entry": entry(value), "record": hex(&record)})
}

fn decoded(record: &[u8]) -> Value {
    let text = str::from_utf8(record).unwrap_or("(no text)");
    let shown: String = text.chars().take(100).collect();
    match decode(record) {
        Ok(value) => json!({"shown": shown, "record": hex(record), "entry": entry(&value)}),
        Err(error) => json!({"shown": shown, "record": hex(record), "unreadable": kind(&error)}),
    }
}

fn kind(error: &Unreadable) -> Value {
    match error {
        Unreadable::NoBar => json!({"why": "NoBar"}),
        // Where and what is for people; a port may word it as it likes.
        Unreadable::Header { .. } => json!({"why": "Header"}),
        Unreadable::Missing { key } => json!({"why": "Missing", "key": key}),
        Unreadable::Format { found } => json!({"why": "Format", "found": number(*found)}),
        other => panic!("what is {other:?} to a port?"),
    }
}

/// Numbers in every form that JSON and Python give them, and in some that they do not.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "5",
    "5.25",
    "1.5e3",
    "1.5E+3",
    "1.5e+03",
    "15000e-1",
    "2.0",
    "0.2e1",
    "20e-1",
    "2.1",
    "0.0000000019",
    "1e-400",
    "1e400",
    "-17.5",
    "-2",
    "Infinity",
    "-Infinity",
    "NaN",
    "1e99999999999999999999",
    "0e99999999999999999999",
    "1e-99999999999999999999",
    "18446744073.709551615",
    "18446744073.709551616",
    "18446744073709551615",
    "18446744073709551616",
    "4294967295",
    "4294967296",
    "100000000000000000000000000000000000000000000e-35",
    "1795316595.841604",
    "1795316595.8416039",
    "1795316595.84160390000000000000000000000000000000000001",
    "1.7953165958416039e+09",
    "\"5\"",
    "null",
    "true",
    "[5]",
    "{}",
    "5.",
    ".5",
    "05",
    "-05",
    "+5",
    "5e",
    "5e+",
    "--5",
    "-",
    "0x5",
    "1_000",
    "5 5",
    "",
];

/// Values of keys that are none of ours: each is gone past, or makes the header unreadable.
const UNKNOWN: &[&str] = &[
    "true",
    "false",
    "null",
    "NaN",
    "Infinity",
    "-Infinity",
    "tru",
    "nul",
    "1",
    "-1.5e3",
    "01",
    "\"\"",
    "\"a b\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u00e9\\uD83D\"",
    "\"\\u12\"",
    "\"\\x\"",
    "\"\n\"",
    "\"\t\"",
    "\"é 火\"",
    "'a'",
    "[]",
    "[ 1 , {\"ct\": 9} , \"\\\"]\" ]",
    "[1, ]",
    "[1 2]",
    "[",
    "{}",
    "{\"v\": 3, \"st\": 5}",
    "{\"a\"}",
    "{\"a\": 1,}",
    "{a: 1}",
    "undefined",
    "1, \"y\": [true, {}], \"é\": -0",
];

/// Headers as a whole.
const HEADERS: &[&str] = &[
    "",
    "|",
    "x|",
    "{|",
    "{}|",
    "[]|",
    "{}",
    "{\"ct\"|",
    "{\"ct\": 2, \"v\": 2}",
    "{\"v\": 2}|",
    "{\"ct\": 2}|",
    "{\"ct\": 1 \"v\": 2}|",
    "{\"ct\": 1, \"v\": 2,}|",
    "{\"ct\": 1, \"v\": 2} x|",
    "{\"ct\": 1, \"v\": 2}}|",
    "{ct: 1, \"v\": 2}|",
    "{\"ct\": 1, \"v\": 1}|",
    "{\"ct\": 1, \"v\": 3}|",
    "{\"v\": 2, \"ct\": 1, \"ct\": 2}|",
    "{\"v\": 1, \"ct\": 1, \"v\": 2}|",
    "{\"\\u0063t\": 9, \"v\": 2}|",
    "{\"CT\": 1, \"v\": 2}|",
    "\t{ \"x\" : [ 1 ] ,\r\n\"v\":2, \"y\":null,\"ep\" : 3,\"z\":-1.5e3,\"ct\":4,\"u\":true} \n|rest",
    "{\"ct\": 1795316595.841604, \"v\": 2}|{\"a\": \"b|c\"}",
    "\u{feff}{\"ct\": 1, \"v\": 2}|",
    "{\"ct\": 1, \"v\": 2}\u{b}|",
    "{\"x\": \"a|b\", \"ct\": 1, \"v\": 2}|",
    "{\"ct\": 1, \"v\": 2, \"st\": \"0000000000000000000000000000002A\"}|",
    "{\"ct\": 1, \"v\": 2, \"st\": \"2a\"}|",
    "{\"ct\": 1, \"v\": 2, \"tg\": \"0000000000000000000000000000002A\"}|",
    "{\"ct\": 1, \"v\": 2, \"tg\": \"2a\"}|",
    "{\"ct\": 1, \"v\": 2, \"tg\": 42}|",
    "{\"ct\": 1, \"v\": 2, \"st\": \"+0000000000000000000000000000005\"}|",
    "{\"ct\": 1, \"v\": 2, \"st\": 5}|",
    "{\"ct\": 1, \"v\": 2, \"st\": null}|",
    "{\"ct\": 1, \"v\": 2, \"st\": \"0000000000000000000000000000002g\"}|",
    "{\"ct\": 1, \"v\": 2, \"st\": \"000000000000000000000000000000002a\"}|",
];

fn found() -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for number in NUMBERS {
        found.push(format!("{{\"ct\": {number}, \"v\": 2}}|").into());
        for key in ["v", "ep", "sc", "ff", "sf"] {
            // The last of a key counts, so the format may come twice.
            found.push(format!("{{\"v\": 2, \"ct\": 1, \"{key}\": {number}}}|").into());
        }
    }
    for value in UNKNOWN {
        found.push(format!("{{\"x\": {value}, \"ct\": 1, \"v\": 2}}|1").into());
    }
    found.extend(HEADERS.iter().map(|header| header.as_bytes().to_vec()));
    for (deep, open, close) in [
        (32, "[", "]"),
        (33, "[", "]"),
        (34, "[", "]"),
        (32, "{\"a\":", "}"),
        (33, "{\"a\":", "}"),
    ] {
        let value = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        found.push(format!("{{\"x\": {value}, \"ct\": 1, \"v\": 2}}|").into());
    }
    found.push(b"{\"\xff\": 1, \"ct\": 1, \"v\": 2}|".to_vec());
    found.push(b"\x80\x04\x95pickle|".to_vec());
    found.push(b"{\"ct\": 1, \"v\": 2}|\xff\x00".to_vec());
    found
}
