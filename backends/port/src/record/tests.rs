use super::*;
use proptest::prelude::*;

fn read(record: &str) -> Result<Metadata, Unreadable> {
    decode(record.as_bytes()).map(|entry| entry.metadata)
}

fn created(ct: &str) -> Result<u64, Unreadable> {
    read(&format!("{{\"ct\": {ct}, \"v\": 2}}|")).map(|metadata| metadata.created.as_nanos())
}

#[test]
fn python_s_own_record_is_read() {
    let entry = decode(br#"{"ct": 1795316595.841604, "v": 2}|{"a": "b|c"}"#).expect("readable");
    assert_eq!(entry.metadata.created.as_nanos(), 1_795_316_595_841_604_000);
    assert_eq!(entry.metadata.epoch, Epoch::UNKNOWN);
    assert_eq!(entry.metadata.stamp, Stamp::NONE);
    let payload = Payload {
        schema: 0,
        bytes: br#"{"a": "b|c"}"#.to_vec(),
    };
    assert_eq!(entry.value, payload, "split at the first bar only");
}

#[test]
fn every_form_of_a_number_is_a_creation_time() {
    for (form, nanos) in [
        ("0", 0),
        ("-0.0", 0),
        ("5", 5_000_000_000),
        ("5.25", 5_250_000_000),
        ("1.5e3", 1_500_000_000_000),
        ("1.5E+3", 1_500_000_000_000),
        ("15000e-1", 1_500_000_000_000),
        ("0.0000000019", 1),
        ("1e-400", 0),
        ("-17.5", 0),
        ("-Infinity", 0),
        ("1e400", u64::MAX),
        ("Infinity", u64::MAX),
        ("1e99999999999999999999", u64::MAX),
        ("0e99999999999999999999", 0),
        ("18446744073.709551615", u64::MAX),
        ("18446744073.709551616", u64::MAX),
        (
            "100000000000000000000000000000000000000000000e-35",
            1_000_000_000_000_000_000,
        ),
        (
            "1795316595.84160390000000000000000000000000000000000001",
            1_795_316_595_841_603_900,
        ),
    ] {
        assert_eq!(created(form), Ok(nanos), "{form}");
    }
    for form in [
        "NaN", "\"5\"", "null", "true", "[5]", "5.", ".5", "05", "+5", "5e", "--5", "",
    ] {
        assert!(
            matches!(created(form), Err(Unreadable::Header { .. })),
            "{form}"
        );
    }
}

#[test]
fn unknown_keys_and_any_order_and_space_are_tolerated() {
    let header = "\t{ \"x\" : [ 1 , {\"ct\": 9} , \"\\\"]\" ] ,\r\n\"v\":2, \"y\":null,\"é\\u0031\": {},\
                  \"ep\" : 3,\"z\":-1.5e3,\"ct\":4,\"w\":[],\"u\":true} |rest";
    let metadata = read(header).expect("readable");
    assert_eq!(metadata.epoch, Epoch::new(3));
    assert_eq!(metadata.created.as_nanos(), 4_000_000_000);
}

#[test]
fn what_comes_last_counts_as_in_python() {
    assert_eq!(
        read(r#"{"v": 2, "ct": 1, "ct": 2}|"#)
            .expect("readable")
            .created
            .as_nanos(),
        2_000_000_000
    );
}

#[test]
fn law_9_what_is_no_record_is_a_typed_error() {
    let missing = |key| Err(Unreadable::Missing { key });
    assert_eq!(read(r#"{"v": 2}|"#), missing("ct"));
    assert_eq!(read(r#"{"ct": 2}|"#), missing("v"));
    assert_eq!(read("{}|"), missing("v"));
    assert_eq!(
        read(r#"{"ct": 2, "v": 1}|"#),
        Err(Unreadable::Format { found: 1 })
    );
    assert_eq!(read(""), Err(Unreadable::NoBar));
    assert_eq!(read(r#"{"ct": 2, "v": 2}"#), Err(Unreadable::NoBar));
    for broken in [
        "|",
        "x|",
        "{|",
        "[]|",
        "{\"ct\"|",
        "{\"ct\": 1 \"v\": 2}|",
        "{\"ct\": 1, \"v\": 2,}|",
        "{\"ct\": 1, \"v\": 2} x|",
        "{\"ct\": 1, \"v\": 2}}|",
        "{ct: 1, \"v\": 2}|",
        "{\"ct\": 1, \"v\": 2.5}|",
        "{\"ct\": 1, \"v\": -2}|",
        "{\"ct\": 1, \"v\": 2, \"st\": 5}|",
        "{\"ct\": 1, \"v\": 2, \"st\": \"5\"}|",
        "{\"ct\": 1, \"v\": 2, \"st\": \"+0000000000000000000000000000005\"}|",
        "{\"ct\": 1, \"v\": 2, \"ep\": -1}|",
        "{\"ct\": 1, \"v\": 2, \"ep\": 18446744073709551616}|",
        "{\"ct\": 1, \"v\": 2, \"sc\": 4294967296}|",
        "{\"ct\": 1, \"v\": 2, \"x\": tru}|",
        "{\"ct\": 1, \"v\": 2, \"x\": \"\n\"}|",
        "{\"ct\": 1, \"v\": 2, \"x\": [1, ]}|",
    ] {
        assert!(
            matches!(read(broken), Err(Unreadable::Header { .. })),
            "{broken}: {:?}",
            read(broken)
        );
    }
    assert!(
        decode(b"{\"\xff\": 1, \"ct\": 1, \"v\": 2}|").is_err(),
        "no UTF-8"
    );
    assert!(decode(b"\x80\x04\x95pickle|").is_err());
}

#[test]
fn no_nesting_is_too_deep_to_end() {
    let deep = format!("{{\"x\": {}|", "[".repeat(1_000_000));
    assert!(matches!(read(&deep), Err(Unreadable::Header { .. })));
}

#[test]
fn an_integral_format_may_be_written_as_a_float() {
    assert!(
        read(r#"{"ct": 1, "v": 2.0}|"#).is_ok(),
        "Python finds 2.0 equal to 2"
    );
}

prop_compose! {
    fn any_entry()(
        schema: u32,
        bytes: Vec<u8>,
        stamp in prop_oneof![Just(0), any::<u128>()],
        epoch in prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
        created in prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
    ) -> CachedValue<Payload> {
        CachedValue {
            value: Payload { schema, bytes },
            metadata: Metadata {
                stamp: Stamp::new(stamp),
                epoch: Epoch::new(epoch),
                created: Time::from_nanos(created),
                terms: Terms::NONE,
            },
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_exactly(entry in any_entry()) {
        prop_assert_eq!(decode_owned(encode(&entry)), Ok(entry.clone()));
        prop_assert_eq!(decode(&encode(&entry)), Ok(entry));
    }

    #[test]
    fn what_was_written_is_json_and_a_float_to_others(entry in any_entry()) {
        let record = encode(&entry);
        let bar = record.iter().position(|byte| *byte == b'|').expect("a bar");
        let header: serde_json::Value = serde_json::from_slice(&record[..bar]).expect("JSON");
        #[allow(clippy::cast_precision_loss)]
        let seconds = entry.metadata.created.as_nanos() as f64 / 1e9;
        prop_assert!((header["ct"].as_f64().expect("a float") - seconds).abs() <= seconds * 1e-15);
        prop_assert_eq!(header["v"].as_u64(), Some(2));
    }

    #[test]
    fn any_float_of_python_s_is_read(seconds in 0.0..18_446_744_073.0_f64) {
        let nanos = created(&seconds.to_string()).expect("readable");
        #[allow(clippy::cast_precision_loss)]
        let read = nanos as f64 / 1e9;
        prop_assert!((read - seconds).abs() <= 1e-9 + seconds * 1e-15, "{} for {}", read, seconds);
    }

    #[test]
    fn any_header_that_is_json_is_read(
        extra in prop::collection::hash_map("[^|\u{0}-\u{1f}]{0,8}", any_json(), 0..4),
        seconds in 0..10_000_u32,
    ) {
        let mut header = serde_json::Map::new();
        header.extend(extra.into_iter().filter(|(key, _)| !["st", "ep", "sc"].contains(&key.as_str())));
        header.insert("ct".into(), seconds.into());
        header.insert("v".into(), 2.into());
        let header = serde_json::Value::Object(header).to_string();
        prop_assume!(!header.contains('|'));
        let entry = decode(format!("{header}|x").as_bytes());
        prop_assert_eq!(entry.expect("readable").metadata.created, Time::ZERO.after(crate::Span::from_secs(seconds.into())));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        prop_assert_eq!(decode(&bytes), decode_owned(bytes));
    }

    #[test]
    fn no_damage_makes_it_panic_and_none_changes_the_rules(
        entry in any_entry(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut record = encode(&entry);
        for (at, byte) in damage {
            let at = at.index(record.len());
            record[at] = byte;
        }
        if let Ok(read) = decode(&record) {
            prop_assert_eq!(decode(&encode(&read)), Ok(read));
        }
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,10}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::hash_map("[a-z]{0,3}", inner, 0..3)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}
