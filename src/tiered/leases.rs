//! Leases on a tiered store: the far store's, and what each means for the near copy.

use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, Reply, Span, Watch,
};

use super::Tiered;

impl<V: Clone + Send + Sync + 'static> LeaseStore<V> for Tiered<V> {
    /// Who asks did not find the near copy good enough, and the far store may have just answered with
    /// a better one: the copy goes.
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        self.after_write(key, self.far_leases().lease(key, ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.after_write(key, self.far_leases().commit(key, lease, entry, ttl))
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.far_leases().release(key, lease, failed)
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.far_leases().shut(key, lease, time)
    }

    fn shuts(&self) -> bool {
        self.far_leases().shuts()
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.far_leases().renew(key, lease, time)
    }

    /// Who is rung looks again, and must not find the copy that it was rung for.
    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        let (board, watched) = (
            std::sync::Arc::downgrade(&self.board),
            Box::<[u8]>::from(key),
        );
        let first_forget: Bell = Box::new(move |news| {
            if let Some(board) = board.upgrade() {
                board.forget(&watched);
            }
            bell(news);
        });
        self.far_leases().watch(key, first_forget)
    }

    fn expires(&self) -> bool {
        self.far_leases().expires()
    }
}
