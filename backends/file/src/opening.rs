//! How a folder is opened: one process at a time, and the first one looks whether it can be used.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use std::{fs, io, thread};

use heed::MdbError;

use crate::bells;
use crate::damage::{self, Damage};
use crate::engine::Engine;
use crate::gate::Gate;
use crate::layout;

use crate::locks::{Locks, OPENING, READERS};
use crate::opened::Opened;
use crate::room::Room;
use crate::settings::{LEAST, MOST, OnDamage, Terms};
use crate::trouble::Trouble;
use crate::writing::Writing;

/// How long an opening waits for another process's.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

/// Why a folder cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The bound cannot be meant so.
    #[error("`max_size` is {found} bytes; a store holds from {LEAST} to {MOST}")]
    Size {
        /// What was asked for.
        found: u64,
    },
    /// The timeout is zero.
    #[error("`timeout` must be more than zero; nobody could ever write")]
    NoTime,
    /// The folder, or a file in it, cannot be made or used.
    #[error("`{}` cannot be used as a store's folder: {source}; it has to be one that this process \
             may write to", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What is in the folder cannot be used.
    #[error("`{}` holds no store that can be used: {damage}; move it away, or open it with \
             `on_damage(OnDamage::SetAside)`", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// Another process has been opening the folder for long.
    #[error("`{}` is being opened by another process for more than {PATIENCE:?}; look whether one \
             has stopped", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The engine does not open.
    #[error("`{}` does not open: {source}", path.display())]
    Engine {
        /// The folder.
        path: PathBuf,
        /// What it says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Terms {
    pub(crate) fn check(self) -> Result<(), OpenError> {
        let found = self.max_size;
        if !(LEAST..=MOST).contains(&found) {
            return Err(OpenError::Size { found });
        }
        if self.timeout.is_zero() {
            return Err(OpenError::NoTime);
        }
        Ok(())
    }
}

/// Makes the folder where it is not there, and tells how the system names it.
pub(crate) fn folder(path: &Path) -> Result<PathBuf, OpenError> {
    fs::create_dir_all(path)
        .and_then(|()| path.canonicalize())
        .map_err(|source| refused(path, source))
}

fn refused(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    OpenError::Folder { path, source }
}

fn of_the_engine(
    path: &Path,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> OpenError {
    let (path, source) = (path.to_owned(), source.into());
    OpenError::Engine { path, source }
}

/// Opens the store in a folder that is there.
pub(crate) fn open(path: &Path, terms: Terms) -> Result<Arc<Opened>, OpenError> {
    let start = Instant::now();
    loop {
        folder(path)?;
        let locks = begin(path, start)?;
        let is_first = locks.is_unused().map_err(|source| refused(path, source))?;
        match open_alone(path, locks, is_first, terms) {
            Err(OpenError::Damaged { damage, .. })
                if is_first && terms.on_damage == OnDamage::SetAside =>
            {
                set_aside(path, &damage)?;
            }
            opened => return opened.map(Arc::new),
        }
    }
}

/// Waits for the right to open the store in `path`.
fn begin(path: &Path, start: Instant) -> Result<Locks, OpenError> {
    loop {
        let locks = Locks::open(path).map_err(|source| refused(path, source))?;
        while !locks
            .take(OPENING)
            .map_err(|source| refused(path, source))?
        {
            if start.elapsed() > PATIENCE {
                return Err(OpenError::Busy { path: path.into() });
            }
            thread::sleep(PAUSE);
        }
        if locks.are_of(path) {
            return Ok(locks);
        }
        // It was set aside meanwhile, with these locks.
        folder(path)?;
    }
}

/// What the engine's trouble says of the folder.
fn found(path: &Path, error: heed::Error) -> OpenError {
    let damage = match error {
        heed::Error::Mdb(MdbError::VersionMismatch) => Damage::Engine,
        heed::Error::Mdb(MdbError::Invalid | MdbError::Corrupted | MdbError::PageNotFound) => {
            Damage::NoStore
        }
        heed::Error::Io(source) => return refused(path, source),
        error => return of_the_engine(path, error),
    };
    damaged(path, damage)
}

fn damaged(path: &Path, damage: Damage) -> OpenError {
    let path = path.to_owned();
    OpenError::Damaged { path, damage }
}

/// Opens the store while no other process does. Its locks end with an error.
fn open_alone(
    path: &Path,
    locks: Locks,
    is_first: bool,
    terms: Terms,
) -> Result<Opened, OpenError> {
    let of_the_system = |source| refused(path, source);
    if is_first && let Some(damage) = damage::look(path).map_err(of_the_system)? {
        return Err(damaged(path, damage));
    }
    // Opening the engine looks into it, which makes a reader of this thread.
    let readers = Gate::new(READERS, terms.timeout);
    let passed = readers.pass(&locks).map_err(of_the_system)?;
    if passed.is_none() {
        return Err(OpenError::Busy { path: path.into() });
    }
    let map = is_first.then(|| Room::map(terms.max_size, damage::length(path)));
    let engine = Engine::open(path, terms.durability, map).map_err(|error| found(path, error))?;
    if is_first
        && let Some(damage) = damage::look_for_missing(path, &engine).map_err(of_the_system)?
    {
        return Err(damaged(path, damage));
    }
    let about = engine
        .reading()
        .and_then(|reading| damage::read_about(&reading))
        .map_err(|error| found(path, error))?;
    let bound = about.map_err(|damage| damaged(path, damage))?;
    drop(passed);
    let most = match bound {
        Some(bound) if !is_first => bound,
        _ => terms.max_size,
    };
    let opened = Opened::new(
        path,
        engine,
        locks,
        Room::new(most, damage::length(path)),
        terms.timeout,
    )
    .map_err(of_the_system)?;
    settle(&opened, is_first, bound, most).map_err(|trouble| of_the_engine(path, trouble))?;
    opened.locks.begin_using().map_err(of_the_system)?;
    opened.locks.give_back(OPENING);
    Ok(opened)
}

/// Writes down what the store is, where that is new. Who comes first finds nobody alive: what was
/// claimed and watched then is so no longer.
fn settle(opened: &Opened, is_first: bool, bound: Option<u64>, most: u64) -> Result<(), Trouble> {
    if !is_first && bound.is_some() {
        return Ok(());
    }
    opened.write(|writing: &mut Writing<'_>| {
        let ended = [layout::CLAIMS[0], layout::CLAIMS[1], layout::WATCHERS];
        for letters in ended.into_iter().filter(|_| is_first) {
            for place in writing.changes.places(letters)? {
                writing.remove(&place)?;
            }
        }
        if bound != Some(most) {
            writing.put(layout::ABOUT, &damage::about(most))?;
        }
        Ok(())
    })?;
    if is_first {
        bells::clear(opened);
    }
    Ok(())
}

/// Gives the folder another name, under which it stays.
fn set_aside(path: &Path, damage: &Damage) -> Result<(), OpenError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = now.unwrap_or_default().as_secs();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut aside = path.with_file_name(format!("{name}.aside-{seconds}"));
    let mut number = 1;
    while aside.exists() {
        aside = path.with_file_name(format!("{name}.aside-{seconds}-{number}"));
        number += 1;
    }
    log::warn!(
        "{} cannot be used ({damage}); it is {} from now on, and a new store is begun",
        path.display(),
        aside.display()
    );
    fs::rename(path, aside).map_err(|source| refused(path, source))
}
