//! How a call looks into the store: at the value alone, or, in a strict region, at the region's epochs
//! first, so that an invalidation that came before the call is seen whichever process made it. Where a
//! value carries tags of which it is not known whether they were invalidated, at those too.

use std::sync::Arc;

use dogpile_backend::{CachedValue, Coming, EpochStore, Reply, Store, StoreError, Tags, TwoWay};
use dogpile_core::flow::{Action, Wish};

use super::active::Active;
use super::answer::Answer;
use super::at::NEW;
use super::call::{Beginning, Call, Conditions, Found};
use super::subject::Subject;
use super::tags::{ask_about, learn_order};
use crate::flight::{Known, block_on};

type Entry<V> = Option<CachedValue<V>>;

/// The entry under `key` in `store`, which is the region's.
pub(super) fn look<'a, V: Clone + Send + Sync + 'static>(
    active: &'a Active<V>,
    store: &'a dyn Store<V>,
    region: &'a str,
    key: &'a [u8],
) -> Reply<'a, Entry<V>> {
    let found = match store.epochs() {
        Some(epochs) if active.settings.strict => Reply::either(Strictly {
            active,
            epochs,
            store,
            region,
            key,
        }),
        _ => store.get(key),
    };
    closely(active, store, found)
}

/// What was found, once as much is known of its tags as the store can say. If it does not answer, the
/// value stays in doubt, which makes it stale: it can be served, and what replaces it is not in doubt.
pub(super) fn closely<'a, V: Clone + Send + Sync + 'static>(
    active: &'a Active<V>,
    store: &'a dyn Store<V>,
    mut found: Reply<'a, Entry<V>>,
) -> Reply<'a, Entry<V>> {
    if store.epochs().is_none() {
        return found;
    }
    if found.is_ready() {
        let answer = found.wait();
        if doubtful(active, &answer).is_empty() {
            return Reply::ready(answer);
        }
        found = Reply::ready(answer);
    }
    Reply::either(Closely { active, found })
}

/// The tags that leave what was found in doubt.
fn doubtful<V: Clone + Send + Sync + 'static>(active: &Active<V>, found: &Found<V>) -> Tags {
    match found {
        Ok(Some(entry)) => match active.epochs.of(&entry.metadata) {
            Known::Doubtful(known) if entry.metadata.epoch >= known.hard => {
                entry.metadata.terms.tags
            }
            _ => Tags::NONE,
        },
        _ => Tags::NONE,
    }
}

/// What a call finds before it is more than a look; else the call, and what it does next.
pub(super) type Looked<'r, V, E> = Result<Answer<V>, (Call<'r, V, E>, Action)>;

/// The first look of a task's new call, where the store answers at once.
pub(super) fn look_at_once<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static>(
    active: &'r Arc<Active<V>>,
    conditions: &Conditions,
    key: &'r [u8],
) -> Option<Looked<'r, V, E>> {
    let subject = Subject::new(active, key);
    let beginning = Beginning::of(&subject);
    let store = active.opened.for_tasks();
    let reply = look(active, store, &active.name, subject.key());
    if !reply.is_ready() {
        return None;
    }
    let looked = reply.wait();
    let found = active.hit_in(looked, conditions, subject.key(), beginning.mark);
    Some(found.map_err(|looked| Call::after_look(subject, *conditions, NEW, beginning, looked)))
}

/// The same where it does not.
pub(super) fn first_look<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static>(
    subject: Subject<'_, V>,
    conditions: Conditions,
    wish: Wish,
) -> impl Future<Output = Looked<'_, V, E>> {
    let beginning = Beginning::of(&subject);
    async move {
        let looked = {
            let active = subject.active();
            let region = &active.name;
            look(active, active.opened.for_tasks(), region, subject.key()).await
        };
        let found = subject
            .active()
            .hit_in(looked, &conditions, subject.key(), beginning.mark);
        found.map_err(|looked| Call::after_look(subject, conditions, wish, beginning, looked))
    }
}

/// Learns what was invalidated by now, by whichever process.
async fn learn<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    epochs: &dyn EpochStore,
    region: &str,
) -> Result<(), StoreError> {
    active.hear(epochs, epochs.read(region).await?);
    if active.epochs.tags().is_some() {
        learn_order(active, epochs).await?;
    }
    Ok(())
}

/// Before a strict region's write that no look precedes: what it writes is to be no older than an invalidation
/// that came before. A store that does not answer will not take the value either, or leaves it a miss to
/// some until they hear of this.
pub(super) async fn before_a_write<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    store: &dyn Store<V>,
) {
    if let (true, Some(epochs)) = (active.settings.strict, store.epochs()) {
        // Most regions are not strict: their futures have no room for this.
        let _ = Box::pin(learn(active, epochs, &active.name)).await;
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
        block_on(learn(self.active, self.epochs, self.region))?;
        self.store.get(self.key).wait()
    }

    fn later(self: Box<Self>) -> Coming<'a, Entry<V>> {
        Box::pin(async move {
            learn(self.active, self.epochs, self.region).await?;
            self.store.get(self.key).await
        })
    }
}

struct Closely<'a, V: Send + Sync + 'static> {
    active: &'a Active<V>,
    found: Reply<'a, Entry<V>>,
}

impl<'a, V: Clone + Send + Sync + 'static> TwoWay<'a, Entry<V>> for Closely<'a, V> {
    fn wait(self: Box<Self>) -> Result<Entry<V>, StoreError> {
        let found = self.found.wait();
        let tags = doubtful(self.active, &found);
        if !tags.is_empty() {
            block_on(ask_about(self.active, tags, true));
        }
        found
    }

    fn later(self: Box<Self>) -> Coming<'a, Entry<V>> {
        Box::pin(async move {
            let found = self.found.await;
            let tags = doubtful(self.active, &found);
            if !tags.is_empty() {
                ask_about(self.active, tags, false).await;
            }
            found
        })
    }
}
