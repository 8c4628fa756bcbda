//! What comes from outside while a creation is under way.

use std::sync::Arc;

use dogpile_core::slot::{Abandoned, Change, Claimed, End};
use dogpile_core::state::{Phase, Snapshot};

use super::{EARLY, LATE, World, short, wait};
use crate::hold;
use crate::kits::{Checker, Scratch};

/// A delete meets the end of a creation, with a waiter that came before the creator began and one
/// that came after.
pub fn delete_against_the_end<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let patient = world.sit();
    world.slot.begin(&claim, LATE);
    let impatient = world.sit();
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let settled = world
                .slot
                .settle(claim, End::Publish, &Arc::new(1), || world.value.write());
            settled.is_ok()
        })
    };
    world
        .slot
        .supersede(Change::Delete, None, || world.value.write());
    let (patient, impatient) = (
        short(&wait(&world.slot, &patient)),
        short(&wait(&world.slot, &impatient)),
    );
    let published = creator();
    hold!(
        "law 5: a patient waiter waits through a deletion",
        patient == "outcome 1 begun after"
    );
    let expected = if published {
        "outcome 1 begun before"
    } else {
        "superseded"
    };
    hold!(
        "law 5: an impatient waiter looks again after a deletion",
        impatient == expected
    );
    let end = world.slot.look();
    hold!(
        "law 3: what is deleted stays deleted",
        end == Snapshot::new(Phase::Vacant, 2, false)
    );
    assert_eq!(world.slot.waiting(), 0);
    impatient
}

/// A value is set while a creation ends: everybody is told one of the two, and what was set stays.
pub fn set_against_the_end<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let first = world.sit();
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let settled = world
                .slot
                .settle(claim, End::Publish, &Arc::new(1), || world.value.write());
            settled.is_ok()
        })
    };
    let setter = {
        let world = world.clone();
        C::spawn(move || {
            world
                .slot
                .supersede(Change::Set, Some(&Arc::new(9)), || world.value.write());
        })
    };
    let told = short(&wait(&world.slot, &first));
    setter();
    let published = creator();
    let expected = if published {
        "outcome 1 begun after"
    } else {
        "outcome 9 begun after"
    };
    assert_eq!(told, expected);
    let end = world.slot.look();
    hold!(
        "law 3: what was set stays",
        end == Snapshot::new(Phase::Ready, 2, false)
    );
    world.value.read();
    told
}

/// A soft invalidation meets the end of a first creation: whichever comes first, the value is
/// there, and stale.
pub fn soften_against_the_first_end<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let waiter = world.sit();
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let settled = world
                .slot
                .settle(claim, End::Publish, &Arc::new(1), || world.value.write());
            assert!(settled.is_ok(), "a first creation goes on");
        })
    };
    world.slot.supersede(Change::Soften, None, || ());
    assert_eq!(short(&wait(&world.slot, &waiter)), "outcome 1 begun after");
    creator();
    let end = world.slot.look();
    assert!(end.is_stale() && end.phase() == Phase::Ready, "{end:?}");
    world.value.read();
    format!("{end:?}")
}

/// A soft invalidation meets the end of a refresh: a refresh that began before it publishes nothing
/// after it.
pub fn soften_against_a_refresh<C: Checker>() -> String {
    let world = World::<C>::new(Snapshot::new(Phase::Ready, 4, false));
    let claim = world.claim_alone();
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let settled = world
                .slot
                .settle(claim, End::Publish, &Arc::new(5), || world.value.write());
            settled.is_ok()
        })
    };
    world.slot.supersede(Change::Soften, None, || ());
    let published = creator();
    let end = world.slot.look();
    assert_eq!(end, Snapshot::new(Phase::Ready, 6, true));
    format!("published {published}")
}

/// The creator goes away while a delete comes: a waiter inherits, or looks again.
pub fn delete_against_abandon<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = world.claim_alone();
    let waiter = world.sit();
    let creator = {
        let world = world.clone();
        C::spawn(move || world.slot.abandon(claim))
    };
    world.slot.supersede(Change::Delete, None, || ());
    let told = wait(&world.slot, &waiter);
    let answer = short(&told);
    if let dogpile_core::waiters::Told::Heir(heir) = told {
        let settled = world.slot.settle(heir, End::Publish, &Arc::new(2), || ());
        hold!("law 3: a deletion supersedes an heir", settled.is_err());
    }
    let inherited = creator();
    let expected = if answer == "superseded" {
        Abandoned::Superseded
    } else {
        Abandoned::Inherited
    };
    assert_eq!(inherited, expected);
    assert_eq!(world.slot.look().phase(), Phase::Vacant);
    answer
}

/// A creator that was superseded before it began says so too late: the one that is at work
/// keeps its time, and who comes now knows that it began before.
pub fn a_late_begin_changes_nothing<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let old = world.claim_alone();
    let late = {
        let world = world.clone();
        C::spawn(move || {
            world.slot.begin(&old, EARLY);
            old
        })
    };
    world.slot.supersede(Change::Delete, None, || ());
    let Claimed::Won(new) = world.enter() else {
        panic!("the word is free");
    };
    world.slot.begin(&new, LATE);
    let waiter = world.sit();
    let old = late();
    assert_eq!(world.slot.due(), Some(LATE));
    assert!(world.slot.take_over(EARLY).is_none(), "nobody is overdue");
    let settled = world.slot.settle(old, End::Publish, &Arc::new(1), || ());
    assert!(settled.is_err());
    let settled = world.slot.settle(new, End::Deliver, &Arc::new(3), || ());
    assert!(settled.is_ok());
    let told = short(&wait(&world.slot, &waiter));
    assert_eq!(told, "outcome 3 begun before");
    told
}

/// Whoever has waited before is patient: it called before whatever it joins now began.
pub fn who_waited_is_patient<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let first = world.claim_alone();
    world.slot.begin(&first, LATE);
    let waiter = world.sit();
    let deleter = {
        let world = world.clone();
        C::spawn(move || {
            world.slot.supersede(Change::Delete, None, || ());
            let second = world.claim_alone();
            world.slot.begin(&second, LATE);
            second
        })
    };
    assert_eq!(short(&wait(&world.slot, &waiter)), "superseded");
    let again = world.slot.join(true);
    let second = deleter();
    let Some(again) = again else {
        let settled = world.slot.settle(second, End::Fail, &Arc::new(2), || ());
        assert!(settled.is_ok());
        return "nobody creates yet".to_owned();
    };
    world.slot.supersede(Change::Delete, None, || ());
    let settled = world.slot.settle(second, End::Publish, &Arc::new(2), || ());
    assert!(settled.is_err());
    let told = short(&wait(&world.slot, &again));
    assert_eq!(told, "outcome 2 begun after");
    told
}
