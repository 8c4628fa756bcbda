//! Keeps a live creator's lease alive until the creation limit.

use std::sync::Arc;

use dogpile_backend::{Lease, Span};

use super::owned::background;
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
            let opened = opened.upgrade()?;
            if begun.elapsed() >= limit.to_duration() {
                return None;
            }
            let (key, lease) = (key.clone(), lease.clone());
            background(move || {
                // A lease that is void, or a store that is away, shows at the commit.
                let _ = leases(&*opened.store).renew(&key, &lease, time).wait();
            });
            Some(every)
        });
        Some(Self(standing))
    }
}
