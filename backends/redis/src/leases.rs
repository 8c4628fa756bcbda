//! Leases: a key beside the value that holds a token and runs out by the server's clock.

use std::ops::ControlFlow;

use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Compatibility, Lease, LeaseStore, Leased, Operation, Payload,
    Reply, Span, Stamp, StoreError, Watch,
};
use redis::Value;

use crate::answer::{self, Answer, Found};
use crate::redis::{odd, stamped};
use crate::request::Request;
use crate::sender::Dialogue;
use crate::{Redis, script, token};

/// The wish for a lease, until it is answered.
///
/// The server cannot ask whether a value is fresh. So where it finds another value than the caller
/// knows, it answers that and gives no lease; the caller says whether it is fresh, and if not asks again
/// with that value known. Nothing is fresh that the lease was given beside.
struct Wish<'a> {
    redis: &'a Redis,
    key: &'a [u8],
    ask: Ask<'a>,
    stamp: Stamp,
    request: Request<'a>,
    /// A fresh value, while the lease that the caller held is given back.
    fresh: Option<CachedValue<Payload>>,
    /// Nobody knows whether the server gave the lease.
    open: bool,
}

impl<'a> Wish<'a> {
    fn new(redis: &'a Redis, key: &'a [u8], ask: Ask<'a>) -> Self {
        let stamp = token::mint();
        let known = ask.stale.filter(|stamp| *stamp != Stamp::NONE);
        let known = known.map(|stamp| format!("\"st\": \"{}\"", token::text(stamp)));
        let request = redis.lease_request(key, &ask, stamp, known.unwrap_or_default().into());
        Self {
            redis,
            key,
            ask,
            stamp,
            request,
            fresh: None,
            open: false,
        }
    }

    /// The lease, given beside `value`.
    fn lease(&self, value: Option<&[u8]>) -> Lease {
        let value = value.filter(|_| self.redis.compatibility == Compatibility::Python);
        Lease {
            stamp: self.stamp,
            foreign: value.map(|value| answer::witness(value).into()),
        }
    }

    fn entry(&self, value: Option<&[u8]>) -> Option<CachedValue<Payload>> {
        self.redis
            .entry(self.key, value.map_or(Found::Nothing, Found::read))
    }

    /// Another value is there than the caller knew.
    fn seen(&mut self, value: &[u8]) -> ControlFlow<Leased<Payload>> {
        match self.entry(Some(value)) {
            Some(entry) if (self.ask.fresh)(&entry.metadata) => {
                let Some(held) = &self.ask.held else {
                    return ControlFlow::Break(Leased::Fresh(entry));
                };
                self.request = self.redis.release_request(self.key, held, false);
                self.fresh = Some(entry);
            }
            _ => {
                let known = answer::mark(value).to_vec();
                self.request = self
                    .redis
                    .lease_request(self.key, &self.ask, self.stamp, known);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Dialogue for Wish<'_> {
    type Answer = Leased<Payload>;

    fn request(&mut self) -> &Request<'_> {
        self.open = self.fresh.is_none();
        &self.request
    }

    fn heard(&mut self, value: Value) -> Result<ControlFlow<Self::Answer>, StoreError> {
        self.open = false;
        if let Some(fresh) = self.fresh.take() {
            return Ok(ControlFlow::Break(Leased::Fresh(fresh)));
        }
        let Some(answer) = answer::leased(value) else {
            return Err(odd(&self.request, &Value::Nil));
        };
        Ok(match answer {
            Answer::Seen(value) => self.seen(&value),
            Answer::Won(value) => {
                let lease = self.lease(value.as_deref());
                let seen = self.entry(value.as_deref());
                ControlFlow::Break(Leased::Won { lease, seen })
            }
            Answer::Shut(value, remaining) => {
                let seen = self.entry(value.as_deref());
                ControlFlow::Break(Leased::Shut { remaining, seen })
            }
            Answer::Lost(value, remaining) => {
                let seen = self.entry(value.as_deref());
                ControlFlow::Break(Leased::Lost { remaining, seen })
            }
        })
    }
}

impl Drop for Wish<'_> {
    /// A wish that was given up, or whose answer did not come, may have been granted: the lease is
    /// given back behind it. A thread's wish goes another way and may come later than that: then the
    /// lease runs out by itself.
    fn drop(&mut self) {
        if self.open {
            let lease = self.lease(None);
            let request = self.redis.release_request(self.key, &lease, false);
            self.redis.sender.mention(request.into_owned());
        }
    }
}

impl Redis {
    fn lease_request<'a>(
        &self,
        key: &'a [u8],
        ask: &Ask<'_>,
        stamp: Stamp,
        known: Vec<u8>,
    ) -> Request<'a> {
        let held = ask.held.as_ref().map(|held| token::text(held.stamp));
        let keys = vec![self.keys.value(key), self.keys.lease(key)];
        let arguments = vec![
            token::text(stamp).into(),
            millis(ask.time),
            held.unwrap_or_default().into(),
            known,
            if ask.supersede {
                b"1".into()
            } else {
                Vec::new()
            },
            token::text(token::SHUT).into(),
        ];
        Request::script(Operation::Lease, key, self.scripts.lease, keys, arguments)
    }

    fn release_request<'a>(&self, key: &'a [u8], lease: &Lease, failed: bool) -> Request<'a> {
        let arguments = vec![
            token::text(lease.stamp).into(),
            if failed {
                b"failed".into()
            } else {
                b"changed".into()
            },
            self.keys.waiting(key),
        ];
        let keys = vec![self.keys.lease(key)];
        Request::script(Operation::Lease, key, &script::RELEASE, keys, arguments)
    }
}

