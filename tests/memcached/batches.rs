//! Many keys at once on real servers.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use dogpile::backend::block_on;
use dogpile::{MemcachedSettings, Region};
use dogpile_test_servers::Memcached as Server;

use crate::{config, item_of, on, process, server, settings};

fn keys(count: u64) -> Vec<String> {
    (0..count).map(|number| format!("key:{number}")).collect()
}

fn numbers(keys: &[&String]) -> Vec<u64> {
    let number = |key: &&String| key.rsplit(':').next().unwrap().parse().unwrap();
    keys.iter().map(number).collect()
}

/// Both ways of two processes, cold and warm.
fn law_1_many(a: &Region<u64>, b: &Region<u64>) {
    let keys = keys(100);
    let wanted: Vec<_> = (0..100).collect();
    assert_eq!(a.get_or_create_many(&keys, numbers).unwrap(), wanted);
    let found = b.get_or_create_many(&keys, |_| unreachable!("the other created them"));
    assert_eq!(found.unwrap(), wanted);
    a.delete_many(&keys).unwrap();
    assert!(b.get_many(&keys).unwrap().iter().all(Option::is_none));
    b.set_many(keys.iter().zip(100_u64..)).unwrap();
    assert_eq!(a.get_many(&keys[..2]).unwrap(), [Some(100), Some(101)]);
    block_on(a.delete_many_async(&keys)).unwrap();
    let creator = async |keys: Vec<String>| numbers(&keys.iter().collect::<Vec<_>>());
    let made = block_on(b.get_or_create_many_async(&keys, creator));
    assert_eq!(made.unwrap(), wanted);
}

#[test]
fn law_1_many_keys_on_one_server() {
    let server = server();
    law_1_many(&on(&server), &on(&server));
    for key in keys(100) {
        let item = item_of(&server, &key);
        assert!(item.contains(" f0 "), "a value and no lease: {item}");
    }
}

#[test]
fn law_1_many_keys_on_three_servers_and_on_one_connection_to_each() {
    let servers = [server(), server(), server()];
    let several = || {
        let settings = MemcachedSettings::servers(servers.each_ref().map(Server::url));
        process(config(settings.connections(1)))
    };
    law_1_many(&several(), &several());
    for server in &servers {
        let has_some = keys(100).iter().any(|key| item_of(server, key) != "EN");
        assert!(has_some, "each has its share");
    }
}

#[test]
fn law_1_batches_of_two_processes_that_overlap_create_each_key_once() {
    let server = server();
    let processes = [on(&server), on(&server)];
    let start = Barrier::new(4);
    let made: Vec<usize> = thread::scope(|scope| {
        let batch = |number: usize| {
            let (region, start) = (&processes[number % 2], &start);
            move || {
                let mut keys = keys(60);
                if number >= 2 {
                    keys.reverse();
                }
                let mut made = 0;
                start.wait();
                let values = region.get_or_create_many(&keys, |asked| {
                    made += asked.len();
                    numbers(asked)
                });
                let wanted = numbers(&keys.iter().collect::<Vec<_>>());
                assert_eq!(values.unwrap(), wanted);
                made
            }
        };
        let calls: Vec<_> = (0..4).map(|number| scope.spawn(batch(number))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(made.iter().sum::<usize>(), 60, "{made:?}");
}

/// Far more than the system keeps for a connection, in both directions: neither side may wait for the
/// other to read.
#[test]
fn law_7_large_values_in_a_batch_keep_nobody_waiting() {
    let server = Server::start(&["-m", "256"]).expect("a server starts");
    let store = settings(&server.url()).open().unwrap();
    let region: Region<String> = Region::new("large");
    let store = store.encoded(dogpile::JsonCodec::new());
    region.configure(dogpile::Config::new(store)).unwrap();
    let keys = keys(60);
    let value = |key: &String| key.repeat(40_000);
    let entries = || keys.iter().map(|key| (key, value(key)));
    region.set_many(entries()).unwrap();
    // Values that are read and stored side by side.
    thread::scope(|scope| {
        scope.spawn(|| region.set_many(entries()).unwrap());
        let found = region.get_many(&keys).unwrap();
        assert!(
            found
                .into_iter()
                .eq(keys.iter().map(|key| Some(value(key))))
        );
    });
    region.delete_many(&keys).unwrap();
    let made = region.get_or_create_many(&keys, |keys| keys.iter().map(|key| value(key)).collect());
    assert!(made.unwrap().into_iter().eq(keys.iter().map(value)));
}

#[test]
fn law_12_a_batch_whose_connection_is_cut_at_any_byte_loses_no_created_value() {
    let server = server();
    let wire = server.wire().unwrap();
    let brief = |url: &str| process(config(settings(url)).lease_time(Duration::from_secs(1)));
    let (a, b) = (brief(&wire.address().to_string()), brief(&server.url()));
    for bytes in [0, 1, 30, 100, 250, 600, 1_500] {
        let keys: Vec<_> = (0..20).map(|n| format!("{bytes}:{n}")).collect();
        let wanted: Vec<_> = (0..20).collect();
        wire.cut_after(bytes);
        assert_eq!(a.get_or_create_many(&keys, numbers).unwrap(), wanted);
        // A lease whose answer was lost stands until its time is up.
        assert_eq!(b.get_or_create_many(&keys, numbers).unwrap(), wanted);
        assert_eq!(a.get_or_create_many(&keys, numbers).unwrap(), wanted);
    }
}
