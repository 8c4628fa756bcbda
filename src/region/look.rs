//! How a call looks into the store: at the value alone, or, in a strict region, at the region's epochs
//! first, so that an invalidation that came before the call is seen whichever process made it. Where a
//! value carries tags of which it is not known whether they were invalidated, at those too.

use std::sync::Arc;

use dogpile_backend::{CachedValue, EpochStore, Reply, Store, StoreError, Tags};
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
    match strictly(active, store) {
        Some(epochs) => Reply::later(async move {
            learn(active, epochs, region).await?;
            closely(active, store.get(key)).await
        }),
        None => closely(active, store.get(key)),
    }
}

/// The same for a thread, which waits.
pub(super) fn look_blocking<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    store: &dyn Store<V>,
    region: &str,
    key: &[u8],
) -> Found<V> {
    if let Some(epochs) = strictly(active, store) {
        block_on(learn(active, epochs, region))?;
    }
    let found = store.get_blocking(key);
    closely_blocking(active, &found);
    found
}

/// The epochs that have to be known before a value is looked at: where they cannot be read every value is in
/// doubt, and the look has failed.
fn strictly<'a, V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    store: &'a dyn Store<V>,
) -> Option<&'a dyn EpochStore> {
    if active.settings.strict {
        return store.epochs();
    }
    None
}

/// What was found, once as much is known of its tags as the store can say. If it does not answer, the
/// value stays in doubt, which makes it stale: it can be served, and what replaces it is not in doubt.
pub(super) fn closely<'a, V: Clone + Send + Sync + 'static>(
    active: &'a Active<V>,
    mut found: Reply<'a, Entry<V>>,
) -> Reply<'a, Entry<V>> {
    if !active.epochs.is_shared() {
        return found;
    }
    if found.is_ready() {
        let answer = found.wait();
        if doubtful(active, &answer).is_empty() {
            return Reply::ready(answer);
        }
        found = Reply::ready(answer);
    }
    Reply::later(async move {
        let found = found.await;
        let tags = doubtful(active, &found);
        if !tags.is_empty() {
            ask_about(active, tags, false).await;
        }
        found
    })
}

/// The same for a thread, which waits.
pub(super) fn closely_blocking<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    found: &Found<V>,
) {
    let tags = doubtful(active, found);
    if !tags.is_empty() {
        block_on(ask_about(active, tags, true));
    }
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
pub(super) type Looked<'r, V, E> = Result<Answer<V>, (Box<Call<'r, V, E>>, Action)>;

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
    Some(judged(subject, conditions, NEW, &beginning, looked))
}

/// The same of a thread's, which waits for the store.
pub(super) fn look_and_wait<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static>(
    active: &'r Arc<Active<V>>,
    conditions: &Conditions,
    key: &'r [u8],
) -> Looked<'r, V, E> {
    let subject = Subject::new(active, key);
    let beginning = Beginning::of(&subject);
    let store = &*active.opened.store;
    let looked = look_blocking(active, store, &active.name, subject.key());
    judged(subject, conditions, NEW, &beginning, looked)
}

/// The first look of a task's, where the store does not answer at once.
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
        judged(subject, &conditions, wish, &beginning, looked)
    }
}

/// What the store's answer to its first look is to a call.
#[inline(never)] // what it needs is off the stack before a thread sleeps
fn judged<'r, V: Clone + Send + Sync + 'static, E: Send + Sync + 'static>(
    subject: Subject<'r, V>,
    conditions: &Conditions,
    wish: Wish,
    beginning: &Beginning,
    looked: Found<V>,
) -> Looked<'r, V, E> {
    let active = subject.active();
    let hit = active.hit_in(looked, conditions, subject.key(), beginning.mark);
    hit.map_err(|looked| {
        let mut call = Call::looking(subject, conditions, wish, beginning);
        let action = call.after_look(looked);
        (call, action)
    })
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
