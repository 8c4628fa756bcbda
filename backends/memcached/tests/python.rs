//! Beside Python's dogpile.cache, which is played here by plain commands: those that its clients send. The
//! real one is asked by `cargo xtask interop`.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::sync::mpsc::channel;
use std::time::Duration;

use dogpile_backend::{
    Ask, Backend, CachedValue, Commit, Epoch, Fault, Lease, LeaseStore, Leased, Metadata, News,
    Payload, Span, Stamp, StoreError, Time,
};
use dogpile_memcached::{Compatibility, Memcached, MemcachedSettings};
use dogpile_test_servers::Memcached as Server;

const LONG: Span = Span::from_secs(3_600);

/// What Python's clients have for values of their own: a pickle, an integer, a long one, what is compressed.
const FOREIGN: [u32; 4] = [1, 2, 4, 8];

fn beside(url: &str) -> MemcachedSettings {
    let settings = MemcachedSettings::server(url).timeout(Duration::from_secs(10));
    settings.compatibility(Compatibility::Python)
}

fn open(url: &str) -> Memcached {
    beside(url).open().unwrap()
}

fn entry(text: &str) -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: 0,
            bytes: text.into(),
        },
        metadata: Metadata {
            stamp: Stamp::NONE,
            epoch: Epoch::UNKNOWN,
            created: Time::from_nanos(1_700_000_000_000_000_000),
        },
    }
}

fn ask_for(store: &Memcached, time: Span, supersede: bool) -> Leased<Payload> {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede,
        time,
    };
    store.lease(b"key", ask).wait().unwrap()
}

fn ask(store: &Memcached) -> Leased<Payload> {
    ask_for(store, LONG, false)
}

fn win(store: &Memcached) -> Lease {
    match ask(store) {
        Leased::Won { lease, .. } => lease,
        other => panic!("nobody holds it, and the answer is {other:?}"),
    }
}

fn commit(store: &Memcached, lease: &Lease) -> Commit {
    let entry = entry("late");
    store.commit(b"key", lease, entry, LONG).wait().unwrap()
}

fn text(store: &Memcached) -> Option<String> {
    let found = store.get(b"key").unwrap()?;
    Some(String::from_utf8(found.value.bytes).unwrap())
}

/// Python's `set` of a value that its clients mark so.
fn set(server: &Server, value: &str, client_flags: u32) {
    let record = format!("{{\"ct\": 1700000000.5, \"v\": 2}}|{value}");
    let length = record.len();
    let request = format!("set key {client_flags} 0 {length}\r\n{record}");
    assert_eq!(server.ask(&request).unwrap(), "STORED\r\n");
}

fn delete(server: &Server, key: &str) {
    assert_eq!(server.ask(&format!("delete {key}")).unwrap(), "DELETED\r\n");
}

/// Python's mutex, without a `lock_timeout`; whether it was had.
fn lock(server: &Server) -> bool {
    let answer = server.ask("add _lockkey 2 0 1\r\n1").unwrap();
    answer == "STORED\r\n"
}

/// What the server has there; nothing where nothing is.
fn item(server: &Server, key: &str) -> String {
    let answer = server.ask(&format!("mg {key} f v")).unwrap();
    answer
        .trim_end()
        .strip_prefix("EN")
        .map_or_else(|| answer.trim_end().to_owned(), ToOwned::to_owned)
}

fn waits(store: &Memcached) -> std::sync::mpsc::Receiver<News> {
    let (rope, rung) = channel();
    let bell = Box::new(move |news| {
        let _ = rope.send(news);
    });
    // It stands for as long as the test.
    std::mem::forget(store.watch(b"key", bell).unwrap());
    rung
}

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
fn law_1_a_lease_is_python_s_lock_and_nothing_to_read() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let lease = win(&store);
    assert!(!lock(&server), "Python has to wait");
    // A pickle of `None`, by flags that say nothing else to any client.
    let stub = item(&server, "key");
    let head = stub.lines().next().unwrap();
    let flags = head.rsplit_once(" f").unwrap().1;
    assert_eq!(flags.parse::<u32>().unwrap() & 0b1_1111, 1);
    assert!(stub.contains("\r\nN."), "{stub}");
    assert_eq!(text(&store), None);
    assert_eq!(store.unreadable(), 0);
    assert_eq!(commit(&store, &lease), Commit::Stored);
    assert!(lock(&server), "and may go on");
}

#[test]
fn law_3_what_python_set_or_deleted_meanwhile_stands() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    for (before, sets) in [
        (None, true),
        (None, false),
        (Some(0), true),
        (Some(0), false),
        (Some(1), true),
        (Some(1), false),
    ] {
        store.delete(b"key").unwrap();
        if let Some(flags) = before {
            set(&server, "old", flags);
        }
        let lease = win(&store);
        match sets {
            // The very same bytes: only the item's number can tell.
            true => set(&server, "old", 0),
            false => delete(&server, "key"),
        }
        assert_eq!(commit(&store, &lease), Commit::Refused, "{before:?} {sets}");
        assert_eq!(text(&store).as_deref(), sets.then_some("old"));
        assert_eq!(item(&server, "_lockkey"), "", "nobody has to wait for it");
    }
}

#[test]
fn law_3_python_s_lock_is_left_to_it_whatever_is_asked() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    assert!(lock(&server));
    for supersede in [false, true] {
        let Leased::Lost { remaining, seen } = ask_for(&store, LONG, supersede) else {
            panic!("Python has it");
        };
        assert_eq!((remaining, seen), (Span::FOREVER, None));
    }
    store.set(b"key", entry("ours"), LONG).unwrap();
    store.delete(b"key").unwrap();
    assert!(item(&server, "_lockkey").ends_with("\r\n1"));
    delete(&server, "_lockkey");
    let first = win(&store);
    let Leased::Won { lease: second, .. } = ask_for(&store, LONG, true) else {
        panic!("ours is taken over");
    };
    assert_eq!(commit(&store, &first), Commit::Refused);
    assert!(!lock(&server), "the second has it");
    assert_eq!(commit(&store, &second), Commit::Stored);
}