fn millis(span: Span) -> Vec<u8> {
    // The server adds it to its clock; a lease of more than a year is one for ever.
    const MOST: u64 = 366 * 86_400 * 1000;
    let millis = (span.as_nanos() / 1_000_000).clamp(1, MOST);
    millis.to_string().into()
}

/// What a script says that does something only under a current lease.
fn understood(request: &Request<'_>, value: Value) -> Result<Commit, StoreError> {
    match value {
        Value::Int(1) => Ok(Commit::Stored),
        Value::Int(0) => Ok(Commit::Refused),
        other => Err(odd(request, &other)),
    }
}

impl LeaseStore<Payload> for Redis {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Payload>> {
        let wish = Wish::new(self, key, ask);
        match self.refusal(&wish.request) {
            Some(error) => Reply::ready(Err(error)),
            None => self.sender.talk(wish),
        }
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let keys = vec![self.keys.value(key), self.keys.lease(key)];
        let mut arguments = vec![
            token::text(lease.stamp).into(),
            stamped(entry, lease.stamp),
            self.time_to_live(ttl),
            self.keys.waiting(key),
        ];
        if self.compatibility == Compatibility::Python {
            arguments.push(lease.foreign.as_deref().unwrap_or_default().into());
        }
        let request = Request::script(Operation::Commit, key, self.scripts.commit, keys, arguments);
        self.sender.ask(request, understood)
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        let request = self.release_request(key, lease, failed);
        self.sender.ask(request, understood)
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        if !self.shuts() {
            return self.release(key, lease, true);
        }
        let arguments = vec![
            token::text(lease.stamp).into(),
            token::text(token::SHUT).into(),
            millis(time),
            self.keys.waiting(key),
        ];
        let keys = vec![self.keys.lease(key)];
        let request = Request::script(Operation::Lease, key, &script::SHUT, keys, arguments);
        self.sender.ask(request, understood)
    }

    /// Python's clients would wait for the lock of a key that is shut.
    fn shuts(&self) -> bool {
        self.compatibility == Compatibility::Native
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        let arguments = vec![token::text(lease.stamp).into(), millis(time)];
        let keys = vec![self.keys.lease(key)];
        let request = Request::script(Operation::Lease, key, &script::RENEW, keys, arguments);
        self.sender.ask(request, understood)
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        Some(self.watcher.watch(self.keys.spot(key), bell))
    }
}
