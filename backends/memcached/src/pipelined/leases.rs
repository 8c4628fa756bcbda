//! The port of leases for tasks: each conversation is the server's thread's own, and goes on to its end
//! when the task is gone.

use std::sync::{Arc, Mutex, PoisonError};

use dogpile_backend::record::Unreadable;
use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, Operation, Payload, Reply, Span,
    Stamp, StoreError, Watch,
};

use super::{Pipelined, coming};
use crate::Memcached;
use crate::deed::Deed;
use crate::grants::{Alone, Grant};
use crate::job::{Talk, Talking};
use crate::keys::Room;
use crate::leases::{renewed_for, shut_for};
use crate::mail::{Awaited, Unwanted, mail};
use crate::pipeline::Pipeline;
use crate::pool::Again;
use crate::trouble::Trouble;
use crate::voice::{Turn, Voice};
use crate::wish::Wish;

/// What came of a wish, and what its caller has to count: user's code hears of that, and must not keep the thread
/// that speaks for all.
type Heard = (Leased<Payload>, Option<Unreadable>);

/// A wish for a lease that outlives who wishes it.
struct Wanted {
    memcached: Arc<Memcached>,
    key: Box<[u8]>,
    stale: Option<Stamp>,
    supersede: bool,
    time: Span,
}

impl Wanted {
    /// Whether a value is fresh can only be asked where the caller is, so here none is: a fresh one
    /// comes back beside a lease, which the caller gives back.
    async fn talk(&self, turn: Turn, held: Option<u64>) -> Result<Heard, Trouble> {
        let ask = Ask {
            fresh: &|_| false,
            held: None,
            stale: self.stale,
            supersede: self.supersede,
            time: self.time,
        };
        let wish = Wish::new(&self.memcached, &self.key, &ask);
        let line = turn.line;
        let came = wish.talk(&mut Voice::Among(turn), held).await?;
        Ok(wish.answer(came, line))
    }
}

/// The conversation of such a wish.
fn talk_of(wanted: &Arc<Wanted>) -> impl Fn(Turn) -> Talk<Heard> + Send + use<> {
    let wanted = Arc::clone(wanted);
    move |turn| {
        let wanted = Arc::clone(&wanted);
        Box::pin(async move { wanted.talk(turn, None).await })
    }
}

/// The same for who takes over a lease that is held here. It stays what it is until its connection has answered:
/// a caller who goes away before has taken nothing.
fn talk_over(wanted: Arc<Wanted>, held: Alone, cas: u64) -> impl Fn(Turn) -> Talk<Heard> + Send {
    let held = Mutex::new(Some(held));
    move |turn| {
        let held = held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let wanted = Arc::clone(&wanted);
        Box::pin(async move {
            let heard = wanted.talk(turn, held.as_ref().map(|_| cas)).await?;
            // Taken over, given back or void: it is nobody's from here on.
            held.and_then(|mut held| held.take_of(&wanted.key));
            Ok(heard)
        })
    }
}

/// A deed on its way to the lease's connection, and where its answer comes; `None` if the lease is not held
/// here. One that is to be done `always` is done even if nobody waits for it.
fn leave_deed(
    (memcached, pipeline): (&Arc<Memcached>, &Arc<Pipeline>),
    key: &[u8],
    stamp: Stamp,
    deed: Deed,
    always: bool,
) -> Option<Awaited<Option<Commit>>> {
    let (left, awaited) = mail(None);
    let place = memcached.keys.key(Room::Value, key);
    let pipeline = Arc::clone(pipeline);
    let known = Arc::new((Box::<[u8]>::from(key), place, deed));
    let is_held = memcached.grants.when_free(stamp, move |held| {
        let Some(Grant { line, .. }) = held.known_of(&known.0) else {
            left.leave(Ok(None));
            return;
        };
        let held = Mutex::new(Some(held));
        let talk = move |turn| -> Talk<Commit> {
            let held = held.lock().unwrap_or_else(PoisonError::into_inner).take();
            let known = Arc::clone(&known);
            Box::pin(async move {
                let (key, place, deed) = &*known;
                let Some(mut held) = held else {
                    return Ok(Commit::Refused);
                };
                let Some(grant) = held.known_of(key) else {
                    return Ok(Commit::Refused);
                };
                // Without an answer nobody knows what became of it, and it stays. By its number it can be given
                // back, if it is still the same.
                let kept = deed.talk(&mut Voice::Among(turn), place, &grant).await?;
                held.take_of(key);
                Ok(kept.settle(&mut held))
            })
        };
        let job = Talking {
            again: Again::Never,
            line: Some(line),
            always,
            talk,
            mail: left,
        };
        pipeline.leave(line.server, Box::new(job));
    });
    is_held.then_some(awaited)
}

