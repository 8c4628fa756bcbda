//! A store that is only read.

use super::{Beneath, Proxy};
use crate::{
    Ask, CachedValue, Commit, Epochs, Fault, Invalidation, Lease, Leased, Local, Operation, Reply,
    Span, Stamp, StoreError,
};

/// Lets nothing be written: not by `set`, `delete` or an invalidation, which are errors, and not by a
/// creation, whose value goes to those who asked and is not stored. So a new version of a service, or a
/// program that only looks, does nothing to what others share.
///
/// An invalidation is refused also where the store has no epochs, so that none is taken for one that others
/// know of. As whenever a store cannot be told of it, the region that asked for it keeps to it all the same.
///
/// In one process one creator is at work as ever; beside others' processes there is no such promise, since
/// no lease of the store is taken.
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// # struct Files;
/// # impl Backend<u64> for Files {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::proxy::{ReadOnly, Wrap};
/// use dogpile_backend::{Blocking, Fault, Guarded, Store};
/// let store = Guarded::new(Blocking::new(Files)).wrap(ReadOnly);
/// let refused = store.delete(b"key").wait().unwrap_err();
/// assert_eq!(refused.fault, Fault::Refused);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOnly;

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is only read here (`ReadOnly`); write it where it is not")]
pub struct IsReadOnly;

fn refused<'a, V: 'static, T>(
    beneath: Beneath<'a, V>,
    operation: Operation,
    key: &[u8],
) -> Reply<'a, T> {
    let error = StoreError::new(beneath.name(), operation, key, Fault::Refused, IsReadOnly);
    Reply::ready(Err(error))
}

impl<V: Send + 'static> Proxy<V> for ReadOnly {
    fn look_local(
        &self,
        beneath: Beneath<'_, V>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&V>),
    ) -> Local {
        beneath.look_local(key, lend)
    }

    fn set<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        _entry: CachedValue<V>,
        _ttl: Span,
    ) -> Reply<'a, ()> {
        refused(beneath, Operation::Set, key)
    }

    fn delete<'a>(&'a self, beneath: Beneath<'a, V>, key: &'a [u8]) -> Reply<'a, ()> {
        refused(beneath, Operation::Delete, key)
    }

    /// Looks, and gives a lease that is good for no commit.
    fn lease<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        ask: Ask<'a>,
    ) -> Reply<'a, Leased<V>> {
        beneath.get(key).then(move |found| {
            Ok(match found? {
                Some(entry) if (ask.fresh)(&entry.metadata) => Leased::Fresh(entry),
                seen => Leased::Won {
                    lease: Lease {
                        stamp: Stamp::NONE,
                        foreign: None,
                    },
                    seen,
                },
            })
        })
    }

    fn commit<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        _lease: &'a Lease,
        _entry: CachedValue<V>,
        _ttl: Span,
    ) -> Reply<'a, Commit> {
        refused(beneath, Operation::Commit, key)
    }

    fn release<'a>(
        &'a self,
        _beneath: Beneath<'a, V>,
        _key: &'a [u8],
        _lease: &'a Lease,
        _failed: bool,
    ) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }

    fn shuts(&self, _beneath: Beneath<'_, V>) -> bool {
        false
    }

    fn renew<'a>(
        &'a self,
        _beneath: Beneath<'a, V>,
        _key: &'a [u8],
        _lease: &'a Lease,
        _time: Span,
    ) -> Reply<'a, Commit> {
        Reply::ok(Commit::Stored)
    }

    fn expires(&self, _beneath: Beneath<'_, V>) -> bool {
        false
    }

    /// There is always something to refuse.
    fn has_epochs(&self, _beneath: Beneath<'_, V>) -> bool {
        true
    }

    fn read_epochs<'a>(&'a self, beneath: Beneath<'a, V>, region: &'a str) -> Reply<'a, Epochs> {
        match beneath.store().epochs() {
            Some(_) => beneath.read_epochs(region),
            None => Reply::ok(Epochs::default()),
        }
    }

    fn raise_epochs<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        region: &'a str,
        _how: Invalidation,
    ) -> Reply<'a, Epochs> {
        refused(beneath, Operation::Epoch, region.as_bytes())
    }

    fn restore_epochs<'a>(
        &'a self,
        _beneath: Beneath<'a, V>,
        _region: &'a str,
        _known: Epochs,
    ) -> Reply<'a, ()> {
        Reply::ok(())
    }
}
