//! How many times calls wait for the server, counted on the way to it.

use dogpile::Region;
use dogpile_test_servers::LongWay;

use crate::{config, process, server, settings};

fn keys(first: u64) -> Vec<String> {
    (first..first + 100)
        .map(|number| format!("key:{number}"))
        .collect()
}

fn far_away() -> (dogpile_test_servers::Memcached, LongWay, Region<u64>) {
    let server = server();
    let way = LongWay::to(server.address()).unwrap();
    let region = process(config(settings(&way.address().to_string())));
    (server, way, region)
}

#[test]
fn a_cold_batch_of_100_keys_takes_at_most_6_round_trips_and_a_warm_one_at_most_3() {
    let (_server, way, region) = far_away();
    let trips = |keys: &[String]| {
        let made = region.get_or_create_many(keys, |keys| vec![7; keys.len()]);
        assert_eq!(made.unwrap(), [7; 100]);
        way.trips()
    };
    let first = trips(&keys(0));
    let cold = trips(&keys(100));
    let hits = trips(&keys(100));
    println!("first {first}, cold {cold}, hits {hits}");
    assert!(
        cold <= 6 && hits <= 3,
        "{cold}; hits took {hits}, the first batch {first}"
    );
    // One key after the other, each takes its own.
    for key in &keys(200)[..3] {
        region.get_or_create(key, || 7).unwrap();
    }
    let one_by_one = way.trips();
    assert!(one_by_one > 6, "{one_by_one}");
}

/// One may go ahead of the others, whose connection is asked first whether anybody is there.
#[test]
fn many_keys_are_set_read_and_deleted_in_at_most_3_round_trips_each() {
    let (_server, way, region) = far_away();
    region.set("warm", 1).unwrap();
    let trips = |what: &str, call: &dyn Fn()| {
        way.trips();
        call();
        let trips = way.trips();
        println!("{what}: {trips}");
        assert!(trips <= 3, "{what} took {trips}");
    };
    let keys = keys(0);
    trips("to set", &|| {
        region.set_many(keys.iter().zip(0..)).unwrap();
    });
    trips("to read", &|| {
        let wanted: Vec<_> = (0..100).map(Some).collect();
        assert_eq!(region.get_many(&keys).unwrap(), wanted);
    });
    trips("to delete", &|| region.delete_many(&keys).unwrap());
    trips("to read again", &|| {
        let found = region.get_many(&keys).unwrap();
        assert!(found.iter().all(Option::is_none));
    });
}
