//! A store whose keys all begin alike.

mod operations;

use super::{Beneath, Proxy};
use crate::{Ask, Bell, CachedValue, Commit, KeyBuffer, Lease, Leased, Local, Reply, Span, Watch};
use operations::{Commits, Deletes, End, Ends, Gets, Leases, Sets, ask, ask_once};

/// Puts the same bytes before every key, so that several programs can share a store. Leases go with
/// their keys, and so do the watches on them.
///
/// What [`Prefix`](crate::Prefix) says of prefixes holds here too: end them alike, so that none is the beginning of
/// another. Beside a region's own `key_mangler`, which is asked first, this is for what stands
/// before a store whoever uses it.
///
/// - **Invalidations** of a region go by its name, not by keys, and the name stays as it is: regions of
///   one name on one store are invalidated together, whatever stands before their keys. No value is
///   ever used for longer by that; give the regions other names where it is unwanted.
/// - **Errors** name the key as the store has it, prefix and all.
/// - A hit in memory allocates nothing while prefix and key together have 128 bytes at most.
/// - A proxy beneath this one may be called twice where answers come later: the first reply is then
///   dropped before it has done anything.
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// # struct Files;
/// # impl Backend<u64> for Files {
/// #     fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
/// #         assert_eq!(key, b"shop:42");
/// #         Ok(None)
/// #     }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::proxy::{KeyPrefix, Wrap};
/// use dogpile_backend::{Blocking, Guarded, Store};
/// let store = Guarded::new(Blocking::new(Files)).wrap(KeyPrefix::new("shop:"));
/// assert_eq!(store.get(b"42").wait()?, None); // asks for `shop:42`
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPrefix {
    prefix: Box<[u8]>,
}

impl KeyPrefix {
    /// Puts `prefix` before every key. An empty one changes nothing.
    pub fn new(prefix: impl AsRef<[u8]>) -> Self {
        Self {
            prefix: prefix.as_ref().into(),
        }
    }

    fn of(&self, key: &[u8]) -> KeyBuffer {
        let mut buffer = KeyBuffer::new();
        buffer.push(&self.prefix);
        buffer.push(key);
        buffer
    }
}

impl<V: Send + 'static> Proxy<V> for KeyPrefix {
    fn look_local(
        &self,
        beneath: Beneath<'_, V>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&V>),
    ) -> Local {
        beneath.look_local(self.of(key).as_bytes(), lend)
    }

    fn get<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
    ) -> Reply<'a, Option<CachedValue<V>>> {
        ask(beneath, self.of(key), Gets)
    }

    fn set<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, ()> {
        ask_once(beneath, self.of(key), Sets { entry, ttl })
    }

    fn delete<'a>(&'a self, beneath: Beneath<'a, V>, key: &'a [u8]) -> Reply<'a, ()> {
        ask(beneath, self.of(key), Deletes)
    }

    fn lease<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        ask_for: Ask<'a>,
    ) -> Reply<'a, Leased<V>> {
        ask(beneath, self.of(key), Leases(ask_for))
    }

    fn commit<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let commits = Commits { lease, entry, ttl };
        ask_once(beneath, self.of(key), commits)
    }

    fn release<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        failed: bool,
    ) -> Reply<'a, Commit> {
        let how = End::Release { failed };
        ask(beneath, self.of(key), Ends { lease, how })
    }

    fn shut<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        let how = End::Shut { time };
        ask(beneath, self.of(key), Ends { lease, how })
    }

    fn renew<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        let how = End::Renew { time };
        ask(beneath, self.of(key), Ends { lease, how })
    }

    fn watch(&self, beneath: Beneath<'_, V>, key: &[u8], bell: Bell) -> Option<Watch> {
        beneath.watch(self.of(key).as_bytes(), bell)
    }
}
