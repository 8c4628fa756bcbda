//! What a user can say.

use std::path::PathBuf;
use std::time::Duration;

use crate::entry::Unreadable;
use crate::file::File;
use crate::opening::OpenError;

/// What survives what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Durability {
    /// What was stored survives the death of any process, `kill -9` too, but not a power loss or a
    /// crash of the system: after one of these the last seconds may be missing, or the file may be
    /// damaged (which is found, see [`OnDamage`]). Fast: nobody waits for the disk.
    #[default]
    ProcessCrash,
    /// What was stored survives a power loss: every write waits for the disk.
    PowerLoss,
}

/// What happens at opening when the folder holds a store that cannot be used: of another program,
/// of a newer format, damaged, cut short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnDamage {
    /// Opening fails, and says why.
    #[default]
    Fail,
    /// The folder is renamed, `store` to `store.aside-1795316595`, and a new one begun. Nothing is
    /// ever deleted. Not while another process has it open.
    SetAside,
}

/// Called with the key and the reason of what cannot be read.
pub(crate) type Report = Box<dyn Fn(&[u8], &Unreadable) + Send + Sync>;

/// How a file store is opened.
///
/// ```
/// use dogpile_file::{Durability, FileSettings, OnDamage};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("cache");
/// let store = FileSettings::path(path)
///     .max_size(256 << 20)
///     .durability(Durability::ProcessCrash)
///     .on_damage(OnDamage::SetAside)
///     .report(|key, why| eprintln!("{key:?}: {why}"))
///     .open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct FileSettings {
    pub(crate) path: PathBuf,
    pub(crate) terms: Terms,
    pub(crate) report: Option<Report>,
}

/// What the first to open a store in a process says for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) max_size: u64,
    pub(crate) durability: Durability,
    pub(crate) on_damage: OnDamage,
    pub(crate) timeout: Duration,
}

/// The least that a store can be bounded by.
pub(crate) const LEAST: u64 = 1 << 20;
/// The most, so that the map of four times the size fits where addresses have 47 bits.
pub(crate) const MOST: u64 = 8 << 40;

impl FileSettings {
    /// A store in the folder `path`, which is made if it is not there. On a disk of this machine:
    /// the locks do not reach through a network.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            terms: Terms {
                max_size: 1 << 30,
                durability: Durability::default(),
                on_damage: OnDamage::default(),
                timeout: Duration::from_secs(5),
            },
            report: None,
        }
    }

    /// How many bytes entries may take up, from a megabyte to eight terabytes; then what has
    /// expired goes, and then the oldest. The file itself may grow to about twice as much. Default:
    /// a gigabyte.
    ///
    /// The first process that opens a store which no other has open sets the bound; those that come
    /// later keep it, whatever they say.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.terms.max_size = bytes;
        self
    }

    /// What is to survive what. Default: what was stored survives a process, not a power loss.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.terms.durability = durability;
        self
    }

    /// What happens when the folder holds a store that cannot be used. Default: opening fails.
    pub fn on_damage(mut self, what: OnDamage) -> Self {
        self.terms.on_damage = what;
        self
    }

    /// How long a write waits for another process's, which may have been stopped in the middle. Default:
    /// five seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.terms.timeout = timeout;
        self
    }

    /// Calls `report` with the key and the reason whenever an entry is found that cannot be read. It
    /// is a miss, and overwritten.
    pub fn report(mut self, report: impl Fn(&[u8], &Unreadable) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Opens the store. In one process all stores on one path are one: the first one's settings hold,
    /// but for `report`.
    ///
    /// # Errors
    /// The folder or what is in it cannot be used.
    pub fn open(self) -> Result<File, OpenError> {
        File::with(self)
    }
}
