//! The same promises when callers meet. Each race is run many times from a common start; whatever
//! the order was, what is left must be what one of the orders leaves.

use std::sync::{Mutex, PoisonError};

use super::Sample;
use super::subject::{Looked, Outcome, Subject, ensure, same, together, together_from};
use crate::Commit;

const ROUNDS: u64 = 100;

pub(super) fn one_of_many_wins_the_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    for round in 0..ROUNDS / 4 {
        let key = subject.key(&round.to_string());
        let answers = together(8, |_| subject.ask(&key))?;
        let mut won = answers.into_iter().filter_map(|answer| match answer {
            Looked::Won(lease, _) => Some(lease),
            _ => None,
        });
        let (Some(lease), None) = (won.next(), won.next()) else {
            return Err("of eight who asked at once, not exactly one was given the lease".into());
        };
        let commit = subject.commit(&key, &lease, subject.entry(round))?;
        ensure!(
            commit == Commit::Stored,
            "the losers voided the winner's lease"
        );
    }
    Ok(())
}

pub(super) fn a_deleted_value_never_comes_back<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    for round in 0..ROUNDS {
        let lease = subject.win(&key)?;
        together_from(round, 2, |thread| match thread {
            0 => subject.commit(&key, &lease, subject.entry(round)).map(drop),
            _ => subject.delete(&key),
        })?;
        // Committed first: deleted. Deleted first: refused.
        subject.is_empty(&key)?;
    }
    Ok(())
}

pub(super) fn a_set_value_is_never_overwritten_by_an_older_creation<V: Sample>(
    subject: &Subject<V>,
) -> Outcome {
    let key = subject.key("key");
    for round in 0..ROUNDS {
        let lease = subject.win(&key)?;
        together_from(round, 2, |thread| match thread {
            0 => subject.commit(&key, &lease, subject.entry(round)).map(drop),
            _ => subject.set(&key, subject.entry(ROUNDS + round)),
        })?;
        subject.holds(&key, &subject.entry(ROUNDS + round))?;
    }
    Ok(())
}

pub(super) fn a_superseded_creator_never_overwrites<V: Sample>(subject: &Subject<V>) -> Outcome {
    for round in 0..ROUNDS {
        let key = subject.key(&round.to_string());
        let first = subject.win(&key)?;
        let answers = together_from(round, 2, |thread| match thread {
            0 => {
                let commit = subject.commit(&key, &first, subject.entry(1))?;
                Ok((Some(commit), None))
            }
            _ => Ok((None, Some(subject.ask_for(&key, &|_| false, None, true)?))),
        })?;
        let Some(Looked::Won(second, _)) = answers.iter().find_map(|(_, asked)| asked.as_ref())
        else {
            return Err(format!("asked to supersede, the store answers {answers:?}").into());
        };
        match answers[0].0 {
            Some(Commit::Stored) => subject.holds(&key, &subject.entry(1))?,
            _ => subject.is_empty(&key)?,
        }
        let commit = subject.commit(&key, second, subject.entry(2))?;
        ensure!(
            commit == Commit::Stored,
            "the superseded creator voided the later lease"
        );
        subject.holds(&key, &subject.entry(2))?;
    }
    Ok(())
}

pub(super) fn looking_and_leasing_are_one_step<V: Sample>(subject: &Subject<V>) -> Outcome {
    for round in 0..ROUNDS {
        let key = subject.key(&round.to_string());
        let answers = together_from(round, 2, |thread| match thread {
            0 => Ok(Some(subject.ask_for(&key, &|_| true, None, false)?)),
            _ => subject.set(&key, subject.entry(1)).map(|()| None),
        })?;
        match &answers[0] {
            Some(Looked::Fresh(entry)) if same(entry, &subject.entry(1)) => {}
            Some(Looked::Won(lease, None)) => {
                // Nothing was seen, so the set came later and voided the lease.
                let commit = subject.commit(&key, lease, subject.entry(2))?;
                ensure!(
                    commit == Commit::Refused,
                    "a value came between the look and the lease"
                );
            }
            answer => {
                return Err(format!("a look beside a set answers {answer:?}").into());
            }
        }
        subject.holds(&key, &subject.entry(1))?;
    }
    Ok(())
}

pub(super) fn values_are_whole_under_concurrent_writes<V: Sample>(subject: &Subject<V>) -> Outcome {
    const WRITERS: usize = 2;
    let key = subject.key("key");
    subject.set(&key, subject.entry(0))?;
    let progress = Mutex::new((0, 0_u64));
    let progress = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    together(2 * WRITERS, |thread| {
        if thread < WRITERS {
            let mut round = 0;
            // Until the readers have read as often, so that they were there.
            while round < ROUNDS / 2 || (progress().1 < ROUNDS && round < 100 * ROUNDS) {
                let number = thread as u64 * ROUNDS + round % ROUNDS;
                let set = subject.set(&key, subject.entry(number));
                if set.is_err() {
                    progress().0 += 1;
                    return set;
                }
                round += 1;
            }
            progress().0 += 1;
            return Ok(());
        }
        while progress().0 < WRITERS {
            let Some(found) = subject.get(&key)? else {
                // The writers need not wait for who reads no more.
                progress().1 += ROUNDS;
                return Err("a value that is only ever replaced was missing".into());
            };
            progress().1 += 1;
            let whole = same(&found, &subject.entry(found.metadata.epoch.number()));
            ensure!(whole, "the parts of {found:?} belong to different values");
        }
        Ok(())
    })?;
    Ok(())
}
