//! Law 12: the server is killed, frozen, or the way to it is cut.

use std::thread;
use std::time::{Duration, Instant};

use dogpile::backend::block_on;
use dogpile::{Config, Error, JsonCodec, OnStoreFailure, Origin, RedisSettings, Region};

use dogpile_test_servers::{Cluster, Flavour};

use crate::{config, creating, on, process, server, settings, until, waiting};

fn impatient(url: &str) -> Config<u64> {
    let settings = RedisSettings::url(url).timeout(Duration::from_millis(300));
    Config::new(settings.open().unwrap().encoded(JsonCodec::new()))
}

/// Each way that a caller can take.
fn both_ways(region: &Region<u64>, key: &str, value: u64) -> [Origin; 2] {
    let threads = region.at(key).create(|| value).unwrap();
    let tasks = block_on(region.at(key).create_async(async || value)).unwrap();
    assert_eq!((threads.value, tasks.value), (value, value));
    [threads.origin, tasks.origin]
}

#[test]
fn law_12_a_server_that_is_away_costs_no_created_value_and_is_used_again_when_it_is_back() {
    let server = server();
    let region = on(&server);
    region.set("key", 1).unwrap();
    block_on(region.set_async("key", 1)).unwrap();
    server.kill().unwrap();
    assert_eq!(both_ways(&region, "new", 2), [Origin::NotStored; 2]);
    assert!(matches!(region.get("key"), Err(Error::Store(_))));
    assert!(matches!(region.delete("key"), Err(Error::Store(_))));
    server.restart().unwrap();
    assert_eq!(both_ways(&region, "new", 3), [Origin::Created, Origin::Hit]);
    region.set("key", 4).unwrap();
    block_on(region.set_async("key", 5)).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(5));
}

#[test]
fn law_12_a_kept_value_is_served_while_the_server_is_away_or_frozen() {
    let server = server();
    let region = process(impatient(&server.url()).keep_last(10));
    region.get_or_create("key", || 1).unwrap();
    server.freeze().unwrap();
    for _ in 0..2 {
        let begun = Instant::now();
        assert_eq!(both_ways(&region, "key", 1), [Origin::Kept; 2]);
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "two calls within their time"
        );
    }
    server.kill().unwrap();
    assert_eq!(both_ways(&region, "key", 1), [Origin::Kept; 2]);
}

#[test]
fn law_12_a_frozen_server_does_not_make_many_wait_for_each_other() {
    let server = server();
    let region = std::sync::Arc::new(process(impatient(&server.url())));
    region.set("key", 1).unwrap();
    server.freeze().unwrap();
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let ask = |_| {
            let region = std::sync::Arc::clone(&region);
            tokio::spawn(async move { region.get_async("key").await })
        };
        let asked: Vec<_> = (0..200).map(ask).collect();
        for call in asked {
            assert!(call.await.unwrap().is_err());
        }
    });
    thread::scope(|scope| {
        for _ in 0..48 {
            scope.spawn(|| assert!(region.get("key").is_err()));
        }
    });
    // One after the other, they would take a minute.
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn law_12_a_node_of_a_cluster_that_stands_still_is_waited_for_once() {
    let servers = Cluster::start(Flavour::Redis).unwrap();
    let timeout = Duration::from_secs(3);
    let settings = RedisSettings::cluster(servers.urls()).timeout(timeout);
    let region = process(config(settings));
    region.set("key", 1).unwrap();
    servers.master_of("{key}").unwrap().freeze().unwrap();
    let begun = Instant::now();
    assert!(matches!(region.get("key"), Err(Error::Store(_))));
    // The library would wait once more for each of its attempts.
    assert!(begun.elapsed() < timeout * 3, "{:?}", begun.elapsed());
}

#[test]
fn law_12_who_must_not_create_without_the_store_gets_an_error_that_says_where() {
    let server = server();
    let region = process(impatient(&server.url()).on_store_failure(OnStoreFailure::Fail));
    server.kill().unwrap();
    let Err(Error::Store(error)) = region.at("key").create(|| unreachable!("it must not")) else {
        panic!("the store is away");
    };
    let text = error.to_string();
    assert!(text.contains("redis") && text.contains("\"key\""), "{text}");
    assert_eq!(error.fault, dogpile::backend::Fault::Unavailable);
}

#[test]
fn law_12_a_server_that_dies_during_a_creation_loses_no_value_and_hangs_nobody() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        let waiter = waiting(scope, &server, &b, || 2);
        server.kill().unwrap();
        let made = creator.end_with(1).unwrap();
        assert_eq!((made.value, made.origin), (1, Origin::NotStored));
        assert_eq!(waiter.join().unwrap().unwrap().origin, Origin::NotStored);
    });
    server.restart().unwrap();
    assert_eq!(b.get_or_create("key", || 3).unwrap(), 3);
}

#[test]
fn law_7_those_who_wait_are_woken_also_when_the_bell_s_connection_was_cut() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        let waiter = waiting(scope, &server, &b, || unreachable!("another creates"));
        let before = server.ask(&["CLIENT", "LIST", "TYPE", "pubsub"]).unwrap();
        server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
        until("another connection listens", || {
            let now = server.ask(&["CLIENT", "LIST", "TYPE", "pubsub"]).unwrap();
            crate::listeners(&server, "key") == 1 && now != before
        });
        assert_eq!(creator.end_with(1).unwrap().origin, Origin::Created);
        assert_eq!(waiter.join().unwrap().unwrap().value, 1);
    });
}

#[test]
fn a_reply_that_was_cut_reaches_nobody_and_the_next_is_the_right_one() {
    let server = server();
    let wire = server.wire().unwrap();
    let region = process(config(settings(&wire.url())));
    let direct = on(&server);
    for (key, value) in [("a", 1), ("b", 2)] {
        direct.set(key, value).unwrap();
        block_on(direct.set_async(key, value)).unwrap();
    }
    let (a, b) = (|| region.get("a"), || region.get("b"));
    let (later_a, later_b) = (
        || block_on(region.get_async("a")),
        || block_on(region.get_async("b")),
    );
    let ways: [(&dyn Fn() -> _, &dyn Fn() -> _); 2] = [(&a, &b), (&later_a, &later_b)];
    for (a, b) in ways {
        assert_eq!(a().unwrap(), Some(1));
        for bytes in [1, 3, 20, 60] {
            wire.cut_after(bytes);
            match a() {
                Ok(found) => assert_eq!(found, Some(1), "asked again on another connection"),
                Err(Error::Store(_)) => {}
                Err(other) => panic!("{other}"),
            }
            assert_eq!(b().unwrap(), Some(2));
        }
    }
}

#[test]
fn a_reply_that_comes_too_late_is_not_taken_for_another_s() {
    let server = server();
    let wire = server.wire().unwrap();
    let region = process(impatient(&wire.url()));
    let direct = on(&server);
    direct.set("a", 1).unwrap();
    direct.set("b", 2).unwrap();
    region.get("a").unwrap();
    block_on(region.get_async("a")).unwrap();
    wire.hold();
    assert!(region.get("a").is_err());
    assert!(block_on(region.get_async("a")).is_err());
    wire.release();
    for _ in 0..3 {
        assert_eq!(region.get("b").unwrap(), Some(2));
        assert_eq!(block_on(region.get_async("b")).unwrap(), Some(2));
    }
}
