//! What a storage author writes: three functions, blocking or async.

use std::future::Future;

use crate::{CachedValue, EpochStore, LeaseStore, Local, Span, StoreError, TimeLine};

/// A blocking store of values of type `V`. Byte stores implement it for `Payload`
/// and leave the encoding to a codec.
///
/// Three functions have to be written. What the defaults cannot give (locks that reach as far as
/// the storage does, epochs that every process sees) comes with the optional ports
/// [`LeaseStore`] and [`EpochStore`]; without them a region keeps both in its own process.
pub trait Backend<V>: Send + Sync + 'static {
    /// The entry under `key`, if any. What cannot be read is `None`, never an error.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError>;

    /// Stores `entry` under `key` in place of what was there, its metadata unchanged. After `ttl`
    /// nobody asks for it any more, and the store may let it go.
    ///
    /// # Errors
    /// When the store did not take it, or did not say so.
    fn set(&self, key: &[u8], entry: CachedValue<V>, ttl: Span) -> Result<(), StoreError>;

    /// Removes what is under `key`; nothing there is no error.
    ///
    /// # Errors
    /// When the store cannot say that nothing is under `key` now.
    fn delete(&self, key: &[u8]) -> Result<(), StoreError>;

    /// The name that errors and logs give to this backend.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Lends the entry under `key` without copying it, where the store has it in this process's
    /// memory. `lend` is called at most once, and must not be called while a lock is held that a
    /// caller could want again.
    fn look_local(&self, _key: &[u8], _lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        Local::Unknown
    }

    /// The clock by which this store's creation times are compared.
    fn time_line(&self) -> TimeLine {
        TimeLine::Wall
    }

    /// Whether a call may take long enough (a disk, a network) that an async caller must not make
    /// it on its own thread.
    fn blocks(&self) -> bool {
        true
    }

    /// How many entries were found in this process that could not be read, each time one was found. Such a
    /// one is a miss, and is overwritten.
    fn unreadable(&self) -> u64 {
        0
    }

    /// The store's own leases, if it has them.
    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        None
    }

    /// The store's own epochs, if it has them.
    fn epochs(&self) -> Option<&dyn EpochStore> {
        None
    }
}

/// The same as [`Backend`] for a store whose client is async; see there for what each function means.
pub trait AsyncBackend<V>: Send + Sync + 'static {
    /// See [`Backend::get`].
    fn get(
        &self,
        key: &[u8],
    ) -> impl Future<Output = Result<Option<CachedValue<V>>, StoreError>> + Send;

    /// See [`Backend::set`].
    fn set(
        &self,
        key: &[u8],
        entry: CachedValue<V>,
        ttl: Span,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// See [`Backend::delete`].
    fn delete(&self, key: &[u8]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// See [`Backend::name`].
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// See [`Backend::look_local`].
    fn look_local(&self, _key: &[u8], _lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        Local::Unknown
    }

    /// See [`Backend::time_line`].
    fn time_line(&self) -> TimeLine {
        TimeLine::Wall
    }

    /// See [`Backend::unreadable`].
    fn unreadable(&self) -> u64 {
        0
    }

    /// See [`Backend::leases`].
    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        None
    }

    /// See [`Backend::epochs`].
    fn epochs(&self) -> Option<&dyn EpochStore> {
        None
    }
}
