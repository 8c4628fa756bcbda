//! Law 11 among processes: an invalidation is seen by all, and not forgotten with the server's data.

use std::time::Duration;

use dogpile::backend::block_on;
use dogpile::{Config, Invalidation, MemcachedSettings, Origin, Region, Terms};
use dogpile_test_servers::Memcached as Server;

use crate::{config, creating, on, process, server, settings, until};

#[test]
fn law_11_every_process_sees_an_invalidation_without_asking_at_each_hit() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    a.set("key", 1).unwrap();
    assert_eq!(b.get("key").unwrap(), Some(1));
    a.invalidate(Invalidation::Hard).unwrap();
    assert_eq!(a.get("key").unwrap(), None);
    until("the other process reads of it", || {
        b.get("key").unwrap().is_none()
    });
    b.set("key", 2).unwrap();
    let seen = a.get("key").unwrap();
    assert_eq!(seen, Some(2), "what is new is not invalidated");
}

#[test]
fn law_11_a_creation_from_before_an_invalidation_is_not_used_after_it() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    std::thread::scope(|scope| {
        let creator = creating(scope, &a);
        b.invalidate(Invalidation::Hard).unwrap();
        assert_eq!(creator.end_with(1).unwrap().value, 1);
    });
    assert_eq!(b.get("key").unwrap(), None);
}

#[test]
fn law_11_epochs_that_the_server_lost_are_raised_again_by_who_knows_them() {
    let server = server();
    let old = on(&server);
    old.invalidate(Invalidation::Hard).unwrap();
    let hard = || -> Option<u64> {
        let answer = server.ask("mg dogpile:e:shared v").unwrap();
        answer.split_whitespace().nth(2)?.parse().ok()
    };
    let known = hard();
    server.ask("flush_all").unwrap();
    assert_eq!(hard(), None);
    until("it is told again", || {
        // Who calls reads the epochs from time to time.
        old.get("key").unwrap();
        hard() >= known
    });
    let new = on(&server);
    new.set("key", 1).unwrap();
    let seen = old.get("key").unwrap();
    assert_eq!(seen, Some(1), "both find it new enough");
}

#[test]
fn law_11_a_strict_region_sees_an_invalidation_that_came_before_the_call() {
    let server = server();
    let strict = || process(config(settings(&server.url())).strict_invalidation(true));
    let (a, b) = (on(&server), strict());
    for round in 0..50 {
        a.set("key", round).unwrap();
        assert_eq!(b.get("key").unwrap(), Some(round));
        a.invalidate(Invalidation::Hard).unwrap();
        assert_eq!(b.get("key").unwrap(), None);
        let answer = b.at("key").create(|| round + 100).unwrap();
        let wanted = (round + 100, Origin::Created);
        assert_eq!((answer.value, answer.origin), wanted);
    }
}

#[test]
fn law_11_what_outlives_the_epochs_in_a_server_is_a_miss_to_a_process_that_is_new() {
    let server = server();
    let old = on(&server);
    old.set("key", 1).unwrap();
    old.invalidate(Invalidation::Hard).unwrap();
    drop(old);
    server.ask("md dogpile:e:shared").unwrap();
    let new = on(&server);
    assert_eq!(new.get("key").unwrap(), None);
    new.set("key", 2).unwrap();
    let other = on(&server);
    assert_eq!(other.get("key").unwrap(), Some(2), "it began anew once");
}

#[test]
fn law_11_a_tag_s_number_does_not_get_lost_by_itself() {
    let server = server();
    let old = on(&server);
    let terms = Terms::NONE.with_tag("t").unwrap();
    old.set_with("key", 1, terms).unwrap();
    old.invalidate_tag("t", Invalidation::Hard).unwrap();
    drop(old);
    // All that is beside the region's own epochs and the tag.
    server.ask("md ZG9ncGlsZTplOnNoYXJlZAA= b").unwrap(); // dogpile:e:shared and a zero byte
    assert_eq!(on(&server).get("key").unwrap(), None);
}

