//! How many requests calls take, counted at the server.

use std::time::Duration;

use dogpile::{Compatibility, Region};
use dogpile_test_servers::Memcached as Server;

use crate::{config, on, process, server, settings, until};

/// How many requests the server is asked during a call. Epochs are read from time to time beside all
/// calls; the fewest of some tries is without.
fn fewest(server: &Server, mut call: impl FnMut()) -> u64 {
    let mut asks = || {
        let before = server.requests().unwrap();
        call();
        server.requests().unwrap() - before
    };
    (0..5).map(|_| asks()).min().unwrap()
}

/// The same of a creation beside a value that is stale at once.
fn beside_a_stale_value(server: &Server, region: &Region<u64>) -> u64 {
    region.set("stale", 1).unwrap();
    let is_stale = || region.metadata("stale").unwrap().unwrap().verdict == dogpile::Verdict::Stale;
    let one = |_| {
        until("it is stale", is_stale);
        let before = server.requests().unwrap();
        region.get_or_create("stale", || 2).unwrap();
        server.requests().unwrap() - before
    };
    (0..5).map(one).min().unwrap()
}

#[test]
fn a_hit_is_one_request_a_cold_miss_three_and_a_stale_one_four() {
    let server = server();
    let region = on(&server);
    region.set("warm", 0).unwrap();
    let hit = fewest(&server, || {
        region
            .get_or_create("warm", || unreachable!("it is there"))
            .unwrap();
    });
    assert_eq!(hit, 1);
    let mut number = 0;
    let cold = fewest(&server, || {
        number += 1;
        region
            .get_or_create(format!("cold {number}"), || 1)
            .unwrap();
    });
    assert_eq!(cold, 3);
    let brief = config(settings(&server.url())).fresh_for(Duration::from_millis(1));
    let brief = process(brief.stale_for(Duration::from_secs(3_600)));
    assert_eq!(beside_a_stale_value(&server, &brief), 4);
}

#[test]
fn beside_python_a_hit_is_one_request_a_cold_miss_five_and_a_stale_one_six() {
    let server = server();
    let shared = || settings(&server.url()).compatibility(Compatibility::Python);
    let region = process(config(shared()));
    assert_eq!(fewest(&server, || region.set("warm", 0).unwrap()), 2);
    let hit = fewest(&server, || {
        region
            .get_or_create("warm", || unreachable!("it is there"))
            .unwrap();
    });
    assert_eq!(hit, 1);
    let mut number = 0;
    let cold = fewest(&server, || {
        number += 1;
        region
            .get_or_create(format!("cold-{number}"), || 1)
            .unwrap();
    });
    assert_eq!(cold, 5);
    let delete = fewest(&server, || region.delete("warm").unwrap());
    assert_eq!(delete, 2);
    let brief = config(shared()).fresh_for(Duration::from_millis(1));
    let brief = process(brief.stale_for(Duration::from_secs(3_600)));
    assert_eq!(beside_a_stale_value(&server, &brief), 6);
}
