//! Values and keys as Python's clients have them.

use dogpile_backend::{Ask, Backend, Commit, Fault, LeaseStore, StoreError};
use dogpile_test_servers::Memcached as Server;

use crate::{LONG, beside, commit, entry, item, open, set, text, win};

/// What Python's clients have for values of their own: a pickle, an integer, a long one, what is compressed.
const FOREIGN: [u32; 4] = [1, 2, 4, 8];

#[test]
fn values_have_the_bytes_and_the_flags_of_python_s_clients() {
    let server = Server::start(&[]).unwrap();
    let several = beside(&server.url()).open().unwrap();
    let binary = beside(&server.url()).bmemcached().open().unwrap();
    for (store, flags) in [(&several, "f0"), (&binary, "f16")] {
        store.set(b"key", entry("7"), LONG).unwrap();
        for committed in [false, true] {
            if committed {
                let lease = win(store);
                assert_eq!(commit(store, &lease), Commit::Stored);
            }
            let found = item(&server, "key");
            let (head, body) = found.split_once("\r\n").unwrap();
            assert_eq!(head.split(' ').nth(2), Some(flags), "{found}");
            assert!(
                body.starts_with("{\"ct\": 1700000000.000000000, \"v\": 2, "),
                "{found}"
            );
            let payload = if committed { "}|late" } else { "}|7" };
            assert!(body.ends_with(payload), "{found}");
        }
        // Either is read, whichever is written.
        set(&server, "8", 0);
        assert_eq!(text(store).as_deref(), Some("8"));
        set(&server, "9", 16);
        assert_eq!(text(store).as_deref(), Some("9"));
    }
}

#[test]
fn law_9_what_is_no_bytes_is_a_miss_that_heals_and_is_left_as_it_is_until_then() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    for (number, flags) in (1..).zip(FOREIGN) {
        set(&server, "7", flags);
        let before = item(&server, "key");
        assert_eq!(text(&store), None);
        assert_eq!(store.unreadable(), 2 * number - 1, "{flags}");
        let lease = win(&store);
        assert_eq!(item(&server, "key"), before, "Python may still read it");
        assert_eq!(commit(&store, &lease), Commit::Stored);
        assert_eq!(text(&store).as_deref(), Some("late"));
        store.delete(b"key").unwrap();
        assert_eq!(
            store.unreadable(),
            2 * number - 1 + 1,
            "the lease looked too"
        );
    }
}

#[test]
fn law_10_a_key_that_python_could_not_send_is_refused_with_what_to_do() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    };
    let long = "x".repeat(246);
    let refused = |outcome: Result<(), StoreError>| {
        let error = outcome.unwrap_err();
        assert_eq!(error.fault, Fault::Refused, "{error}");
        let told = error.to_string();
        assert!(told.contains("sha1_mangle_key"), "{told}");
        assert!(told.contains("`memcached`"), "{told}");
    };
    for key in ["two words", "line\r\nflush_all", "", &long] {
        let key = key.as_bytes();
        refused(store.get(key).map(drop));
        refused(store.set(key, entry("7"), LONG));
        refused(store.delete(key));
        assert!(store.watch(key, Box::new(|_| {})).is_none());
    }
    refused(store.lease(b"two words", ask).wait().map(drop));
    let longest = "x".repeat(245);
    for key in [longest.as_bytes(), "caf\u{e9}".as_bytes()] {
        store.set(key, entry("7"), LONG).unwrap();
        assert!(store.get(key).unwrap().is_some());
    }
}
