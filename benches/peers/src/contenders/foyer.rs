//! foyer's memory cache, with S3-FIFO: bounded, no expiry, one creator per key for tasks; threads can only look.

use std::convert::Infallible;
use std::sync::Arc;

use foldhash::fast::RandomState;
use foyer_memory::{Cache, CacheBuilder, CacheProperties, S3FifoConfig};

use crate::contender::{Contender, HitCall, Hoard, Replay, Stock, TaskDoor, Value};

pub(super) struct Foyer;

type Memory<K, V> = Cache<K, V, RandomState, CacheProperties>;

impl Contender for Foyer {
    fn name(&self) -> &'static str {
        "foyer"
    }

    fn package(&self) -> &'static str {
        "foyer-memory"
    }

    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        // Twice the room, so that no shard drops anything.
        let cache: Memory<String, Value> = builder(2 * stock.keys().len()).build();
        for key in stock.keys() {
            cache.insert(key.clone(), Stock::value());
        }
        let stock = stock.clone();
        vec![HitCall::cloning(
            "foyer get",
            false,
            move |key| match cache.get(key) {
                Some(entry) => Arc::clone(entry.value()),
                None => stock.missed(),
            },
        )]
    }

    fn task_door(&self) -> Option<TaskDoor> {
        let cache: Memory<String, Value> = builder(10_000).build();
        Some(Arc::new(move |key, create| {
            let cache = cache.clone();
            Box::pin(async move {
                let fetch = || async move { Ok::<_, Infallible>(create().await) };
                match cache.get_or_fetch(&*key, fetch).await {
                    Ok(entry) => Arc::clone(entry.value()),
                    // The creator cannot fail; a broken runtime can, and then the round is lost with it.
                    Err(error) => panic!("foyer fetched nothing: {error}"),
                }
            })
        }))
    }

    fn replay(&self, capacity: usize) -> Option<Replay> {
        // One shard, as only one thread asks: split into several it would evict by the luck of the hash.
        let cache: Memory<[u8; 4], ()> = builder(capacity).with_shards(1).build();
        let same = cache.clone();
        Some(Replay {
            ask: Box::new(move |key| {
                let hit = cache.get(&key).is_some();
                if !hit {
                    cache.insert(key, ());
                }
                hit
            }),
            held: Box::new(move || same.entries()),
        })
    }

    fn hoard(&self, entries: usize) -> Option<Hoard> {
        let cache: Memory<String, u64> = builder(2 * entries).build();
        Some(Box::new(move |key, value| {
            cache.insert(key.to_owned(), value);
        }))
    }
}

fn builder<K, V>(capacity: usize) -> CacheBuilder<K, V, RandomState>
where
    K: Send + Sync + std::hash::Hash + Eq + 'static,
    V: Send + Sync + 'static,
{
    CacheBuilder::new(capacity)
        .with_hash_builder(RandomState::default())
        .with_eviction_config(S3FifoConfig::default())
}