fn three() -> ([Server; 3], impl Fn() -> Config<u64>) {
    let servers = [server(), server(), server()];
    let urls = servers.each_ref().map(Server::url);
    let config = move || {
        let settings = MemcachedSettings::servers(urls.clone());
        config(settings.timeout(Duration::from_millis(300)))
    };
    (servers, config)
}

const KEYS: std::ops::Range<u64> = 0..30;

fn keys() -> Vec<String> {
    KEYS.map(|number| number.to_string()).collect()
}

#[test]
fn law_11_every_server_has_the_epochs_whichever_is_away_when_a_process_is_new() {
    let (servers, config) = three();
    let old = process(config());
    old.set_many(keys().iter().zip(KEYS)).unwrap();
    old.invalidate(Invalidation::Hard).unwrap();
    drop(old);
    for server in &servers {
        server.freeze().unwrap();
        let new = process(config());
        for key in keys() {
            assert!(matches!(new.get(&key), Ok(None) | Err(_)), "{key}");
        }
        server.thaw().unwrap();
    }
}

#[test]
fn law_11_a_server_that_lost_its_epochs_gets_those_of_the_others() {
    let (servers, config) = three();
    let old = process(config());
    old.invalidate(Invalidation::Hard).unwrap();
    old.set_many(keys().iter().zip(KEYS)).unwrap();
    drop(old);
    let epochs = |server: &Server| server.ask("mg dogpile:e:shared v").unwrap();
    let known = epochs(&servers[0]);
    for server in &servers {
        assert_eq!(epochs(server), known);
        server.ask("md dogpile:e:shared").unwrap();
        let new = process(config());
        let wanted: Vec<_> = KEYS.map(Some).collect();
        assert_eq!(new.get_many(&keys()).unwrap(), wanted, "none is lost");
        assert_eq!(epochs(server), known);
    }
}

#[test]
fn law_11_a_server_that_was_away_during_an_invalidation_hears_of_it_when_it_is_back() {
    let (servers, config) = three();
    let old = process(config());
    old.set_many(keys().iter().zip(KEYS)).unwrap();
    for away in &servers {
        away.freeze().unwrap();
        old.invalidate(Invalidation::Hard).unwrap();
        away.thaw().unwrap();
        let epochs = |server: &Server| server.ask("mg dogpile:e:shared v").unwrap();
        // Who calls reads the epochs from time to time.
        until("all servers know the same", || {
            let _ = old.get("1");
            servers
                .iter()
                .all(|server| epochs(server) == epochs(&servers[0]))
        });
        until("all are asked again", || {
            let found = old.get_many(&keys());
            found.is_ok_and(|found| found.iter().all(Option::is_none))
        });
        old.set_many(keys().iter().zip(KEYS)).unwrap();
    }
}

/// A server whose memory is full of small items, and which pushes none out.
fn full() -> Server {
    let server = Server::start(&["-M", "-m", "2"]).unwrap();
    for size in [10, 30, 50, 80] {
        let value = "x".repeat(size);
        let mut number = 0;
        until("it is full", || {
            let filler = |at: u32| format!("ms f:{size}:{at} {size} q\r\n{value}\r\n");
            let fillers: String = (number..number + 1_000).map(filler).collect();
            number += 1_000;
            !server.ask(fillers.trim_end()).unwrap().is_empty()
        });
    }
    server
}

/// Which server has a region's epochs first depends on their ports: with many regions each has some.
#[test]
fn law_11_a_server_that_takes_no_epochs_keeps_the_others_from_nothing() {
    let (full, good) = (full(), server());
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
        let region: Region<u64> = Region::new(name);
        let settings = MemcachedSettings::servers([full.url(), good.url()]);
        region.configure(config(settings)).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        block_on(region.invalidate_async(Invalidation::Hard)).unwrap();
    }
}
