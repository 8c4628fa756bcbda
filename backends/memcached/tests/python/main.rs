//! Beside Python's dogpile.cache, which is played here by plain commands: those that its clients send. The
//! real one is asked by `cargo xtask interop`.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod locks;
mod values;

use std::time::Duration;

use dogpile_backend::{
    Ask, Backend, CachedValue, Commit, Epoch, Lease, LeaseStore, Leased, Metadata, Payload, Span,
    Stamp, Terms, Time,
};
use dogpile_memcached::{Compatibility, Memcached, MemcachedSettings};
use dogpile_test_servers::Memcached as Server;

const LONG: Span = Span::from_secs(3_600);

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
            terms: Terms::NONE,
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
