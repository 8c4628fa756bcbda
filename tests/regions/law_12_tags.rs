//! Law 12 for tags: where the store does not answer, no invalidation by tag is lost in silence, and what is in
//! doubt is stale.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dogpile::backend::proxy::{Beneath, Proxy};
use dogpile::backend::{CachedValue, Epochs, Fault, Local, Operation, Reply, StoreError};
use dogpile::{Clock, Config, Error, Invalidation, Origin, Region, Tag, Terms, Verdict};

use crate::stores::{Faults, Form, Hand, HandClock, Op, Server};

use Invalidation::{Hard, Soft};

const FRESH: Duration = Duration::from_secs(100);

fn configured(config: Config<u64>) -> Region<u64> {
    let region = Region::new("users");
    region.configure(config.fresh_for(FRESH)).unwrap();
    region
}

/// A process, and what can go wrong in it.
fn process(
    server: &Arc<Server<u64>>,
    clock: &Arc<HandClock>,
    name: &'static str,
    form: Form,
    with: impl Fn(Config<u64>) -> Config<u64>,
) -> (Region<u64>, Arc<Faults>) {
    let map = server.open(name).form(form);
    let faults = map.faults();
    (configured(with(map.config(clock))), faults)
}

fn set(region: &Region<u64>, key: &str, value: u64) {
    let terms = Terms::NONE.with_tag("t").unwrap();
    region.set_with(key, value, terms).unwrap();
}

fn verdict(region: &Region<u64>, key: &str) -> Verdict {
    region.metadata(key).unwrap().unwrap().verdict
}

/// Reads of epochs by the process `name`, one after another, until it is so.
fn until(server: &Server<u64>, name: &'static str, is_so: impl Fn() -> bool) {
    let (mut reads, begun) = (server.count(name, Op::ReadEpochs), Instant::now());
    while !is_so() {
        assert!(begun.elapsed() < FRESH / 5, "never");
        reads += 1;
        server.wait_for(name, Op::ReadEpochs, reads);
    }
}

#[test]
fn law_12_an_invalidation_that_the_store_does_not_take_holds_here_and_is_told_later() {
    for (asking_async, form) in [false, true].into_iter().zip([Form::Ready, Form::Later]) {
        for failing in [Op::ReadEpochs, Op::RaiseEpochs] {
            for how in [Hard, Soft] {
                let (server, clock) = Server::by_hand();
                let open = |name| process(&server, &clock, name, form, |config| config);
                let ((a, faults), (b, _)) = (open("a"), open("b"));
                set(&a, "key", 1);
                assert_eq!(b.get("key").unwrap(), Some(1));
                faults.fail(&[failing]);
                let failed = match asking_async {
                    true => Hand::new(a.invalidate_tag_async("t", how)).finish(),
                    false => a.invalidate_tag("t", how),
                };
                assert!(matches!(failed, Err(Error::Store(_))), "{failed:?}");
                assert_ne!(verdict(&a, "key"), Verdict::Fresh);
                assert_eq!(b.get("key").unwrap(), Some(1), "it cannot know");
                faults.heal();
                until(&server, "b", || b.get("key").unwrap().is_none());
                let wanted = match how {
                    Hard => Verdict::Miss,
                    Soft => Verdict::Stale,
                };
                assert_eq!(verdict(&b, "key"), wanted);
            }
        }
    }
}

#[test]
fn law_12_an_invalidation_that_is_dropped_on_its_way_is_told_all_the_same() {
    let (server, clock) = Server::by_hand();
    let open = |name| process(&server, &clock, name, Form::Later, |config| config);
    let ((a, _), (b, _)) = (open("a"), open("b"));
    set(&a, "key", 1);
    assert_eq!(b.get("key").unwrap(), Some(1));
    for polls in 0..3 {
        let mut call = Hand::new(a.invalidate_tag_async("t", Hard));
        for _ in 0..=polls {
            assert!(call.poll().is_pending());
        }
        drop(call);
        assert_eq!(verdict(&a, "key"), Verdict::Miss, "here at once");
        until(&server, "b", || b.get("key").unwrap().is_none());
        until(&server, "a", || {
            set(&a, "key", 1);
            b.get("key").unwrap() == Some(1)
        });
    }
}

#[test]
fn law_12_a_value_whose_tag_is_in_doubt_is_stale_and_what_replaces_it_is_not() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let open = |name| process(&server, &clock, name, form, |config| config);
        let ((a, _), (b, faults)) = (open("a"), open("b"));
        set(&a, "key", 1);
        set(&a, "other", 2);
        assert_eq!(b.get("key").unwrap(), Some(1));
        a.invalidate_tag("u", Hard).unwrap();
        // It hears of a number, and cannot ask which tag that was.
        b.invalidate_tag("v", Hard).unwrap();
        faults.fail(&[Op::ReadEpochs]);
        assert_eq!(b.get("key").unwrap(), None, "nobody here knows");
        assert_eq!(verdict(&b, "key"), Verdict::Stale);
        let answer = b.at("key").create(|| {
            let meanwhile = b.at("key").create(|| unreachable!("one creates")).unwrap();
            assert_eq!((meanwhile.value, meanwhile.origin), (1, Origin::Stale));
            3
        });
        assert_eq!(answer.unwrap().origin, Origin::Created);
        assert_eq!(b.get("key").unwrap(), Some(3));
        faults.heal();
        let other = b.at("other").create(|| 9).unwrap();
        assert_eq!(
            (other.value, other.origin),
            (2, Origin::Hit),
            "it was asked"
        );
    }
}

