//! A cluster shares its keys, and survives the death of a master.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::collections::HashSet;

use dogpile_test_servers::{Cluster, Error, Flavour};

fn survives(cluster: &Cluster) {
    assert_eq!((cluster.nodes().len(), cluster.urls().len()), (6, 6));
    let keys: Vec<_> = (0..20).map(|number| format!("k{number}")).collect();
    let mut masters = HashSet::new();
    for key in &keys {
        let master = cluster.master_of(key).unwrap();
        masters.insert(master.port());
        master.ask(&["SET", key, "v"]).unwrap();
        master.ask(&["WAIT", "1", "10000"]).unwrap();
        let other = cluster.nodes()[..3]
            .iter()
            .find(|node| node.port() != master.port());
        assert!(matches!(
            other.unwrap().ask(&["SET", key, "v"]),
            Err(Error::Refused { message, .. }) if message.starts_with("MOVED")
        ));
    }
    assert_eq!(masters.len(), 3);
    let killed = cluster.kill_master_of("k0").unwrap();
    let next = cluster.master_of("k0").unwrap();
    assert!(next.port() != killed.port() && !masters.contains(&next.port()));
    for key in &keys {
        assert_eq!(
            cluster.master_of(key).unwrap().ask(&["GET", key]).unwrap(),
            "v"
        );
    }
    // The old one comes back as the new one's replica.
    killed.restart().unwrap();
    cluster.wait_until_whole().unwrap();
    assert_eq!(cluster.master_of("k0").unwrap().port(), next.port());
}

#[test]
fn redis_survives() {
    let cluster = Cluster::start_with(Flavour::Redis, |node| node.password("secret")).unwrap();
    assert!(cluster.urls()[0].starts_with("redis://:secret@"));
    survives(&cluster);
}

#[test]
fn valkey_survives() {
    survives(&Cluster::start(Flavour::Valkey).unwrap());
}

#[test]
fn what_replicas_copy_is_not_counted() {
    let cluster = Cluster::start(Flavour::Redis).unwrap();
    let counter = cluster.counter().unwrap();
    let master = cluster.master_of("k").unwrap();
    master.ask(&["SET", "k", "v"]).unwrap();
    master.ask(&["WAIT", "1", "10000"]).unwrap();
    assert_eq!(counter.count().unwrap(), 0);
}
