//! Memory in front of Redis: what another process writes is seen long before a near copy's time is over.

use std::time::Duration;

use dogpile::backend::Store;
use dogpile::{Config, JsonCodec, Region, Tiered};
use dogpile_test_servers::Server;

use crate::{process, server, settings, until};

/// Longer than any test waits: what is seen sooner was rung for.
const NEAR: Duration = Duration::from_secs(3_600);

fn tiered(server: &Server) -> std::sync::Arc<Tiered<u64>> {
    let far = settings(&server.url()).open().unwrap();
    let store = Tiered::new(100, far.encoded(JsonCodec::new()));
    std::sync::Arc::new(store.near_for(NEAR))
}

/// A region whose reads come from near, and its store.
fn with_a_near_copy(server: &Server, value: u64) -> (Region<u64>, std::sync::Arc<Tiered<u64>>) {
    let store = tiered(server);
    let region = process(Config::new(std::sync::Arc::clone(&store)));
    until("there is a near copy", || {
        assert_eq!(region.get("key").unwrap(), Some(value));
        is_near(&store)
    });
    (region, store)
}

fn is_near(store: &Tiered<u64>) -> bool {
    store.look_local(b"key", &mut |_| ()) == dogpile::backend::Local::Lent
}

#[test]
fn a_near_copy_is_dropped_when_another_process_writes_or_deletes() {
    let server = server();
    let other = process(Config::new(tiered(&server)));
    other.set("key", 1).unwrap();
    let (region, store) = with_a_near_copy(&server, 1);
    other.set("key", 2).unwrap();
    until("the new value is seen", || {
        region.get("key").unwrap() == Some(2)
    });
    until("it is near again", || is_near(&store));
    other.delete("key").unwrap();
    until("it is gone", || region.get("key").unwrap().is_none());
    let created = other.get_or_create("key", || 3).unwrap();
    assert_eq!(created, 3);
    until("the created is seen", || {
        region.get("key").unwrap() == Some(3)
    });
}

#[test]
fn near_copies_go_with_the_connection_that_would_have_rung() {
    let server = server();
    let other = process(Config::new(tiered(&server)));
    other.set("key", 1).unwrap();
    let (region, store) = with_a_near_copy(&server, 1);
    server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
    // Nothing was written: only the cut itself can have dropped it.
    until("the copy is dropped", || !is_near(&store));
    other.set("key", 2).unwrap();
    until("the new value is seen", || {
        region.get("key").unwrap() == Some(2)
    });
}

mod suite {
    use super::{Tiered, settings};
    use dogpile::JsonCodec;
    use dogpile_test_servers::{Flavour, Server};
    use std::sync::OnceLock;

    fn open() -> Tiered<u64> {
        static SERVER: OnceLock<Server> = OnceLock::new();
        let server = SERVER.get_or_init(|| Server::start(Flavour::Redis).expect("a server starts"));
        let far = settings(&server.url()).open().unwrap();
        Tiered::new(100, far.encoded(JsonCodec::new()))
    }
    dogpile_backend::conformance_tests!(u64, open);
}
