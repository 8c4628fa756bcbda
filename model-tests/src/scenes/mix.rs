//! Everything at once: tasks that each do a few things drawn from what a slot can be asked for.

use std::sync::Arc;

use dogpile_core::slot::{Abandoned, Change, Claimed, End, Relief};
use dogpile_core::state::Claim;
use dogpile_core::time::Time;
use dogpile_core::waiters::{Told, Waiter};

use super::{LATE, World, wait};
use crate::kits::{Checker, Scratch, Shuttle};

/// How a creation ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Publish,
    Deliver,
    Fail,
    Abandon,
}

/// What a task does.
#[derive(Clone, Copy, Debug)]
enum Role {
    /// A whole call, as a patient caller makes it.
    Call,
    /// A call that leaves as soon as it would wait.
    Leave,
    /// A call that takes the place of whatever creator has begun.
    Relieve,
    /// Takes an overdue creator's place without waiting.
    TakeOver,
    /// Changes the value from outside.
    Change(Change, bool),
}

const ENDINGS: [Ending; 4] = [
    Ending::Publish,
    Ending::Deliver,
    Ending::Fail,
    Ending::Abandon,
];

const ROLES: [Role; 8] = [
    Role::Call,
    Role::Call,
    Role::Leave,
    Role::Relieve,
    Role::TakeOver,
    Role::Change(Change::Set, true),
    Role::Change(Change::Delete, false),
    Role::Change(Change::Soften, false),
];

/// `N` tasks whose roles the schedule's own random numbers choose. Ends with nobody waiting and
/// nobody creating, or a checker reports a deadlock.
pub fn a_mix<const N: usize>() -> String {
    let world = World::<Shuttle>::vacant();
    let mut tasks = Vec::new();
    for _ in 0..N {
        let role = draw(&ROLES);
        let world = world.clone();
        tasks.push(Shuttle::spawn(move || play(&world, role)));
    }
    let mut told: Vec<_> = tasks.into_iter().flat_map(|task| task()).collect();
    assert!(!world.slot.look().is_busy(), "no exit leaves the word busy");
    assert_eq!(world.slot.waiting(), 0, "nobody is left behind");
    told.sort_unstable();
    told.dedup();
    told.join(", ")
}

fn draw<T: Copy>(choices: &[T]) -> T {
    use shuttle::rand::Rng;
    choices[shuttle::rand::thread_rng().gen_range(0..choices.len())]
}

type Words = Vec<&'static str>;

fn play(world: &Arc<World<Shuttle>>, role: Role) -> Words {
    let mut words = Words::new();
    match role {
        Role::Change(change, with_outcome) => {
            let outcome = with_outcome.then(|| Arc::new(99));
            world
                .slot
                .supersede(change, outcome.as_ref(), || world.value.write());
        }
        Role::TakeOver => {
            if let Some(claim) = world.slot.take_over(LATE) {
                words.push("took over");
                create(world, claim, &mut words);
            }
        }
        Role::Call | Role::Leave | Role::Relieve => call(world, role, &mut words),
    }
    words
}

/// One call: it looks, claims, waits, inherits, until it has something or has had enough.
fn call(world: &Arc<World<Shuttle>>, role: Role, words: &mut Words) {
    let mut has_waited = false;
    loop {
        let seen = world.slot.look();
        if seen.has_value() && !seen.is_stale() {
            return;
        }
        match world.slot.claim(seen) {
            Claimed::Won(claim) => return create(world, claim, words),
            Claimed::Changed => continue,
            Claimed::Joined => {}
        }
        let Some(waiter) = world.slot.join(has_waited) else {
            continue;
        };
        let told = match role {
            Role::Leave => {
                words.push(match world.slot.leave(waiter) {
                    None => "left",
                    Some(_) => "left as the heir",
                });
                return;
            }
            Role::Relieve => relieve_or_wait(world, &waiter),
            _ => wait(&world.slot, &waiter),
        };
        match told {
            Told::Heir(claim) => {
                words.push("inherited");
                return create(world, claim, words);
            }
            Told::Superseded => words.push("superseded"),
            Told::Outcome {
                began_after_me: true,
                ..
            } => return words.push("shared"),
            Told::Outcome { .. } => {
                assert!(!has_waited, "law 5: who waited is patient");
                words.push("too old");
            }
        }
        has_waited = true;
    }
}

fn relieve_or_wait(world: &World<Shuttle>, waiter: &Waiter<Shuttle, u64>) -> Told<u64> {
    match world.slot.relieve(waiter, LATE) {
        Relief::Heir(claim) => Told::Heir(claim),
        Relief::Superseded => Told::Superseded,
        Relief::NotYet(_) | Relief::NotBegun | Relief::Told => wait(&world.slot, waiter),
    }
}

fn create(world: &World<Shuttle>, claim: Claim, words: &mut Words) {
    // Some are overdue as soon as they begin, some never are.
    world.slot.begin(&claim, draw(&[LATE, Time::END]));
    let number = claim.number();
    let end = match draw(&ENDINGS) {
        Ending::Publish => End::Publish,
        Ending::Deliver => End::Deliver,
        Ending::Fail => End::Fail,
        Ending::Abandon => {
            return words.push(match world.slot.abandon(claim) {
                Abandoned::Inherited => "bequeathed",
                Abandoned::Ended => "gave up",
                Abandoned::Superseded => "gave up too late",
            });
        }
    };
    let settled = world.slot.settle(claim, end, &Arc::new(number), || {
        if end == End::Publish {
            world.value.write();
        }
    });
    words.push(match settled {
        Ok(()) => "settled",
        Err(_) => "came too late",
    });
}
