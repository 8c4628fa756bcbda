//! Laws 11 and 12 for tags among processes, where the server rings for nobody and may lose anything.

use dogpile::{Invalidation, Region, Terms};

use crate::{config, on, process, server, settings, until};

fn set(region: &Region<u64>, key: &str, value: u64, tag: &str) {
    let terms = Terms::NONE.with_tag(tag).unwrap();
    region.set_with(key, value, terms).unwrap();
}

#[test]
fn law_11_every_process_sees_an_invalidation_by_tag_and_what_is_created_after_it() {
    let server = server();
    let (a, b) = (on(&server), on(&server));
    set(&a, "key", 1, "t");
    set(&a, "other", 2, "u");
    assert_eq!(b.get_many(&["key", "other"]).unwrap(), [Some(1), Some(2)]);
    for round in 0..2 {
        a.invalidate_tag("t", Invalidation::Hard).unwrap();
        assert_eq!(a.get("key").unwrap(), None);
        until("the other process reads of it", || {
            b.get("key").unwrap().is_none()
        });
        assert_eq!(b.get("other").unwrap(), Some(2), "under another tag");
        set(&b, "key", round, "t");
        assert_eq!(a.get("key").unwrap(), Some(round));
    }
    let late = on(&server);
    assert_eq!(late.get("other").unwrap(), Some(2));
    a.invalidate_tag("u", Invalidation::Soft).unwrap();
    let late = on(&server);
    assert_eq!(late.get("other").unwrap(), None, "it knows from the start");
}

#[test]
fn law_11_a_strict_region_sees_an_invalidation_by_tag_that_came_before_the_call() {
    let server = server();
    let strict = process(config(settings(&server.url())).strict_invalidation(true));
    let a = on(&server);
    for round in 0..20 {
        set(&a, "key", round, "t");
        assert_eq!(strict.get("key").unwrap(), Some(round));
        a.invalidate_tag("t", Invalidation::Hard).unwrap();
        assert_eq!(strict.get("key").unwrap(), None, "{round}");
    }
}

#[test]
fn law_12_an_order_that_the_server_lost_is_restored_with_the_tags_under_it() {
    let server = server();
    let old = on(&server);
    set(&old, "key", 1, "t");
    old.invalidate_tag("t", Invalidation::Hard).unwrap();
    let value = server.ask("mg dogpile:v:key v").unwrap();
    server.ask("flush_all").unwrap();
    // As if the value and the region's own epochs alone had been spared.
    let body = value.lines().nth(1).unwrap();
    let put_back = format!("ms dogpile:v:key {}\r\n{body}", body.len());
    assert_eq!(server.ask(&put_back).unwrap(), "HD\r\n");
    assert_eq!(
        server.ask("ms dogpile:e:shared 3\r\n0 0").unwrap(),
        "HD\r\n"
    );
    until("it is told again", || {
        old.get("key").unwrap();
        on(&server).get("key").unwrap().is_none()
    });
}

#[test]
fn law_12_an_invalidation_that_fails_names_the_region_and_nothing_that_no_user_knows() {
    let server = server();
    let region = on(&server);
    server.kill().unwrap();
    for failed in [
        region.invalidate_tag("t", Invalidation::Hard),
        region.invalidate(Invalidation::Hard),
    ] {
        let text = failed.unwrap_err().to_string();
        assert!(text.contains("region \"shared\":"), "{text}");
    }
}
