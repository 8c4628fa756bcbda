//! Keeps a live creator's lease alive until the creation limit, and no longer: then it ends also for
//! processes that know nothing of the limit.

use std::sync::Arc;

use dogpile_backend::{Lease, Span, Time};

use crate::chores;
use crate::clockwork::Clockwork;
use crate::flight::{Opened, leases};
use crate::keeper::{self, Standing};
use crate::sync::Instant;

/// So many renewals of one lease are on their way at most. They are a third of its time apart: where none of these was
/// answered, the lease has run out, and one more would only be in the way of what could still be done.
const AT_ONCE: usize = 3;

/// While it stands, the keeper has the lease renewed at every third of its time.
pub(super) struct Renewal {
    /// When the first renewal is due.
    first: Time,
    _standing: Standing,
}

impl Renewal {
    /// `None` where leases do not run out. The limit is counted from now, by the same clock as that after
    /// which another of this process takes over.
    pub(super) fn begin<V: Clone + Send + Sync + 'static>(
        opened: &Arc<Opened<V>>,
        clock: &Clockwork,
        key: &[u8],
        lease: &Lease,
        time: Span,
        limit: Span,
    ) -> Option<Self> {
        if !leases(&*opened.store).expires() {
            return None;
        }
        let third = Span::from_nanos(time.as_nanos() / 3);
        let (every, clock) = (third.to_duration(), clock.clone());
        let (begun, due) = (clock.monotonic(), Instant::now() + every);
        let (opened, lease) = (Arc::downgrade(opened), lease.clone());
        let key: Box<[u8]> = key.into();
        let on_their_way = Arc::new(());
        let standing = keeper::at(due, move || {
            let elapsed = clock.monotonic().since(begun);
            let (opened, time) = (opened.upgrade()?, term(time, limit, elapsed)?);
            // The keeper has one itself.
            if Arc::strong_count(&on_their_way) > AT_ONCE {
                return Some(every);
            }
            let on_its_way = Arc::clone(&on_their_way);
            let (key, lease) = (key.clone(), lease.clone());
            chores::run(async move {
                // A lease that is void, or a store that is away, shows at the commit.
                let _ = leases(opened.for_tasks()).renew(&key, &lease, time).await;
                drop(on_its_way);
            });
            Some(every)
        });
        Some(Self {
            first: begun.after(third),
            _standing: standing,
        })
    }

    /// Whether a renewal was due since, so that the lease stands only if it came in time.
    pub(super) fn was_due(&self, now: Time) -> bool {
        now >= self.first
    }
}

/// For how long a lease is to last from now on; `None` when the limit has come.
fn term(time: Span, limit: Span, elapsed: Span) -> Option<Span> {
    if limit.is_forever() {
        return Some(time);
    }
    let left = Span::from_nanos(limit.as_nanos().saturating_sub(elapsed.as_nanos()));
    (left > Span::ZERO).then(|| time.min(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_6_no_renewal_outlasts_the_creation_limit() {
        let (time, limit) = (Span::from_secs(5), Span::from_secs(12));
        let term = |elapsed| term(time, limit, Span::from_secs(elapsed));
        assert_eq!(term(0), Some(time));
        assert_eq!(term(7), Some(time));
        assert_eq!(term(11), Some(Span::from_secs(1)));
        assert_eq!((term(12), term(20)), (None, None));
        let year = Span::from_secs(365 * 24 * 3_600);
        assert_eq!(super::term(time, Span::FOREVER, year), Some(time));
    }
}
