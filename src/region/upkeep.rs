//! What a configured region has done from time to time: its store's maintenance, and a look at the
//! epochs that other processes may have raised.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use dogpile_backend::Watch;

use super::owned::background;
use super::shared::Shared;
use crate::keeper;
use crate::sync::{Instant, Mutex};

/// How soon every process knows of an invalidation where the store rings for nobody.
const EPOCHS_EVERY: Duration = Duration::from_millis(500);
/// How often they are read where the store rings: for a bell that was not heard, and for epochs that
/// the store has lost and this process still knows.
const EPOCHS_ANYWAY: Duration = Duration::from_secs(2);
/// How often a store without a wish of its own is asked.
const MAINTAIN_EVERY: Duration = Duration::from_secs(1);

/// Begins the upkeep; it ends with the region.
pub(super) fn begin<V: Clone + Send + Sync + 'static>(region: &Arc<Shared<V>>) {
    again_and_again(region, MAINTAIN_EVERY, None, maintain);
    let Some(epochs) = region.active_or_panic().opened.store.epochs() else {
        return;
    };
    let listener = Arc::downgrade(region);
    let heard = move |_| {
        if let Some(region) = listener.upgrade() {
            background(move || read_epochs(&region));
        }
    };
    let watch = epochs.watch(&region.name, Box::new(heard));
    read_epochs(region);
    if watch.is_some() {
        again_and_again(region, EPOCHS_ANYWAY, watch, |region| {
            read_epochs(region);
            EPOCHS_ANYWAY
        });
    } else {
        again_and_again(region, EPOCHS_EVERY, None, |region| {
            read_epochs(region);
            EPOCHS_EVERY
        });
    }
}

/// Has `duty` done by the worker, first after `every` and then as it wished the last time; `watch`
/// stands meanwhile.
fn again_and_again<V: Clone + Send + Sync + 'static>(
    region: &Arc<Shared<V>>,
    every: Duration,
    watch: Option<Watch>,
    duty: fn(&Shared<V>) -> Duration,
) {
    let region: Weak<Shared<V>> = Arc::downgrade(region);
    let wish = Arc::new(Mutex::new(every));
    let standing = keeper::at(Instant::now() + every, move || {
        let _stands = &watch;
        let region = region.upgrade()?;
        let next = Arc::clone(&wish);
        background(move || {
            let wished = duty(&region);
            *next.lock().unwrap_or_else(PoisonError::into_inner) = wished;
        });
        Some(*wish.lock().unwrap_or_else(PoisonError::into_inner))
    });
    // It ends by itself, once the region is gone.
    std::mem::forget(standing);
}

fn maintain<V: Clone + Send + Sync + 'static>(region: &Shared<V>) -> Duration {
    let active = region.active_or_panic();
    let store = &active.opened.store;
    let wished = store.maintain(active.clock.now(store.time_line()));
    wished.map_or(MAINTAIN_EVERY, dogpile_backend::Span::to_duration)
}

/// A store that does not answer is asked again next time; epochs only rise.
fn read_epochs<V: Clone + Send + Sync + 'static>(region: &Shared<V>) {
    let active = region.active_or_panic();
    let Some(epochs) = active.opened.store.epochs() else {
        return;
    };
    let Ok(read) = epochs.read(&region.name).wait() else {
        return;
    };
    active.epochs.merge(read);
    let known = active.epochs.read();
    if known != read {
        // Else a process that comes new would create what all others find too old, for ever.
        let _ = epochs.restore(&region.name, known).wait();
    }
}
