//! Who waits, where the server rings for nobody.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use dogpile_backend::{Ask, Lease, LeaseStore, Leased, News, Payload, Span, Watch};
use dogpile_memcached::{Memcached, MemcachedSettings};
use dogpile_test_servers::Memcached as Server;

const LONG: Span = Span::from_secs(3_600);

fn ask(store: &Memcached, key: &[u8]) -> Leased<Payload> {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    };
    store.lease(key, ask).wait().unwrap()
}

fn win(store: &Memcached, key: &[u8]) -> Lease {
    match ask(store, key) {
        Leased::Won { lease, .. } => lease,
        other => panic!("{other:?}"),
    }
}

fn watch(store: &Memcached, key: &[u8]) -> (Watch, Receiver<News>) {
    let (rope, rung) = channel();
    let bell = Box::new(move |news| {
        let _ = rope.send(news);
    });
    (store.watch(key, bell).unwrap(), rung)
}

/// A lease that is held for a moment comes and goes between two looks.
#[test]
fn law_7_who_was_woken_and_lost_again_is_woken_again() {
    let server = Server::start(&[]).unwrap();
    let open = || {
        let settings = MemcachedSettings::server(server.url());
        settings.timeout(Duration::from_secs(60)).open().unwrap()
    };
    let (holder, other) = (open(), open());
    let (_watch, rung) = watch(&other, b"key");
    assert_eq!(rung.recv(), Ok(News::Changed));
    for _ in 0..20 {
        let lease = win(&holder, b"key");
        assert!(matches!(ask(&other, b"key"), Leased::Lost { .. }));
        holder.release(b"key", &lease, false).wait().unwrap();
        assert_eq!(rung.recv(), Ok(News::Changed));
    }
}

#[test]
fn law_7_who_waits_on_one_server_is_woken_while_another_stands_still() {
    let servers = [Server::start(&[]).unwrap(), Server::start(&[]).unwrap()];
    let settings = MemcachedSettings::servers(servers.each_ref().map(Server::url));
    // Longer than any test may take.
    let store = settings.timeout(Duration::from_secs(60)).open().unwrap();
    let has = |server: &Server, key: &str| {
        let answer = server.ask(&format!("mg dogpile:v:{key} s")).unwrap();
        answer != "EN\r\n"
    };
    let keys: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let all = keys.iter().map(|key| win(&store, key.as_bytes()));
    let leases: Vec<Lease> = all.collect();
    let on = |server| keys.iter().position(|key| has(server, key)).unwrap();
    let (frozen, living) = (on(&servers[0]), on(&servers[1]));
    let watch = |at: usize| watch(&store, keys[at].as_bytes());
    servers[0].freeze().unwrap();
    let _first = watch(frozen);
    let (_second, rung) = watch(living);
    let (lease, key) = (&leases[living], keys[living].as_bytes());
    store.release(key, lease, false).wait().unwrap();
    let news = rung.recv_timeout(Duration::from_secs(20));
    servers[0].thaw().unwrap();
    assert_eq!(news, Ok(News::Changed));
}

/// A bell wakes a task, by its executor's code.
#[test]
fn law_7_a_bell_that_panics_keeps_nobody_waiting() {
    let server = Server::start(&[]).unwrap();
    let store = MemcachedSettings::server(server.url()).open().unwrap();
    let (rope, rung) = channel();
    let panics = Box::new(move |_| {
        let _ = rope.send(());
        panic!("a waker of the test's");
    });
    let _first = store.watch(b"first", panics).unwrap();
    rung.recv().unwrap();
    let (_second, rung) = watch(&store, b"second");
    assert_eq!(rung.recv(), Ok(News::Changed));
}
