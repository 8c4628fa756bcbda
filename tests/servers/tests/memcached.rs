//! A memcached is killed, frozen and started again as other servers are.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use dogpile_test_servers::{Error, Memcached};

#[test]
fn it_answers_counts_and_forgets_when_it_is_killed() {
    let server = Memcached::start(&[]).unwrap();
    assert_eq!(server.ask("ms k 1\r\nv").unwrap(), "HD\r\n");
    assert_eq!(server.ask("mg k v").unwrap(), "VA 1\r\nv\r\n");
    assert_eq!(server.ask("md nothing").unwrap(), "NF\r\n");
    assert_eq!(server.requests().unwrap(), 3);
    assert!(server.count("no such count").is_err());
    let (pid, address) = (server.pid(), server.address());
    server.restart().unwrap();
    assert_ne!(server.pid(), pid);
    assert_eq!(server.address(), address);
    assert_eq!(server.ask("mg k v").unwrap(), "EN\r\n");
    server.kill().unwrap();
    assert!(server.ask("mn").is_err());
    assert!(matches!(server.freeze(), Err(Error::NotRunning { .. })));
}

#[test]
fn frozen_it_says_nothing_and_thawed_it_goes_on() {
    let server = Memcached::start(&[]).unwrap();
    server.freeze().unwrap();
    assert!(server.ask("mn").is_err());
    server.thaw().unwrap();
    assert_eq!(server.ask("mg k").unwrap(), "EN\r\n");
}

#[test]
fn what_it_does_not_like_is_told() {
    let refused = Memcached::start(&["--no-such-thing"]);
    let Err(Error::Ended { log }) = refused else {
        panic!("it cannot run: {refused:?}");
    };
    assert!(log.contains("no-such-thing"), "{log}");
}

#[test]
fn a_guarded_one_is_asked_by_who_has_logged_in() {
    let server = Memcached::guarded("me", "open-sesame").unwrap();
    assert_eq!(server.ask("mg k").unwrap(), "EN\r\n");
}
