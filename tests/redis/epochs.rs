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
    until("the other process hears of it", || {
        b.get("key").unwrap().is_none()
    });
    b.set("key", 2).unwrap();
    assert_eq!(
        a.get("key").unwrap(),
        Some(2),
        "what is new is not invalidated"
    );
}

#[test]
fn law_11_a_soft_invalidation_leaves_the_value_to_be_served_once_more() {
    let server = server();
    let hour = std::time::Duration::from_secs(3_600);
    let region = || {
        process(
            config(settings(&server.url()))
                .fresh_for(hour)
                .stale_for(hour),
        )
    };
    let (a, b) = (region(), region());
    a.set("key", 1).unwrap();
    a.invalidate(Invalidation::Soft).unwrap();
    until("the other process hears of it", || {
        b.metadata("key").unwrap().unwrap().verdict == dogpile::Verdict::Stale
    });
    std::thread::scope(|scope| {
        let creator = creating(scope, &a);
        let served = b
            .at("key")
            .create(|| unreachable!("another creates"))
            .unwrap();
        assert_eq!((served.value, served.origin), (1, Origin::Stale));
        creator.end_with(2).unwrap();
    });
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
    let epoch = || server.ask(&["HGET", "dogpile:e:{shared}", "hard"]).unwrap();
    let known = epoch();
    server.ask(&["FLUSHALL"]).unwrap();
    assert_ne!(epoch(), known);
    // As an invalidation anywhere would: it makes every process read the epochs.
    server
        .ask(&["PUBLISH", "dogpile:i:{shared}", "changed"])
        .unwrap();
    until("it is told again", || epoch() == known);
    let new = on(&server);
    new.set("key", 1).unwrap();
    assert_eq!(old.get("key").unwrap(), Some(1), "both find it new enough");
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
        let call = b.at("key");
        let seen = if round % 2 == 0 {
            b.get("key").unwrap()
        } else {
            dogpile::backend::block_on(call.get_async())
                .unwrap()
                .map(|answer| answer.value)
        };
        assert_eq!(seen, None);
        let answer = b.at("key").create(|| round + 100).unwrap();
        assert_eq!(
            (answer.value, answer.origin),
            (round + 100, Origin::Created)
        );
    }
}
