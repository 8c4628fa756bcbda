//! A master dies during a creation, and another takes its place.

use std::thread;
use std::time::Duration;

use dogpile::backend::block_on;
use dogpile::{RedisSettings, Region};
use dogpile_test_servers::{Cluster, Flavour, Replicated};

use crate::{config, creating, process, until};

/// What must hold of two processes while `fail_over` happens.
fn law_12_through(settings: impl Fn() -> RedisSettings, fail_over: impl FnOnce()) {
    let region = || process(config(settings().timeout(Duration::from_secs(2))));
    let (a, b): (Region<u64>, Region<u64>) = (region(), region());
    b.set("other", 1).unwrap();
    block_on(b.set_async("other", 1)).unwrap();
    thread::scope(|scope| {
        let creator = creating(scope, &a);
        fail_over();
        let made = creator.end_with(1).unwrap();
        assert_eq!(
            made.value, 1,
            "a created value is never lost ({:?})",
            made.origin
        );
    });
    // The lease may have been lost with the old master; nobody waits for it to the end.
    let value = b.at("key").deadline(Duration::from_secs(30)).create(|| 2);
    assert!(value.is_ok(), "{value:?}");
    until("threads reach the new master", || b.set("key", 3).is_ok());
    until("tasks reach the new master", || {
        block_on(a.set_async("key", 4)).is_ok()
    });
    assert_eq!(b.get("key").unwrap(), Some(4));
    thread::scope(|scope| {
        b.delete("key").unwrap();
        let creator = creating(scope, &a);
        let region = &b;
        let waiter =
            scope.spawn(move || region.at("key").create(|| unreachable!("another creates")));
        until("it waits", || region.is_being_created("key"));
        creator.end_with(5).unwrap();
        assert_eq!(
            waiter.join().unwrap().unwrap().value,
            5,
            "its bell has moved too"
        );
    });
}

#[test]
fn law_12_a_master_that_sentinels_replace() {
    let servers = Replicated::start(Flavour::Redis).unwrap();
    let settings = || RedisSettings::sentinel(servers.sentinel_urls(), servers.master_name());
    law_12_through(settings, || {
        servers.kill_master().unwrap();
    });
}

#[test]
fn law_12_a_master_of_a_cluster_that_its_replica_replaces() {
    let servers = Cluster::start(Flavour::Redis).unwrap();
    let settings = || RedisSettings::cluster(servers.urls());
    law_12_through(settings, || {
        servers.kill_master_of("{key}").unwrap();
        servers.wait_until_ok().unwrap();
    });
}
