//! How many times calls wait for the server, counted on the way to it.

use dogpile_test_servers::LongWay;

use crate::{config, process, server, settings};

fn keys(first: u64) -> Vec<String> {
    (first..first + 100)
        .map(|number| format!("key:{number}"))
        .collect()
}

/// With a connection that is made and scripts that the server knows. The very first call of a process needs
/// both, and takes three more.
#[test]
fn a_cold_batch_of_100_keys_takes_at_most_6_round_trips() {
    let server = server();
    let way = LongWay::to(server.address()).unwrap();
    let region = process(config(settings(&format!("redis://{}/0", way.address()))));
    let trips = |keys: &[String]| {
        let made = region.get_or_create_many(keys, |keys| vec![7; keys.len()]);
        assert_eq!(made.unwrap(), [7; 100]);
        way.trips()
    };
    let first = trips(&keys(0));
    let cold = trips(&keys(100));
    let hits = trips(&keys(100));
    assert!(
        cold <= 6,
        "{cold}; hits took {hits}, the first batch {first}"
    );
    assert!(hits < cold, "{hits} of {cold}");
    // One key after the other, each takes its own.
    for key in &keys(200)[..3] {
        region.get_or_create(key, || 7).unwrap();
    }
    let one_by_one = way.trips();
    assert!(one_by_one > 6, "{one_by_one}");
}
