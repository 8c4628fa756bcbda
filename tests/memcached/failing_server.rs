//! Law 12: the server is killed, frozen, flushed or full, or the way to it is cut.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use dogpile::backend::{Fault, block_on};
use dogpile::{
    Config, Error, Invalidation, JsonCodec, MemcachedSettings, OnStoreFailure, Origin, Region,
};
use dogpile_test_servers::Memcached as Server;

use crate::{config, creating, on, process, server, settings, waiting};

fn impatient(url: &str) -> Config<u64> {
    let settings = MemcachedSettings::server(url).timeout(Duration::from_millis(300));
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
        assert!(begun.elapsed() < Duration::from_secs(3), "within its time");
    }
    server.kill().unwrap();
    assert_eq!(both_ways(&region, "key", 1), [Origin::Kept; 2]);
}

#[test]
fn law_12_a_frozen_server_does_not_make_many_wait_for_each_other() {
    let server = server();
    let region = process(impatient(&server.url()));
    region.set("key", 1).unwrap();
    server.freeze().unwrap();
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| assert!(region.get("key").is_err()));
        }
    });
    // By sixteen at a time, they would take four seconds, and one by one a minute.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    server.thaw().unwrap();
    crate::until("it is asked again", || {
        region.get("key").ok() == Some(Some(1))
    });
}

/// Else each waited behind the one that asks whether the server is back.
#[test]
fn law_12_a_task_is_told_at_once_that_a_frozen_server_is_left_alone() {
    let server = server();
    let region = process(impatient(&server.url()));
    block_on(region.set_async("key", 1)).unwrap();
    server.freeze().unwrap();
    let context = &mut Context::from_waker(Waker::noop());
    crate::until("one is told while another asks", || {
        let mut asks = pin!(region.get_async("key"));
        while asks.as_mut().poll(context).is_pending() {
            let told = pin!(region.get_async("key")).poll(context);
            if told.is_ready() {
                return asks.as_mut().poll(context).is_pending();
            }
        }
        false
    });
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
    assert!(
        text.contains("memcached") && text.contains("\"key\""),
        "{text}"
    );
    assert!(text.contains(&server.address().to_string()), "{text}");
    assert_eq!(error.fault, Fault::Unavailable);
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
fn law_3_a_creation_from_before_a_restart_or_a_flush_is_returned_and_not_stored() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    let flush = || drop(server.ask("flush_all").unwrap());
    let restart = || server.restart().unwrap();
    let ways: [&dyn Fn(); 2] = [&flush, &restart];
    for loses_all in ways {
        b.delete("key").unwrap();
        thread::scope(|scope| {
            let early = creating(scope, &a);
            loses_all();
            let late = creating(scope, &b);
            // Their items may well have the same number by now.
            let early = early.end_with(1).unwrap();
            assert_eq!(early.value, 1);
            assert!(
                matches!(early.origin, Origin::Superseded | Origin::NotStored),
                "{:?}",
                early.origin
            );
            let late = late.end_with(2).unwrap();
            assert_eq!((late.value, late.origin), (2, Origin::Created));
        });
        assert_eq!(a.get("key").unwrap(), Some(2));
    }
}

#[test]
fn law_3_a_lease_that_was_pushed_out_of_a_full_server_is_void() {
    let server = Server::start(&["-m", "2"]).unwrap();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let early = creating(scope, &a);
        let mut number = 0;
        crate::until("the lease is pushed out", || {
            // As large as the lease, for each size has memory of its own.
            let filler = |at: u32| format!("ms dogpile:f:{at} 1 q\r\nx\r\n");
            let fillers: String = (number..number + 1_000).map(filler).collect();
            number += 1_000;
            server.ask(fillers.trim_end()).unwrap();
            server.ask("mg dogpile:v:key u").unwrap() == "EN\r\n"
        });
        let late = creating(scope, &b);
        assert_eq!(early.end_with(1).unwrap().origin, Origin::Superseded);
        assert_eq!(late.end_with(2).unwrap().origin, Origin::Created);
    });
    assert_eq!(a.get("key").unwrap(), Some(2));
}

