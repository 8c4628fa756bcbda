//! What a lease is worth when the server, or the way to it, is not what it was.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::sync::mpsc::{TryRecvError, channel};
use std::time::{Duration, Instant};

use dogpile_backend::{
    Ask, Backend, CachedValue, Commit, Epoch, Fault, Lease, LeaseStore, Leased, Metadata, News,
    Payload, Span, Stamp, StoreError, Terms, Time,
};
use dogpile_memcached::{Memcached, MemcachedSettings};
use dogpile_test_servers::Memcached as Server;

const LONG: Span = Span::from_secs(3_600);

fn open(url: &str) -> Memcached {
    let settings = MemcachedSettings::server(url).timeout(Duration::from_secs(10));
    settings.open().unwrap()
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

fn ask(store: &Memcached, time: Span) -> Leased<Payload> {
    try_ask(store, time).unwrap()
}

fn try_ask(store: &Memcached, time: Span) -> Result<Leased<Payload>, StoreError> {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time,
    };
    store.lease(b"key", ask).wait()
}

fn win(store: &Memcached, time: Span) -> Lease {
    match ask(store, time) {
        Leased::Won { lease, .. } => lease,
        other => panic!("nobody holds it, and the answer is {other:?}"),
    }
}

fn commit(store: &Memcached, lease: &Lease) -> Commit {
    store
        .commit(b"key", lease, entry("late"), LONG)
        .wait()
        .unwrap()
}

fn text(store: &Memcached) -> Option<String> {
    let found = store.get(b"key").unwrap()?;
    Some(String::from_utf8(found.value.bytes).unwrap())
}

/// The number of the item, as the server has it.
fn cas(server: &Server) -> u64 {
    let answer = server.ask("mg dogpile:v:key c").unwrap();
    let word = answer
        .split_whitespace()
        .find_map(|word| word.strip_prefix('c'));
    word.unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
}

#[test]
fn law_3_a_lease_of_a_server_that_was_restarted_is_void_though_its_number_is_there_again() {
    let server = Server::start(&[]).unwrap();
    let (one, other) = (open(&server.url()), open(&server.url()));
    let lease = win(&one, LONG);
    let before = cas(&server);
    server.restart().unwrap();
    // Another connection of the same process finds out first, and is as good as new.
    one.get(b"another").unwrap();
    let theirs = win(&other, LONG);
    assert_eq!(cas(&server), before, "the server counts from the beginning");
    match one.commit(b"key", &lease, entry("late"), LONG).wait() {
        Ok(Commit::Refused) | Err(_) => {}
        Ok(Commit::Stored) => panic!("a lease of another life of the server was good"),
    }
    assert_eq!(text(&one), None);
    assert_eq!(commit(&other, &theirs), Commit::Stored);
}

#[test]
fn law_3_a_lease_whose_connection_was_cut_is_void() {
    let server = Server::start(&[]).unwrap();
    let wire = server.wire().unwrap();
    let store = open(&format!("memcached://{}", wire.address()));
    let lease = win(&store, LONG);
    wire.cut();
    // An error where the system has not told of it yet.
    let late = store.commit(b"key", &lease, entry("late"), LONG).wait();
    assert!(!matches!(late, Ok(Commit::Stored)));
    assert_eq!(commit(&store, &lease), Commit::Refused, "and stays so");
    assert_eq!(text(&store), None);
}

#[test]
fn law_3_a_lease_that_the_server_forgot_is_void() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let lease = win(&store, LONG);
    server.ask("flush_all").unwrap();
    assert_eq!(commit(&store, &lease), Commit::Refused);
    let lease = win(&store, LONG);
    server.ask("md dogpile:v:key").unwrap();
    assert_eq!(commit(&store, &lease), Commit::Refused);
    assert_eq!(text(&store), None);
}

