//! Law 12: the last values answer for a store that does not. And law 3 of them: what was read
//! before a write is not kept after it.

use std::sync::Arc;
use std::time::Duration;

use dogpile::backend::{Operation, StoreError};
use dogpile::{Answer, Error, Invalidation, Origin, Region};

use crate::stores::{Faults, Form, Hand, HandClock, Op, Server};

const FRESH: Duration = Duration::from_secs(10);

struct World {
    server: Arc<Server<u64>>,
    clock: Arc<HandClock>,
    faults: Arc<Faults>,
    region: Region<u64>,
}

/// A region that keeps two values, and whose store fails when it is told to.
fn world(form: Form) -> World {
    let (server, clock) = Server::by_hand();
    let map = server.open("shaky").form(form);
    let faults = map.faults();
    let region = Region::new("users");
    let config = map.config(&clock).fresh_for(FRESH);
    region.configure(config.keep_last(2)).unwrap();
    World {
        server,
        clock,
        faults,
        region,
    }
}

impl World {
    fn create(&self, value: u64) -> Result<Answer<u64>, Error> {
        self.region.at("key").create(|| value)
    }

    fn create_async(&self, value: u64) -> Hand<'_, Result<Answer<u64>, Error>> {
        Hand::new(self.region.at("key").create_async(async move || value))
    }

    /// Another process on the same store.
    fn other(&self) -> Region<u64> {
        let other = Region::new("users");
        let config = self.server.open("other").config(&self.clock);
        other.configure(config).unwrap();
        other
    }
}

fn store_error<T: std::fmt::Debug>(answer: Result<T, Error>) -> Arc<StoreError> {
    match answer {
        Err(Error::Store(error)) => error,
        other => panic!("the store failed, and the answer is {other:?}"),
    }
}

fn plain(answer: Result<Answer<u64>, Error>) -> (u64, Origin) {
    let answer = answer.unwrap();
    (answer.value, answer.origin)
}

#[test]
fn law_12_kept_values_answer_for_a_store_that_does_not() {
    for form in Form::ALL {
        let world = world(form);
        assert_eq!(plain(world.create(7)), (7, Origin::Created));
        world.clock.advance(FRESH);
        world.faults.fail(&Op::ALL);
        for answer in [world.create(1), world.create_async(1).finish()] {
            assert_eq!(plain(answer), (7, Origin::Kept), "{form:?}");
        }
        let kept = world.region.at("key").get().unwrap().unwrap();
        assert_eq!(
            (kept.value, kept.origin, kept.age),
            (7, Origin::Kept, FRESH)
        );
        world.clock.advance(FRESH);
        assert_eq!(plain(world.create(1)), (1, Origin::NotStored), "too old");
    }
}

#[test]
fn law_12_a_value_that_was_only_read_is_kept_too() {
    for asking_async in [false, true] {
        let world = world(Form::Ready);
        world.other().set("key", 7).unwrap();
        let region = &world.region;
        let get = || {
            if asking_async {
                Hand::new(region.get_async("key")).finish().unwrap()
            } else {
                region.get("key").unwrap()
            }
        };
        assert_eq!(get(), Some(7));
        world.faults.fail(&Op::ALL);
        assert_eq!(get(), Some(7));
    }
}

#[test]
fn law_12_what_was_set_or_deleted_is_kept_no_longer() {
    for with_failing_write in [false, true] {
        let world = world(Form::Ready);
        let fail = |ops| {
            if with_failing_write {
                world.faults.fail(ops);
            }
        };
        world.create(7).unwrap();
        fail(&Op::ALL);
        assert_eq!(world.region.delete("key").is_err(), with_failing_write);
        world.faults.fail(&Op::ALL);
        assert_eq!(plain(world.create(1)), (1, Origin::NotStored));
        world.faults.heal();

        world.create(7).unwrap();
        fail(&Op::ALL);
        assert_eq!(world.region.set("key", 8).is_err(), with_failing_write);
        world.faults.fail(&Op::ALL);
        let (value, origin) = plain(world.create(1));
        if with_failing_write {
            assert_eq!((value, origin), (1, Origin::NotStored));
        } else {
            assert_eq!((value, origin), (8, Origin::Kept));
        }
    }
}

#[test]
fn law_12_a_hard_invalidation_reaches_kept_values() {
    let world = world(Form::Ready);
    world.create(7).unwrap();
    world.faults.fail(&Op::ALL);
    let error = store_error(world.region.invalidate(Invalidation::Hard));
    assert_eq!(error.operation, Operation::Epoch, "never lost in silence");
    assert_eq!(plain(world.create(1)), (1, Origin::NotStored));
    world.faults.heal();
    assert_eq!(plain(world.create(2)), (2, Origin::Created));
}

/// A call to which the store's answer to `op` is on its way: it has found 7, or stored it.
fn answered(world: &World, op: Op) -> Hand<'_, Result<Answer<u64>, Error>> {
    let faults = &world.faults;
    let mut call = world.create_async(7);
    match op {
        Op::Get => world.other().set("key", 7).unwrap(),
        // It has looked in vain, and then finds the value of another where it wants the lease.
        Op::Lease => {
            faults.close(&[op]);
            assert!(call.settle().is_pending(), "the lease is not asked for");
            world.other().set("key", 7).unwrap();
        }
        _ => {}
    }
    faults.hold_answers(&[op]);
    assert!(call.settle().is_pending(), "{op:?} is not answered");
    call
}

#[test]
fn law_3_what_was_on_its_way_while_its_key_was_deleted_is_not_kept() {
    for op in [Op::Get, Op::Lease, Op::Commit] {
        let world = world(Form::Later);
        let before = answered(&world, op);
        world.region.delete("key").unwrap();
        world.faults.open();
        // That call began before the delete did; whoever calls after it may not have the value.
        assert_eq!(before.finish().unwrap().value, 7, "{op:?}");
        world.faults.fail(&Op::ALL);
        assert_eq!(plain(world.create(1)), (1, Origin::NotStored), "{op:?}");
    }
}

#[test]
fn law_12_what_was_on_its_way_undisturbed_is_kept() {
    for op in [Op::Get, Op::Lease, Op::Commit] {
        let world = world(Form::Later);
        let call = answered(&world, op);
        world.faults.open();
        assert_eq!(call.finish().unwrap().value, 7, "{op:?}");
        world.faults.fail(&Op::ALL);
        assert_eq!(plain(world.create(1)), (7, Origin::Kept), "{op:?}");
    }
}
