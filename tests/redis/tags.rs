//! Laws 11 and 12 for tags among processes: an invalidation by tag is seen by all, and not forgotten with
//! the server's data.

use dogpile::{
    Config, Creation, Invalidation, JsonCodec, Origin, Region, Terms, Tiered, TooManyTags, Verdict,
};
use dogpile_test_servers::Server;

use crate::{config, on, process, server, settings, until};

fn set(region: &Region<u64>, key: &str, value: u64, tag: &str) {
    let terms = Terms::NONE.with_tag(tag).unwrap();
    region.set_with(key, value, terms).unwrap();
}

fn tagged(creation: &Creation<u64>) -> Result<u64, TooManyTags> {
    creation.tag("t")?;
    Ok(1)
}

fn near(server: &Server) -> Region<u64> {
    let far = settings(&server.url()).open().unwrap();
    let store = Tiered::new(100, far.encoded(JsonCodec::new()));
    process(Config::new(
        store.near_for(std::time::Duration::from_secs(3_600)),
    ))
}

#[test]
fn law_11_every_process_sees_an_invalidation_by_tag_and_what_is_created_after_it() {
    let server = server();
    let (a, b, c) = (on(&server), on(&server), near(&server));
    set(&a, "key", 1, "t");
    set(&a, "other", 2, "u");
    for region in [&b, &c] {
        assert_eq!(
            region.get_many(&["key", "other"]).unwrap(),
            [Some(1), Some(2)]
        );
    }
    for round in 0..3 {
        a.invalidate_tag("t", Invalidation::Hard).unwrap();
        assert_eq!(a.get("key").unwrap(), None);
        for region in [&b, &c] {
            until("the other process hears of it", || {
                region.get("key").unwrap().is_none()
            });
            assert_eq!(region.get("other").unwrap(), Some(2), "under another tag");
        }
        set(&b, "key", round, "t");
        until("all see it", || {
            [&a, &c].map(|region| region.get("key").unwrap()) == [Some(round); 2]
        });
    }
}

#[test]
fn law_11_a_process_that_comes_later_knows_what_was_invalidated_by_tag() {
    let server = server();
    let a = on(&server);
    set(&a, "hard", 1, "t");
    set(&a, "soft", 2, "u");
    a.invalidate_tag("t", Invalidation::Hard).unwrap();
    a.invalidate_tag("u", Invalidation::Soft).unwrap();
    let b = on(&server);
    let verdict = |key| b.metadata(key).unwrap().unwrap().verdict;
    assert_eq!(
        (verdict("hard"), verdict("soft")),
        (Verdict::Miss, Verdict::Stale)
    );
    let created = b.at("hard").try_create_with(tagged).unwrap();
    assert_eq!(created.origin, Origin::Created);
    assert_eq!(
        a.get("hard").unwrap(),
        Some(1),
        "it knew of the invalidation"
    );
}

#[test]
fn law_11_a_creation_from_before_an_invalidation_by_tag_is_not_used_after_it() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    let made = a.at("key").try_create_with(|creation| {
        b.invalidate_tag("t", Invalidation::Hard).unwrap();
        tagged(creation)
    });
    assert_eq!(made.unwrap().value, 1);
    assert_eq!(b.get("key").unwrap(), None);
    assert_eq!(on(&server).get("key").unwrap(), None);
}

#[test]
fn law_11_a_strict_region_sees_an_invalidation_by_tag_that_came_before_the_call() {
    let server = server();
    let strict = process(config(settings(&server.url())).strict_invalidation(true));
    let a = on(&server);
    for round in 0..50 {
        set(&a, "key", round, "t");
        assert_eq!(strict.get("key").unwrap(), Some(round));
        a.invalidate_tag("t", Invalidation::Hard).unwrap();
        let seen = match round % 2 {
            0 => strict.get("key").unwrap(),
            _ => dogpile::backend::block_on(strict.get_async("key")).unwrap(),
        };
        assert_eq!(seen, None, "{round}");
    }
}

#[test]
fn law_12_tags_that_the_server_lost_are_raised_again_by_who_knows_them() {
    let server = server();
    let old = on(&server);
    set(&old, "key", 1, "t");
    old.invalidate_tag("t", Invalidation::Hard).unwrap();
    let lose =
        "for _, name in ipairs(redis.call('KEYS', 'dogpile:e:*')) do redis.call('DEL', name) end";
    // Epochs are lost, and the values stay.
    server.ask(&["EVAL", lose, "0"]).unwrap();
    until("they are there again", || {
        on(&server).get("key").unwrap().is_none()
    });
    set(&on(&server), "key", 2, "t");
    until("what is new is not invalidated", || {
        old.get("key").unwrap() == Some(2)
    });
}
