//! LMDB by itself, as somebody would use it who caches values in it: a checksum before each, one
//! transaction for each call.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use dogpile::JsonCodec;
use dogpile::backend::Codec;
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions};
use xxhash_rust::xxh3::xxh3_64;

use super::stock::{Entrant, Operation, Stock, encoded, store};
use crate::bench::environment::version_of;
use crate::bench::user::User;
use crate::error::PeersError;

/// As far as the file of our own store with its default bound can grow.
const MAP: usize = (4 << 30) + (64 << 20);

/// The engine with all values.
pub(super) struct Lmdb {
    env: Env,
    tree: Database<'static, Bytes, Bytes>,
    stock: Stock,
}

impl Lmdb {
    /// In `folder`, as durable as our own store is by default.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub(super) fn new(stock: &Stock, folder: &Path) -> Result<Self, PeersError> {
        let folder = folder.join("lmdb");
        std::fs::create_dir_all(&folder).map_err(PeersError::system("cannot make a folder"))?;
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP);
        // SAFETY: the folder was made for this run, nobody else knows of it, and what a power loss
        // does to it matters to nobody.
        let env = unsafe {
            options.flags(EnvFlags::NO_SYNC | EnvFlags::NO_META_SYNC);
            options.open(folder).map_err(store)?
        };
        let reading = env.read_txn().map_err(store)?;
        let tree = env.open_databases_and_commit(reading, |opener, reading| {
            let tree = opener.open_database::<Bytes, Bytes>(reading, None)?;
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(tree))
        });
        let CommitOrAbort::Commit(Some(tree)) = tree.map_err(store)? else {
            return Err(store("the engine has no tree"));
        };
        let lmdb = Self {
            env,
            tree,
            stock: stock.clone(),
        };
        for key in &*stock.keys {
            lmdb.put(key, &User::sample())?;
        }
        Ok(lmdb)
    }

    fn get(&self, key: &str) -> Result<Option<User>, PeersError> {
        let reading = self.env.read_txn().map_err(store)?;
        let record = self.tree.get(&reading, key.as_bytes()).map_err(store)?;
        let whole = record
            .and_then(|record| record.split_first_chunk())
            .filter(|(sum, payload)| u64::from_le_bytes(**sum) == xxh3_64(payload));
        Ok(whole.and_then(|(_, payload)| JsonCodec::new().decode(payload).ok()))
    }

    fn put(&self, key: &str, value: &User) -> Result<(), PeersError> {
        let payload = encoded(value)?;
        let record = [&xxh3_64(&payload).to_le_bytes()[..], &payload].concat();
        let mut changes = self.env.write_txn().map_err(store)?;
        let put = self.tree.put(&mut changes, key.as_bytes(), &record);
        put.and_then(|()| changes.commit()).map_err(store)
    }
}

impl Entrant for Lmdb {
    fn name(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Hit => super::GET,
            Operation::Set => super::PUT,
        }
    }

    fn package(&self) -> (&'static str, String) {
        ("heed", version_of("heed").to_owned())
    }

    fn run(
        &mut self,
        operation: Operation,
        threads: usize,
        calls: usize,
    ) -> Result<Duration, PeersError> {
        let (lmdb, stock) = (&*self, &self.stock);
        let took = match operation {
            Operation::Hit => stock.timed(threads, calls, |key| {
                black_box(lmdb.get(key)?.unwrap_or_else(|| stock.missed()));
                Ok(())
            }),
            Operation::Set => {
                let user = User::sample();
                // A region takes the value, so everybody clones one.
                stock.timed(threads, calls, |key| lmdb.put(key, &user.clone()))
            }
        }?;
        stock.all_hit(self.name(operation))?;
        Ok(took)
    }
}
