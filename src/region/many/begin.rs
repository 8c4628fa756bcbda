//! The beginning of a call about many keys: what is at hand needs no batch.

use std::collections::HashMap;
use std::time::Duration;

use dogpile_core::flow::Wish;

use super::batch::{Batch, End, Run};
use super::{Partial, Value};
use crate::region::at::{NEW, REFRESH};
use crate::region::tags::begin_to_write;
use crate::region::{At, Creation, Region};

/// How a call about many keys is made.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// Stands in for the region's, if it is said.
    fresh_for: Option<Duration>,
    /// Whether its creator keeps the thread from everything else.
    pub(super) blocks: bool,
    /// Whether its creator gets a view of each creation.
    pub(super) sees: bool,
    /// What each call wants: to create what is not there, or whatever is there.
    pub(super) wish: Wish,
}

impl How {
    pub(crate) const fn blocking() -> Self {
        Self {
            fresh_for: None,
            blocks: true,
            sees: false,
            wish: NEW,
        }
    }

    pub(crate) const fn for_tasks() -> Self {
        Self {
            blocks: false,
            ..Self::blocking()
        }
    }

    pub(crate) const fn seeing(self, sees: bool) -> Self {
        Self { sees, ..self }
    }

    /// The same where all are to be created anew, superseding who creates them now.
    pub(crate) const fn refreshing(self) -> Self {
        Self {
            wish: REFRESH,
            ..self
        }
    }

    pub(crate) const fn within(self, fresh_for: Option<Duration>) -> Self {
        Self { fresh_for, ..self }
    }
}

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// What is not at hand goes through a batch. Its creator gets the numbers of the keys that are to be
    /// created, and a view of each creation if it is to see them.
    pub(crate) async fn batch<K: AsRef<[u8]>, E, F>(
        &self,
        keys: &[K],
        how: How,
        mut creator: impl FnMut(&[usize], Vec<Creation<V>>) -> F,
    ) -> Result<Vec<Value<V, E>>, Partial<V, E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Run<V, E>>,
    {
        let Some(active) = self.active() else {
            let answers = keys.iter().map(|_| Err(self.not_configured())).collect();
            return Err(Partial { answers });
        };
        let mut values: Vec<Value<V, E>> = Vec::with_capacity(keys.len());
        let mut missing = Missing::default();
        for (number, key) in keys.iter().enumerate() {
            let hit = match how.fresh_for {
                _ if how.wish.refresh => None,
                None => active.hit(key.as_ref(), Clone::clone).ok(),
                Some(_) => self
                    .at_within(key, how.fresh_for)
                    .hit()
                    .map(|hit| hit.value),
            };
            if hit.is_none() {
                missing.add(number, key.as_ref());
            }
            values.push(hit.map(Ok));
        }
        if missing.keys.is_empty() {
            return Ok(values);
        }
        if how.sees {
            // It may put its values under tags.
            Box::pin(begin_to_write(active, active.opened.for_tasks())).await;
        }
        let conditions = self.at_within("", how.fresh_for).conditions(active);
        let keys = std::mem::take(&mut missing.keys);
        let batch = Batch::new(active, keys, conditions, how);
        let asked = |inner: &[usize]| inner.iter().map(|n| missing.first[*n]).collect::<Vec<_>>();
        let ends = batch.run(|inner, creations| creator(&asked(inner), creations));
        let ends: Vec<_> = ends.await.into_iter().map(value).collect();
        for (number, inner) in missing.places {
            values[number].clone_from(&ends[inner]);
        }
        Ok(values)
    }

    /// One key, for a call that may say itself how long a value is fresh.
    fn at_within<K: AsRef<[u8]>>(&self, key: K, fresh_for: Option<Duration>) -> At<'_, V, K> {
        match fresh_for {
            Some(span) => self.at(key).fresh_for(span),
            None => self.at(key),
        }
    }
}

/// The keys that are not at hand, each once.
#[derive(Default)]
struct Missing<'k> {
    keys: Vec<&'k [u8]>,
    /// Where each was mentioned first.
    first: Vec<usize>,
    /// Every mention, and which of the keys it is of.
    places: Vec<(usize, usize)>,
    known: HashMap<&'k [u8], usize>,
}

impl<'k> Missing<'k> {
    fn add(&mut self, number: usize, key: &'k [u8]) {
        let inner = *self.known.entry(key).or_insert_with(|| {
            self.keys.push(key);
            self.first.push(number);
            self.keys.len() - 1
        });
        self.places.push((number, inner));
    }
}

fn value<V, E>(end: End<V, E>) -> Value<V, E> {
    end.map(|answer| answer.map(|answer| answer.value))
}
