//! How many requests calls take, counted at the server.

use std::time::Duration;

use crate::{config, on, process, server, settings, until};

#[test]
fn a_hit_is_one_request_a_cold_miss_three_and_a_stale_one_three() {
    let server = server();
    let region = on(&server);
    region.set("warm", 0).unwrap(); // connections are made, scripts are known
    region.get_or_create("another", || 0).unwrap();
    let counter = server.counter().unwrap();
    let mut before = 0;
    // What a region asks when it is opened, of its epochs and for their bell, comes when it comes.
    let asked = || {
        let commands = counter.by_command().unwrap();
        let of_calls = |name: &str| !["HMGET", "SUBSCRIBE"].contains(&name);
        let counts = commands.iter().filter(|(name, _)| of_calls(name));
        counts.map(|(_, count)| count).sum::<u64>()
    };
    let mut asks = |call: &mut dyn FnMut()| {
        call();
        let count = asked();
        count - std::mem::replace(&mut before, count)
    };
    let hit = asks(&mut || {
        region
            .get_or_create("warm", || unreachable!("it is there"))
            .unwrap();
    });
    assert_eq!(hit, 1);
    let miss = asks(&mut || {
        region.get_or_create("cold", || 1).unwrap();
    });
    assert!(miss <= 3, "{miss}: {:?}", counter.by_command());
    let brief = config(settings(&server.url())).fresh_for(Duration::from_millis(1));
    let brief = process(brief.stale_for(Duration::from_secs(3_600)));
    until("it is stale", || {
        brief.metadata("cold").unwrap().unwrap().verdict == dogpile::Verdict::Stale
    });
    brief.get("cold").unwrap();
    asks(&mut || ());
    let stale = asks(&mut || {
        brief.get_or_create("cold", || 2).unwrap();
    });
    assert_eq!(stale, 3, "{:?}", counter.by_command());
}
