//! Leases: a claim beside the entry, compared and changed in the engine's own step.

use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, News, Operation, Payload, Reply,
    Span, Watch,
};

use crate::File;
use crate::claim::Claim;
use crate::entry::{self, Unreadable};
use crate::layout::Spot;
use crate::trouble::Trouble;
use crate::writing::Writing;

impl File {
    /// Looks and claims; `unreadable` is told of what cannot be read.
    fn look_and_claim(
        writing: &mut Writing<'_>,
        key: &[u8],
        ask: &Ask<'_>,
        unreadable: &mut Option<Unreadable>,
    ) -> Result<Leased<Payload>, Trouble> {
        let found = writing.entry(key)?.map(|bytes| entry::decode(key, bytes));
        let seen = match found.transpose() {
            Ok(seen) => seen.flatten(),
            Err(why) => {
                *unreadable = Some(why);
                None
            }
        };
        let claim = writing.claim(key)?;
        let is_own = |claim: &Claim| {
            ask.held
                .as_ref()
                .is_some_and(|held| held.stamp == claim.stamp)
        };
        let seen = match seen {
            Some(entry) if (ask.fresh)(&entry.metadata) => {
                if claim.as_ref().is_some_and(is_own) {
                    writing.end_claim(key)?;
                    writing.tell(key, News::Changed)?;
                }
                return Ok(Leased::Fresh(entry));
            }
            seen => seen,
        };
        if let Some(claim) = claim.filter(|claim| !ask.supersede && !is_own(claim))
            && let Some(remaining) = writing.still_lasts(&claim)
        {
            return Ok(match claim.shut {
                true => Leased::Shut { remaining, seen },
                false => Leased::Lost { remaining, seen },
            });
        }
        let stamp = writing.stamp();
        writing.put_claim(key, stamp, ask.time)?;
        let foreign = None;
        let lease = Lease { stamp, foreign };
        Ok(Leased::Won { lease, seen })
    }
}

/// Whether `lease` is the one that is out, and was given by what is open now: what was opened before a fork, or
/// in a folder that is gone, was given up with it.
fn is_current(writing: &Writing<'_>, key: &[u8], lease: &Lease) -> Result<bool, Trouble> {
    let claim = writing.claim(key)?;
    let is_out = claim.is_some_and(|claim| claim.stamp == lease.stamp);
    Ok(is_out && writing.gave(lease.stamp))
}

impl LeaseStore<Payload> for File {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Payload>> {
        let mut unreadable = None;
        let leased = self.change(Operation::Lease, key, |writing| {
            Self::look_and_claim(writing, key, &ask, &mut unreadable)
        });
        if let (Ok(_), Some(held)) = (&leased, &ask.held) {
            // Another has been given for it, or none.
            self.place.let_go(held.stamp);
        }
        if let Some(why) = unreadable {
            self.count(key, &why);
        }
        Reply::ready(leased)
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let mut entry = entry;
        entry.metadata.stamp = lease.stamp;
        let committed = self.change_or_drop(
            Operation::Commit,
            key,
            |writing| {
                if !is_current(writing, key, lease)? {
                    return Ok(Commit::Refused);
                }
                writing.end_claim(key)?;
                writing.tell(key, News::Changed)?;
                writing.put_entry(key, &entry, ttl)?;
                Ok(Commit::Stored)
            },
            |writing| {
                if !is_current(writing, key, lease)? {
                    return Ok(Commit::Refused);
                }
                writing.end_all(key)?;
                Ok(Commit::Stored)
            },
        );
        self.place.let_go(lease.stamp);
        Reply::ready(committed)
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        let news = if failed { News::Failed } else { News::Changed };
        let released = self.change(Operation::Lease, key, |writing| {
            if !is_current(writing, key, lease)? {
                return Ok(Commit::Refused);
            }
            writing.end_claim(key)?;
            writing.tell(key, news)?;
            Ok(Commit::Stored)
        });
        self.place.let_go(lease.stamp);
        Reply::ready(released)
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        let shut = self.change(Operation::Lease, key, |writing| {
            if !is_current(writing, key, lease)? {
                return Ok(Commit::Refused);
            }
            let stamp = writing.stamp();
            writing.shut(key, stamp, time)?;
            writing.tell(key, News::Failed)?;
            Ok(Commit::Stored)
        });
        self.place.let_go(lease.stamp);
        Reply::ready(shut)
    }

    fn shuts(&self) -> bool {
        true
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        Reply::ready(
            self.change(Operation::Lease, key, |writing| {
                match writing.claim(key)? {
                    Some(claim) if is_current(writing, key, lease)? => {
                        writing.prolong(key, claim, time)?;
                        Ok(Commit::Stored)
                    }
                    _ => Ok(Commit::Refused),
                }
            }),
        )
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        self.place.watch(Spot::of_key(key), Some(key), bell)
    }
}
