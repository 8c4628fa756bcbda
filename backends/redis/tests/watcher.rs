//! Bells that come and go.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use dogpile_backend::{Ask, Lease, LeaseStore, Leased, News, Span, Store, Watch};
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

fn win(redis: &Redis) -> Lease {
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: Span::from_secs(3_600),
    };
    match redis.lease(b"key", ask).wait().expect("it answers") {
        Leased::Won { lease, .. } => lease,
        other => panic!("the lease is not free: {other:?}"),
    }
}

fn fail(redis: &Redis, lease: &Lease) {
    let released = redis.release(b"key", lease, true).wait();
    released.expect("it answers");
}

/// How often the server was asked whether it is there.
fn pings(server: &Server) -> u64 {
    let statistics = server.ask(&["INFO", "commandstats"]).expect("it answers");
    let mut lines = statistics.lines();
    let calls = lines.find_map(|line| line.strip_prefix("cmdstat_ping:calls="));
    let calls = calls.and_then(|calls| calls.split(',').next());
    calls.map_or(0, |calls| calls.parse().expect("a number"))
}

#[test]
fn law_5_a_failure_that_is_told_late_is_not_for_those_who_came_later() {
    let server = Server::start(Flavour::Redis).expect("it starts");
    let wire = server.wire().expect("it is laid");
    let [holder, waiter] = [server.url(), wire.url()].map(|url| Redis::open(&url).expect("good"));
    let lease = win(&holder);
    let (_waits, waited) = hang(&waiter, b"key");
    assert_eq!(waited.recv_timeout(LONG), Ok(News::Changed), "it stands");
    // The message stays on its way while another takes the lease, and somebody waits for that one.
    wire.hold();
    fail(&holder, &lease);
    let lease = win(&holder);
    let pings_before = pings(&server);
    let (_waits_too, later) = hang(&waiter, b"key");
    wire.release();
    assert_eq!(waited.recv_timeout(LONG), Ok(News::Failed));
    assert_eq!(later.recv_timeout(LONG), Ok(News::Changed), "it stands");
    assert!(pings(&server) > pings_before, "by the server's own word");
    fail(&holder, &lease);
    holder.delete(b"key").wait().expect("it answers");
    for news in [News::Failed, News::Changed] {
        assert_eq!(later.recv_timeout(LONG), Ok(news), "its own, and once");
    }
}
