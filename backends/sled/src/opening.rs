//! One opened engine for each folder in this process, and what keeps a folder shut.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::settings::SledSettings;
use crate::trouble::{self, Trouble};

/// Why a folder could not be opened as a store.
///
/// ```
/// use dogpile_sled::{CannotOpen, Sled, SledSettings};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// let store = Sled::open(path)?;
/// let otherwise = SledSettings::path(path).cache_capacity(128 << 20).open();
/// assert!(matches!(otherwise, Err(CannotOpen::Otherwise { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CannotOpen {
    /// The folder cannot be made, read or written, or its disk is full.
    #[error("`{}` cannot be the folder of a sled store ({source}); name one in which this process may write and that has room", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is open already: sled's files are for one process at a time.
    #[error(
        "`{}` is open in another process, or in this one by other means than this crate; sled is for one process: stop the other, give each a folder of its own, or share a Redis (`dogpile-redis`)", .path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// There is a sled store in it that is not dogpile's.
    #[error("the sled store in `{}` was not made by dogpile; name another folder", .path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A later version of this crate wrote it.
    #[error("the store in `{}` has format {found}, and this version knows {known}; use the version that wrote it, or remove the folder", .path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The store's format.
        found: u32,
        /// The latest format that this version reads.
        known: u32,
    },
    /// This process has it open with another setting, of which a folder has one.
    #[error("`{}` is open in this process with {what} {open}, and asked for with {asked}; say the same in both places", .path.display())]
    Otherwise {
        /// The folder.
        path: PathBuf,
        /// Which setting.
        what: &'static str,
        /// How it is open.
        open: String,
        /// How it is asked for.
        asked: String,
    },
    /// A setting that cannot be meant so.
    #[error("{what} cannot be {asked}: {why}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What was said.
        asked: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The engine cannot read its files, or failed in another way.
    #[error("sled cannot open `{}`: {source}", .path.display())]
    Engine {
        /// The folder.
        path: PathBuf,
        /// What it says, and what to do.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl CannotOpen {
    pub(crate) fn engine(path: &Path, trouble: Trouble) -> Self {
        let path = path.to_owned();
        match trouble {
            Trouble::Disk(sled::Error::Io(error)) if is_locked(&error) => Self::Locked { path },
            Trouble::Disk(sled::Error::Io(source)) | Trouble::Full(sled::Error::Io(source)) => {
                Self::Folder { path, source }
            }
            trouble => Self::Engine {
                path,
                source: trouble.into(),
            },
        }
    }
}

/// sled says of a lock that another has by these words alone.
fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// The least that sled gets along with.
const LEAST_CACHE: u64 = 1 << 20;

/// What this process has open, or had. A folder that it had is remembered, for the end of an engine
/// takes a moment longer than the end of its last handle.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Engine>>> = Mutex::new(BTreeMap::new());

/// For how long an engine of ours that is about to end is waited for.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// The engine of a folder: the one that is open, or a new one.
pub(crate) fn open(settings: &SledSettings) -> Result<Arc<Engine>, CannotOpen> {
    if settings.cache_capacity < LEAST_CACHE {
        return Err(CannotOpen::Setting {
            what: "the cache's capacity",
            asked: format!("{} bytes", settings.cache_capacity),
            why: "sled needs at least 1 MiB (1048576 bytes)",
        });
    }
    let path = folder(&settings.path).map_err(|source| CannotOpen::Folder {
        path: settings.path.clone(),
        source,
    })?;
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = open.get(&path);
    if let Some(engine) = known.and_then(Weak::upgrade) {
        // It may end with this handle, and that takes long.
        drop(open);
        engine.is_as(settings)?;
        return Ok(engine);
    }
    let was_ours = known.is_some();
    match open_new(&path, settings, was_ours) {
        Ok(engine) => {
            let engine = Arc::new(engine);
            open.insert(path, Arc::downgrade(&engine));
            Ok(engine)
        }
        Err(error) => {
            if !matches!(error, CannotOpen::Locked { .. }) {
                // It was open for a moment.
                open.insert(path, Weak::new());
            }
            Err(error)
        }
    }
}

/// The folder by the one name that it has however it is spelled.
fn folder(path: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(path)?;
    path.canonicalize()
}

fn open_new(path: &Path, settings: &SledSettings, was_ours: bool) -> Result<Engine, CannotOpen> {
    let patience = Instant::now() + ENDS_WITHIN;
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(settings.cache_capacity);
    loop {
        let opened = trouble::ask(|| config.open());
        let error = match opened.map_err(|trouble| CannotOpen::engine(path, trouble)) {
            Ok(db) => return Engine::new(db, path, settings),
            Err(error) => error,
        };
        let may_end = was_ours && matches!(error, CannotOpen::Locked { .. });
        if !may_end || Instant::now() > patience {
            return Err(error);
        }
        // Threads of sled's own hold the file for a moment more, and nothing tells when they let go.
        thread::sleep(Duration::from_millis(2));
    }
}