#[test]
fn a_reply_that_was_cut_reaches_nobody_and_the_next_is_the_right_one() {
    let server = server();
    let wire = server.wire().unwrap();
    let url = format!("memcached://{}", wire.address());
    let region = process(config(settings(&url)));
    let direct = on(&server);
    for (key, value) in [("a", 1), ("b", 2)] {
        direct.set(key, value).unwrap();
    }
    assert_eq!(region.get("a").unwrap(), Some(1));
    for bytes in [1, 3, 20, 60] {
        wire.cut_after(bytes);
        match region.get("a") {
            Ok(found) => assert_eq!(found, Some(1), "asked again on another connection"),
            Err(Error::Store(_)) => {}
            Err(other) => panic!("{other}"),
        }
        assert_eq!(region.get("b").unwrap(), Some(2));
        assert_eq!(block_on(region.get_async("b")).unwrap(), Some(2));
    }
}

#[test]
fn a_reply_that_comes_too_late_is_not_taken_for_another_s() {
    let server = server();
    let wire = server.wire().unwrap();
    let url = format!("memcached://{}", wire.address());
    let region = process(impatient(&url));
    let direct = on(&server);
    direct.set("a", 1).unwrap();
    direct.set("b", 2).unwrap();
    region.get("a").unwrap();
    wire.hold();
    assert!(region.get("a").is_err());
    wire.release();
    for _ in 0..3 {
        assert_eq!(region.get("b").unwrap(), Some(2));
        assert_eq!(block_on(region.get_async("b")).unwrap(), Some(2));
    }
}

#[test]
fn law_12_of_several_servers_the_others_keys_are_as_before_while_one_is_away() {
    let servers = [server(), server(), server()];
    let settings = MemcachedSettings::servers(servers.each_ref().map(Server::url));
    let region = process(config(settings));
    let keys: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    for key in &keys {
        region.set(key, 1).unwrap();
    }
    let has = |server: &Server, key: &String| {
        let item = server.ask(&format!("mg dogpile:v:{key}")).unwrap();
        item == "HD\r\n"
    };
    let (theirs, others): (Vec<_>, Vec<_>) = keys.iter().partition(|key| has(&servers[0], key));
    assert!(!theirs.is_empty() && !others.is_empty());
    servers[0].kill().unwrap();
    for key in &others {
        assert_eq!(region.get(key).unwrap(), Some(1));
    }
    for key in &theirs {
        assert_eq!(both_ways(&region, key, 2), [Origin::NotStored; 2]);
    }
    servers[0].restart().unwrap();
    for key in &theirs {
        let wanted = [Origin::Created, Origin::Hit];
        assert_eq!(both_ways(&region, key, 3), wanted);
        assert!(has(&servers[0], key), "nobody else has it");
    }
}

/// It numbers nothing, so that no lease would ever be current.
#[test]
fn a_server_without_version_numbers_is_told_of_and_makes_nobody_wait() {
    let server = Server::start(&["-C"]).unwrap();
    let region = on(&server);
    let looks = || server.count("cmd_get").unwrap();
    let before = looks();
    for _ in 0..2 {
        assert_eq!(both_ways(&region, "key", 1), [Origin::NotStored; 2]);
    }
    let looked = looks() - before;
    assert!(looked <= 16, "who waits looks again and again: {looked}");
    let strict = process(impatient(&server.url()).on_store_failure(OnStoreFailure::Fail));
    let Err(Error::Store(error)) = strict.at("key").create(|| unreachable!("it must not")) else {
        panic!("it can lease nothing");
    };
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.to_string().contains("without `-C`"), "{error}");
    let error = region.invalidate(Invalidation::Hard).unwrap_err();
    assert!(error.to_string().contains("without `-C`"), "{error}");
}

#[test]
fn a_server_that_takes_no_more_connections_is_away_and_the_error_says_what_to_do() {
    let server = Server::start(&["-c", "20", "-t", "1"]).unwrap();
    let taken: Vec<_> = (0..40)
        .filter_map(|_| std::net::TcpStream::connect(server.address()).ok())
        .collect();
    let process = || {
        let store = MemcachedSettings::server(server.url()).open().unwrap();
        process(Config::new(store.encoded(JsonCodec::new())))
    };
    // It takes in some that came too late; each of those keeps its connection.
    let mut served: Vec<Region<u64>> = Vec::new();
    let error = loop {
        let region = process();
        if let Err(Error::Store(error)) = region.get("key") {
            break error;
        }
        assert!(served.len() < 100, "it has room for all");
        served.push(region);
    };
    assert_eq!(error.fault, Fault::Unavailable, "{error}");
    assert!(error.to_string().contains("`memcached -c`"), "{error}");
    drop((taken, served));
    let region = process();
    crate::until("it has room again", || region.get("key").is_ok());
}
