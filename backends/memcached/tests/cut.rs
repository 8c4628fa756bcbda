//! What a lease is worth when one of several connections is cut.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use dogpile_backend::{
    Ask, Commit, Lease, LeaseStore, Leased, Payload, Reply, Span, Store, StoreError, block_on,
};
use dogpile_memcached::{Compatibility, MemcachedSettings, Pipelined};
use dogpile_test_servers::Memcached as Server;

/// The way to a server, on which each connection can be cut by itself.
struct Ways {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    connections: Vec<TcpStream>,
    /// Which of them was asked something last.
    last: usize,
    /// How often who is asked something next is cut instead.
    cuts: usize,
}

impl Ways {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<Mutex<State>> = Arc::default();
        let known = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(server) else {
                    continue;
                };
                let number = {
                    let mut state = known.lock().unwrap();
                    state.connections.push(client.try_clone().unwrap());
                    state.connections.len() - 1
                };
                let (back, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let known = Arc::clone(&known);
                thread::spawn(move || {
                    carry(client, server, || known.lock().unwrap().is_to_hear(number));
                });
                thread::spawn(move || carry(back, to, || true));
            }
        });
        Self { address, state }
    }

    fn count(&self) -> usize {
        self.state.lock().unwrap().connections.len()
    }

    /// What is asked next, so often, never comes to the server.
    fn cut_the_next(&self, times: usize) {
        self.state.lock().unwrap().cuts = times;
    }

    fn cut_the_last(&self) {
        let state = self.state.lock().unwrap();
        let _ = state.connections[state.last].shutdown(Shutdown::Both);
    }
}

impl State {
    /// Whether the server is to hear what was said on this connection.
    fn is_to_hear(&mut self, number: usize) -> bool {
        self.last = number;
        let is_cut = self.cuts > 0;
        self.cuts -= usize::from(is_cut);
        !is_cut
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, mut may_pass: impl FnMut() -> bool) {
    let mut bytes = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if !may_pass() || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        thread::yield_now();
    }
}

fn open(address: SocketAddr) -> Pipelined {
    open_of(Compatibility::Native, address)
}

fn open_of(kind: Compatibility, address: SocketAddr) -> Pipelined {
    let settings = MemcachedSettings::server(address.to_string()).compatibility(kind);
    let settings = settings.timeout(Duration::from_secs(20)).connections(2);
    Pipelined::new(settings.open().unwrap())
}

/// A store with two connections.
fn with_two(server: &Server) -> (Ways, Pipelined) {
    with_two_of(Compatibility::Native, server)
}

fn with_two_of(kind: Compatibility, server: &Server) -> (Ways, Pipelined) {
    let ways = Ways::to(server.address());
    let store = open_of(kind, ways.address);
    server.freeze().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| store.get(b"another").wait().unwrap());
        }
        until("both ask", || ways.count() == 2);
        server.thaw().unwrap();
    });
    (ways, store)
}

fn wish() -> Ask<'static> {
    Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: Span::from_secs(3_600),
    }
}

fn won(leased: Leased<Payload>) -> Lease {
    match leased {
        Leased::Won { lease, .. } => lease,
        other => panic!("somebody holds it: {other:?}"),
    }
}

type Wins = fn(Reply<'_, Leased<Payload>>) -> Result<Leased<Payload>, StoreError>;
type Frees = fn(Reply<'_, Commit>) -> Result<Commit, StoreError>;

/// As threads ask, and as tasks do.
const WAYS: [(Wins, Frees); 2] = [
    (|asked| asked.wait(), |freed| freed.wait()),
    (|asked| block_on(asked), |freed| block_on(freed)),
];

#[test]
fn law_6_a_lease_whose_connection_was_cut_is_given_back_on_another_that_was_there() {
    let server = Server::start(&[]).unwrap();
    for (wins, frees) in WAYS {
        let (ways, store) = with_two(&server);
        let lease = won(wins(store.lease(b"key", wish())).unwrap());
        ways.cut_the_last();
        // The system may need a moment to tell of it: who asks before that hears an error.
        until("it is given back", || {
            let freed = frees(store.release(b"key", &lease, false));
            freed.is_ok_and(|freed| freed == Commit::Stored)
        });
        let other = open(server.address());
        let next = won(other.lease(b"key", wish()).wait().unwrap());
        let freed = frees(store.release(b"key", &lease, false)).unwrap();
        assert_eq!(freed, Commit::Refused, "once");
        other.release(b"key", &next, false).wait().unwrap();
    }
}

/// Whoever inherits a creation asks for its lease anew, and creates without the store where that is not reached.
/// What it inherited is left to it, to be given back at its end.
#[test]
fn law_6_a_lease_that_was_to_be_inherited_is_given_back_though_the_server_was_not_reached() {
    let server = Server::start(&[]).unwrap();
    // Beside Python a lock is asked for first, and once again.
    let kinds = [(Compatibility::Native, 1), (Compatibility::Python, 2)];
    let all = kinds.map(|kind| WAYS.map(|way| (kind, way)));
    for ((kind, times), (wins, frees)) in all.into_iter().flatten() {
        let (ways, store) = with_two_of(kind, &server);
        let lease = won(wins(store.lease(b"key", wish())).unwrap());
        ways.cut_the_next(times);
        let held = Some(lease.clone());
        let inherited = wins(store.lease(b"key", Ask { held, ..wish() }));
        assert!(inherited.is_err(), "{inherited:?}");
        let freed = frees(store.release(b"key", &lease, false)).unwrap();
        assert_eq!(freed, Commit::Stored, "{kind:?}");
        let other = open_of(kind, server.address());
        let next = won(other.lease(b"key", wish()).wait().unwrap());
        other.release(b"key", &next, false).wait().unwrap();
    }
}

#[test]
fn law_3_a_connection_that_came_later_knows_nothing_of_a_lease() {
    let server = Server::start(&[]).unwrap();
    let ways = Ways::to(server.address());
    let store = open(ways.address);
    let lease = won(store.lease(b"key", wish()).wait().unwrap());
    server.restart().unwrap();
    assert_eq!(store.get(b"another").wait().unwrap(), None);
    let other = open(server.address());
    let theirs = won(other.lease(b"key", wish()).wait().unwrap());
    let released = store.release(b"key", &lease, false).wait();
    assert!(!matches!(released, Ok(Commit::Stored)));
    let released = other.release(b"key", &theirs, false).wait().unwrap();
    assert_eq!(released, Commit::Stored);
}