#[test]
fn law_3_set_and_delete_free_the_lock_of_the_lease_that_they_make_void() {
    let server = Server::start(&[]).unwrap();
    let (holder, other) = (open(&server.url()), open(&server.url()));
    for (stale, sets) in [(false, true), (false, false), (true, true), (true, false)] {
        other.delete(b"key").unwrap();
        if stale {
            set(&server, "old", 0);
        }
        let lease = win(&holder);
        match sets {
            true => other.set(b"key", entry("new"), LONG).unwrap(),
            false => other.delete(b"key").unwrap(),
        }
        assert_eq!(
            item(&server, "_lockkey"),
            "",
            "nobody waits for a void lease"
        );
        assert!(lock(&server), "Python has it next");
        assert_eq!(commit(&holder, &lease), Commit::Refused);
        assert!(!lock(&server), "and keeps it");
        delete(&server, "_lockkey");
        assert_eq!(text(&other).as_deref(), sets.then_some("new"));
    }
}

#[test]
fn law_3_a_holder_whose_lock_was_succeeded_stores_nothing() {
    let server = Server::start(&[]).unwrap();
    let (late, next) = (open(&server.url()), open(&server.url()));
    for stale in [false, true] {
        next.delete(b"key").unwrap();
        if stale {
            set(&server, "old", 0);
        }
        let lease = win(&late);
        // As it is when its time is up, or a creator of Python's that was too slow has ended.
        delete(&server, "_lockkey");
        let theirs = win(&next);
        assert_eq!(commit(&late, &lease), Commit::Refused);
        assert!(!lock(&server), "what is the next one's is left to it");
        assert_eq!(commit(&next, &theirs), Commit::Stored);
    }
}

#[test]
fn law_6_a_lock_that_python_deleted_is_put_back_unless_another_has_it() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    for stale in [false, true] {
        store.delete(b"key").unwrap();
        if stale {
            set(&server, "old", 0);
        }
        let lease = win(&store);
        delete(&server, "_lockkey");
        let renewed = || store.renew(b"key", &lease, LONG).wait().unwrap();
        assert_eq!(renewed(), Commit::Stored);
        assert!(!lock(&server), "it is there again");
        delete(&server, "_lockkey");
        assert!(lock(&server));
        assert_eq!(renewed(), Commit::Refused);
        assert_eq!(commit(&store, &lease), Commit::Refused);
        assert!(!lock(&server), "Python's is left to it");
        delete(&server, "_lockkey");
    }
}

#[test]
fn law_6_a_lease_that_was_renewed_lasts_and_takes_no_value_with_it() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let left = |key: &str| {
        let answer = server.ask(&format!("mg {key} t")).unwrap();
        let word = answer.trim_end().strip_prefix("HD t").unwrap().to_owned();
        word.parse::<i64>().unwrap()
    };
    let second = Span::from_secs(1);
    let Leased::Won { lease, .. } = ask_for(&store, second, false) else {
        panic!("nobody has it");
    };
    assert!(left("_lockkey") <= 2 && left("key") <= 2);
    store.renew(b"key", &lease, LONG).wait().unwrap();
    assert!(left("_lockkey") > 3_500 && left("key") > 3_500);
    store.release(b"key", &lease, false).wait().unwrap();
    assert_eq!(
        (item(&server, "_lockkey"), item(&server, "key")),
        (String::new(), String::new())
    );
    // A value without an end keeps having none; one with an end outlives the lease beside it.
    for (ttl, wanted) in [
        (Span::FOREVER, -1..=-1),
        (Span::from_secs(1_000), 3_500..=3_602),
        (Span::from_secs(9_000), 8_900..=9_001),
    ] {
        store.set(b"key", entry("old"), ttl).unwrap();
        let lease = win(&store);
        assert_eq!(text(&store).as_deref(), Some("old"));
        store.renew(b"key", &lease, LONG).wait().unwrap();
        store.release(b"key", &lease, true).wait().unwrap();
        assert!(wanted.contains(&left("key")), "{} of {ttl:?}", left("key"));
    }
}

#[test]
fn law_6_a_lease_whose_connection_is_gone_frees_the_lock_all_the_same() {
    let server = Server::start(&[]).unwrap();
    let wire = server.wire().unwrap();
    let store = open(&format!("memcached://{}", wire.address()));
    let lease = win(&store);
    wire.cut();
    // It is void: on another connection its number may be another item's.
    let end = store.commit(b"key", &lease, entry("late"), LONG).wait();
    assert!(!matches!(end, Ok(Commit::Stored)), "{end:?}");
    assert_eq!(text(&store), None);
    assert_eq!(item(&server, "_lockkey"), "");
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
fn law_5_a_failure_is_heard_by_those_who_wait_and_not_by_those_who_come_later() {
    let server = Server::start(&[]).unwrap();
    let (holder, other) = (open(&server.url()), open(&server.url()));
    let lease = win(&holder);
    let rung = waits(&other);
    holder.release(b"key", &lease, true).wait().unwrap();
    assert_eq!(rung.recv().unwrap(), News::Failed);
    // Python takes the lock while the word of that failure still stands, and fails too.
    assert!(lock(&server));
    assert!(matches!(ask(&other), Leased::Lost { .. }));
    let later = waits(&other);
    delete(&server, "_lockkey");
    assert_eq!(later.recv().unwrap(), News::Changed);
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
