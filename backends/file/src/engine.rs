//! The engine, LMDB: one tree of bytes, one writer at a time among all processes, readers that wait
//! for nobody.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::path::Path;

use heed::types::Bytes;
use heed::{
    CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, MdbError, RoTxn, RwTxn, WithTls,
};

use crate::fork;
use crate::opened::random;
use crate::settings::Durability;
use crate::threads;

/// How many threads of all processes may read at once.
const READERS: u32 = 8192;

pub(crate) struct Engine {
    env: Open,
    tree: Database<'static, Bytes, Bytes>,
    generation: u32,
    number: u64,
}

/// Closed when no thread is about to end that reads.
struct Open(ManuallyDrop<Env<WithTls>>);

impl Deref for Open {
    type Target = Env<WithTls>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: dropped here and nowhere else, and not used after.
        threads::close(|| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}

/// How much of the engine's file is in use.
pub(crate) struct Size {
    /// Pages that hold something.
    pub(crate) used: u64,
    /// How many bytes a page has.
    pub(crate) page: u64,
}

impl Engine {
    /// Opens the engine in `folder`. `map` says how far its file can grow, where nobody else has it
    /// open; else it can grow as far as it was said.
    pub(crate) fn open(
        folder: &Path,
        durability: Durability,
        map: Option<usize>,
    ) -> heed::Result<Self> {
        let mut options = EnvOpenOptions::new();
        options.max_readers(READERS);
        if let Some(map) = map {
            options.map_size(map);
        }
        if durability == Durability::ProcessCrash {
            // SAFETY: without syncing a power loss may damage the file, which the user chose; each
            // entry has a checksum of its own, and the engine checks the kind of each page.
            unsafe { options.flags(EnvFlags::NO_SYNC | EnvFlags::NO_META_SYNC) };
        }
        // SAFETY: the file is changed by nobody but this engine, which is what the docs ask of the
        // user; its lock file is there, and the file is no shorter than its last page (`damage`).
        let env = Open(ManuallyDrop::new(unsafe { options.open(folder)? }));
        let reading = env.read_txn()?;
        let tree = env.open_databases_and_commit(reading, |opener, reading| {
            let tree = opener.open_database::<Bytes, Bytes>(reading, None)?;
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(tree))
        })?;
        let CommitOrAbort::Commit(Some(tree)) = tree else {
            return Err(heed::Error::Mdb(MdbError::Problem));
        };
        let generation = fork::generation();
        Ok(Self {
            env,
            tree,
            generation,
            number: random(),
        })
    }

    /// Whether it was opened in this process, not in one that this was forked from.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.generation == fork::generation()
    }

    /// What this engine is called in this process.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn reading(&self) -> heed::Result<Reading<'_>> {
        let txn = self.env.read_txn()?;
        let tree = self.tree;
        Ok(Reading { txn, tree })
    }

    pub(crate) fn writing(&self) -> heed::Result<Changing<'_>> {
        let txn = self.env.write_txn()?;
        let tree = self.tree;
        Ok(Changing { txn, tree })
    }

    /// Frees the pages that processes still hold which died while they read.
    pub(crate) fn forget_the_dead(&self) -> heed::Result<usize> {
        self.env.clear_stale_readers()
    }

    /// Up to which page the file was ever used.
    pub(crate) fn last_page(&self) -> u64 {
        self.env.info().last_page_number as u64
    }
}

/// A look at one moment of the store.
pub(crate) struct Reading<'e> {
    txn: RoTxn<'e, WithTls>,
    tree: Database<'static, Bytes, Bytes>,
}

impl Reading<'_> {
    pub(crate) fn get(&self, place: &[u8]) -> heed::Result<Option<&[u8]>> {
        self.tree.get(&self.txn, place)
    }

    /// Everything, in order.
    pub(crate) fn all(&self) -> heed::Result<impl Iterator<Item = heed::Result<(&[u8], &[u8])>>> {
        self.tree.iter(&self.txn)
    }
}

/// Changes that nobody sees before they are all made.
pub(crate) struct Changing<'e> {
    txn: RwTxn<'e>,
    tree: Database<'static, Bytes, Bytes>,
}

impl Changing<'_> {
    /// A number that no change had before in this file.
    pub(crate) fn number(&self) -> u64 {
        self.txn.id() as u64
    }

    pub(crate) fn get(&self, place: &[u8]) -> heed::Result<Option<&[u8]>> {
        self.tree.get(&self.txn, place)
    }

    /// The first of all whose places begin with `letters`.
    pub(crate) fn first(&self, letters: &[u8]) -> heed::Result<Option<(&[u8], &[u8])>> {
        let found = self.tree.get_greater_than_or_equal_to(&self.txn, letters)?;
        Ok(found.filter(|(place, _)| place.starts_with(letters)))
    }

    /// The first from `place` on, of all whose places begin with `letters`.
    pub(crate) fn first_from(
        &self,
        place: &[u8],
        letters: &[u8],
    ) -> heed::Result<Option<(&[u8], &[u8])>> {
        let found = self.tree.get_greater_than_or_equal_to(&self.txn, place)?;
        Ok(found.filter(|(place, _)| place.starts_with(letters)))
    }

    /// The places of all that begin with `letters`.
    pub(crate) fn places(&self, letters: &[u8]) -> heed::Result<Vec<Vec<u8>>> {
        let found = self.tree.prefix_iter(&self.txn, letters)?;
        found.map(|found| Ok(found?.0.to_vec())).collect()
    }

    pub(crate) fn put(&mut self, place: &[u8], bytes: &[u8]) -> heed::Result<()> {
        self.tree.put(&mut self.txn, place, bytes)
    }

    pub(crate) fn remove(&mut self, place: &[u8]) -> heed::Result<bool> {
        self.tree.delete(&mut self.txn, place)
    }

    pub(crate) fn size(&self) -> heed::Result<Size> {
        let stat = self.tree.stat(&self.txn)?;
        let used = stat.branch_pages + stat.leaf_pages + stat.overflow_pages;
        Ok(Size {
            used: used as u64,
            page: stat.page_size.into(),
        })
    }

    pub(crate) fn commit(self) -> heed::Result<()> {
        self.txn.commit()
    }
}
