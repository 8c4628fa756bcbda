//! Bells that come and go.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use dogpile_backend::{LeaseStore, News, Store, Watch};
use dogpile_redis::Redis;
use dogpile_test_servers::{Flavour, Server};

/// Only a bell that is never rung takes as long.
const LONG: Duration = Duration::from_secs(20);

fn hang(redis: &Redis, key: &[u8]) -> (Watch, Receiver<News>) {
    let (says, heard) = channel();
    let bell = Box::new(move |news| {
        let _ = says.send(news);
    });
    (redis.watch(key, bell).expect("it rings"), heard)
}

#[test]
fn law_7_a_bell_that_is_hung_again_at_once_stands_again() {
    let server = Server::start(Flavour::Redis).expect("it starts");
    let redis = Redis::open(&server.url()).expect("a good address");
    for round in 0..300_u32 {
        let (watch, heard) = hang(&redis, b"key");
        if !watch.stands() {
            assert_eq!(heard.recv_timeout(LONG), Ok(News::Changed), "round {round}");
        }
        // Rung for nothing at most once more; then for the deletion.
        redis.delete(b"key").wait().expect("it answers");
        assert_eq!(heard.recv_timeout(LONG), Ok(News::Changed), "round {round}");
        if round % 3 == 0 {
            std::thread::yield_now();
        }
        drop(watch);
    }
}

#[test]
fn who_listens_on_another_key_hears_nothing() {
    let server = Server::start(Flavour::Redis).expect("it starts");
    let redis = Redis::open(&server.url()).expect("a good address");
    let (_other, other) = hang(&redis, b"other");
    assert_eq!(other.recv_timeout(LONG), Ok(News::Changed), "it stands");
    let (_watch, heard) = hang(&redis, b"key");
    assert_eq!(heard.recv_timeout(LONG), Ok(News::Changed), "it stands");
    redis.delete(b"key").wait().expect("it answers");
    assert_eq!(heard.recv_timeout(LONG), Ok(News::Changed));
    assert!(other.try_recv().is_err());
}
