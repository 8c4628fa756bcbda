//! Law 12: a failing store degrades. Nobody hangs, and no created value is lost.

use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dogpile::backend::{Operation, StoreError};
use dogpile::{Answer, Config, Error, OnStoreFailure, Origin, Region};

use crate::stores::{Faults, Form, Hand, HandClock, Op, Server};

const FRESH: Duration = Duration::from_secs(10);

struct World {
    server: Arc<Server<u64>>,
    clock: Arc<HandClock>,
    faults: Arc<Faults>,
    region: Region<u64>,
}

/// A region whose store fails when it is told to.
fn world(form: Form, with: impl FnOnce(Config<u64>) -> Config<u64>) -> World {
    let (server, clock) = Server::by_hand();
    let map = server.open("shaky").form(form);
    let faults = map.faults();
    let region = Region::new("users");
    let config = map.config(&clock).fresh_for(FRESH);
    region.configure(with(config)).unwrap();
    World {
        server,
        clock,
        faults,
        region,
    }
}

fn as_it_is(config: Config<u64>) -> Config<u64> {
    config
}

fn strict(config: Config<u64>) -> Config<u64> {
    config.on_store_failure(OnStoreFailure::Fail)
}

impl World {
    fn create(&self, value: u64) -> Result<Answer<u64>, Error> {
        self.region.at("key").create(|| value)
    }

    fn create_async(&self, value: u64) -> Result<Answer<u64>, Error> {
        let call = self.region.at("key").create_async(async move || value);
        Hand::new(call).finish()
    }

