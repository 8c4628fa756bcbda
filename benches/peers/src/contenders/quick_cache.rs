//! `quick_cache`: bounded by a clock algorithm in locked shards, no expiry, one creator per key.

use std::convert::Infallible;
use std::sync::Arc;

use foldhash::fast::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::contender::{Contender, HitCall, Hoard, Replay, Stock, TaskDoor, ThreadDoor, Value};

pub(super) struct QuickCache;

type Quick<K, V> = Cache<K, V, UnitWeighter, RandomState>;

impl Contender for QuickCache {
    fn name(&self) -> &'static str {
        "quick_cache"
    }

    fn package(&self) -> &'static str {
        "quick_cache"
    }

    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        // Twice the room, so that no shard drops anything.
        let cache: Quick<String, Value> = of_capacity(2 * stock.keys().len());
        for key in stock.keys() {
            cache.insert(key.clone(), Stock::value());
        }
        let stock = stock.clone();
        vec![HitCall::cloning(
            "quick_cache get_or_insert_with",
            false,
            move |key| {
                let Ok(value) =
                    cache.get_or_insert_with(key, || Ok::<_, Infallible>(stock.missed()));
                value
            },
        )]
    }

    fn thread_door(&self) -> Option<ThreadDoor> {
        let cache: Quick<String, Value> = of_capacity(10_000);
        Some(Arc::new(move |key, create| {
            let Ok(value) = cache.get_or_insert_with(key, || Ok::<_, Infallible>(create()));
            value
        }))
    }

    fn task_door(&self) -> Option<TaskDoor> {
        let cache: Arc<Quick<String, Value>> = Arc::new(of_capacity(10_000));
        Some(Arc::new(move |key, create| {
            let cache = Arc::clone(&cache);
            Box::pin(async move {
                let creation = async move { Ok::<_, Infallible>(create().await) };
                let Ok(value) = cache.get_or_insert_async(&*key, creation).await;
                value
            })
        }))
    }

    fn replay(&self, capacity: usize) -> Option<Replay> {
        // One shard, as only one thread asks: split into several it would evict by the luck of the hash.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .build()
            .ok()?;
        let cache: Arc<Quick<[u8; 4], ()>> = Arc::new(Cache::with_options(
            options,
            UnitWeighter,
            RandomState::default(),
            DefaultLifecycle::default(),
        ));
        let same = Arc::clone(&cache);
        Some(Replay {
            // Not `get_or_insert_with`: its placeholder costs it up to 6 points at the smaller capacities.
            ask: Box::new(move |key| {
                let hit = cache.get(&key).is_some();
                if !hit {
                    cache.insert(key, ());
                }
                hit
            }),
            held: Box::new(move || same.len()),
        })
    }

    fn hoard(&self, entries: usize) -> Option<Hoard> {
        let cache: Quick<String, u64> = Cache::with(
            0,
            2 * entries as u64,
            UnitWeighter,
            RandomState::default(),
            DefaultLifecycle::default(),
        );
        Some(Box::new(move |key, value| {
            cache.insert(key.to_owned(), value);
        }))
    }
}

fn of_capacity<K: Eq + std::hash::Hash, V: Clone>(capacity: usize) -> Quick<K, V> {
    Cache::with(
        capacity,
        capacity as u64,
        UnitWeighter,
        RandomState::default(),
        DefaultLifecycle::default(),
    )
}