impl Pipelined {
    async fn ask_lease(&self, key: &[u8], ask: Ask<'_>) -> Result<Leased<Payload>, StoreError> {
        let told = |trouble: Trouble| trouble.told(Operation::Lease, key);
        let wanted = Arc::new(Wanted {
            memcached: Arc::clone(&self.memcached),
            key: key.into(),
            stale: ask.stale,
            supersede: ask.supersede,
            time: ask.time,
        });
        let mut leased = None;
        if let Some(held) = &ask.held {
            leased = self.ask_beside(&wanted, held.stamp).await.map_err(told)?;
        }
        let leased = match leased {
            Some(leased) => leased,
            None => {
                let place = self.memcached.keys.key(Room::Value, key);
                let unwanted = self.give_back(key);
                self.ask_for(&place, Again::Harmless, talk_of(&wanted), Some(unwanted))
                    .await
                    .map_err(told)?
            }
        };
        Ok(match self.memcached.heard(key, leased)? {
            Leased::Lost {
                seen: Some(seen), ..
            }
            | Leased::Shut {
                seen: Some(seen), ..
            } if (ask.fresh)(&seen.metadata) => Leased::Fresh(seen),
            leased => leased,
        })
    }

    /// Asks on the connection of the lease of this stamp, which is taken over; `None` if it is not held here, or
    /// no more.
    async fn ask_beside(
        &self,
        wanted: &Arc<Wanted>,
        stamp: Stamp,
    ) -> Result<Option<Heard>, Trouble> {
        let (left, awaited) = mail(Some(self.give_back(&wanted.key)));
        let (wanted, pipeline) = (Arc::clone(wanted), Arc::clone(&self.pipeline));
        let is_held = self.memcached.grants.when_free(stamp, move |held| {
            let Some(Grant { line, cas, .. }) = held.known_of(&wanted.key) else {
                left.leave(Ok(None));
                return;
            };
            let job = Talking {
                again: Again::Never,
                line: Some(line),
                always: false,
                talk: talk_over(wanted, held, cas),
                mail: left,
            };
            pipeline.leave(line.server, Box::new(job));
        });
        if is_held { awaited.await } else { Ok(None) }
    }

    /// Gives back what was won for a caller who is gone.
    fn give_back(&self, key: &[u8]) -> Unwanted<Option<Heard>> {
        let (memcached, pipeline) = (Arc::clone(&self.memcached), Arc::clone(&self.pipeline));
        let key = Box::<[u8]>::from(key);
        Box::new(move |leased| {
            if let Some((Leased::Won { lease, .. }, _)) = leased {
                let deed = Deed::Release { failed: false };
                // Nobody is there to be told what came of it.
                drop(leave_deed(
                    (&memcached, &pipeline),
                    &key,
                    lease.stamp,
                    deed,
                    true,
                ));
            }
        })
    }

    async fn deed_later(
        &self,
        operation: Operation,
        key: &[u8],
        lease: &Lease,
        deed: Deed,
    ) -> Result<Commit, StoreError> {
        // What ends a lease is done even for a caller who is gone, for nobody else would.
        let always = deed.ends_the_lease();
        let through = (&self.memcached, &self.pipeline);
        let Some(awaited) = leave_deed(through, key, lease.stamp, deed, always) else {
            return Ok(Commit::Refused);
        };
        let done = awaited.await;
        let done = done.map_err(|trouble| trouble.told(operation, key))?;
        Ok(done.unwrap_or(Commit::Refused))
    }

    fn deed<'a>(
        &'a self,
        operation: Operation,
        key: &'a [u8],
        lease: &'a Lease,
        deed: Deed,
    ) -> Reply<'a, Commit> {
        self.call(
            deed,
            move |deed| self.memcached.with_lease(operation, key, lease, &deed),
            move |deed| coming(self.deed_later(operation, key, lease, deed)),
        )
    }
}

impl LeaseStore<Payload> for Pipelined {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Payload>> {
        self.call(
            ask,
            move |ask| self.memcached.lease(key, ask).wait(),
            move |ask| coming(self.ask_lease(key, ask)),
        )
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let deed = self.memcached.commit_of(lease, entry, ttl);
        self.deed(Operation::Commit, key, lease, deed)
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.deed(Operation::Lease, key, lease, Deed::Release { failed })
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        if self.memcached.is_beside_python() {
            return self.memcached.shut(key, lease, time);
        }
        self.deed(Operation::Lease, key, lease, shut_for(time))
    }

    fn shuts(&self) -> bool {
        self.memcached.shuts()
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        if self.memcached.is_beside_python() {
            return self.memcached.renew(key, lease, time);
        }
        self.deed(Operation::Lease, key, lease, renewed_for(lease.stamp, time))
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        LeaseStore::watch(&*self.memcached, key, bell)
    }
}
