//! moka: bounded, with expiry, one creator per key; its maintenance runs in the callers.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;

use crate::contender::{Contender, HitCall, Hoard, Replay, Stock, TaskDoor, ThreadDoor, Value};

pub(super) struct Moka;

const TIME_TO_LIVE: Duration = Duration::from_hours(1);

impl Contender for Moka {
    fn name(&self) -> &'static str {
        "moka"
    }

    fn package(&self) -> &'static str {
        "moka"
    }

    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        // Twice the room, so that nothing is dropped.
        let cache = threads(2 * stock.keys().len() as u64);
        for key in stock.keys() {
            cache.insert(key.clone(), Stock::value());
        }
        cache.run_pending_tasks();
        let stock = stock.clone();
        vec![HitCall::cloning("moka get_with", true, move |key| {
            cache.get_with_by_ref(key, || stock.missed())
        })]
    }

    fn thread_door(&self) -> Option<ThreadDoor> {
        let cache = threads(10_000);
        Some(Arc::new(move |key, create| {
            cache.get_with_by_ref(key, create)
        }))
    }

    fn task_door(&self) -> Option<TaskDoor> {
        let cache: moka::future::Cache<String, Value, RandomState> = moka::future::Cache::builder()
            .time_to_live(TIME_TO_LIVE)
            .build_with_hasher(RandomState::default());
        Some(Arc::new(move |key, create| {
            let cache = cache.clone();
            Box::pin(async move {
                cache
                    .get_with_by_ref(&*key, async move { create().await })
                    .await
            })
        }))
    }

    fn replay(&self, capacity: usize) -> Option<Replay> {
        let cache: moka::sync::Cache<[u8; 4], (), RandomState> = moka::sync::Cache::builder()
            .max_capacity(capacity as u64)
            .build_with_hasher(RandomState::default());
        let same = cache.clone();
        Some(Replay {
            // As it comes. It evicts in rounds of maintenance and holds more than its capacity in between; made to evict at
            // every miss (`run_pending_tasks`), it hits 4 to 11 points less often on the bundled traces.
            ask: Box::new(move |key| {
                let mut hit = true;
                cache.get_with(key, || hit = false);
                hit
            }),
            // Counted one by one: its own count lags behind until the next round of maintenance.
            held: Box::new(move || same.iter().count()),
        })
    }

    fn hoard(&self, _entries: usize) -> Option<Hoard> {
        let cache: moka::sync::Cache<String, u64, RandomState> =
            moka::sync::Cache::builder().build_with_hasher(RandomState::default());
        Some(Box::new(move |key, value| {
            cache.insert(key.to_owned(), value);
        }))
    }
}

fn threads(capacity: u64) -> moka::sync::Cache<String, Value, RandomState> {
    moka::sync::Cache::builder()
        .max_capacity(capacity)
        .time_to_live(TIME_TO_LIVE)
        .build_with_hasher(RandomState::default())
}
