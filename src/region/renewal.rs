//! Keeps a live creator's lease alive until the creation limit, and no longer: then it ends also for
//! processes that know nothing of the limit.

use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{Lease, Span};

use crate::chores;
use crate::flight::{Opened, leases};
use crate::keeper::{self, Standing};
use crate::sync::Instant;

/// While it stands, the keeper has the lease renewed at every third of its time.
pub(super) struct Renewal(#[allow(dead_code)] Standing);

impl Renewal {
    /// `None` where leases do not run out.
    pub(super) fn begin<V: Clone + Send + Sync + 'static>(
        opened: &Arc<Opened<V>>,
        key: &[u8],
        lease: &Lease,
        time: Span,
        limit: Span,
    ) -> Option<Self> {
        if !leases(&*opened.store).expires() {
            return None;
        }
        let every = Span::from_nanos(time.as_nanos() / 3).to_duration();
        let begun = Instant::now();
        let (opened, lease) = (Arc::downgrade(opened), lease.clone());
        let key: Box<[u8]> = key.into();
        let standing = keeper::at(begun + every, move || {
            let (opened, time) = (opened.upgrade()?, term(time, limit, begun.elapsed())?);
            let (key, lease) = (key.clone(), lease.clone());
            chores::run(async move {
                // A lease that is void, or a store that is away, shows at the commit.
                let _ = leases(opened.for_tasks()).renew(&key, &lease, time).await;
            });
            Some(every)
        });
        Some(Self(standing))
    }
}

/// For how long a lease is to last from now on; `None` when the limit has come.
fn term(time: Span, limit: Span, elapsed: Duration) -> Option<Span> {
    let left = limit.to_duration().saturating_sub(elapsed);
    (!left.is_zero()).then(|| time.min(left.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_6_no_renewal_outlasts_the_creation_limit() {
        let (time, limit) = (Span::from_secs(5), Span::from_secs(12));
        let term = |elapsed| term(time, limit, Duration::from_secs(elapsed));
        assert_eq!(term(0), Some(time));
        assert_eq!(term(7), Some(time));
        assert_eq!(term(11), Some(Span::from_secs(1)));
        assert_eq!((term(12), term(20)), (None, None));
        let year = Duration::from_hours(365 * 24);
        assert_eq!(super::term(time, Span::FOREVER, year), Some(time));
    }
}
