//! Many keys at once on real servers.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use dogpile::backend::block_on;
use dogpile::{Config, Error, JsonCodec, RedisSettings, Region};
use dogpile_test_servers::{Cluster, Flavour};

use crate::{config, lease_of, on, process, server, settings};

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
        assert_eq!(lease_of(&server, &key), None);
    }
}

/// A runtime lets a task do so much before it has to let others on; a batch must not insist.
#[test]
fn law_7_a_large_batch_is_a_good_neighbour_on_a_runtime() {
    let server = server();
    let region = on(&server);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    runtime.block_on(async {
        let keys = keys(2_000);
        let creator = async |keys: Vec<String>| numbers(&keys.iter().collect::<Vec<_>>());
        let batch = tokio::spawn(async move {
            let made = region
                .get_or_create_many_async(&keys, creator)
                .await
                .unwrap();
            let found = region.get_many_async(&keys).await.unwrap();
            assert!(found.into_iter().flatten().eq(made));
        });
        let patience = Duration::from_secs(30);
        tokio::time::timeout(patience, batch)
            .await
            .unwrap()
            .unwrap();
    });
}

#[test]
fn law_1_many_keys_on_all_nodes_of_a_cluster() {
    let servers = Cluster::start(Flavour::Redis).unwrap();
    let region = || {
        let settings = RedisSettings::cluster(servers.urls());
        process(config(settings.timeout(Duration::from_secs(10))))
    };
    law_1_many(&region(), &region());
}

#[test]
fn law_7_batches_of_processes_that_overlap_in_opposite_orders_end_and_create_once() {
    let server = server();
    let processes = [on(&server), on(&server), on(&server)];
    let made = std::sync::Mutex::new(Vec::new());
    for round in 0..10 {
        let start = Barrier::new(12);
        thread::scope(|scope| {
            for number in 0..12 {
                let (region, start, made) = (&processes[number % 3], &start, &made);
                scope.spawn(move || {
                    let mut keys = keys(20);
                    keys.rotate_left(number);
                    if number % 2 == 0 {
                        keys.reverse();
                    }
                    start.wait();
                    let values = region.get_or_create_many(&keys, |keys| {
                        made.lock().unwrap().extend(numbers(keys));
                        numbers(keys)
                    });
                    assert_eq!(values.unwrap(), numbers(&keys.iter().collect::<Vec<_>>()));
                });
            }
        });
        let mut made = std::mem::take(&mut *made.lock().unwrap());
        made.sort_unstable();
        assert!(made.into_iter().eq(0..20), "round {round}: each key once");
        processes[0].delete_many(&keys(20)).unwrap();
    }
}

#[test]
fn law_12_a_frozen_server_keeps_a_batch_no_longer_than_one_call_and_loses_no_created_value() {
    let server = server();
    let settings = settings(&server.url()).timeout(Duration::from_millis(500));
    let region: Region<u64> = process(Config::new(
        settings.open().unwrap().encoded(JsonCodec::new()),
    ));
    region.set_many(keys(3).iter().zip(0..)).unwrap();
    server.freeze().unwrap();
    let begun = Instant::now();
    let made = region.get_or_create_many(&keys(100), numbers).unwrap();
    assert_eq!(made.len(), 100);
    let partial = region.get_many(&keys(100)).unwrap_err();
    assert!(
        partial
            .errors()
            .all(|(_, error)| matches!(error, Error::Store(_)))
    );
    assert!(region.delete_many(&keys(100)).is_err());
    // One key after the other, each would take its own time.
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}
