//! Who waits is told, once, and what a waiter inherits is not lost.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use dogpile_core::kit::Park;
use dogpile_core::slot::{Abandoned, Claimed, End, Relief};
use dogpile_core::state::{Claim, Phase, Snapshot};
use dogpile_core::time::Time;
use dogpile_core::waiters::{Told, Waiter};

use super::{EARLY, LATE, World, short, wait};
use crate::kits::{Checker, Scratch};

/// Joins if there is something to wait for, and waits.
fn join_and_wait<C: Checker>(world: &World<C>) -> String {
    match world.slot.join(false) {
        None => {
            assert!(!world.slot.look().is_busy(), "nothing to wait for");
            "too late".to_owned()
        }
        Some(waiter) => short(&wait(&world.slot, &waiter)),
    }
}

/// A creator ends with a value while `N - 1` threads come to wait.
pub fn an_end_reaches_each_waiter<C: Checker, const N: usize>() -> String {
    each_waiter::<C, N>(End::Publish)
}

/// A creator fails while `N - 1` threads come to wait.
pub fn a_failure_reaches_each_waiter<C: Checker, const N: usize>() -> String {
    each_waiter::<C, N>(End::Fail)
}

fn each_waiter<C: Checker, const N: usize>(end: End) -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let join = {
        let world = world.clone();
        move || join_and_wait(&world)
    };
    let waiters: Vec<_> = (1..N).map(|_| C::spawn(join.clone())).collect();
    let settled = world
        .slot
        .settle(claim, end, &Arc::new(1), || world.value.write());
    assert!(settled.is_ok());
    let told: Vec<_> = waiters.into_iter().map(|waiter| waiter()).collect();
    assert_eq!(world.slot.waiting(), 0, "nobody is left behind");
    told.join(", ")
}

/// `N` whole calls for the same missing value: one creates, all have it.
pub fn a_stampede_creates_once<C: Checker, const N: usize>() -> String {
    let world = World::<C>::vacant();
    let call = {
        let world = world.clone();
        move || call_once(&world)
    };
    let others: Vec<_> = (1..N).map(|_| C::spawn(call.clone())).collect();
    let mut ways = vec![call()];
    ways.extend(others.into_iter().map(|other| other()));
    let created = ways.iter().filter(|way| **way == "created").count();
    assert_eq!(created, 1, "one creation");
    assert_eq!(world.slot.look(), Snapshot::new(Phase::Ready, 1, false));
    ways.join(", ")
}

fn call_once<C: Checker>(world: &World<C>) -> &'static str {
    loop {
        let seen = world.slot.look();
        if seen.has_value() {
            world.value.read();
            return "found";
        }
        match world.slot.claim(seen) {
            Claimed::Won(claim) => {
                world.slot.begin(&claim, LATE);
                let placed = world
                    .slot
                    .settle(claim, End::Publish, &Arc::new(1), || world.value.write());
                assert!(placed.is_ok());
                return "created";
            }
            Claimed::Joined => {
                if let Some(waiter) = world.slot.join(false) {
                    match wait(&world.slot, &waiter) {
                        Told::Outcome { .. } => return "shared",
                        Told::Heir(_) | Told::Superseded => panic!("nobody gives up"),
                    }
                }
            }
            Claimed::Changed => {}
        }
    }
}

/// The creator goes away while the first of two waiters leaves.
pub fn an_heir_that_leaves_passes_on<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let (first, second) = (world.sit(), world.sit());
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            world.creators.write();
            assert_eq!(world.slot.abandon(claim), Abandoned::Inherited);
        })
    };
    let leaver = {
        let world = world.clone();
        C::spawn(move || world.slot.leave(first))
    };
    let Told::Heir(heir) = wait(&world.slot, &second) else {
        panic!("the creator is gone, and nobody else is left");
    };
    world.creators.write();
    let number = heir.number();
    let settled = world.slot.settle(heir, End::Fail, &Arc::new(number), || ());
    assert!(settled.is_ok(), "the heir holds the word");
    creator();
    assert_eq!(world.slot.look().phase(), Phase::Vacant);
    match (leaver(), number) {
        (None, 2) => "inherited directly".to_owned(),
        (Some(Abandoned::Inherited), 3) => "inherited by the leaver".to_owned(),
        other => panic!("passed on to the only one left, but {other:?}"),
    }
}

/// The creator goes away while the only waiter leaves: the word must not stay busy.
pub fn the_last_leaver_ends_the_creation<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let waiter = world.sit();
    let creator = {
        let world = world.clone();
        C::spawn(move || world.slot.abandon(claim))
    };
    let passed = world.slot.leave(waiter);
    let inherited = creator();
    assert_eq!(world.slot.look().phase(), Phase::Vacant);
    assert_eq!(world.slot.waiting(), 0);
    match (inherited, passed) {
        (Abandoned::Inherited, Some(Abandoned::Ended)) => "ended by the leaver".to_owned(),
        (Abandoned::Ended, None) => "ended by the creator".to_owned(),
        other => panic!("the creation ends once, but {other:?}"),
    }
}

/// The creator ends while one of two waiters leaves; the other is told.
pub fn a_leaver_takes_nobody_along<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let (first, second) = (world.sit(), world.sit());
    let leaver = {
        let world = world.clone();
        C::spawn(move || world.slot.leave(first))
    };
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            world
                .slot
                .settle(claim, End::Deliver, &Arc::new(1), || ())
                .is_ok()
        })
    };
    let told = short(&wait(&world.slot, &second));
    assert_eq!(leaver(), None, "nobody inherits");
    assert!(creator());
    assert_eq!(world.slot.look(), Snapshot::new(Phase::Vacant, 1, false));
    told
}

