//! What a configured region has done from time to time: its store's maintenance, and a look at the
//! epochs that other processes may have raised.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use dogpile_backend::{Epoch, EpochStore};

use super::active::Active;
use super::owned::background;
use super::tags;
use crate::flight::block_on;
use crate::sync::{Instant, Mutex};
use crate::{chores, keeper};

/// How soon every process knows of an invalidation where the store rings for nobody.
const EPOCHS_EVERY: Duration = Duration::from_millis(500);
/// How often they are read where the store rings: for a bell that was not heard, and for epochs that
/// the store has lost and this process still knows.
const EPOCHS_ANYWAY: Duration = Duration::from_secs(2);
/// How often a store without a wish of its own is asked.
const MAINTAIN_EVERY: Duration = Duration::from_secs(1);

/// Begins the upkeep; it ends with the region.
pub(super) fn begin<V: Clone + Send + Sync + 'static>(region: &Arc<Active<V>>) {
    maintain_from_time_to_time(region);
    #[cfg(feature = "metrics")]
    super::metrics::begin(region);
    let Some(epochs) = region.opened.store.epochs() else {
        return;
    };
    let listener = Arc::downgrade(region);
    let heard = move |_| {
        if let Some(region) = listener.upgrade() {
            chores::run(read_epochs(region));
        }
    };
    let watch = epochs.watch(&region.name, Box::new(heard));
    region.hearing.of(region);
    // What was invalidated before is known before the first call.
    if let Ok(read) = epochs.read(&region.name).wait()
        && let Some(known) = region.hear(epochs, read)
    {
        let _ = epochs.restore(&region.name, known).wait();
    }
    begin_tags(region, epochs);
    let every = match &watch {
        Some(_) => EPOCHS_ANYWAY,
        None => EPOCHS_EVERY,
    };
    let region = Arc::downgrade(region);
    let mut asked: Weak<()> = Weak::new();
    again_and_again(every, move || {
        let _stands = &watch;
        let region = region.upgrade()?;
        // A store that never answers is not asked once more.
        if asked.upgrade().is_none() {
            let under_way = Arc::new(());
            asked = Arc::downgrade(&under_way);
            chores::run(async move {
                read_epochs(Arc::clone(&region)).await;
                tags::look_again(&region).await;
                drop(under_way);
            });
        }
        Some(every)
    });
}

/// What others have invalidated by tag is known before the first call, so that what this process creates
/// is new enough for all. Where no tag ever was, and none is expected, nobody asks again.
fn begin_tags<V: Clone + Send + Sync + 'static>(region: &Active<V>, epochs: &dyn EpochStore) {
    let expected = region.settings.tags_of.is_some() || region.epochs.tags().is_some();
    let order = || block_on(tags::read_order(epochs, &region.name));
    if expected || order().is_ok_and(|order| order > Epoch::FIRST) {
        // Before the order is read that is learned: a strict look that begins earlier asks for none, and must
        // not find one later that is older than itself.
        tags::begin(region);
        let _ = block_on(tags::learn_order(region, epochs));
    }
}

/// Has the keeper do `duty`, first after `every`, for as long as it asks for it; never, where no clock
/// reaches that.
pub(super) fn again_and_again(
    every: Duration,
    duty: impl FnMut() -> Option<Duration> + Send + 'static,
) {
    if let Some(due) = Instant::now().checked_add(every) {
        // It ends by itself, once the region is gone.
        std::mem::forget(keeper::at(due, duty));
    }
}

/// Has the worker maintain the store, first after a while and then as it wished the last time.
fn maintain_from_time_to_time<V: Clone + Send + Sync + 'static>(region: &Arc<Active<V>>) {
    let region: Weak<Active<V>> = Arc::downgrade(region);
    let wish = Arc::new(Mutex::new(MAINTAIN_EVERY));
    again_and_again(MAINTAIN_EVERY, move || {
        let region = region.upgrade()?;
        let next = Arc::clone(&wish);
        background(move || {
            let wished = maintain(&region);
            *next.lock().unwrap_or_else(PoisonError::into_inner) = wished;
        });
        Some(*wish.lock().unwrap_or_else(PoisonError::into_inner))
    });
}

fn maintain<V: Clone + Send + Sync + 'static>(region: &Active<V>) -> Duration {
    let store = &region.opened.store;
    let wished = store.maintain(region.clock.now(store.time_line()));
    wished.map_or(MAINTAIN_EVERY, dogpile_backend::Span::to_duration)
}

/// A store that does not answer is asked again next time; epochs only rise.
async fn read_epochs<V: Clone + Send + Sync + 'static>(region: Arc<Active<V>>) {
    let Some(epochs) = region.opened.for_tasks().epochs() else {
        return;
    };
    let Ok(read) = epochs.read(&region.name).await else {
        return;
    };
    if let Some(known) = region.hear(epochs, read) {
        let _ = epochs.restore(&region.name, known).await;
    }
}
