//! One process that writes until it is killed, and says what it was answered.

use std::io::Write as _;
use std::path::Path;

use dogpile::backend::{Ask, Invalidation, Lease, Leased, Payload, Span, Store, StoreError};

use super::book::{Deed, key, value};
use super::store::{Backend, Opened, Promise, unset};
use crate::error::LabError;

/// Whose invalidations are raised.
pub(super) const REGION: &str = "crash";

/// Longer than any run.
const LONG: Span = Span::from_secs(86_400);

/// The key whose lease a writer holds all the time.
pub(super) fn held(writer: u64) -> Vec<u8> {
    format!("held {writer:x}").into_bytes()
}

/// Asks for a lease; nothing if another has it.
pub(super) fn lease(store: &dyn Store<Payload>, key: &[u8]) -> Result<Option<Lease>, StoreError> {
    let Some(leases) = store.leases() else {
        unreachable!("both stores have leases")
    };
    let ask = Ask {
        fresh: &|_| false,
        held: None,
        stale: None,
        supersede: false,
        time: LONG,
    };
    Ok(match leases.lease(key, ask).wait()? {
        Leased::Won { lease, .. } => Some(lease),
        Leased::Lost { .. } | Leased::Shut { .. } | Leased::Fresh(_) => None,
    })
}

/// Writes until it is killed, or nobody listens any more.
///
/// # Errors
/// The store does not open, or fails.
pub(crate) fn write(
    backend: Backend,
    promise: Promise,
    folder: &Path,
    writer: u64,
) -> Result<(), LabError> {
    let opened = Opened::open(backend, promise, folder)?;
    let store = opened.store();
    lease(store, &held(writer)).map_err(|error| unset(&error))?;
    for number in 0.. {
        let answer = act(store, writer, number).map_err(|error| unset(&error))?;
        let mut out = std::io::stdout().lock();
        let said = writeln!(out, "{number} {answer} .").and_then(|()| out.flush());
        if said.is_err() {
            break;
        }
    }
    Ok(())
}

/// Does the writer's n-th deed; the answer is the epoch of an invalidation, else nothing.
fn act(store: &dyn Store<Payload>, writer: u64, number: u64) -> Result<u64, StoreError> {
    match Deed::of(number) {
        Deed::Set(number) => {
            let entry = value(writer, number);
            store
                .set(&key(writer, number), entry, Span::FOREVER)
                .wait()?;
        }
        Deed::Delete(number) => store.delete(&key(writer, number)).wait()?,
        Deed::Commit(number) => {
            let key = key(writer, number);
            if let (Some(lease), Some(leases)) = (lease(store, &key)?, store.leases()) {
                let entry = value(writer, number);
                leases.commit(&key, &lease, entry, Span::FOREVER).wait()?;
            }
        }
        Deed::Invalidate => {
            if let Some(epochs) = store.epochs() {
                let raised = epochs.raise(REGION, Invalidation::Hard).wait()?;
                return Ok(raised.hard.number());
            }
        }
    }
    Ok(0)
}
