//! A key mangler before a store: what a region's own does.

use dogpile_backend::proxy::{Beneath, Proxy};
use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, KeyBuffer, Lease, Leased, Local, Mangle as _, Payload, Reply,
    Sha1, Span, Watch,
};

/// Every key by its SHA-1, as dogpile.cache's `sha1_mangle_key` has it.
pub(crate) struct Mangled;

fn by_its_hash<T>(key: &[u8], ask: impl FnOnce(&[u8]) -> T) -> T {
    ask(Sha1.mangle(key, &mut KeyBuffer::new()))
}

/// The store beneath blocks, so that its answers are there at once, and no key has to outlive a call.
impl Proxy<Payload> for Mangled {
    fn look_local(
        &self,
        _: Beneath<'_, Payload>,
        _: &[u8],
        _: &mut dyn FnMut(CachedValue<&Payload>),
    ) -> Local {
        Local::Unknown
    }

    fn get<'a>(
        &'a self,
        beneath: Beneath<'a, Payload>,
        key: &'a [u8],
    ) -> Reply<'a, Option<CachedValue<Payload>>> {
        Reply::ready(by_its_hash(key, |key| beneath.get(key).wait()))
    }

    fn set<'a>(
        &'a self,
        beneath: Beneath<'a, Payload>,
        key: &'a [u8],
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, ()> {
        Reply::ready(by_its_hash(key, |key| beneath.set(key, entry, ttl).wait()))
    }

    fn delete<'a>(&'a self, beneath: Beneath<'a, Payload>, key: &'a [u8]) -> Reply<'a, ()> {
        Reply::ready(by_its_hash(key, |key| beneath.delete(key).wait()))
    }

    fn lease<'a>(
        &'a self,
        beneath: Beneath<'a, Payload>,
        key: &'a [u8],
        ask: Ask<'a>,
    ) -> Reply<'a, Leased<Payload>> {
        Reply::ready(by_its_hash(key, |key| beneath.lease(key, ask).wait()))
    }

    fn commit<'a>(
        &'a self,
        beneath: Beneath<'a, Payload>,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let commit = |key: &[u8]| beneath.commit(key, lease, entry, ttl).wait();
        Reply::ready(by_its_hash(key, commit))
    }

    fn release<'a>(
        &'a self,
        beneath: Beneath<'a, Payload>,
        key: &'a [u8],
        lease: &'a Lease,
        failed: bool,
    ) -> Reply<'a, Commit> {
        let release = |key: &[u8]| beneath.release(key, lease, failed).wait();
        Reply::ready(by_its_hash(key, release))
    }

    fn shut<'a>(
        &'a self,
        beneath: Beneath<'a, Payload>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        Reply::ready(by_its_hash(key, |key| {
            beneath.shut(key, lease, time).wait()
        }))
    }

    fn renew<'a>(
        &'a self,
        beneath: Beneath<'a, Payload>,
        key: &'a [u8],
        lease: &'a Lease,
        time: Span,
    ) -> Reply<'a, Commit> {
        Reply::ready(by_its_hash(key, |key| {
            beneath.renew(key, lease, time).wait()
        }))
    }

    fn watch(&self, beneath: Beneath<'_, Payload>, key: &[u8], bell: Bell) -> Option<Watch> {
        by_its_hash(key, |key| beneath.watch(key, bell))
    }
}