/// A creator that has begun, and `N` who wait for it.
fn overdue<C: Checker, const N: usize>() -> (Arc<World<C>>, Claim, [Waiter<C, u64>; N]) {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    world.slot.begin(&claim, LATE);
    let waiters = std::array::from_fn(|_| world.sit());
    (world, claim, waiters)
}

/// A waiter takes an overdue creator's place while that ends after all.
pub fn relief_against_the_end<C: Checker>() -> String {
    let (world, claim, [waiter]) = overdue::<C, 1>();
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let settled = world
                .slot
                .settle(claim, End::Publish, &Arc::new(1), || world.value.write());
            settled.is_ok()
        })
    };
    let how = match world.slot.relieve(&waiter, LATE) {
        Relief::Heir(heir) => {
            assert_eq!(heir.number(), 2);
            let settled = world
                .slot
                .settle(heir, End::Publish, &Arc::new(2), || world.value.write());
            assert!(settled.is_ok(), "the heir holds the word");
            "heir".to_owned()
        }
        Relief::Told => short(&wait(&world.slot, &waiter)),
        other => panic!("{other:?}"),
    };
    let published = creator();
    assert_eq!(published, how != "heir", "one of them publishes");
    world.value.read();
    assert_eq!(world.slot.look().phase(), Phase::Ready);
    how
}

/// Two waiters lose their patience at once: one takes the creator's place, and the other waits for
/// that one.
pub fn one_relief_at_a_time<C: Checker>() -> String {
    let (world, overdue, [first, second]) = overdue::<C, 2>();
    let relieve = {
        let world = world.clone();
        move |waiter: Waiter<C, u64>| match world.slot.relieve(&waiter, LATE) {
            Relief::Heir(heir) => {
                world.creators.write();
                world.slot.begin(&heir, Time::END);
                let number = heir.number();
                let settled = world.slot.settle(heir, End::Fail, &Arc::new(number), || ());
                assert!(
                    settled.is_ok(),
                    "nobody takes its place before it is overdue"
                );
                format!("heir {number}")
            }
            Relief::NotYet(_) | Relief::NotBegun | Relief::Told => {
                short(&wait(&world.slot, &waiter))
            }
            Relief::Superseded => "superseded".to_owned(),
        }
    };
    let other = {
        let relieve = relieve.clone();
        C::spawn(move || relieve(first))
    };
    let (mine, other) = (relieve(second), other());
    assert_eq!(world.slot.look(), Snapshot::new(Phase::Vacant, 2, false));
    let late = world
        .slot
        .settle(overdue, End::Publish, &Arc::new(1), || ());
    assert!(late.is_err(), "its place was taken");
    format!("{other}; {mine}")
}

/// One who does not wait takes an overdue creator's place while that ends after all; a waiter is
/// told by whichever of them ends it.
pub fn take_over_against_the_end<C: Checker>() -> String {
    let (world, claim, [waiter]) = overdue::<C, 1>();
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let settled = world
                .slot
                .settle(claim, End::Publish, &Arc::new(1), || world.value.write());
            settled.is_ok()
        })
    };
    let successor = {
        let world = world.clone();
        C::spawn(move || {
            assert!(
                world.slot.take_over(EARLY).is_none(),
                "nobody is overdue yet"
            );
            let Some(heir) = world.slot.take_over(LATE) else {
                return false;
            };
            let settled = world
                .slot
                .settle(heir, End::Publish, &Arc::new(2), || world.value.write());
            assert!(settled.is_ok());
            true
        })
    };
    let told = short(&wait(&world.slot, &waiter));
    let (kept, taken) = (creator(), successor());
    assert!(kept ^ taken, "one of them publishes");
    world.value.read();
    told
}

/// A nudge says nothing, so whoever is nudged is told all the same.
pub fn a_nudge_is_no_answer<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let waiter = world.sit();
    let nudger = {
        let world = world.clone();
        C::spawn(move || world.slot.nudge())
    };
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let settled = world.slot.settle(claim, End::Fail, &Arc::new(1), || ());
            assert!(settled.is_ok());
        })
    };
    let told = short(&wait(&world.slot, &waiter));
    nudger();
    creator();
    assert_eq!(world.slot.waiting(), 0);
    told
}

/// A waker that uses the very slot: somebody else's code, and so never called under its locks.
struct Curious<C: Checker> {
    world: Arc<World<C>>,
    inner: Waker,
}

impl<C: Checker> Wake for Curious<C> {
    fn wake(self: Arc<Self>) {
        self.world.slot.waiting();
        self.inner.wake_by_ref();
    }
}

/// The creator ends or goes away, and what it wakes asks the slot something.
pub fn a_waker_may_use_the_slot<C: Checker, const ABANDONED: bool>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let waiter = world.sit();
    let place = C::Park::here();
    let waker = Waker::from(Arc::new(Curious {
        world: world.clone(),
        inner: place.waker(),
    }));
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            world.slot.nudge();
            if ABANDONED {
                world.slot.abandon(claim) == Abandoned::Inherited
            } else {
                world
                    .slot
                    .settle(claim, End::Fail, &Arc::new(1), || ())
                    .is_ok()
            }
        })
    };
    let told = loop {
        match world.slot.hear(&waiter, &waker) {
            Poll::Ready(told) => break told.map(|outcome| *outcome),
            Poll::Pending => place.park(None),
        }
    };
    assert!(creator());
    let answer = short(&told);
    if let Told::Heir(heir) = told {
        assert_eq!(world.slot.abandon(heir), Abandoned::Ended);
    }
    assert_eq!(world.slot.look().phase(), Phase::Vacant);
    answer
}
