//! Where a store offers to ring, it rings.

use std::sync::mpsc;

use super::Sample;
use super::subject::{Outcome, Subject};
use crate::Lease;

/// Hangs up a bell beside a lease, does `what`, and waits for the ring. If none comes, the check
/// hangs, and the suite's patience ends it.
///
/// The key is no text: what a store makes of a key to ring about it must bear that.
fn rings<V: Sample>(subject: &Subject<V>, what: impl FnOnce(&[u8], &Lease) -> Outcome) -> Outcome {
    let mut key = subject.key("key");
    key.extend_from_slice(&[0, 0xFF, 0xC3]);
    let lease = subject.win(&key)?;
    let (rope, rung) = mpsc::channel();
    let bell = Box::new(move |_| {
        let _ = rope.send(());
    });
    let Some(watch) = subject.leases()?.watch(&key, bell) else {
        return Ok(());
    };
    let ring = || {
        rung.recv()
            .map_err(|_| "the bell was thrown away while it was watched for")
    };
    if !watch.stands() {
        // This ring says only that it stands now.
        ring()?;
    }
    what(&key, &lease)?;
    ring()?;
    drop(watch);
    // Nobody watches any more; the store must live on.
    subject.set(&key, subject.entry(8))?;
    subject.delete(&key)
}

pub(super) fn a_release_rings<V: Sample>(subject: &Subject<V>) -> Outcome {
    rings(subject, |key, lease| subject.release(key, lease).map(drop))
}

pub(super) fn a_commit_rings<V: Sample>(subject: &Subject<V>) -> Outcome {
    rings(subject, |key, lease| {
        subject.commit(key, lease, subject.entry(1)).map(drop)
    })
}

pub(super) fn a_set_rings<V: Sample>(subject: &Subject<V>) -> Outcome {
    rings(subject, |key, _| subject.set(key, subject.entry(1)))
}

pub(super) fn a_delete_rings<V: Sample>(subject: &Subject<V>) -> Outcome {
    rings(subject, |key, _| subject.delete(key))
}
