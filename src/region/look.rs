//! How a call looks into the store: at the value alone, or, in a strict region, at the region's epochs
//! first, so that an invalidation that came before the call is seen whichever process made it.

use dogpile_backend::{CachedValue, Coming, EpochStore, Reply, Store, StoreError, TwoWay};
use dogpile_core::flow::{Action, Wish};

use super::active::Active;
use super::answer::Answer;
use super::call::{Beginning, Call, Terms};
use super::subject::Subject;

type Entry<V> = Option<CachedValue<V>>;

/// The entry under `key` in `store`, which is the region's.
pub(super) fn look<'a, V: Clone + Send + Sync + 'static>(
    active: &'a Active<V>,
    store: &'a dyn Store<V>,
    region: &'a str,
    key: &'a [u8],
) -> Reply<'a, Entry<V>> {
    match store.epochs() {
        Some(epochs) if active.settings.strict => Reply::either(Strictly {
            active,
            epochs,
            store,
            region,
            key,
        }),
        _ => store.get(key),
    }
}

/// What a call finds before it is more than a look; else the call, and what it does next.
pub(super) fn first_look<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static>(
    subject: Subject<'r, V>,
    terms: &Terms,
    wish: Wish,
) -> impl Future<Output = Result<Answer<V>, (Call<'r, V, E>, Action)>> {
    let beginning = Beginning::of(&subject);
    async move {
        let looked = {
            let active = subject.active();
            let region = &active.name;
            look(active, active.opened.for_tasks(), region, subject.key()).await
        };
        let found = subject
            .active()
            .hit_in(looked, &terms.policy, subject.key(), beginning.mark);
        found.map_err(|looked| Call::after_look(subject, *terms, wish, beginning, looked))
    }
}

struct Strictly<'a, V: Send + Sync + 'static> {
    active: &'a Active<V>,
    epochs: &'a dyn EpochStore,
    store: &'a dyn Store<V>,
    region: &'a str,
    key: &'a [u8],
}

/// Epochs that cannot be read leave every value in doubt: the look has failed.
impl<'a, V: Clone + Send + Sync + 'static> TwoWay<'a, Entry<V>> for Strictly<'a, V> {
    fn wait(self: Box<Self>) -> Result<Entry<V>, StoreError> {
        self.active
            .epochs
            .merge(self.epochs.read(self.region).wait()?);
        self.store.get(self.key).wait()
    }

    fn later(self: Box<Self>) -> Coming<'a, Entry<V>> {
        Box::pin(async move {
            self.active
                .epochs
                .merge(self.epochs.read(self.region).await?);
            self.store.get(self.key).await
        })
    }
}