#[test]
fn law_12_a_value_that_was_kept_is_served_in_doubt_and_not_when_it_was_invalidated() {
    for (tag, kept) in [("u", true), ("t", false)] {
        let (server, clock) = Server::by_hand();
        let keeps = |config: Config<u64>| config.keep_last(9);
        let (a, faults) = process(&server, &clock, "a", Form::Ready, keeps);
        set(&a, "key", 1);
        assert_eq!(a.get("key").unwrap(), Some(1));
        a.invalidate_tag(tag, Hard).unwrap();
        faults.fail(&Op::ALL);
        match a.at("key").get() {
            Ok(Some(answer)) => assert_eq!((answer.origin, kept), (Origin::Kept, true)),
            other => assert!(other.is_err() && !kept, "{other:?}"),
        }
    }
}

#[test]
fn law_12_tags_that_the_store_lost_are_restored_by_who_knows_them() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let open = |name| process(&server, &clock, name, form, |config| config).0;
        let a = open("a");
        set(&a, "key", 1);
        a.invalidate_tag("t", Hard).unwrap();
        let knows = |name| open(name).get("key").unwrap().is_none();
        assert!(knows("b"));
        server.lose_epochs();
        until(&server, "a", || knows("c"));
        a.set("key", 2).unwrap();
        assert_eq!(open("d").get("key").unwrap(), Some(2));
    }
}

#[test]
fn law_12_one_tag_that_the_store_lost_is_restored_by_who_asks_for_it() {
    let (server, clock) = Server::by_hand();
    let open = |name| process(&server, &clock, name, Form::Ready, |config| config).0;
    let a = open("a");
    set(&a, "old", 1);
    a.invalidate_tag("t", Hard).unwrap();
    set(&a, "new", 2);
    a.invalidate_tag("u", Hard).unwrap();
    let slot = format!("{:04x}", Tag::named(b"t").slot());
    server.lose_epochs_of(|name| name.ends_with(&slot));
    assert_eq!(
        open("b").get("old").unwrap(),
        Some(1),
        "nothing says that it is not"
    );
    assert_eq!(a.get("new").unwrap(), Some(2), "who knew has asked");
    until(&server, "a", || open("c").get("old").unwrap().is_none());
    assert_eq!(a.get("new").unwrap(), Some(2));
}

#[test]
fn law_12_a_clock_that_is_ahead_hides_no_later_invalidation_from_those_who_come_after_it() {
    let (server, clock) = Server::by_hand();
    let ahead = HandClock::new();
    // Within what clocks may disagree, or its values were stale to others.
    ahead.set_wall(clock.wall().after((FRESH / 200).into()));
    let (a, faults) = process(&server, &ahead, "a", Form::Ready, |config| config);
    let (b, _) = process(&server, &clock, "b", Form::Ready, |config| config);
    set(&a, "key", 1);
    assert_eq!(b.get("key").unwrap(), Some(1));
    faults.fail(&[Op::RaiseEpochs]);
    a.invalidate_tag("t", Hard).unwrap_err();
    faults.heal();
    until(&server, "b", || b.get("key").unwrap().is_none());
    set(&a, "key", 2);
    until(&server, "b", || b.get("key").unwrap() == Some(2));
    b.invalidate_tag("t", Hard).unwrap();
    assert_eq!(b.get("key").unwrap(), None);
    until(&server, "a", || a.get("key").unwrap().is_none());
    // And what is created now is new enough for all.
    set(&b, "key", 3);
    until(&server, "a", || a.get("key").unwrap() == Some(3));
    a.invalidate(Hard).unwrap();
    set(&a, "key", 4);
    b.invalidate(Hard).unwrap();
    assert_eq!(b.get("key").unwrap(), None);
}

/// Raises no epoch, for a reason that changes, and counts how often it was asked to.
#[derive(Clone)]
struct Raises(Arc<Mutex<(Fault, usize)>>);

impl Proxy<u64> for Raises {
    fn look_local(
        &self,
        beneath: Beneath<'_, u64>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&u64>),
    ) -> Local {
        beneath.look_local(key, lend)
    }

    fn raise_epochs<'a>(
        &'a self,
        beneath: Beneath<'a, u64>,
        region: &'a str,
        _: Invalidation,
    ) -> Reply<'a, Epochs> {
        let mut raises = self.0.lock().unwrap();
        raises.1 += 1;
        let (name, key) = (beneath.name(), region.as_bytes());
        let error = StoreError::new(name, Operation::Epoch, key, raises.0, "not here");
        Reply::ready(Err(error))
    }
}

#[test]
fn law_12_an_invalidation_that_the_store_refuses_holds_here_and_one_that_it_owes_is_told_again() {
    for first in [Fault::Refused, Fault::Unavailable] {
        let (server, clock) = Server::by_hand();
        let raises = Raises(Arc::new(Mutex::new((first, 0))));
        let a = server.open("a").config(&clock).wrap(raises.clone());
        let (a, b) = (configured(a), configured(server.open("b").config(&clock)));
        set(&b, "key", 1);
        assert_eq!(a.get("key").unwrap(), Some(1));
        let Err(Error::Store(error)) = a.invalidate_tag("t", Hard) else {
            panic!("it was taken");
        };
        assert_eq!(error.fault, first);
        let asked = || raises.0.lock().unwrap().1;
        if first == Fault::Refused {
            // One look of the upkeep reads two names, and would raise one before it reads the fifth.
            let (asked_before, reads) = (asked(), server.count("a", Op::ReadEpochs));
            server.wait_for("a", Op::ReadEpochs, reads + 5);
            assert_eq!(asked(), asked_before);
        } else {
            // A right that is missing for a while, when the server comes back, ends nothing.
            *raises.0.lock().unwrap() = (Fault::Refused, 0);
            until(&server, "a", || asked() > 1);
        }
        assert_eq!(verdict(&a, "key"), Verdict::Miss);
        assert_eq!(b.get("key").unwrap(), Some(1), "nobody told it");
    }
}
