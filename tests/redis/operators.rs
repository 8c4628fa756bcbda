//! What people and other programs do to a server while it is used.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dogpile::{Config, JsonCodec, Origin, RedisSettings};

use crate::{config, creating, lease_of, on, process, server, settings, waiting};

#[test]
fn law_9_what_is_no_record_is_a_miss_that_is_reported_and_heals() {
    static REPORTED: AtomicUsize = AtomicUsize::new(0);
    let server = server();
    let settings = RedisSettings::url(server.url()).report(|key, _| {
        assert_eq!(key, b"key");
        REPORTED.fetch_add(1, Ordering::Relaxed);
    });
    let region = process(config(settings));
    let value = "dogpile:v:{key}";
    let garbage: [&[&str]; 5] = [
        &["SET", value, "garbage"],
        &["SET", value, ""],
        &["SET", value, "{\"ct\": 1}|1"],
        &["LPUSH", value, "a list"],
        &["HSET", value, "a", "hash"],
    ];
    for (number, put) in (0_u64..).zip(garbage) {
        server.ask(&["DEL", value]).unwrap();
        server.ask(put).unwrap();
        let before = REPORTED.load(Ordering::Relaxed);
        assert_eq!(region.get("key").unwrap(), None, "{put:?}");
        assert_eq!(region.get_or_create("key", || number).unwrap(), number);
        assert!(REPORTED.load(Ordering::Relaxed) > before, "{put:?}");
        assert_eq!(region.get("key").unwrap(), Some(number), "{put:?}");
    }
}

#[test]
fn a_lease_of_another_type_is_no_lease() {
    let server = server();
    server.ask(&["LPUSH", "dogpile:l:{key}", "a list"]).unwrap();
    let answer = on(&server).at("key").create(|| 1).unwrap();
    assert_eq!(answer.origin, Origin::Created);
}

#[test]
fn scripts_that_the_server_forgot_are_sent_again() {
    let server = server();
    let region = on(&server);
    region.set("key", 1).unwrap();
    server.ask(&["SCRIPT", "FLUSH"]).unwrap();
    region.set("key", 2).unwrap();
    server.ask(&["SCRIPT", "FLUSH"]).unwrap();
    dogpile::backend::block_on(region.set_async("key", 3)).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(3));
}

#[test]
fn a_lease_that_was_deleted_by_hand_lets_another_create_and_refuses_the_first() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let first = creating(scope, &a);
        server.ask(&["DEL", "dogpile:l:{key}"]).unwrap();
        assert_eq!(b.get_or_create("key", || 2).unwrap(), 2);
        let late = first.end_with(1).unwrap();
        assert_eq!((late.value, late.origin), (1, Origin::Superseded));
        assert_eq!(b.get("key").unwrap(), Some(2));
    });
}

#[test]
fn a_flush_in_a_stampede_costs_one_more_creation_and_hangs_nobody() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let first = creating(scope, &a);
        let waiter = waiting(scope, &server, &b, || 2);
        server.ask(&["FLUSHALL"]).unwrap();
        let late = first.end_with(1).unwrap();
        assert_eq!((late.value, late.origin), (1, Origin::Superseded));
        // The refused commit wakes who waits, long before the lease would have ended.
        assert_eq!(waiter.join().unwrap().unwrap().value, 2);
    });
    assert_eq!(a.get("key").unwrap(), Some(2));
    assert_eq!(lease_of(&server, "key"), None);
}

#[test]
fn a_full_server_stores_nothing_and_loses_no_created_value() {
    let server = server();
    let region = on(&server);
    region.set("before", 1).unwrap();
    server
        .ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let answer = region.at("key").create(|| 7).unwrap();
    assert_eq!((answer.value, answer.origin), (7, Origin::NotStored));
    let Err(dogpile::Error::Store(error)) = region.set("key", 8) else {
        panic!("a set that is not stored says so");
    };
    assert_eq!(error.fault, dogpile::backend::Fault::Full, "{error}");
    assert_eq!(
        region.get("before").unwrap(),
        Some(1),
        "what is there is still read"
    );
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    assert_eq!(
        region.at("key").create(|| 9).unwrap().origin,
        Origin::Created
    );
}

#[test]
fn a_lease_that_was_taken_is_given_back_though_the_server_is_full_by_then() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    thread::scope(|scope| {
        let first = creating(scope, &a);
        server.ask(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
        assert_eq!(first.end_with(1).unwrap().origin, Origin::NotStored);
    });
    assert_eq!(lease_of(&server, "key"), None);
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    assert_eq!(b.get_or_create("key", || 2).unwrap(), 2);
}

/// Fills a server that lets go of what was not used for long, until `key` is gone.
fn crowd_out(server: &dogpile_test_servers::Server, key: &str) {
    let big = "x".repeat(20_000);
    let mut number = 0;
    crate::until("it is evicted", || {
        server
            .ask(&["SET", &format!("big:{number}"), &big])
            .unwrap();
        number += 1;
        server.ask(&["EXISTS", key]).unwrap() == "0"
    });
}

