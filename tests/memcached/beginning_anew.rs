//! Laws 11 and 12 together: a server that lost the epochs of a region makes it begin anew. Nobody can vouch for
//! what is stored from before; what a process keeps for when the store fails, nobody has invalidated by that.

use dogpile::backend::block_on;
use dogpile::{Invalidation, Region, Terms};
use dogpile_test_servers::Memcached as Server;

use crate::{config, on, process, server, settings, until};

fn keeping(server: &Server) -> Region<u64> {
    let region = process(config(settings(&server.url())).keep_last(10));
    region.set("key", 1).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(1));
    region
}

/// The server loses all that it knows, and a process that knows nothing is the first to see it.
fn lost(server: &Server) -> Region<u64> {
    server.ask("flush_all").unwrap();
    on(server)
}

/// Until what `region` creates is new enough for `other`.
fn has_heard(region: &Region<u64>, other: &Region<u64>) {
    until("it hears of the new beginning", || {
        region.set("probe", 1).unwrap();
        other.get("probe").unwrap().is_some()
    });
}

/// What either way serves of the key now that the server is away.
fn kept(server: &Server, region: &Region<u64>) -> [Option<u64>; 2] {
    server.kill().unwrap();
    let tasks = block_on(region.get_async("key"));
    [region.get("key"), tasks].map(|got| got.ok().flatten())
}

#[test]
fn law_12_what_is_kept_outlives_the_epochs_that_the_server_lost() {
    let server = server();
    let region = keeping(&server);
    for _ in 0..2 {
        has_heard(&region, &lost(&server));
    }
    assert_eq!(kept(&server, &region), [Some(1); 2]);
}

#[test]
fn law_11_what_is_kept_does_not_outlive_an_invalidation_after_the_loss() {
    for how in [Invalidation::Hard, Invalidation::Soft] {
        let server = server();
        let region = keeping(&server);
        let other = lost(&server);
        other.invalidate(how).unwrap();
        has_heard(&region, &other);
        let wanted = match how {
            Invalidation::Hard => None,
            Invalidation::Soft => Some(1),
        };
        assert_eq!(kept(&server, &region), [wanted; 2], "{how:?}");
    }
}

#[test]
fn law_11_what_is_kept_does_not_outlive_an_invalidation_that_somebody_remembers() {
    let server = server();
    let (region, other) = (keeping(&server), on(&server));
    other.invalidate(Invalidation::Hard).unwrap();
    let new = lost(&server);
    has_heard(&other, &new);
    has_heard(&region, &new);
    until("who invalidated has told it again", || {
        let item = server.ask("mg dogpile:e:shared v").unwrap();
        // Without a third number all of the hard epoch is an invalidation's.
        item.split_whitespace().nth(4) != Some("0")
    });
    // This reads what there is, and keeps no value from being served.
    region.invalidate(Invalidation::Soft).unwrap();
    assert_eq!(kept(&server, &region), [None; 2]);
}

#[test]
fn law_11_what_a_tag_has_invalidated_is_not_kept_because_the_region_begins_anew() {
    let server = server();
    let region = keeping(&server);
    let terms = Terms::NONE.with_tag("t").unwrap();
    region.set_with("key", 2, terms).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(2));
    region.invalidate_tag("t", Invalidation::Hard).unwrap();
    has_heard(&region, &lost(&server));
    assert_eq!(kept(&server, &region), [None; 2]);
}
