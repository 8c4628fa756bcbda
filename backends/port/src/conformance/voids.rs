//! Set and delete void a lease in the same step, whether or not there is a value.

use super::Sample;
use super::subject::{Outcome, Subject, ensure};
use crate::{Commit, Lease};

/// The lease must be void, whatever one wants of it, and must not stand in anybody's way.
fn is_void<V: Sample>(subject: &Subject<V>, key: &[u8], lease: &Lease, by: &str) -> Outcome {
    let renewed = subject.renew(key, lease)?;
    ensure!(
        renewed == Commit::Refused,
        "{by} left a lease that can be renewed"
    );
    let commit = subject.commit(key, lease, subject.entry(9))?;
    ensure!(
        commit == Commit::Refused,
        "{by} left a lease that was good for a commit"
    );
    let released = subject.release(key, lease)?;
    ensure!(
        released == Commit::Refused,
        "{by} left a lease that can be given back"
    );
    let next = subject.win(key)?;
    let commit = subject.commit(key, lease, subject.entry(9))?;
    ensure!(
        commit == Commit::Refused,
        "the next lease made that from before {by} current"
    );
    subject.release(key, &next)?;
    Ok(())
}

pub(super) fn set_voids_the_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let lease = subject.win(&key)?;
    subject.set(&key, subject.entry(1))?;
    is_void(subject, &key, &lease, "set")?;
    subject.holds(&key, &subject.entry(1))
}

pub(super) fn set_over_a_value_voids_the_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    subject.set(&key, subject.entry(1))?;
    let lease = subject.win(&key)?;
    // The very same value: only the stamp can tell.
    subject.set(&key, subject.entry(1))?;
    is_void(subject, &key, &lease, "set")?;
    subject.holds(&key, &subject.entry(1))
}

pub(super) fn delete_voids_the_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    subject.set(&key, subject.entry(1))?;
    let lease = subject.win(&key)?;
    subject.delete(&key)?;
    is_void(subject, &key, &lease, "delete")?;
    subject.is_empty(&key)
}

pub(super) fn delete_of_nothing_voids_the_lease<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let lease = subject.win(&key)?;
    subject.delete(&key)?;
    is_void(subject, &key, &lease, "delete")?;
    subject.is_empty(&key)
}

pub(super) fn a_refused_commit_changes_nothing<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    let old = subject.win(&key)?;
    subject.set(&key, subject.entry(1))?;
    let current = subject.win(&key)?;
    let refused = subject.commit(&key, &old, subject.entry(2))?;
    ensure!(
        refused == Commit::Refused,
        "a void lease was good for a commit"
    );
    subject.holds(&key, &subject.entry(1))?;
    subject.lose(&key)?;
    let commit = subject.commit(&key, &current, subject.entry(3))?;
    ensure!(
        commit == Commit::Stored,
        "a refused commit voided the current lease"
    );
    subject.holds(&key, &subject.entry(3))
}
