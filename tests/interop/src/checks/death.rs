//! A creator is killed with the lock in its hand.

use super::{Outcome, begin, one};
use crate::fleet::{Fleet, Kind};
use crate::problem::Problem;
use crate::protocol::{Order, Question};
use crate::report::{Check, Figures};
use crate::worker::now;

/// How long those who wait have waited when it is killed, in seconds.
const BEFORE: f64 = 0.3;

/// Kills a creator of this kind while all others wait for it.
pub(crate) fn of(fleet: &mut Fleet<'_>, kind: Kind, rounds: usize) -> Result<Check, Problem> {
    let mut check = Check::new(
        format!("kill -9 of {kind}'s creator"),
        "one takes over within the lock's 2 s, and one more by redis's clock or two by memcached's, all are answered",
    );
    let mut figures = Figures::default();
    for round in 0..rounds {
        let key = format!("{kind}-dies-{round}");
        let victim = fleet.one(kind, round);
        begin(&mut fleet.workers[victim], one(&key, 3_600.0))?;
        let threads = fleet.threads;
        let waiting = (0..fleet.workers.len()).filter(|at| *at != victim);
        let waiting: Vec<_> = waiting.collect();
        for at in &waiting {
            let question = Question {
                threads,
                ..one(&key, 0.1)
            };
            fleet.workers[*at].tell(&Order::Ask(question))?;
        }
        std::thread::sleep(std::time::Duration::from_secs_f64(BEFORE));
        let killed = now();
        fleet.kill(victim)?;
        let outcomes = waiting.iter().map(|at| Outcome::of(&fleet.workers[*at]));
        let outcomes = outcomes.collect::<Result<Vec<_>, _>>()?;
        for error in outcomes.iter().flat_map(Outcome::errors) {
            check.ensure(false, || format!("{key}: {error}"));
        }
        let creations: Vec<_> = outcomes
            .iter()
            .flat_map(|outcome| &outcome.creations)
            .collect();
        check.ensure(creations.len() == 1, || {
            format!("{key}: created {creations:?}")
        });
        if let Some(first) = creations.first() {
            let taken = first.begun - killed;
            figures.add("taken_over_s", taken);
            check.ensure(taken <= fleet.ground.taken_over(), || {
                format!("{key}: taken over after {taken:.1} s")
            });
        }
        let answers = outcomes.iter().flat_map(|outcome| &outcome.answers);
        let last = answers.map(|answer| answer.at - killed).fold(0.0, f64::max);
        figures.add("all_answered_s", last);
        fleet.replace(victim)?;
    }
    figures.into(&mut check);
    Ok(check)
}
