//! What a user can say of a sled store: where it is, and what it promises of a write.

use std::path::PathBuf;

use crate::entry::Unreadable;
use crate::opening::{self, CannotOpen};
use crate::store::Sled;

/// Called with the key and the reason whenever an entry is found that cannot be read.
pub(crate) type Report = Box<dyn Fn(&[u8], &Unreadable) + Send + Sync>;

/// What a write promises once it is answered. None of the two promises anything of a power cut.
///
/// ```
/// use dogpile_sled::{Durability, SledSettings};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// let sessions = SledSettings::path(path).durability(Durability::EveryWrite).open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// It is in this process's memory, and a thread writes it to the operating system every half
    /// second, or when half a megabyte has come together. A process that is killed loses what was
    /// written since: values, which are created again, and deletions too, after which the value
    /// that was deleted is there again. A process that drops its last handle loses nothing; one
    /// that ends with a handle in a `static` calls [`Sled::flush`] last.
    #[default]
    Background,
    /// It is with the operating system: it survives the death of the process, however that dies.
    /// Each `set`, `delete` and commit waits for that.
    EveryWrite,
}

/// Where a sled store is, and how to use it. Everything but the place has a default.
///
/// ```
/// use dogpile_sled::{Durability, SledSettings};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// let store = SledSettings::path(path)
///     .durability(Durability::EveryWrite)
///     .cache_capacity(64 << 20)
///     .open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct SledSettings {
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) cache_capacity: u64,
    pub(crate) keyspace: String,
    pub(crate) report: Option<Report>,
}

impl SledSettings {
    /// The folder in which the store's files are. It is made where it is not there.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::default(),
            cache_capacity: 64 << 20,
            keyspace: "dogpile".to_owned(),
            report: None,
        }
    }

    /// What a write promises. Default: [`Durability::Background`].
    ///
    /// Invalidations of a region are with the operating system once they are answered in either:
    /// one that was lost would bring back everything that it was to end.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// About how many bytes of pages sled keeps in memory, at least 1 MiB. Default: 64 MiB.
    pub fn cache_capacity(mut self, bytes: u64) -> Self {
        self.cache_capacity = bytes;
        self
    }

    /// The keyspace of the folder that this store uses. Stores with the same one share their keys and
    /// their epochs; others see nothing of each other. Default: `dogpile`.
    ///
    /// ```
    /// use dogpile_sled::SledSettings;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path();
    /// let pages = SledSettings::path(path).keyspace("pages").open()?;
    /// let users = SledSettings::path(path).keyspace("users").open()?; // one engine for both
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keyspace(mut self, name: impl Into<String>) -> Self {
        self.keyspace = name.into();
        self
    }

    /// Calls `report` with the key and the reason whenever an entry is found that cannot be read:
    /// an epochs record is told by its region's name. Such an entry is a miss, and overwritten.
    ///
    /// ```
    /// use dogpile_sled::SledSettings;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path();
    /// let store = SledSettings::path(path)
    ///     .report(|key, why| eprintln!("{}: {why}", key.escape_ascii()))
    ///     .open()?;
    /// assert_eq!(store.unreadable(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn report(mut self, report: impl Fn(&[u8], &Unreadable) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Opens the store, or another handle to it: all that one process opens of one folder share one
    /// engine.
    ///
    /// # Errors
    /// The folder cannot be used, is open in another process, or holds something else; a store of
    /// this process has it open with other settings.
    pub fn open(self) -> Result<Sled, CannotOpen> {
        let engine = opening::open(&self)?;
        let keyspace = engine.keyspace(&self.keyspace)?;
        Ok(Sled::new(keyspace, self.report))
    }
}
