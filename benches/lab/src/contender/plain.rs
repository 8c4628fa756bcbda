//! What most programs do: get, else query, then set, over an ordinary concurrent map with a TTL.

use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::{CallError, Contender, Create, CreateAsync, Origin, Pending, Served, is_over};
use crate::creator::Record;
use crate::keys::Key;

/// A map of values and the time when each was set.
pub(crate) struct Plain {
    map: papaya::HashMap<Key, (Record, Instant), RandomState>,
    fresh: Duration,
}

impl Plain {
    pub(crate) fn new(fresh: Duration) -> Self {
        Self {
            map: papaya::HashMap::with_hasher(RandomState::default()),
            fresh,
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<Record> {
        let map = self.map.pin();
        let (record, stored) = map.get(&key)?;
        (!is_over(stored.elapsed(), self.fresh)).then_some(*record)
    }

    pub(super) fn set(&self, key: Key, record: Record) {
        self.map.pin().insert(key, (record, Instant::now()));
    }

    pub(super) fn remove(&self, key: Key) {
        self.map.pin().remove(&key);
    }
}

impl Contender for Plain {
    fn get_or_create(&self, key: Key, create: Create<'_>) -> Result<Served, CallError> {
        if let Some(record) = self.get(key) {
            return Ok(Served {
                record,
                origin: Origin::Hit,
            });
        }
        let record = create()?;
        self.set(key, record);
        Ok(Served {
            record,
            origin: Origin::Created,
        })
    }

    fn get_or_create_async<'a>(
        &'a self,
        key: Key,
        create: CreateAsync<'a>,
    ) -> Pending<'a, Result<Served, CallError>> {
        Box::pin(async move {
            if let Some(record) = self.get(key) {
                return Ok(Served {
                    record,
                    origin: Origin::Hit,
                });
            }
            let record = create().await?;
            self.set(key, record);
            Ok(Served {
                record,
                origin: Origin::Created,
            })
        })
    }

    fn delete(&self, key: Key) -> Result<(), CallError> {
        self.remove(key);
        Ok(())
    }
}
