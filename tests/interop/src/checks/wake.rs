//! Who waits for another's creator is told when it has ended, with a value or without.

use super::{Outcome, begin, one};
use crate::fleet::{Fleet, Kind};
use crate::problem::Problem;
use crate::protocol::{Order, Question};
use crate::report::{Check, Figures};

/// How long the creator is at work, in seconds.
const CREATION: f64 = 0.25;

/// How many milliseconds later whoever uses this cache is told at the latest.
const PROMPT: f64 = 100.0;

/// Whoever waits has the value that a creator of this kind made.
pub(crate) fn by_value(fleet: &mut Fleet<'_>, kind: Kind, rounds: usize) -> Result<Check, Problem> {
    let mut check = Check::new(
        format!("woken by {kind}'s value"),
        "rust within 100 ms and no later than python",
    );
    let mut wakes = Figures::default();
    for round in 0..rounds {
        let key = format!("{kind}-ends-{round}");
        let creator = fleet.one(kind, round);
        let waiters = waiters(
            fleet,
            creator,
            &[fleet.ground.python(round), Kind::Rust],
            round,
        );
        begin(&mut fleet.workers[creator], one(&key, CREATION))?;
        let (creator, waiters) = ask(fleet, creator, &waiters, &key)?;
        let Some(creation) = creator.creations.first() else {
            check.ensure(false, || format!("{key}: nothing was created"));
            continue;
        };
        for waiter in &waiters {
            let wake = waiter.answers[0].at - creation.ended;
            wakes.add(format!("{}_ms", waiter.kind.side()), wake.max(0.0) * 1000.0);
            check.ensure(waiter.value() == creator.value(), || {
                format!("{key}: {} has {:?}", waiter.kind, waiter.answers)
            });
        }
    }
    let (rust, python) = (wakes.median("rust_ms"), wakes.median("python_ms"));
    check.ensure(rust.is_some_and(|rust| rust <= PROMPT), || {
        format!("rust after {rust:?} ms")
    });
    check.ensure(rust <= python, || {
        format!("rust after {rust:?} ms, python after {python:?} ms")
    });
    wakes.into(&mut check);
    Ok(check)
}

/// A creator of this kind fails: one of those who wait takes over.
pub(crate) fn by_failure(
    fleet: &mut Fleet<'_>,
    kind: Kind,
    rounds: usize,
) -> Result<Check, Problem> {
    let mut check = Check::new(
        format!("freed by {kind}'s failure"),
        "one takes over within two of python's looks",
    );
    // A failure of ours is told: those of ours who wait get it, and only Python takes over.
    let looks = fleet.ground.python_looks();
    let mut taken = Figures::default();
    for round in 0..rounds {
        let python = fleet.ground.python(round);
        let kinds = match kind.is_python() {
            true => [Kind::Rust, python],
            false => [python, fleet.ground.python(round + 1)],
        };
        let key = format!("{kind}-fails-{round}");
        let creator = fleet.one(kind, round);
        let waiters = waiters(fleet, creator, &kinds, round);
        let failing = Question {
            fails: true,
            ..one(&key, CREATION)
        };
        begin(&mut fleet.workers[creator], failing)?;
        let (creator, waiters) = ask(fleet, creator, &waiters, &key)?;
        check.ensure(creator.errors().count() == 1, || {
            format!("{key}: {:?}", creator.answers)
        });
        for error in waiters.iter().flat_map(Outcome::errors) {
            check.ensure(false, || format!("{key}: {error}"));
        }
        let creations: Vec<_> = waiters
            .iter()
            .flat_map(|waiter| &waiter.creations)
            .collect();
        check.ensure(creations.len() == 1, || {
            format!("{key}: created again {creations:?}")
        });
        if let ([after], Some(failed)) = (&creations[..], creator.creations.first()) {
            taken.add(
                "taken_over_ms",
                (after.begun - failed.ended).max(0.0) * 1000.0,
            );
        }
    }
    let median = taken.median("taken_over_ms");
    check.ensure(median.is_some_and(|median| median <= 2.0 * looks), || {
        format!("after {median:?} ms")
    });
    taken.into(&mut check);
    Ok(check)
}

/// One of each of these kinds, and not the creator.
fn waiters(fleet: &mut Fleet<'_>, creator: usize, kinds: &[Kind], round: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    for kind in kinds {
        let mut number = round;
        let mut at = fleet.one(*kind, number);
        while at == creator || chosen.contains(&at) {
            number += 1;
            at = fleet.one(*kind, number);
        }
        chosen.push(at);
    }
    chosen
}

/// Has these ask for what is being created, and gathers what all have then.
fn ask(
    fleet: &mut Fleet<'_>,
    creator: usize,
    waiters: &[usize],
    key: &str,
) -> Result<(Outcome, Vec<Outcome>), Problem> {
    for at in waiters {
        fleet.workers[*at].tell(&Order::Ask(one(key, 0.05)))?;
    }
    let creator = Outcome::of(&fleet.workers[creator])?;
    let waiters = waiters.iter().map(|at| Outcome::of(&fleet.workers[*at]));
    Ok((creator, waiters.collect::<Result<_, _>>()?))
}