#[test]
fn a_server_that_evicts_leases_and_epochs_costs_a_creation_and_leaves_all_keys_cacheable() {
    let server = dogpile_test_servers::Server::of(dogpile_test_servers::Flavour::Redis)
        .config("maxmemory 3mb")
        .config("maxmemory-policy allkeys-lru")
        .start()
        .unwrap();
    let old = on(&server);
    old.invalidate(dogpile::Invalidation::Hard).unwrap();
    thread::scope(|scope| {
        let first = creating(scope, &old);
        crowd_out(&server, "dogpile:l:{key}");
        let late = first.end_with(1).unwrap();
        assert_eq!((late.value, late.origin), (1, Origin::Superseded));
    });
    crowd_out(&server, "dogpile:e:{shared}");
    // A process that knows of no invalidation, and one that does: in the end both use one value.
    let new = on(&server);
    let origin = |region: &dogpile::Region<u64>| region.at("key").create(|| 2).unwrap().origin;
    crate::until("both find it", || {
        let found = [origin(&new), origin(&old), origin(&new), origin(&old)];
        found == [Origin::Hit; 4]
    });
}

#[test]
fn a_replica_that_takes_no_writes_serves_what_it_has() {
    let (master, replica) = (server(), server());
    on(&master).set("key", 1).unwrap();
    let port = master.port().to_string();
    replica.ask(&["REPLICAOF", "127.0.0.1", &port]).unwrap();
    let region = on(&replica);
    crate::until("it is copied", || {
        region.get("key").is_ok_and(|value| value == Some(1))
    });
    let Err(dogpile::Error::Store(error)) = region.delete("key") else {
        panic!("a deletion is never lost in silence");
    };
    assert_eq!(error.fault, dogpile::backend::Fault::Unavailable, "{error}");
    assert_eq!(
        region.at("other").create(|| 2).unwrap().origin,
        Origin::NotStored
    );
}

/// Two processes of a user with these rights: what one creates, the other waits for and gets.
fn works_with_rights(rights: &str) {
    let server = server();
    let set = ["ACL", "SETUSER", "user", "on", ">pw"];
    let set: Vec<_> = set.into_iter().chain(rights.split(' ')).collect();
    server.ask(&set).unwrap();
    let user = || {
        process(config(
            settings(&server.url()).username("user").password("pw"),
        ))
    };
    let (a, b) = (user(), user());
    for region in [&a, &b] {
        region.set("key", 7).unwrap();
        dogpile::backend::block_on(region.delete_async("key")).unwrap();
    }
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        let region = &b;
        let waiter = scope.spawn(move || region.at("key").create(|| 2));
        crate::until("it waits", || region.is_being_created("key"));
        assert_eq!(creator.end_with(1).unwrap().value, 1);
        assert_eq!(waiter.join().unwrap().unwrap().value, 1, "{rights}");
    });
    assert!(a.at("fails").try_create(|| Err::<u64, _>("no")).is_err());
    assert_eq!(lease_of(&server, "fails"), None, "{rights}");
    a.invalidate(dogpile::Invalidation::Hard).unwrap();
    crate::until("both see it", || {
        [&a, &b].map(|region| region.get("key").unwrap()) == [None, None]
    });
}

#[test]
fn a_user_without_channels_still_waits_to_the_end_and_leaves_no_lease() {
    works_with_rights("~* resetchannels +@all");
    works_with_rights("~* &* +@all -subscribe");
}

#[test]
fn a_user_needs_no_more_rights_than_are_told() {
    works_with_rights(
        "~dogpile:* &dogpile:* -@all +get +set +del +pttl +pexpire +hget +hmget +hset +time +ping \
         +select +eval +evalsha +publish +subscribe +unsubscribe",
    );
}

#[test]
fn a_clock_that_is_set_back_does_not_make_values_immortal() {
    let server = server();
    let future = dogpile::ManualClock::new();
    let clock = std::sync::Arc::new(future);
    let store = RedisSettings::url(server.url())
        .open()
        .unwrap()
        .encoded(JsonCodec::new());
    let hour = Duration::from_secs(3_600);
    let region = process(
        Config::new(store)
            .fresh_for(hour)
            .stale_for(hour)
            .clock(clock),
    );
    // Created, as far as this process's clock knows, in the year 2100.
    let record = "{\"ct\": 4102444800.0, \"v\": 2}|1";
    server.ask(&["SET", "dogpile:v:{key}", record]).unwrap();
    let answer = region.at("key").create(|| 2).unwrap();
    assert_eq!((answer.value, answer.origin), (2, Origin::Created));
}

#[test]
fn a_region_is_configured_by_name() {
    let server = server();
    let words = [
        ("cache.backend", "redis".to_owned()),
        ("cache.arguments.url", server.url()),
        ("cache.arguments.prefix", "named".to_owned()),
        ("cache.arguments.timeout", "10s".to_owned()),
        ("cache.arguments.connections", "4".to_owned()),
        ("cache.arguments.time_to_live", "1h".to_owned()),
        ("cache.schema", "3".to_owned()),
    ];
    let region = process(Config::from_map(words, "cache.").unwrap());
    assert_eq!(region.get_or_create("key", || 7).unwrap(), 7);
    let stored = server.ask(&["GET", "named:v:{key}"]).unwrap();
    assert!(
        stored.contains("\"sc\": 3") && stored.ends_with("|7"),
        "{stored}"
    );
    let nowhere = [("backend", "redis"), ("arguments.service", "mymaster")];
    let Err(refused) = Config::<u64>::from_map(nowhere, "") else {
        panic!("it is not told where the server is");
    };
    assert!(
        refused.to_string().contains("by one of the three"),
        "{refused}"
    );
}
