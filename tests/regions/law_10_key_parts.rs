//! Law 10: arguments write specified bytes, and different ones never the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use dogpile::KeyPart;
use dogpile::key::{KeyBuffer, bytes_of, python};
use proptest::prelude::*;

const PAGE: &str = include_str!("../../docs/keys.md");

/// The rows of the page's table that begins with these words, cell by cell.
fn table(head: &str) -> Vec<Vec<String>> {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let row = row.trim_matches('|').replace("\\|", "\u{1}");
        let cells = row.split('|').map(|cell| cell.trim().trim_matches('`'));
        cells.map(|cell| cell.replace('\u{1}', "|")).collect()
    })
    .collect()
}

fn shown(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// Each value as it is written here, and its bytes.
macro_rules! written {
    ($($value:expr),* $(,)?) => {
        vec![$((stringify!($value).replace(' ', ""), shown(&bytes_of(&$value)))),*]
    };
}

#[test]
fn law_10_arguments_write_the_bytes_that_the_page_says() {
    let (text, bytes) = ("a", b"a");
    assert_eq!(bytes_of(&text.to_owned()), bytes_of(text));
    assert_eq!(bytes_of(&bytes.to_vec()), bytes_of(bytes));
    let ours = written![
        0_u8,
        5_i32,
        5_u64,
        256_usize,
        -1_i8,
        i128::MIN,
        u128::MAX,
        true,
        1.5_f32,
        1.5_f64,
        0.0_f64,
        -0.0_f64,
        'é',
        "",
        "a",
        "1",
        b"a",
        vec![1_u8, 2],
        [1_u16, 2],
        (),
        (1, "a"),
        (("a",), "b"),
        ("a", ("b",)),
        None::<u8>,
        Some(None::<u8>),
        Some(0_u8),
        BTreeMap::from([("a", 1)]),
        BTreeSet::from([2, 1]),
        Duration::from_millis(1_500),
        Ipv4Addr::LOCALHOST,
        Ipv6Addr::LOCALHOST,
        SocketAddr::from(([127, 0, 0, 1], 80)),
        Path::new("a/b"),
    ];
    let page: Vec<_> = table("| value | bytes |")
        .into_iter()
        .map(|row| (row[0].replace(' ', ""), row[1].clone()))
        .collect();
    assert_eq!(ours, page);
}

#[test]
fn law_10_what_dogpile_cache_takes_for_one_key_is_two() {
    assert_ne!(bytes_of(&(1,)), bytes_of(&("1",)));
    assert_ne!(bytes_of(&("a", "b")), bytes_of(&("a b",)));
    assert_ne!(bytes_of(&("a", "bc")), bytes_of(&("ab", "c")));
    assert_ne!(bytes_of(&None::<u8>), bytes_of(&"None"));
    assert_ne!(bytes_of("a"), bytes_of(&'a'));
    assert_ne!(bytes_of("a"), bytes_of(b"a"));
}

#[test]
fn what_holds_a_value_writes_that_value() {
    use std::borrow::Cow;
    use std::{rc::Rc, sync::Arc};
    let five = bytes_of(&5);
    for bytes in [
        bytes_of(&&5),
        bytes_of(&&mut 5),
        bytes_of(&Box::new(5)),
        bytes_of(&Rc::new(5)),
        bytes_of(&Arc::new(5)),
        bytes_of(&Cow::Borrowed(&5)),
        bytes_of(&std::num::NonZeroU16::new(5).unwrap()),
    ] {
        assert_eq!(bytes, five);
    }
    assert_eq!(bytes_of(&Arc::<str>::from("a")), bytes_of("a"));
    assert_eq!(bytes_of(&f64::NAN), bytes_of(&f64::NAN));
    assert_eq!(bytes_of(&[5_u16]), bytes_of(&vec![5_u64]));
}

#[test]
fn keys_for_python_are_those_that_python_makes() {
    let rows = table("| generator | namespace");
    let text = |row: &[String]| row[3].clone();
    let of = |namespace, arguments: &[&dyn python::Argument]| {
        python::function_key("app.users:load_user", namespace, arguments)
    };
    let named = |namespace, arguments: &[(&str, &dyn python::Argument)]| {
        python::keyword_key("app.users:load_user", namespace, arguments)
    };
    let ours = [
        of(None, &[&42]),
        of(Some("profile"), &[&42_u64, &"ann"]),
        of(None, &[&"méi", &true, &None::<u8>]),
        of(None, &[]),
        of(None, &[&0.1, &1e16, &1.5e-7, &-0.0]),
        of(None, &[&100.0, &123_456_789_012_345.6]),
        named(Some("profile"), &[("user", &42), ("lang", &"en")]),
        named(None, &[("b", &1), ("a", &2), ("B", &3)]),
    ];
    assert_eq!(
        ours.to_vec(),
        rows.iter().map(|row| text(row)).collect::<Vec<_>>()
    );
}

/// Any value that a key can be made of, with what equality means for keys.
#[derive(Clone, Debug, PartialEq)]
enum Any {
    Unsigned(u128),
    Signed(i64),
    Bool(bool),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Bits(u64),
    Maybe(Option<Box<Any>>),
    Row(Vec<Any>),
    Pair(Box<(Any, Any)>),
    Map(BTreeMap<String, u8>),
    Span(Duration),
    Address(std::net::IpAddr),
}

impl KeyPart for Any {
    fn write_key(&self, key: &mut KeyBuffer) {
        match self {
            Self::Unsigned(value) => value.write_key(key),
            Self::Signed(value) => value.write_key(key),
            Self::Bool(value) => value.write_key(key),
            Self::Char(value) => value.write_key(key),
            Self::Text(value) => value.write_key(key),
            Self::Bytes(value) => value.write_key(key),
            Self::Bits(value) => f64::from_bits(*value).write_key(key),
            Self::Maybe(value) => value.write_key(key),
            Self::Row(values) => values.write_key(key),
            Self::Pair(pair) => pair.write_key(key),
            Self::Map(map) => map.write_key(key),
            Self::Span(span) => span.write_key(key),
            Self::Address(address) => address.write_key(key),
        }
    }
}

/// Small values often, so that they meet; negative numbers only, where there is a wider one for the rest.
fn any_value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        (0_u128..3).prop_map(Any::Unsigned),
        any::<u128>().prop_map(Any::Unsigned),
        (-300_i64..0).prop_map(Any::Signed),
        any::<bool>().prop_map(Any::Bool),
        prop_oneof![Just('a'), any::<char>()].prop_map(Any::Char),
        "[a1]{0,2}".prop_map(Any::Text),
        any::<String>().prop_map(Any::Text),
        prop::collection::vec(0_u8..3, 0..3).prop_map(Any::Bytes),
        any::<u64>().prop_map(Any::Bits),
        Just(Any::Maybe(None)),
        prop::collection::btree_map("[ab]", 0_u8..2, 0..3).prop_map(Any::Map),
        (0_u64..300, 0_u32..3).prop_map(|(s, n)| Any::Span(Duration::new(s, n))),
        any::<std::net::IpAddr>().prop_map(Any::Address),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Any::Row),
            inner
                .clone()
                .prop_map(|value| Any::Maybe(Some(Box::new(value)))),
            (inner.clone(), inner).prop_map(|pair| Any::Pair(Box::new(pair))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn law_10_no_value_is_the_beginning_of_another(values in prop::collection::vec(any_value(), 60)) {
        let written: Vec<_> = values.iter().map(bytes_of).collect();
        for (one, bytes) in values.iter().zip(&written) {
            for (other, others) in values.iter().zip(&written) {
                prop_assert_eq!(one == other, others.starts_with(bytes), "{:?}, {:?}", one, other);
            }
        }
    }

    #[test]
    fn law_10_rows_of_values_are_told_apart(
        rows in prop::collection::vec(prop::collection::vec(any_value(), 0..3), 60),
    ) {
        let in_a_row = |values: &Vec<Any>| {
            let mut key = KeyBuffer::new();
            for value in values {
                value.write_key(&mut key);
            }
            key.as_bytes().to_vec()
        };
        let written: Vec<_> = rows.iter().map(in_a_row).collect();
        for (one, bytes) in rows.iter().zip(&written) {
            for (other, others) in rows.iter().zip(&written) {
                prop_assert_eq!(one == other, bytes == others, "{:?}, {:?}", one, other);
            }
        }
    }

    #[test]
    fn integers_that_are_equal_as_numbers_are_alike(number in any::<i16>()) {
        let bytes = bytes_of(&number);
        prop_assert_eq!(&bytes, &bytes_of(&i64::from(number)));
        prop_assert_eq!(&bytes, &bytes_of(&i128::from(number)));
        if let Ok(number) = u64::try_from(number) {
            prop_assert_eq!(&bytes, &bytes_of(&number));
        }
    }
}
