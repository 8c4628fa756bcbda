//! How many connections a store makes, and when they are gone.

use std::sync::Barrier;
use std::thread;

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
