//! What a lease is: one holder, one use.

use std::collections::HashSet;

use super::Sample;
use super::subject::{Looked, Outcome, Subject, ensure, same};
use crate::{Ask, CachedValue, Commit, Leased, Span};

/// What was seen in the lease's own step, if anything, must be `wanted`.
fn seen_is<V: Sample>(seen: Option<&CachedValue<V>>, wanted: &CachedValue<V>) -> Outcome {
    let agrees = seen.is_none_or(|seen| same(seen, wanted));
    ensure!(
        agrees,
        "{wanted:?} is there, but beside the lease {seen:?} was seen"
    );
    Ok(())
}

pub(super) fn a_lease_is_won_where_nothing_is<V: Sample>(subject: &Subject<V>) -> Outcome {
    match subject.ask(&subject.key("key"))? {
        Looked::Won(_, None) => Ok(()),
        other => Err(format!("nothing is there, and the answer is {other:?}").into()),
    }
}

pub(super) fn a_lease_excludes_others<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let lease = subject.win(&key)?;
    subject.lose(&key)?;
    subject.lose(&key)?;
    subject.is_empty(&key)?;
    let commit = subject.commit(&key, &lease, subject.entry(1))?;
    ensure!(
        commit == Commit::Stored,
        "the loser's asking voided the winner's lease"
    );
    Ok(())
}

pub(super) fn a_lease_is_for_its_key_only<V: Sample>(subject: &Subject<V>) -> Outcome {
    let (key, other) = (subject.key("key"), subject.key("other"));
    let lease = subject.win(&key)?;
    let elsewhere = subject.win(&other)?;
    subject.set(&other, subject.entry(1))?;
    subject.delete(&other)?;
    let refused = subject.commit(&other, &elsewhere, subject.entry(2))?;
    ensure!(
        refused == Commit::Refused,
        "a lease outlived the delete of its key"
    );
    let commit = subject.commit(&key, &lease, subject.entry(3))?;
    ensure!(
        commit == Commit::Stored,
        "writing another key voided the lease"
    );
    Ok(())
}

pub(super) fn a_fresh_value_needs_no_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let entry = subject.entry(1);
    subject.set(&key, entry.clone())?;
    let created = entry.metadata.created;
    match subject.ask_for(&key, &|seen| seen.created == created, None, false)? {
        Looked::Fresh(fresh) if same(&fresh, &entry) => {}
        other => return Err(format!("{entry:?} is fresh, but the answer is {other:?}").into()),
    }
    let lease = subject.win(&key)?;
    ensure!(
        subject.release(&key, &lease)? == Commit::Stored,
        "the lease after a fresh value was void"
    );
    Ok(())
}

pub(super) fn a_stale_value_is_seen_beside_the_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let stale = subject.entry(1);
    subject.set(&key, stale.clone())?;
    let Looked::Won(lease, seen) = subject.ask(&key)? else {
        return Err(
            "nothing fresh is there and nobody holds the lease, but it was not given".into(),
        );
    };
    seen_is(seen.as_ref(), &stale)?;
    ensure!(
        seen.is_some() || !subject.leases()?.expires(),
        "{stale:?} is there, but where leases expire nothing was seen beside one: that means that nothing is there"
    );
    match subject.ask(&key)? {
        Looked::Lost(seen) => seen_is(seen.as_ref(), &stale)?,
        other => {
            return Err(format!("another holds the lease, and the answer is {other:?}").into());
        }
    }
    subject.holds(&key, &stale)?;
    let commit = subject.commit(&key, &lease, subject.entry(2))?;
    ensure!(
        commit == Commit::Stored,
        "reading the stale value voided the lease"
    );
    subject.holds(&key, &subject.entry(2))
}

pub(super) fn a_commit_stores_and_ends_the_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    for number in 1..4 {
        let lease = subject.win(&key)?;
        let commit = subject.commit(&key, &lease, subject.entry(number))?;
        ensure!(commit == Commit::Stored, "a current lease was refused");
        subject.holds(&key, &subject.entry(number))?;
    }
    Ok(())
}

pub(super) fn a_lease_is_used_up_by_its_commit<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let lease = subject.win(&key)?;
    subject.commit(&key, &lease, subject.entry(1))?;
    let again = subject.commit(&key, &lease, subject.entry(2))?;
    ensure!(
        again == Commit::Refused,
        "one lease was good for two commits"
    );
    let released = subject.release(&key, &lease)?;
    ensure!(
        released == Commit::Refused,
        "a lease was current after its commit"
    );
    subject.holds(&key, &subject.entry(1))
}

pub(super) fn a_released_lease_is_free_and_void<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    for failed in [false, true] {
        let lease = subject.win(&key)?;
        let released = subject.take(subject.leases()?.release(&key, &lease, failed))?;
        ensure!(
            released == Commit::Stored,
            "a current lease was void when it was given back"
        );
        let again = subject.take(subject.leases()?.release(&key, &lease, failed))?;
        ensure!(again == Commit::Refused, "a lease was given back twice");
        let commit = subject.commit(&key, &lease, subject.entry(1))?;
        ensure!(
            commit == Commit::Refused,
            "a lease that was given back was good for a commit"
        );
        subject.is_empty(&key)?;
    }
    let (old, new) = (subject.win(&key)?, subject.win(&subject.key("other"))?);
    subject.release(&key, &old)?;
    let next = subject.win(&key)?;
    let released = subject.release(&key, &old)?;
    ensure!(
        released == Commit::Refused,
        "an old lease released the next holder's"
    );
    let commit = subject.commit(&key, &next, subject.entry(2))?;
    ensure!(
        commit == Commit::Stored,
        "an old lease voided the next holder's"
    );
    subject.release(&subject.key("other"), &new)?;
    Ok(())
}

