//! The usual cure: one mutex per key, held while creating; everyone else waits, also for a value that has
//! only just gone stale.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::plain::Plain;
use super::{CallError, Contender, Create, CreateAsync, Origin, Pending, Served};
use crate::creator::Record;
use crate::keys::Key;

type PerKey<M> = papaya::HashMap<Key, Arc<M>, RandomState>;

/// The plain cache and a mutex for each key.
pub(crate) struct SingleFlight {
    values: Plain,
    threads: PerKey<parking_lot::Mutex<()>>,
    tasks: PerKey<tokio::sync::Mutex<()>>,
}

impl SingleFlight {
    pub(crate) fn new(fresh: Duration) -> Self {
        Self {
            values: Plain::new(fresh),
            threads: PerKey::with_hasher(RandomState::default()),
            tasks: PerKey::with_hasher(RandomState::default()),
        }
    }

    fn created(&self, key: Key, record: Record) -> Served {
        self.values.set(key, record);
        Served {
            record,
            origin: Origin::Created,
        }
    }
}

fn of_key<M: Default>(mutexes: &PerKey<M>, key: Key) -> Arc<M> {
    Arc::clone(mutexes.pin().get_or_insert_with(key, Arc::default))
}

impl Contender for SingleFlight {
    fn get_or_create(&self, key: Key, create: Create<'_>) -> Result<Served, CallError> {
        if let Some(record) = self.values.get(key) {
            return Ok(Served {
                record,
                origin: Origin::Hit,
            });
        }
        let mutex = of_key(&self.threads, key);
        let _held = mutex.lock();
        if let Some(record) = self.values.get(key) {
            return Ok(Served {
                record,
                origin: Origin::Shared,
            });
        }
        Ok(self.created(key, create()?))
    }

    fn get_or_create_async<'a>(
        &'a self,
        key: Key,
        create: CreateAsync<'a>,
    ) -> Pending<'a, Result<Served, CallError>> {
        Box::pin(async move {
            if let Some(record) = self.values.get(key) {
                return Ok(Served {
                    record,
                    origin: Origin::Hit,
                });
            }
            let mutex = of_key(&self.tasks, key);
            let _held = mutex.lock().await;
            if let Some(record) = self.values.get(key) {
                return Ok(Served {
                    record,
                    origin: Origin::Shared,
                });
            }
            Ok(self.created(key, create().await?))
        })
    }

    fn delete(&self, key: Key) -> Result<(), CallError> {
        self.values.remove(key);
        Ok(())
    }
}