#[test]
fn law_3_a_lease_that_was_marked_stale_by_hand_is_void_and_goes_to_the_next() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let first = win(&store, LONG);
    server.ask("md dogpile:v:key I T3600").unwrap();
    let second = win(&store, LONG);
    assert_eq!(commit(&store, &first), Commit::Refused);
    assert_eq!(commit(&store, &second), Commit::Stored);
    // A value that was marked so is a value still.
    server.ask("md dogpile:v:key I T3600").unwrap();
    assert_eq!(text(&store).as_deref(), Some("late"));
    let third = win(&store, LONG);
    assert!(matches!(ask(&store, LONG), Leased::Lost { .. }));
    assert_eq!(commit(&store, &third), Commit::Stored);
}

#[test]
fn law_6_a_lease_that_was_renewed_is_a_lease_for_whoever_looks() {
    let server = Server::start(&[]).unwrap();
    let (holder, other) = (open(&server.url()), open(&server.url()));
    for stale in [None, Some("old")] {
        holder.delete(b"key").unwrap();
        if let Some(old) = stale {
            holder.set(b"key", entry(old), LONG).unwrap();
        }
        let lease = win(&holder, Span::from_secs(10));
        let renewed = holder.renew(b"key", &lease, LONG).wait().unwrap();
        assert_eq!(renewed, Commit::Stored);
        // The server's own mark that somebody is at it is gone with the first renewal.
        assert!(!server.ask("mg dogpile:v:key").unwrap().contains('Z'));
        let Leased::Lost { remaining, seen } = ask(&other, LONG) else {
            panic!("it is held");
        };
        assert!(remaining > Span::from_secs(3_590), "{remaining:?}");
        assert!(remaining <= Span::from_secs(3_601), "{remaining:?}");
        assert_eq!(seen.is_some(), stale.is_some());
        assert_eq!(text(&other).as_deref(), stale);
        assert_eq!(commit(&holder, &lease), Commit::Stored);
    }
}

#[test]
fn law_6_a_dead_holder_s_lease_ends_by_itself_and_leaves_the_value() {
    let server = Server::start(&[]).unwrap();
    let (dead, next) = (open(&server.url()), open(&server.url()));
    for stale in [None, Some("old")] {
        next.delete(b"key").unwrap();
        if let Some(old) = stale {
            next.set(b"key", entry(old), LONG).unwrap();
        }
        let lease = win(&dead, Span::from_secs(1));
        let begun = Instant::now();
        loop {
            assert_eq!(text(&next).as_deref(), stale, "the value stays");
            match ask(&next, Span::from_secs(1)) {
                Leased::Won { seen, .. } => {
                    assert_eq!(seen.is_some(), stale.is_some());
                    break;
                }
                Leased::Lost { remaining, .. } => assert!(remaining <= Span::from_secs(2)),
                other @ (Leased::Fresh(_) | Leased::Shut { .. }) => panic!("{other:?}"),
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it never ends");
            std::thread::yield_now();
        }
        let lasted = begun.elapsed();
        assert!(
            lasted >= Duration::from_millis(950),
            "no shorter than asked: {lasted:?}"
        );
        assert_eq!(commit(&dead, &lease), Commit::Refused);
    }
}

#[test]
fn law_4_a_value_given_back_lives_as_long_as_it_would_have() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let left = || server.ask("mg dogpile:v:key t").unwrap();
    for (ttl, wanted) in [(Span::FOREVER, "t-1"), (Span::from_secs(1_000), "t100")] {
        store.set(b"key", entry("old"), ttl).unwrap();
        let lease = win(&store, Span::from_secs(10));
        store
            .renew(b"key", &lease, Span::from_secs(10))
            .wait()
            .unwrap();
        let released = store.release(b"key", &lease, false).wait().unwrap();
        assert_eq!(released, Commit::Stored);
        assert!(left().contains(wanted), "{wanted}: {}", left());
        assert_eq!(text(&store).as_deref(), Some("old"));
        // Nothing of the lease is left.
        drop(win(&store, LONG));
    }
}