pub(super) fn a_lease_can_be_renewed_while_current<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let lease = subject.win(&key)?;
    for _ in 0..2 {
        let renewed = subject.renew(&key, &lease)?;
        ensure!(
            renewed == Commit::Stored,
            "a current lease could not be renewed"
        );
    }
    subject.lose(&key)?;
    let commit = subject.commit(&key, &lease, subject.entry(1))?;
    ensure!(commit == Commit::Stored, "renewing voided the lease");
    let late = subject.renew(&key, &lease)?;
    ensure!(
        late == Commit::Refused,
        "a lease that was used up could be renewed"
    );
    let next = subject.win(&key)?;
    subject.delete(&key)?;
    let void = subject.renew(&key, &next)?;
    ensure!(void == Commit::Refused, "a void lease could be renewed");
    subject.win(&key).map(drop)
}

pub(super) fn a_lease_can_be_superseded<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let first = subject.win(&key)?;
    let second = supersede(subject, &key)?;
    subject.lose(&key)?;
    let late = subject.commit(&key, &first, subject.entry(1))?;
    ensure!(
        late == Commit::Refused,
        "a superseded lease was good for a commit"
    );
    let released = subject.release(&key, &first)?;
    ensure!(
        released == Commit::Refused,
        "a superseded lease was still current"
    );
    let third = supersede(subject, &key)?;
    let late = subject.commit(&key, &second, subject.entry(2))?;
    ensure!(
        late == Commit::Refused,
        "the second of three was not superseded"
    );
    let commit = subject.commit(&key, &third, subject.entry(3))?;
    ensure!(commit == Commit::Stored, "the last started did not win");
    subject.holds(&key, &subject.entry(3))?;
    // Where there is nothing to supersede, it is an ordinary lease.
    let lease = supersede(subject, &subject.key("other"))?;
    let commit = subject.commit(&subject.key("other"), &lease, subject.entry(4))?;
    ensure!(
        commit == Commit::Stored,
        "a lease that superseded nobody was void"
    );
    Ok(())
}

fn supersede<V: Sample>(subject: &Subject<V>, key: &[u8]) -> Outcome<crate::Lease> {
    match subject.ask_for(key, &|_| false, None, true)? {
        Looked::Won(lease, _) => Ok(lease),
        other => Err(format!("asked to supersede, the store answers {other:?}").into()),
    }
}

pub(super) fn an_heir_takes_over_what_is_held<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let held = subject.win(&key)?;
    let lease = match subject.ask_for(&key, &|_| false, Some(held), false)? {
        Looked::Won(lease, _) => lease,
        other => return Err(format!("the holder asks again, and the answer is {other:?}").into()),
    };
    subject.lose(&key)?;
    let commit = subject.commit(&key, &lease, subject.entry(1))?;
    ensure!(commit == Commit::Stored, "the heir's lease was void");
    subject.holds(&key, &subject.entry(1))
}

pub(super) fn what_is_held_but_void_gives_no_right<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let held = subject.win(&key)?;
    subject.delete(&key)?;
    let other = subject.win(&key)?;
    match subject.ask_for(&key, &|_| false, Some(held.clone()), false)? {
        Looked::Lost(_) => {}
        answer => {
            return Err(format!("a void lease was held against another's: {answer:?}").into());
        }
    }
    let commit = subject.commit(&key, &other, subject.entry(1))?;
    ensure!(
        commit == Commit::Stored,
        "an heir of nothing voided the lease"
    );
    // Nobody holds it now: the heir gets one like anybody else.
    match subject.ask_for(&key, &|_| false, Some(held), false)? {
        Looked::Won(..) => Ok(()),
        answer => Err(format!("a free lease was not given to an heir: {answer:?}").into()),
    }
}

pub(super) fn stamps_of_leases_never_repeat<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let mut seen = HashSet::new();
    for number in 0..100 {
        let lease = subject.win(&key)?;
        ensure!(
            seen.insert((lease.stamp, lease.foreign.clone())),
            "two leases of one key were {lease:?}"
        );
        match number % 4 {
            0 => drop(subject.release(&key, &lease)?),
            1 => drop(subject.commit(&key, &lease, subject.entry(1))?),
            2 => subject.delete(&key)?,
            _ => subject.set(&key, subject.entry(2))?,
        }
    }
    Ok(())
}

pub(super) fn a_dropped_ask_keeps_no_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    for _ in 0..5 {
        let ask = Ask {
            fresh: &|_| false,
            held: None,
            stale: None,
            supersede: false,
            time: Span::from_secs(1),
        };
        let answer = subject.poll_once(subject.leases()?.lease(&key, ask));
        if let Some(Leased::Won { lease, .. }) = answer {
            subject.release(&key, &lease)?;
        }
    }
    // What was won for nobody is given back, or ends by itself. If neither, this hangs, and the
    // suite's patience ends it.
    loop {
        match subject.ask(&key)? {
            Looked::Won(lease, _) => return subject.release(&key, &lease).map(drop),
            _ => std::thread::yield_now(),
        }
    }
}
