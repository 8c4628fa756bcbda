//! Sentinels that stand still, name the wrong server, or speak TLS.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use dogpile::backend::block_on;
use dogpile::{RedisSettings, Region};
use dogpile_test_servers::{Flavour, Replicated, Server};

use crate::{config, creating, listeners, process, server, until};

/// Ends the test where a call would never end.
fn in_time<T: Send>(what: &str, call: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let (says, said) = channel();
        scope.spawn(move || says.send(call()));
        match said.recv_timeout(Duration::from_secs(30)) {
            Ok(value) => value,
            // The scope would wait for the call.
            Err(_) => {
                eprintln!("never: {what}");
                std::process::abort();
            }
        }
    })
}

#[test]
fn law_12_a_sentinel_and_a_master_that_stand_still_hold_nobody_past_the_fail_over() {
    let servers = Replicated::start(Flavour::Redis).unwrap();
    let region = || behind(&servers);
    let old = region();
    old.set("key", 1).unwrap();
    block_on(old.set_async("key", 1)).unwrap();
    servers.sentinels()[0].freeze().unwrap();
    servers.master().unwrap().freeze().unwrap();
    let new = in_time("a region is configured", region);
    for region in [&old, &new] {
        in_time("a call of a thread ends", || drop(region.get("key")));
        in_time("a call of a task ends", || {
            drop(block_on(region.get_async("key")));
        });
        in_time("threads and tasks reach the new master", || {
            until("threads", || region.set("key", 2).is_ok());
            until("tasks", || block_on(region.set_async("key", 3)).is_ok());
        });
        assert_eq!(region.get("key").unwrap(), Some(3));
    }
}

#[test]
fn law_7_who_waits_hears_of_the_new_master_long_before_the_lease_ends() {
    let servers = Replicated::start(Flavour::Redis).unwrap();
    let region = || behind(&servers);
    let (a, b) = (region(), region());
    in_time("the waiter hears of the value", || {
        thread::scope(|scope| {
            let creator = creating(scope, &a);
            let waiter = scope.spawn(|| b.get_or_create("key", || 3));
            let master = servers.master().unwrap();
            until("it listens", || listeners(master, "key") > 0);
            servers.wait_until_whole().unwrap();
            // Its connection lives on, and says nothing.
            master.freeze().unwrap();
            until("the creator reaches the new master", || {
                a.set("other", 1).is_ok()
            });
            creator.end_with(2).unwrap();
            // Its own, if it looked before there was a new master.
            assert!([2, 3].contains(&waiter.join().unwrap().unwrap()));
        });
    });
}

#[test]
fn what_a_sentinel_names_is_used_only_if_it_is_a_master() {
    let (master, replica) = (server(), server());
    let port = master.port().to_string();
    replica.ask(&["REPLICAOF", "127.0.0.1", &port]).unwrap();
    let sentinel = Server::sentinel(Flavour::Redis).start().unwrap();
    watch(&sentinel, replica.port());
    let region = process(config(by(format!("redis://{}", sentinel.address()))));
    for answer in [region.get("key"), block_on(region.get_async("key"))] {
        let error = answer.expect_err("what a replica has may be old");
        assert!(error.to_string().contains("no master"), "{error}");
    }
}

#[test]
fn the_certificate_that_is_given_goes_for_sentinels_and_the_master() {
    let master = Server::of(Flavour::Redis).tls().start().unwrap();
    let sentinel = Server::sentinel(Flavour::Redis).tls().start().unwrap();
    let (at_master, at_sentinel) = (master.tls().unwrap(), sentinel.tls().unwrap());
    watch(&sentinel, at_master.port());
    let both = [at_master.authority_pem(), at_sentinel.authority_pem()].concat();
    let trusting = by(at_sentinel.url()).root_certificate(both);
    let region = process(config(trusting));
    region.set("key", 1).unwrap();
    assert_eq!(block_on(region.get_async("key")).unwrap(), Some(1));
    let suspicious = by(at_sentinel.url()).root_certificate(at_sentinel.authority_pem());
    assert!(process(config(suspicious)).get("key").is_err());
}

/// A process that asks these for the master.
fn behind(servers: &Replicated) -> Region<u64> {
    let settings = RedisSettings::sentinel(servers.sentinel_urls(), servers.master_name());
    process(config(settings.timeout(Duration::from_millis(900))))
}

fn by(sentinel: String) -> RedisSettings {
    RedisSettings::sentinel([sentinel], "mymaster")
}

/// Tells a Sentinel where the master is. It alone cannot replace it, nor needs to reach it.
fn watch(sentinel: &Server, port: u16) {
    let port = port.to_string();
    let words = ["SENTINEL", "MONITOR", "mymaster", "127.0.0.1", &port, "2"];
    sentinel.ask(&words).unwrap();
}
