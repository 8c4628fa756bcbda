use super::*;
use proptest::prelude::*;

fn whole(bytes: &[u8]) -> Answer {
    match parse(bytes) {
        Ok(Some((answer, length))) if length == bytes.len() => answer,
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

#[test]
fn replies_are_understood() {
    assert_eq!(
        whole(b"VA 3 f77 t30 c12 W\r\na\r\n\r\n"),
        Answer::Item(Item {
            body: b"a\r\n".to_vec(),
            client_flags: 77,
            cas: Some(12),
            size: None,
            seconds_left: Some(30),
            won: true,
            sent: false,
        })
    );
    let stale = whole(b"VA 0 f0 c13 t-1 Z X\r\n\r\n");
    let Answer::Item(item) = stale else {
        panic!("{stale:?}");
    };
    assert!(item.sent && !item.won && item.seconds_left.is_none());
    let marks = Item {
        cas: Some(7),
        size: Some(3),
        ..Item::default()
    };
    assert_eq!(whole(b"HD c7 s3\r\n"), Answer::Code(Code::Done, marks));
    for (text, code) in [
        ("HD", Code::Done),
        ("EN", Code::Absent),
        ("NF", Code::NotFound),
        ("NS", Code::NotStored),
        ("EX", Code::Exists),
        ("MN", Code::NoOp),
        ("STORED", Code::Stored),
    ] {
        let line = format!("{text}\r\n");
        assert_eq!(whole(line.as_bytes()), Answer::Code(code, Item::default()));
    }
}

#[test]
fn errors_are_told_in_the_server_s_words() {
    assert_eq!(whole(b"ERROR\r\n"), Answer::Error(Said::Unknown));
    let too_large = whole(b"SERVER_ERROR object too large for cache\r\n");
    let text = "object too large for cache".to_owned();
    assert_eq!(too_large, Answer::Error(Said::Server(text)));
    for old in ["invalid flag", "invalid or duplicate flag"] {
        let refused = whole(format!("CLIENT_ERROR {old}\r\n").as_bytes());
        let Answer::Error(said @ Said::Flag(_)) = refused else {
            panic!("{refused:?}");
        };
        assert!(said.to_string().contains("1.6.10 or later"), "{said}");
    }
    let crowded = whole(b"ERROR Too many open connections\r\n");
    let Answer::Error(said @ Said::Crowded) = crowded else {
        panic!("{crowded:?}");
    };
    assert!(said.to_string().contains("memcached -c"), "{said}");
    let Answer::Error(Said::Client(text)) = whole(b"CLIENT_ERROR bad\x1b[2J\r\n") else {
        panic!("an error");
    };
    assert_eq!(text, "bad\\x1b[2J", "no terminal acts on it");
}

#[test]
fn what_no_memcached_says_is_told_as_such() {
    for wrong in [
        &b"+PONG\r\n"[..],
        b"HD\n",
        b"\r\n",
        b"VA\r\n",
        b"VA x\r\n",
        b"VA -1\r\n\r\n",
        b"VA 1 c\r\na\r\n",
        b"VA 1 f4294967296\r\na\r\n",
        b"VA 1 c18446744073709551616\r\na\r\n",
        b"VA 1 c1:\r\na\r\n",
        b"VA +1 f0\r\na\r\n",
        b"VA 1 cabc\r\na\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
    ] {
        let answer = parse(wrong);
        let is_garbled = matches!(answer, Err(Garbled::Line { .. }));
        assert!(is_garbled, "{}: {answer:?}", wrong.escape_ascii());
    }
    assert_eq!(
        parse(b"VA 1 f0\r\nabc\r\n"),
        Err(Garbled::Value { announced: 1 })
    );
    assert_eq!(
        parse(b"VA 99999999999 f0\r\n"),
        Err(Garbled::TooLarge {
            announced: 99_999_999_999
        })
    );
    assert_eq!(parse(&[b'x'; LONGEST_LINE]), Err(Garbled::TooLong));
    assert_eq!(parse(&[b'x'; LONGEST_LINE - 1]), Ok(None));
}

fn item() -> impl Strategy<Value = Item> {
    let body = prop::collection::vec(any::<u8>(), 0..200);
    let marks = (any::<u32>(), any::<Option<u64>>(), any::<Option<u32>>());
    (body, marks, any::<bool>(), any::<bool>()).prop_map(|(body, marks, won, sent)| Item {
        body,
        client_flags: marks.0,
        cas: marks.1,
        size: None,
        seconds_left: marks.2,
        won,
        sent,
    })
}

/// As a server writes it.
fn written(item: &Item) -> Vec<u8> {
    let cas = item.cas.map_or(String::new(), |cas| format!(" c{cas}"));
    let left = item.seconds_left.map_or(-1, i64::from);
    let (won, sent) = (
        if item.won { " W" } else { "" },
        if item.sent { " Z" } else { "" },
    );
    let (length, flags) = (item.body.len(), item.client_flags);
    let line = format!("VA {length} f{flags}{cas} t{left}{won}{sent}");
    [line.as_bytes(), b"\r\n", &item.body, b"\r\n"].concat()
}

proptest! {
    #[test]
    fn any_item_is_read_as_it_was_written_and_not_before_it_is_whole(
        item in item(),
        behind in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let bytes = written(&item);
        for cut in 0..bytes.len() {
            prop_assert_eq!(parse(&bytes[..cut]), Ok(None));
        }
        let length = bytes.len();
        let bytes = [&bytes[..], &behind].concat();
        prop_assert_eq!(parse(&bytes), Ok(Some((Answer::Item(item), length))));
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(Some((_, length))) = parse(&bytes) {
            prop_assert!(length <= bytes.len());
        }
    }

    #[test]
    fn no_line_is_too_odd(line in "(VA|HD|EN|MN|ERROR|STORED) ?[0-9a-zA-Z \\-]{0,40}\r\n[a-z\r\n]{0,8}") {
        if let Ok(Some((_, length))) = parse(line.as_bytes()) {
            prop_assert!(length <= line.len());
        }
    }
}
