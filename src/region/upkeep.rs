//! What a configured region has done from time to time: its store's maintenance, and a look at the
//! epochs that other processes may have raised.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::owned::background;
use super::shared::Shared;
use crate::keeper;

/// How soon every process knows of an invalidation.
const EPOCHS_EVERY: Duration = Duration::from_millis(500);
/// How often a store without a wish of its own is asked.
const MAINTAIN_EVERY: Duration = Duration::from_secs(1);

/// Begins the upkeep; it ends with the region.
pub(super) fn begin<V: Clone + Send + Sync + 'static>(region: &Arc<Shared<V>>) {
    let mut duties: Vec<fn(&Shared<V>)> = vec![maintain];
    if region.active_or_panic().opened.store.epochs().is_some() {
        read_epochs(region);
        duties.push(read_epochs);
    }
    for (duty, every) in duties.into_iter().zip([MAINTAIN_EVERY, EPOCHS_EVERY]) {
        let region: Weak<Shared<V>> = Arc::downgrade(region);
        let standing = keeper::at(Instant::now() + every, move || {
            let region = region.upgrade()?;
            background(move || duty(&region));
            Some(every)
        });
        // It ends by itself, once the region is gone.
        std::mem::forget(standing);
    }
}

fn maintain<V: Clone + Send + Sync + 'static>(region: &Shared<V>) {
    let active = region.active_or_panic();
    let store = &active.opened.store;
    let _ = store.maintain(active.clock.now(store.time_line()));
}

/// A store that does not answer is asked again next time; epochs only rise.
fn read_epochs<V: Clone + Send + Sync + 'static>(region: &Shared<V>) {
    let active = region.active_or_panic();
    if let Some(epochs) = active.opened.store.epochs()
        && let Ok(read) = epochs.read(&region.name).wait()
    {
        active.epochs.merge(read);
    }
}
