//! The sentinels put the replica in its master's place.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::io::{Read, Write};
use std::net::TcpStream;

use dogpile_test_servers::{Error, Flavour, Replicated, Server};

fn fails_over(all: &Replicated) {
    assert_eq!((all.sentinels().len(), all.sentinel_urls().len()), (3, 3));
    let first = all.master().unwrap();
    assert_eq!(first.port(), all.nodes()[0].port());
    first.ask(&["SET", "k", "v"]).unwrap();
    first.ask(&["WAIT", "1", "10000"]).unwrap();
    let killed = all.kill_master().unwrap();
    assert_eq!(killed.port(), first.port());
    let second = all.master().unwrap();
    assert_ne!(second.port(), first.port());
    assert_eq!(second.ask(&["GET", "k"]).unwrap(), "v");
    second.ask(&["SET", "k", "w"]).unwrap();
    // The old one comes back as the new one's replica.
    killed.restart().unwrap();
    all.wait_until_whole().unwrap();
    assert_eq!(all.master().unwrap().port(), second.port());
    assert_eq!(killed.ask(&["GET", "k"]).unwrap(), "w");
    assert!(matches!(
        killed.ask(&["SET", "k", "x"]),
        Err(Error::Refused { message, .. }) if message.starts_with("READONLY")
    ));
}

#[test]
fn redis_fails_over() {
    let all = Replicated::start_with(Flavour::Redis, |node| node.password("secret")).unwrap();
    assert!(all.nodes()[1].url().starts_with("redis://:secret@"));
    fails_over(&all);
}

#[test]
fn valkey_fails_over() {
    fails_over(&Replicated::start(Flavour::Valkey).unwrap());
}

#[test]
fn a_frozen_master_is_replaced_too() {
    let all = Replicated::start(Flavour::Redis).unwrap();
    let first = all.master().unwrap();
    first.freeze().unwrap();
    let second = all.master().unwrap();
    assert_ne!(second.port(), first.port());
    first.thaw().unwrap();
    all.wait_until_whole().unwrap();
    assert_eq!(all.master().unwrap().port(), second.port());
}

/// How often something was published on a server.
fn published(server: &Server) -> u64 {
    let about = server.ask(&["INFO", "commandstats"]).unwrap();
    let calls = |line: &str| {
        let rest = line.strip_prefix("cmdstat_publish:calls=")?;
        rest.split(',').next()?.parse().ok()
    };
    about.lines().find_map(calls).unwrap_or(0)
}

#[test]
fn what_the_servers_say_to_each_other_is_not_counted() {
    for flavour in Flavour::ALL {
        let all = Replicated::start(flavour).unwrap();
        let counter = all.counter().unwrap();
        let (master, replica) = (&all.nodes()[0], &all.nodes()[1]);
        let mut client = TcpStream::connect(master.address()).unwrap();
        client.write_all(b"SET k v\r\nWAIT 1 10000\r\n").unwrap();
        let mut answers = [0; 9];
        client.read_exact(&mut answers).unwrap();
        assert_eq!(&answers, b"+OK\r\n:1\r\n");
        assert_eq!(replica.ask(&["GET", "k"]).unwrap(), "v");
        // The sentinels talk meanwhile.
        let said = || published(master) + published(replica);
        let before = said();
        while said() < before + 6 {}
        let by = counter.by_command().unwrap();
        let by: Vec<_> = by
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        assert_eq!(by, [("SET", 1), ("WAIT", 1)]);
    }
}