    /// The same by a thread and by a task.
    fn both(&self) -> [Result<Answer<u64>, Error>; 2] {
        [self.create(1), self.create_async(1)]
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
fn law_12_a_value_is_created_without_storing_whichever_step_fails() {
    for form in Form::ALL {
        for op in [Op::Get, Op::Lease, Op::Commit] {
            let world = world(form, as_it_is);
            world.faults.fail(&[op]);
            for answer in world.both() {
                assert_eq!(plain(answer), (1, Origin::NotStored), "{form:?} {op:?}");
            }
            assert_eq!(world.server.entry("key"), None);
            world.faults.heal();
            assert_eq!(plain(world.create(2)), (2, Origin::Created), "{op:?}");
            assert!(!world.server.is_leased("key"));
        }
    }
}

#[test]
fn law_12_a_strict_region_fails_with_its_store() {
    for form in Form::ALL {
        for (op, operation) in [(Op::Get, Operation::Get), (Op::Lease, Operation::Lease)] {
            let world = world(form, strict);
            world.faults.fail(&[op]);
            let call = world.region.at("key");
            let error = store_error(call.create(|| unreachable!("the store failed")));
            assert_eq!(error.operation, operation);
            let call = world.region.at("key");
            let call = call.create_async(async || unreachable!("the store failed"));
            assert_eq!(store_error(Hand::new(call).finish()).operation, operation);
            world.faults.heal();
            assert_eq!(plain(world.create(2)), (2, Origin::Created));
        }
    }
}

#[test]
fn law_12_a_created_value_is_never_lost_not_even_by_a_strict_region() {
    for form in Form::ALL {
        let world = world(form, strict);
        world.faults.fail(&[Op::Commit]);
        for answer in world.both() {
            assert_eq!(plain(answer), (1, Origin::NotStored), "{form:?}");
        }
    }
}

#[test]
fn law_12_a_commit_whose_answer_is_lost_is_no_harm() {
    for form in Form::ALL {
        let world = world(form, as_it_is);
        world.faults.lose_answers(&[Op::Commit]);
        assert_eq!(plain(world.create(1)), (1, Origin::NotStored));
        world.faults.heal();
        assert_eq!(plain(world.create(2)), (1, Origin::Hit));
        assert!(!world.server.is_leased("key"));
    }
}

#[test]
fn law_12_a_lease_whose_answer_is_lost_runs_out() {
    let world = world(Form::Ready, as_it_is);
    world.faults.lose_answers(&[Op::Lease]);
    assert_eq!(plain(world.create(1)), (1, Origin::NotStored));
    world.faults.heal();
    let mut next = Hand::new(world.region.at("key").create_async(async || 2));
    assert!(next.settle().is_pending(), "the lease of nobody is out");
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(plain(next.finish()), (2, Origin::Created));
}

#[test]
fn law_12_whichever_single_operation_fails_the_caller_has_its_value() {
    for form in Form::ALL {
        for nth in 0..6 {
            let world = world(form, as_it_is);
            world.faults.fail_after(nth);
            for answer in world.both() {
                assert_eq!(answer.unwrap().value, 1, "{form:?}, operation {nth}");
            }
            world.faults.heal();
            world.clock.advance(FRESH * 3);
            assert_eq!(plain(world.create(2)), (2, Origin::Created));
        }
    }
}

#[test]
fn law_12_a_stale_value_at_hand_is_served() {
    for form in Form::ALL {
        for with in [as_it_is, strict] {
            let world = world(form, with);
            world.region.set("key", 7).unwrap();
            world.clock.advance(FRESH);
            world.faults.fail(&[Op::Lease]);
            for answer in world.both() {
                assert_eq!(plain(answer), (7, Origin::Stale), "{form:?}");
            }
            assert!(!world.region.is_being_created("key"));
            world.faults.heal();
            assert_eq!(plain(world.create(8)), (8, Origin::Created));
        }
    }
}

#[test]
fn law_12_a_failing_set_or_delete_supersedes_a_creation_all_the_same() {
    for delete in [false, true] {
        let world = world(Form::Ready, as_it_is);
        let (region, faults) = (&world.region, &world.faults);
        let answer = region.at("key").create(|| {
            // The store carried it out, and the answer did not arrive.
            faults.lose_answers(&[Op::Set, Op::Delete]);
            let written = if delete {
                region.delete("key")
            } else {
                region.set("key", 9)
            };
            store_error(written);
            assert!(!region.is_being_created("key"));
            1
        });
        assert_eq!(plain(answer), (1, Origin::Superseded));
        let stored = world.server.entry("key").map(|entry| entry.value);
        assert_eq!(stored, (!delete).then_some(9));
    }
}

#[test]
fn law_12_errors_say_which_backend_operation_and_key() {
    let world = world(Form::Ready, strict);
    world.faults.fail(&Op::ALL);
    let (region, key) = (&world.region, "k\u{1}y");
    let told = [
        region.get(key).unwrap_err(),
        region.set(key, 1).unwrap_err(),
        region.delete(key).unwrap_err(),
        region.metadata(key).unwrap_err(),
        region.get_or_create(key, || 1).unwrap_err(),
        Hand::new(region.get_async(key)).finish().unwrap_err(),
        Hand::new(region.set_async(key, 1)).finish().unwrap_err(),
        Hand::new(region.delete_async(key)).finish().unwrap_err(),
        Hand::new(region.metadata_async(key)).finish().unwrap_err(),
    ];
    for error in told {
        let text = error.to_string();
        for part in ["`shaky`", "\"k\\x01y\"", "the line is cut"] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn law_12_the_waiters_of_a_caller_whose_store_failed_do_not_hang() {
    for with in [as_it_is, strict] {
        let world = world(Form::Ready, with);
        let (region, faults) = (&world.region, &world.faults);
        faults.close(&[Op::Lease]);
        thread::scope(|scope| {
            let first = scope.spawn(|| region.at("key").create(|| 1));
            faults.wait_at_gate(1);
            let waiters = [(); 3].map(|()| scope.spawn(|| region.at("key").create(|| 1)));
            world.clock.wait_for_bookings(3);
            faults.fail(&[Op::Lease, Op::Commit]);
            faults.open();
            for call in [first].into_iter().chain(waiters) {
                match call.join().unwrap() {
                    Ok(answer) => assert_eq!(answer.value, 1),
                    Err(error) => assert!(matches!(error, Error::Store(_))),
                }
            }
        });
        assert!(!region.is_being_created("key"));
    }
}

/// It creates without asking the store, which did not answer it; nobody else knows of the lease.
#[test]
fn law_6_an_heir_that_could_not_look_gives_back_what_it_inherited() {
    for form in [Form::Ready, Form::Later] {
        let world = world(form, as_it_is);
        let begun = Cell::new(false);
        let creator = async || {
            begun.set(true);
            pending().await
        };
        let mut first = Hand::new(world.region.at("key").create_async(creator));
        while first.poll().is_pending() && !begun.get() {
            first.wait();
        }
        assert!(world.server.is_leased("key"));
        world.faults.fail(&[Op::Get]);
        let mut heir = Hand::new(world.region.at("key").create_async(async || 2));
        assert!(heir.settle().is_pending(), "it waits for the first");
        world.faults.heal();
        drop(first);
        assert_eq!(plain(heir.finish()), (2, Origin::NotStored));
        assert!(!world.server.is_leased("key"), "{form:?}");
    }
}

#[test]
fn law_12_a_store_that_stands_still_holds_no_waiter_beyond_its_deadline() {
    let world = world(Form::Later, |config| config.deadline(FRESH));
    world.faults.close(&[Op::Lease]);
    let mut first = Hand::new(world.region.at("key").create_async(async || 1));
    assert!(first.settle().is_pending(), "the store stands still");
    let waiter = || {
        let mut call = Hand::new(world.region.at("key").create_async(async || 2));
        assert!(call.settle().is_pending());
        call
    };
    let waiters = [waiter(), waiter()];
    world.clock.advance(FRESH);
    for waiter in waiters {
        let ended = waiter.finish();
        assert!(matches!(ended, Err(Error::Deadline { .. })), "{ended:?}");
    }
    world.faults.open();
    assert_eq!(plain(first.finish()), (1, Origin::Created));
}
