//! Whatever the store has under a key, usable or not.

use std::time::Duration;

use dogpile::{Config, Error, Invalidation, Memory, Region, Terms, Verdict};

use crate::stores::{Form, Hand, HandClock, Server};

const FRESH: Duration = Duration::from_secs(10);

fn configured(config: Config<u64>) -> Region<u64> {
    let region = Region::new("region");
    region.configure(config.fresh_for(FRESH)).unwrap();
    region
}

fn both(region: &Region<u64>) -> Option<(u64, Verdict)> {
    let stored = region.at("key").stored().unwrap();
    let again = Hand::new(region.at("key").stored_async()).finish().unwrap();
    assert_eq!(stored, again);
    stored.map(|(value, known)| (value, known.verdict))
}

#[test]
fn what_is_stale_or_invalidated_is_shown_and_what_is_deleted_is_gone() {
    let memory = HandClock::new();
    let config = Config::new(Memory::unbounded()).clock(memory.clone());
    let memory = (configured(config), memory);
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        let config = Config::new(server.open("a").form(form));
        (configured(config.clock(clock.clone())), clock)
    });
    for (region, clock) in [memory].into_iter().chain(shared) {
        assert_eq!(both(&region), None);
        let tagged = Terms::NONE.with_tag("group").unwrap();
        region.set_with("key", 1, tagged).unwrap();
        assert_eq!(both(&region), Some((1, Verdict::Fresh)));
        clock.advance(FRESH);
        assert_eq!(both(&region), Some((1, Verdict::Stale)));
        region.invalidate_tag("group", Invalidation::Hard).unwrap();
        assert_eq!(both(&region), Some((1, Verdict::Miss)));
        region.set("key", 2).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        assert_eq!(both(&region), Some((2, Verdict::Miss)));
        assert_eq!(region.get("key").unwrap(), None, "nobody else sees it");
        region.set("key", 3).unwrap();
        let strict = region.at("key").fresh_for(Duration::ZERO);
        let (value, known) = strict.stale_for(Duration::ZERO).stored().unwrap().unwrap();
        assert_eq!((value, known.verdict), (3, Verdict::Miss), "to that call");
        region.delete("key").unwrap();
        assert_eq!(both(&region), None);
    }
}

#[test]
fn a_region_that_is_not_configured_has_nothing_stored() {
    let region: Region<u64> = Region::new("nowhere");
    let stored = region.at("key").stored();
    assert!(matches!(stored, Err(Error::NotConfigured { .. })));
}