#[test]
fn law_5_who_waits_elsewhere_hears_of_a_failure_and_of_nothing_else_before() {
    let server = Server::start(&[]).unwrap();
    let (holder, other) = (open(&server.url()), open(&server.url()));
    let lease = win(&holder, LONG);
    let (rope, rung) = channel();
    let bell = Box::new(move |news| {
        let _ = rope.send(news);
    });
    let _watch = other.watch(b"key", bell).unwrap();
    let before = server.count("cmd_get").unwrap();
    while server.count("cmd_get").unwrap() < before + 3 {
        std::thread::yield_now();
    }
    // A renewal is nothing to those who wait.
    holder.renew(b"key", &lease, LONG).wait().unwrap();
    assert!(rung.try_recv().is_err(), "it is leased, as before");
    holder.release(b"key", &lease, true).wait().unwrap();
    assert_eq!(rung.recv().unwrap(), News::Failed);
    assert_eq!(text(&other), None);
    let lease = win(&other, LONG);
    assert_eq!(commit(&other, &lease), Commit::Stored);
    assert_eq!(rung.recv().unwrap(), News::Changed);
}

#[test]
fn law_12_who_waits_on_a_server_that_died_is_told_to_look() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    drop(win(&store, LONG));
    let (rope, rung) = channel();
    let bell = Box::new(move |news| {
        let _ = rope.send(news);
    });
    let watch = store.watch(b"key", bell).unwrap();
    server.kill().unwrap();
    assert_eq!(rung.recv().unwrap(), News::Changed);
    drop(watch);
    // Nobody waits, so nobody looks: the bell is let go.
    while rung.try_recv() != Err(TryRecvError::Disconnected) {
        std::thread::yield_now();
    }
}

#[test]
fn law_9_what_others_left_there_is_a_miss_that_heals() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let pending = 0xd09b_11e0_u32;
    for (number, item) in (1..).zip([
        "ms dogpile:v:key 4\r\njunk".to_owned(),
        "ms dogpile:v:key 0\r\n".to_owned(),
        format!("ms dogpile:v:key 4 F{pending}\r\njunk"),
        format!("ms dogpile:v:key 0 F{pending}\r\n"),
    ]) {
        assert_eq!(server.ask(&item).unwrap(), "HD\r\n");
        assert_eq!(text(&store), None);
        assert_eq!(store.unreadable(), 2 * number - 1, "{item}");
        let lease = win(&store, LONG);
        assert_eq!(commit(&store, &lease), Commit::Stored);
        assert_eq!(text(&store).as_deref(), Some("late"));
    }
}

#[test]
fn a_value_that_the_server_does_not_take_is_an_error_that_says_so() {
    let server = Server::start(&[]).unwrap();
    let store = open(&server.url());
    let large = entry(&"x".repeat(2_000_000));
    let error = store.set(b"key", large.clone(), LONG).unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    let told = error.to_string();
    assert!(
        told.contains("too large") && told.contains("\"key\""),
        "{told}"
    );
    let lease = win(&store, LONG);
    let error = store
        .commit(b"key", &lease, large, LONG)
        .wait()
        .unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    // The connection is still good.
    store.set(b"key", entry("small"), LONG).unwrap();
    assert_eq!(text(&store).as_deref(), Some("small"));
}

/// It would store them as a value that everybody can read.
#[test]
fn a_server_that_asks_for_no_login_is_not_told_the_password() {
    let server = Server::start(&[]).unwrap();
    server.ask("ms login 4\r\nmine").unwrap();
    let settings = MemcachedSettings::server(server.url()).login("me", "topsecret");
    let store = settings.open().unwrap();
    store.set(b"key", entry("value"), LONG).unwrap();
    assert_eq!(text(&store).as_deref(), Some("value"));
    assert_eq!(server.ask("mg login v").unwrap(), "VA 4\r\nmine\r\n");
}
