//! A key whose creator failed is leased to nobody for a while, where the store can see to that.

use super::Sample;
use super::subject::{Looked, Outcome, Subject, ensure, same};
use crate::{Commit, Lease, LeaseStore};

/// Whether there is nothing to ask: regions then leave creators alone in their own process.
fn cannot<V: Sample>(subject: &Subject<V>) -> bool {
    !subject.store().leases().is_some_and(LeaseStore::shuts)
}

/// Wins the lease and shuts the key.
fn shut<V: Sample>(subject: &Subject<V>, key: &[u8]) -> Outcome<Lease> {
    let lease = subject.win(key)?;
    let shut = subject.shut(key, &lease)?;
    ensure!(shut == Commit::Stored, "a current lease shut nothing");
    Ok(lease)
}

fn is_shut<V: Sample>(subject: &Subject<V>, key: &[u8]) -> Outcome {
    match subject.ask(key)? {
        Looked::Shut(_) => Ok(()),
        other => Err(format!("the key is shut, and the answer is {other:?}").into()),
    }
}

pub(super) fn a_shut_key_is_leased_to_nobody<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    if cannot(subject) {
        return Ok(());
    }
    let lease = shut(subject, &key)?;
    is_shut(subject, &key)?;
    let other = subject.win(&subject.key("other"))?;
    subject.release(&subject.key("other"), &other)?;
    let commit = subject.commit(&key, &lease, subject.entry(1))?;
    ensure!(commit == Commit::Refused, "the lease outlived its shutting");
    let renewed = subject.renew(&key, &lease)?;
    ensure!(
        renewed == Commit::Refused,
        "the lease outlived its shutting"
    );
    let released = subject.release(&key, &lease)?;
    ensure!(released == Commit::Refused, "a void lease opened the key");
    is_shut(subject, &key)?;
    subject.is_empty(&key)
}

pub(super) fn a_shut_key_keeps_its_value<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    if cannot(subject) {
        return Ok(());
    }
    subject.set(&key, subject.entry(1))?;
    shut(subject, &key)?;
    subject.holds(&key, &subject.entry(1))?;
    match subject.ask(&key)? {
        Looked::Shut(seen) => ensure!(
            seen.is_none_or(|seen| same(&seen, &subject.entry(1))),
            "another value was seen than is there"
        ),
        other => return Err(format!("the key is shut, and the answer is {other:?}").into()),
    }
    let created = subject.entry(1).metadata.created;
    match subject.ask_for(&key, &|seen| seen.created == created, None, false)? {
        Looked::Fresh(_) => Ok(()),
        other => Err(format!("a fresh value needs no lease, but the answer is {other:?}").into()),
    }
}

pub(super) fn set_and_delete_open_a_shut_key<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    if cannot(subject) {
        return Ok(());
    }
    shut(subject, &key)?;
    subject.set(&key, subject.entry(1))?;
    shut(subject, &key)?;
    subject.delete(&key)?;
    let lease = subject.win(&key)?;
    let commit = subject.commit(&key, &lease, subject.entry(2))?;
    ensure!(commit == Commit::Stored, "the next lease was void");
    Ok(())
}

pub(super) fn a_shut_key_can_be_superseded<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    if cannot(subject) {
        return Ok(());
    }
    shut(subject, &key)?;
    match subject.ask_for(&key, &|_| false, None, true)? {
        Looked::Won(lease, _) => {
            let commit = subject.commit(&key, &lease, subject.entry(1))?;
            ensure!(commit == Commit::Stored, "the superseder's lease was void");
            Ok(())
        }
        other => Err(format!("whoever supersedes wins, but the answer is {other:?}").into()),
    }
}

pub(super) fn a_void_lease_shuts_nothing<V: Sample>(subject: &Subject<V>) -> Outcome {
    let key = subject.key("key");
    if cannot(subject) {
        return Ok(());
    }
    let lease = subject.win(&key)?;
    subject.delete(&key)?;
    let shut = subject.shut(&key, &lease)?;
    ensure!(shut == Commit::Refused, "a void lease shut the key");
    let next = subject.win(&key)?;
    let shut = subject.shut(&key, &lease)?;
    ensure!(shut == Commit::Refused, "a void lease shut the key");
    subject.release(&key, &next)?;
    Ok(())
}
