//! An opened folder: its keyspaces, its format number, and what it promises of writes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sled::Db;

use crate::keyspace::Keyspace;
use crate::opening::CannotOpen;
use crate::settings::{Durability, SledSettings};
use crate::stamps::Stamps;
use crate::trouble::{self, Trouble};

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// Where the format number is, in the tree that every sled store has. All else is in trees of its
/// own.
const FORMAT_KEY: &[u8] = b"dogpile-format";

/// The tree that every sled store has.
const DEFAULT_TREE: &[u8] = b"__sled__default";

pub(crate) struct Engine {
    /// There until it is dropped.
    db: Option<Db>,
    path: PathBuf,
    durability: Durability,
    cache_capacity: u64,
    pub(crate) stamps: Stamps,
    keyspaces: Mutex<HashMap<String, Weak<Keyspace>>>,
}

impl Engine {
    pub(crate) fn new(db: Db, path: &Path, settings: &SledSettings) -> Result<Self, CannotOpen> {
        let engine = Self {
            db: Some(db),
            path: path.to_owned(),
            durability: settings.durability,
            cache_capacity: settings.cache_capacity,
            stamps: Stamps::new(),
            keyspaces: Mutex::default(),
        };
        engine.check_format()?;
        Ok(engine)
    }

    /// Asks the engine for something.
    pub(crate) fn ask<T>(&self, work: impl FnOnce(&Db) -> sled::Result<T>) -> Result<T, Trouble> {
        match &self.db {
            Some(db) => trouble::ask(|| work(db)),
            // Only while it is dropped, when nobody has it to ask.
            None => Err(Trouble::Panicked("it has ended".to_owned())),
        }
    }

    fn ask_opening<T>(&self, work: impl FnOnce(&Db) -> sled::Result<T>) -> Result<T, CannotOpen> {
        self.ask(work)
            .map_err(|trouble| CannotOpen::engine(&self.path, trouble))
    }

    /// The number is there before anything else of ours, so a store without one is empty or foreign.
    fn check_format(&self) -> Result<(), CannotOpen> {
        let foreign = || CannotOpen::Foreign {
            path: self.path.clone(),
        };
        if let Some(number) = self.ask_opening(|db| db.get(FORMAT_KEY))? {
            let number = <[u8; 4]>::try_from(&*number).map_err(|_| foreign())?;
            return match u32::from_be_bytes(number) {
                FORMAT => Ok(()),
                found if found > FORMAT => Err(CannotOpen::Newer {
                    path: self.path.clone(),
                    found,
                    known: FORMAT,
                }),
                _ => Err(foreign()),
            };
        }
        let empty = self.ask_opening(|db| {
            let trees = db.tree_names();
            Ok(db.is_empty() && trees.iter().all(|name| name == DEFAULT_TREE))
        })?;
        if !empty {
            return Err(foreign());
        }
        self.ask_opening(|db| {
            db.insert(FORMAT_KEY, &FORMAT.to_be_bytes())?;
            db.flush()
        })?;
        Ok(())
    }

    /// Whether it is open as `settings` say.
    pub(crate) fn is_as(&self, settings: &SledSettings) -> Result<(), CannotOpen> {
        let differ = |what, open, asked| {
            Err(CannotOpen::Otherwise {
                path: self.path.clone(),
                what,
                open,
                asked,
            })
        };
        let (open, asked) = (self.durability, settings.durability);
        if open != asked {
            return differ("durability", format!("{open:?}"), format!("{asked:?}"));
        }
        let (open, asked) = (self.cache_capacity, settings.cache_capacity);
        if open != asked {
            return differ("cache capacity", open.to_string(), asked.to_string());
        }
        Ok(())
    }

    /// The keyspace called `name`: the one that is in use, or a new one.
    pub(crate) fn keyspace(self: &Arc<Self>, name: &str) -> Result<Arc<Keyspace>, CannotOpen> {
        let mut keyspaces = self
            .keyspaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(keyspace) = keyspaces.get(name).and_then(Weak::upgrade) {
            return Ok(keyspace);
        }
        let tree = |kind: &str| self.ask_opening(|db| db.open_tree(format!("{kind}:{name}")));
        let (entries, epochs) = (tree("entries")?, tree("epochs")?);
        let keyspace = Arc::new(Keyspace::new(entries, epochs, Arc::clone(self)));
        keyspaces.insert(name.to_owned(), Arc::downgrade(&keyspace));
        Ok(keyspace)
    }

    /// Hands all that was written to the operating system.
    pub(crate) fn flush(&self) -> Result<(), Trouble> {
        self.ask(|db| db.flush().map(drop))
    }

    /// Does for a write what was promised of it.
    pub(crate) fn keep(&self) -> Result<(), Trouble> {
        match self.durability {
            Durability::Background => Ok(()),
            Durability::EveryWrite => self.flush(),
        }
    }

    pub(crate) fn size_on_disk(&self) -> Result<u64, Trouble> {
        self.ask(Db::size_on_disk)
    }
}

impl Drop for Engine {
    /// What was written in the background is written down before the files are let go. sled unwraps
    /// some results on its way out; nobody is left to be told.
    fn drop(&mut self) {
        let db = self.db.take();
        let _ = trouble::ask(move || match db {
            Some(db) => db.flush().map(drop),
            None => Ok(()),
        });
    }
}
