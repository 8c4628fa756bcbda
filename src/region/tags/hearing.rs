//! How a process hears of what others invalidate: the store rings when a region's order rises, and it is
//! read from time to time for a ring that was not heard.

use std::sync::{Arc, PoisonError, Weak};

use dogpile_backend::{Invalidation, Store, Watch};

use super::asking::{learn_order, order_of, pay, read_order};
use super::question::Questions;
use crate::chores;
use crate::flight::only;
use crate::region::active::Active;
use crate::sync::{Mutex, OnceLock};

/// How one configured region hears of its tags.
pub(in crate::region) struct Hearing<V: Send + Sync + 'static> {
    /// Who is to hear; there once the region's upkeep has begun.
    region: OnceLock<Weak<Active<V>>>,
    begun: OnceLock<()>,
    /// The store did not answer the first who wrote.
    unanswered: OnceLock<()>,
    watch: Mutex<Option<Watch>>,
    pub(super) questions: Questions,
}

impl<V: Send + Sync + 'static> Hearing<V> {
    pub(in crate::region) const fn new() -> Self {
        Self {
            region: OnceLock::new(),
            begun: OnceLock::new(),
            unanswered: OnceLock::new(),
            watch: Mutex::new(None),
            questions: Questions::new(),
        }
    }

    /// The upkeep of `region` begins.
    pub(in crate::region) fn of(&self, region: &Arc<Active<V>>) {
        self.region.get_or_init(|| Arc::downgrade(region));
    }
}

/// From now on this process has to do with the region's tags: it listens, unless it does already.
pub(in crate::region) fn begin<V: Clone + Send + Sync + 'static>(active: &Active<V>) {
    active.epochs.begin_tags();
    let hearing = &active.hearing;
    let (Some(region), None) = (hearing.region.get(), hearing.begun.get()) else {
        return;
    };
    hearing.begun.get_or_init(|| ());
    let listener = Weak::clone(region);
    let heard = move |_| {
        if let Some(region) = listener.upgrade() {
            chores::run(async move { look_again(&region).await });
        }
    };
    let epochs = active.opened.store.epochs();
    let watch = epochs.and_then(|epochs| epochs.watch(&order_of(&active.name), Box::new(heard)));
    let mut place = hearing.watch.lock().unwrap_or_else(PoisonError::into_inner);
    let before = std::mem::replace(&mut *place, watch);
    drop(place);
    drop(before); // two may begin at once; the store's code is called without our lock
}

/// Before a value is written that is or may be under a tag: what has been invalidated by then is known, so that the
/// value is new enough for all. Most processes know, and nothing is asked. A store that does not answer
/// is asked again from time to time, and not by every writer.
pub(in crate::region) async fn begin_to_write<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    store: &dyn Store<V>,
) {
    let hearing = &active.hearing;
    let (Some(epochs), None) = (store.epochs(), hearing.unanswered.get()) else {
        return;
    };
    if !active.epochs.knows_order() {
        begin(active);
        if learn_order(active, epochs).await.is_err() {
            hearing.unanswered.get_or_init(|| ());
        }
    }
}

/// Reads the order, and tells the store what it does not know. A store that does not answer is asked
/// again next time; epochs only rise.
pub(in crate::region) async fn look_again<V: Clone + Send + Sync + 'static>(active: &Active<V>) {
    let store: &dyn Store<V> = active.opened.for_tasks();
    let (Some(table), Some(epochs)) = (active.epochs.tags(), store.epochs()) else {
        return;
    };
    begin(active);
    let before = table.order();
    let Ok(read) = read_order(epochs, &active.name).await else {
        return;
    };
    active.epochs.learn_order(read);
    if let Some(known) = before.filter(|known| read < *known) {
        table.all_are_lost();
        let (order, known) = (order_of(&active.name), only(Invalidation::Hard, known));
        if epochs.restore(&order, known).await.is_err() {
            return;
        }
    }
    let _ = pay(active, epochs, table).await;
}
