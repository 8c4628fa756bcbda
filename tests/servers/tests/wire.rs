//! The wire carries everything, and stops where it is told to.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use dogpile_test_servers::{Flavour, Server, Wire};

/// Longer than an answer takes, short enough to wait for none.
const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(10);

fn client(wire: &Wire) -> TcpStream {
    let client = TcpStream::connect(wire.address()).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client
}

fn answers(client: &mut TcpStream) {
    client.write_all(b"PING\r\n").unwrap();
    let mut answer = [0; 7];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

/// All that still comes, until the end or a reset.
fn rest(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match client.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    bytes
}

#[test]
fn everything_passes() {
    const SIZE: usize = 1_000_000;
    let server = Server::of(Flavour::Redis)
        .password("secret")
        .start()
        .unwrap();
    let wire = server.wire().unwrap();
    assert_eq!(wire.url(), format!("redis://:secret@{}/0", wire.address()));
    let mut client = client(&wire);
    let set = format!("AUTH secret\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${SIZE}\r\n");
    client.write_all(set.as_bytes()).unwrap();
    client.write_all(&vec![b'x'; SIZE]).unwrap();
    client.write_all(b"\r\nGET k\r\nQUIT\r\n").unwrap();
    let all = rest(&mut client);
    let head = format!("+OK\r\n+OK\r\n${SIZE}\r\n");
    assert_eq!(all.len(), head.len() + SIZE + "\r\n+OK\r\n".len());
    assert!(all.starts_with(head.as_bytes()) && all.ends_with(b"x\r\n+OK\r\n"));
}

#[test]
fn a_cut_ends_all_connections_and_no_later_one() {
    let server = Server::start(Flavour::Redis).unwrap();
    let wire = server.wire().unwrap();
    let mut clients = [client(&wire), client(&wire)];
    clients.iter_mut().for_each(answers);
    wire.cut();
    for client in &mut clients {
        assert_eq!(rest(client), b"");
    }
    answers(&mut client(&wire));
}

#[test]
fn a_cut_falls_amid_an_answer_to_the_byte() {
    let server = Server::start(Flavour::Redis).unwrap();
    let value = "v".repeat(100_000);
    server.ask(&["SET", "k", &value]).unwrap();
    let wire = server.wire().unwrap();
    for bytes in [1, 50, 99_000] {
        let mut first = client(&wire);
        answers(&mut first);
        wire.cut_after(bytes);
        first.write_all(b"GET k\r\n").unwrap();
        let all = rest(&mut first);
        assert_eq!(all.len(), bytes);
        assert!("$100000\r\n".starts_with(std::str::from_utf8(&all[..bytes.min(9)]).unwrap()));
        // It cuts once.
        answers(&mut client(&wire));
    }
    let mut last = client(&wire);
    answers(&mut last);
    wire.cut_after(0);
    assert_eq!(rest(&mut last), b"");
}

#[test]
fn what_is_held_comes_later_or_never() {
    let server = Server::start(Flavour::Redis).unwrap();
    let wire = server.wire().unwrap();
    let mut clients = [client(&wire), client(&wire)];
    clients.iter_mut().for_each(answers);
    wire.hold();
    for client in &mut clients {
        client.write_all(b"INCR k\r\n").unwrap();
        client.set_read_timeout(Some(SHORT)).unwrap();
        let error = client.read(&mut [0]).unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
        client.set_read_timeout(Some(LONG)).unwrap();
    }
    assert_eq!(server.ask(&["GET", "k"]).unwrap(), "(nil)");
    wire.release();
    for client in &mut clients {
        let mut answer = [0; 4];
        client.read_exact(&mut answer).unwrap();
        assert!(answer.starts_with(b":"));
    }
    wire.hold();
    clients[0].write_all(b"INCR k\r\n").unwrap();
    wire.cut();
    assert_eq!(rest(&mut clients[0]), b"");
    assert_eq!(server.ask(&["GET", "k"]).unwrap(), "2");
}

#[test]
fn it_ends_with_its_server_and_when_it_is_dropped() {
    let server = Server::start(Flavour::Redis).unwrap();
    let wire = server.wire().unwrap();
    let mut first = client(&wire);
    answers(&mut first);
    server.kill().unwrap();
    assert_eq!(rest(&mut first), b"");
    assert_eq!(rest(&mut client(&wire)), b"");
    server.restart().unwrap();
    let mut second = client(&wire);
    answers(&mut second);
    let address = wire.address();
    drop(wire);
    assert_eq!(rest(&mut second), b"");
    assert!(TcpStream::connect(address).is_err());
}
