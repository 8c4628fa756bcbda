//! How many requests calls take, counted at the server.

use std::time::Duration;

use crate::{config, on, process, server, settings, until};

#[test]
fn a_hit_is_one_request_a_cold_miss_three_and_a_stale_one_four() {
    let server = server();
    let region = on(&server);
    region.set("warm", 0).unwrap();
    let asks = |call: &mut dyn FnMut()| {
        let before = server.requests().unwrap();
        call();
        server.requests().unwrap() - before
    };
    // Epochs are read from time to time beside all calls; the fewest of some tries is without.
    let fewest = |call: &mut dyn FnMut()| (0..5).map(|_| asks(call)).min().unwrap();
    let hit = fewest(&mut || {
        region
            .get_or_create("warm", || unreachable!("it is there"))
            .unwrap();
    });
    assert_eq!(hit, 1);
    let mut number = 0;
    let cold = fewest(&mut || {
        number += 1;
        region
            .get_or_create(format!("cold {number}"), || 1)
            .unwrap();
    });
    assert_eq!(cold, 3);
    let brief = config(settings(&server.url())).fresh_for(Duration::from_millis(1));
    let brief = process(brief.stale_for(Duration::from_secs(3_600)));
    brief.set("stale", 1).unwrap();
    let is_stale = || brief.metadata("stale").unwrap().unwrap().verdict == dogpile::Verdict::Stale;
    let mut stale = u64::MAX;
    for _ in 0..5 {
        until("it is stale", is_stale);
        stale = stale.min(asks(&mut || {
            brief.get_or_create("stale", || 2).unwrap();
        }));
    }
    assert_eq!(stale, 4);
}
