//! How many connections a store makes, and when they are gone.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use dogpile::RedisSettings;

use crate::{config, process, server, settings, until};

/// How many connections the server has beside the one that asks.
fn clients(server: &dogpile_test_servers::Server) -> usize {
    let list = server.ask(&["CLIENT", "LIST"]).unwrap();
    list.lines().filter(|line| line.contains("id=")).count() - 1
}

#[test]
fn clients_are_bounded_in_number_and_freed_with_those_who_used_them() {
    const MOST: usize = 3;
    let server = server();
    let before = clients(&server);
    let region = process(config(settings(&server.url()).connections(MOST)));
    let start = Barrier::new(16);
    thread::scope(|threads| {
        for number in 0..16 {
            let (region, start) = (&region, &start);
            threads.spawn(move || {
                start.wait();
                for round in 0..50 {
                    let key = format!("{number}:{round}");
                    region.get_or_create(key, || 1).unwrap();
                }
            });
        }
    });
    // Beside those of threads there are one of tasks and one that listens.
    let now = clients(&server) - before;
    assert!((1..=MOST + 2).contains(&now), "{now} connections");
    drop(region);
    until("all are closed", || clients(&server) == before);
}

#[test]
fn no_time_that_can_be_said_keeps_a_store_from_its_server() {
    type Said = fn(RedisSettings) -> RedisSettings;
    let all: [Said; 3] = [
        |settings| settings.timeout(Duration::MAX).connections(1),
        |settings| settings.keepalive(Some(Duration::MAX)),
        |settings| settings.keepalive(Some(Duration::from_millis(1))),
    ];
    for said in all {
        let server = server();
        let region = process(config(said(RedisSettings::url(server.url()))));
        thread::scope(|threads| {
            for number in 0..4 {
                let region = &region;
                threads.spawn(move || region.set(number.to_string(), number).unwrap());
            }
        });
        let found = dogpile::backend::block_on(region.get_async("3"));
        assert_eq!(found.unwrap(), Some(3));
    }
}
