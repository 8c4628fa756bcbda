//! Law 3 for stale values at hand: what was deleted or invalidated, or has grown too old, while a call waited
//! or its creator ran is neither served nor shown as far as the process can know.

use std::thread;
use std::time::Duration;

use dogpile::{Config, Error, Invalidation, Region};

use crate::stores::{Hand, Op, Server, Stage};

const SECOND: Duration = Duration::from_secs(1);
const FRESH: Duration = Duration::from_secs(10);

/// A region with a stale value, which may be served for as long again.
fn stage(change: impl FnOnce(Config<u64>) -> Config<u64>) -> Stage {
    let stage = Stage::new(|config| change(config.fresh_for(FRESH).deadline(FRESH * 100)));
    stage.region.set("key", 1).unwrap();
    stage.clock.advance(FRESH);
    stage
}

/// What may become of a stale value.
const ENDS: [fn(&Stage); 3] = [
    |stage| stage.clock.advance(FRESH),
    |stage| stage.region.invalidate(Invalidation::Hard).unwrap(),
    |stage| stage.region.delete("key").unwrap(),
];

fn task(stage: &Stage, made: u64) -> Hand<'_, Result<u64, Error<String>>> {
    Hand::new(
        stage
            .region
            .get_or_refresh_async("key", async move || Ok(made)),
    )
}

#[test]
fn law_3_what_is_gone_is_not_served_when_the_soft_timeout_is_over() {
    for ends in ENDS {
        let stage = stage(|config| config.soft_timeout(SECOND));
        let (mut giver, mut other) = (task(&stage, 2), task(&stage, 3));
        assert!(giver.poll().is_pending() && other.poll().is_pending());
        ends(&stage);
        stage.clock.advance(SECOND);
        assert!(giver.settle().is_pending());
        // Who was told of the delete creates anew.
        let other = other.settle().map(|made| assert_eq!(made.unwrap(), 3));
        assert_eq!(other.is_ready(), !stage.region.is_being_created("key"));
        stage.jobs.recv().unwrap().run();
        assert_eq!(giver.finish().unwrap(), 2);
    }
}

#[test]
fn law_3_what_is_gone_is_not_served_for_a_creator_that_fails() {
    for ends in ENDS {
        let stage = stage(|config| config);
        let fails = |ends: fn(&Stage)| {
            stage.region.get_or_try_create("key", || {
                ends(&stage);
                Err("no".to_owned())
            })
        };
        assert_eq!(fails(|_| ()).unwrap(), 1, "while it may be served, it is");
        let failed = fails(ends);
        assert!(matches!(&failed, Err(Error::Creator(error)) if **error == "no"));
    }
}

#[test]
fn law_3_what_has_grown_too_old_is_not_served_to_one_who_waited_for_a_failure() {
    let stage = stage(|config| config.soft_timeout(FRESH * 10));
    let fails = || async { Err::<u64, _>("no".to_owned()) };
    let mut call = Hand::new(stage.region.get_or_refresh_async("key", fails));
    assert!(call.poll().is_pending());
    stage.clock.advance(FRESH);
    stage.jobs.recv().unwrap().run();
    assert!(matches!(call.finish(), Err(Error::Creator(_))));
}

#[test]
fn law_3_a_creator_is_not_shown_what_another_process_deleted_before_it_had_the_lease() {
    let (server, clock) = Server::by_hand();
    let map = server.open("a");
    let faults = map.faults();
    let [a, b] = [map, server.open("b")].map(|map| {
        let region = Region::new("shared");
        let config = map.config(&clock).fresh_for(FRESH).stale_for(FRESH * 10);
        region.configure(config).unwrap();
        region
    });
    let shown = |round, act: &(dyn Fn() + Sync)| {
        a.set("key", 1).unwrap();
        clock.advance(FRESH);
        faults.close(&[Op::Lease]);
        let mut seen = None;
        let made = thread::scope(|scope| {
            let creates = scope.spawn(|| {
                a.at("key").try_create_with(|creation| {
                    seen = creation.stale().copied();
                    Ok::<_, String>(2)
                })
            });
            faults.wait_at_gate(round);
            act();
            faults.open();
            creates.join().unwrap()
        });
        assert_eq!(made.unwrap().value, 2);
        seen
    };
    assert_eq!(shown(1, &|| ()), Some(1), "what is there is shown");
    let deletes = || b.delete("key").unwrap();
    assert_eq!(shown(2, &deletes), None);
    let replaces = || {
        b.set("key", 7).unwrap();
        clock.advance(FRESH);
    };
    assert_eq!(shown(3, &replaces), Some(7), "what is replaced is shown");
}
