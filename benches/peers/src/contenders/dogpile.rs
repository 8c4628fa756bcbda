//! Ours: a region in memory.

use std::sync::Arc;
use std::time::Duration;

use dogpile::{Config, Memory, Region};

use crate::contender::{Contender, HitCall, Hoard, Replay, Stock, TaskDoor, ThreadDoor, Value};

pub(super) struct Dogpile;

impl Contender for Dogpile {
    fn name(&self) -> &'static str {
        "dogpile"
    }

    fn package(&self) -> &'static str {
        "dogpile"
    }

    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        let region = expiring("hits", false);
        for key in stock.keys() {
            // Not stored is not there: the measured call then counts a miss, which fails the run.
            let _ = region.set(key, Stock::value());
        }
        let (same, missed, not_there) = (region.clone(), stock.clone(), stock.clone());
        let counting = expiring("counted", true);
        for key in stock.keys() {
            let _ = counting.set(key, Stock::value());
        }
        let uncounted = stock.clone();
        vec![
            HitCall::cloning("dogpile get_or_create, counted", true, move |key| {
                counting
                    .get_or_create(key, || uncounted.missed())
                    .unwrap_or_else(|_| uncounted.missed())
            }),
            HitCall::cloning("dogpile get_or_create", true, move |key| {
                region
                    .get_or_create(key, || missed.missed())
                    .unwrap_or_else(|_| missed.missed())
            }),
            HitCall::borrowing("dogpile read", true, move |key| {
                match same.read(key, |value| value[0]) {
                    Ok(Some(byte)) => byte,
                    _ => not_there.missed()[0],
                }
            }),
        ]
    }

    fn thread_door(&self) -> Option<ThreadDoor> {
        let region = expiring("threads", false);
        Some(Arc::new(move |key, create| {
            served(region.get_or_create(key, create))
        }))
    }

    fn task_door(&self) -> Option<TaskDoor> {
        let region = expiring("tasks", false);
        Some(Arc::new(move |key, create| {
            let region = region.clone();
            Box::pin(async move { served(region.get_or_create_async(&*key, || create()).await) })
        }))
    }

    fn replay(&self, capacity: usize) -> Option<Replay> {
        let memory = Memory::bounded(capacity);
        let region = region("trace", Config::new(memory.clone()));
        Some(Replay {
            ask: Box::new(move |key| {
                let mut hit = true;
                served(region.get_or_create(key, || hit = false));
                hit
            }),
            held: Box::new(move || memory.len()),
        })
    }

    fn hoard(&self, _entries: usize) -> Option<Hoard> {
        let region = region("entries", Config::new(Memory::unbounded()));
        Some(Box::new(move |key, value| {
            served(region.set(key, value));
        }))
    }
}

fn expiring(name: &'static str, statistics: bool) -> Region<Value> {
    let config = Config::new(Memory::unbounded()).fresh_for(Duration::from_hours(1));
    region(name, config.statistics(statistics))
}

pub(super) fn region<V: Clone + Send + Sync + 'static>(
    name: &'static str,
    config: Config<V>,
) -> Region<V> {
    let region = Region::new(name);
    if let Err(error) = region.configure(config) {
        panic!("this configuration is the contender's own: {error}");
    }
    region
}

/// What a call answers whose creator cannot fail.
pub(super) fn served<V>(answer: Result<V, dogpile::Error>) -> V {
    match answer {
        Ok(value) => value,
        // The measured call then counts as panicked, and the run reports nothing.
        Err(error) => panic!("the region served nothing: {error}"),
    }
}
