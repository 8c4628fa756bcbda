//! Law 11 among processes: an invalidation is seen by all, and not forgotten with the server's data.

use dogpile::{Invalidation, Origin};

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
    let epochs = || server.ask("mg dogpile:e:shared v").unwrap();
    let known = epochs();
    server.ask("flush_all").unwrap();
    assert_ne!(epochs(), known);
    until("it is told again", || {
        // Who calls reads the epochs from time to time.
        old.get("key").unwrap();
        epochs() == known
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
