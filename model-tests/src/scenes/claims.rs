//! Who creates: the word alone, without waiters.

use std::sync::Arc;

use dogpile_core::slot::{Change, Claimed, End};
use dogpile_core::state::{Phase, Snapshot};

use super::World;
use crate::hold;
use crate::kits::{Checker, Scratch};

/// `N` threads look and claim once; nobody ends anything meanwhile.
pub fn one_winner<C: Checker, const N: usize>() -> String {
    let world = World::<C>::vacant();
    let enter = {
        let world = world.clone();
        move || world.enter()
    };
    let others: Vec<_> = (1..N).map(|_| C::spawn(enter.clone())).collect();
    let mut answers = vec![enter()];
    answers.extend(others.into_iter().map(|other| other()));
    let (mut winners, mut outcome) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Claimed::Won(claim) => {
                outcome.push("won");
                winners.push(claim);
            }
            Claimed::Joined => outcome.push("joined"),
            Claimed::Changed => panic!("nothing was ever there"),
        }
    }
    hold!("law 1: one creator", winners.len() == 1);
    assert_eq!(world.slot.look().phase(), Phase::Creating);
    outcome.join(", ")
}

/// `N` threads each want to create; each creation fails, so several may win, one after another, and
/// each must see what the one before it did.
pub fn creators_follow_each_other<C: Checker, const N: usize>() -> String {
    let world = World::<C>::vacant();
    let enter = {
        let world = world.clone();
        move || match world.enter() {
            Claimed::Won(claim) => {
                let number = claim.number();
                world.creators.write();
                let ended = world
                    .slot
                    .settle(claim, End::Fail, &Arc::new(number), || ());
                assert!(ended.is_ok(), "nobody supersedes");
                Some(number)
            }
            Claimed::Joined => None,
            Claimed::Changed => panic!("nothing is ever published"),
        }
    };
    let others: Vec<_> = (1..N).map(|_| C::spawn(enter.clone())).collect();
    let mut numbers = vec![enter()];
    numbers.extend(others.into_iter().map(|other| other()));
    let end = world.slot.look();
    hold!(
        "law 6: no exit leaves the word busy",
        end.phase() == Phase::Vacant
    );
    let mut won: Vec<_> = numbers.iter().flatten().collect();
    won.sort_unstable();
    let expected: Vec<_> = (1..=end.claim()).collect();
    hold!(
        "law 3: no claim number repeats",
        won.into_iter().eq(&expected)
    );
    format!("{numbers:?}")
}

/// One publishes, another reads what it finds.
pub fn a_reader_sees_what_was_published<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let creator = {
        let world = world.clone();
        C::spawn(move || {
            let claim = world.claim_alone();
            let placed = world
                .slot
                .settle(claim, End::Publish, &Arc::new(1), || world.value.write());
            assert!(placed.is_ok());
        })
    };
    let seen = world.slot.look();
    if seen.has_value() {
        world.value.read();
    }
    creator();
    format!("{seen:?}")
}

/// One sets a value, another reads what it finds.
pub fn a_reader_sees_what_was_set<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let setter = {
        let world = world.clone();
        C::spawn(move || {
            world
                .slot
                .supersede(Change::Set, None, || world.value.write());
        })
    };
    let seen = world.slot.look();
    if seen.has_value() {
        world.value.read();
    }
    setter();
    format!("{seen:?}")
}

/// One deletes, another creates anew in the place that was cleared.
pub fn a_creator_sees_what_was_deleted<C: Checker>() -> String {
    let world = World::<C>::new(Snapshot::new(Phase::Ready, 4, false));
    let deleter = {
        let world = world.clone();
        C::spawn(move || {
            world
                .slot
                .supersede(Change::Delete, None, || world.value.write());
        })
    };
    // The look before the deletion, the claim perhaps after it.
    let seen = world.slot.look();
    let outcome = match world.slot.claim(seen) {
        Claimed::Won(claim) if claim.number() > 5 => {
            world.value.write();
            let settled = world.slot.settle(claim, End::Fail, &Arc::new(6), || ());
            assert!(settled.is_ok());
            "after"
        }
        Claimed::Won(claim) => {
            let settled = world.slot.settle(claim, End::Fail, &Arc::new(5), || ());
            if settled.is_ok() {
                "before"
            } else {
                "superseded"
            }
        }
        Claimed::Joined | Claimed::Changed => panic!("nobody else creates or sets"),
    };
    deleter();
    assert_eq!(world.slot.look().phase(), Phase::Vacant);
    format!("claimed {seen:?}: {outcome}")
}

/// Two found the same value stale; one of them creates the next, and it is `published` or not.
pub fn a_stale_claim_looks_again<C: Checker, const PUBLISHED: bool>() -> String {
    let world = World::<C>::new(Snapshot::new(Phase::Ready, 4, false));
    let seen = world.slot.look();
    let other = {
        let world = world.clone();
        C::spawn(move || match world.slot.claim(seen) {
            Claimed::Won(claim) => {
                let end = if PUBLISHED { End::Publish } else { End::Fail };
                let number = claim.number();
                world.creators.write();
                let settled = world.slot.settle(claim, end, &Arc::new(number), || ());
                assert!(settled.is_ok());
                number
            }
            Claimed::Joined | Claimed::Changed => 0,
        })
    };
    let answer = world.slot.claim(seen);
    let outcome = match answer {
        Claimed::Won(claim) => {
            hold!(
                "law 2: a claim is for the value that was seen",
                claim.number() == 5
            );
            world.creators.write();
            let settled = world.slot.settle(claim, End::Publish, &Arc::new(5), || ());
            assert!(settled.is_ok());
            "won"
        }
        Claimed::Joined => "joined",
        Claimed::Changed => "changed",
    };
    let other = other();
    let end = world.slot.look();
    hold!(
        "law 2: one creation for two who saw it stale",
        end == Snapshot::new(Phase::Ready, 5, false)
    );
    assert_eq!(other == 5, outcome != "won");
    outcome.to_owned()
}

/// Two look and claim, a third looks twice: small enough to enumerate every schedule.
pub fn claims_and_a_look<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let claim = {
        let world = world.clone();
        move || match world.enter() {
            Claimed::Won(_) => "won",
            Claimed::Joined => "joined",
            Claimed::Changed => panic!("nothing was ever there"),
        }
    };
    let (first, second) = (C::spawn(claim.clone()), C::spawn(claim));
    let looks = (world.slot.look(), world.slot.look());
    hold!(
        "a number never goes back",
        looks.0.claim() <= looks.1.claim()
    );
    format!("{}, {}, {looks:?}", first(), second())
}

/// One seizes the word while another creates: it sees all that whoever ended before it did, and the
/// one that it superseded ends nothing.
pub fn seizures_follow_each_other<C: Checker>() -> String {
    let world = World::<C>::vacant();
    let other = {
        let world = world.clone();
        C::spawn(move || match world.enter() {
            Claimed::Won(claim) => {
                let number = claim.number();
                let place = || world.value.write();
                let settled = world
                    .slot
                    .settle(claim, End::Publish, &Arc::new(number), place);
                settled.is_ok()
            }
            Claimed::Joined | Claimed::Changed => false,
        })
    };
    let seized = world.slot.seize();
    let number = seized.number();
    world.value.write();
    let settled = world
        .slot
        .settle(seized, End::Publish, &Arc::new(number), || ());
    hold!("law 3: the last started wins", settled.is_ok());
    let published = other();
    let end = world.slot.look();
    assert_eq!(end.phase(), Phase::Ready);
    format!("{end:?}, other published {published}")
}
