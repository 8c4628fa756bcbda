//! What is open in a folder: the engine, the locks and the bells.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use dogpile_backend::{Clock, Span, SystemClock, Time};
use heed::MdbError;

use crate::bells::Bells;
use crate::damage;
use crate::engine::{Engine, Reading};
use crate::gate::{Gate, Passed};
use crate::locks::{Locks, READERS, WRITING};
use crate::room::Room;
use crate::sweep::Sweep;
use crate::threads;
use crate::trouble::Trouble;
use crate::writing::Writing;

/// How often it is looked whether the folder still holds what is open.
const LOOK_EVERY: Span = Span::from_secs(1);

/// How many entries are let go where the disk has no room: fewer each time, since that itself wants pages.
const LET_GO: [usize; 5] = [64, 64, 16, 4, 1];

pub(crate) struct Opened {
    pub(crate) engine: Engine,
    pub(crate) locks: Locks,
    writers: Gate,
    readers: Gate,
    pub(crate) bells: Bells,
    pub(crate) room: Room,
    pub(crate) sweep: Sweep,
    /// A random number, so that no stamp repeats even where the engine's numbers do.
    pub(crate) instance: u64,
    folder: PathBuf,
    /// Which file the engine has open.
    data: Option<(u64, u64)>,
    /// That it cannot be used any more.
    over: OnceLock<()>,
    looked: Mutex<Time>,
}

impl Opened {
    pub(crate) fn new(
        folder: &Path,
        engine: Engine,
        locks: Locks,
        room: Room,
        timeout: Duration,
    ) -> std::io::Result<Self> {
        let instance = random();
        Ok(Self {
            bells: Bells::new(folder, instance)?,
            engine,
            locks,
            writers: Gate::new(WRITING, timeout),
            readers: Gate::new(READERS, timeout),
            room,
            sweep: Sweep::default(),
            instance,
            folder: folder.to_owned(),
            data: damage::data(folder),
            over: OnceLock::new(),
            looked: Mutex::new(SystemClock.coarse()),
        })
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.over.get().is_none() && self.engine.is_of_this_process()
    }

    /// Does `work`, and remembers a trouble after which there is no use in going on.
    pub(crate) fn noting<T>(
        &self,
        work: impl FnOnce() -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let done = work();
        if done.as_ref().is_err_and(Trouble::ends_the_engine) {
            // It is set already if another was faster.
            let _ = self.over.set(());
        }
        done
    }

    /// Changes the store in one step. Where there is no room, entries are let go and it is tried
    /// again, so `work` may run several times.
    pub(crate) fn write<T>(
        &self,
        mut work: impl FnMut(&mut Writing<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.noting(|| {
            self.look_at_the_folder()?;
            let mut done = self.write_once(&mut work);
            for count in LET_GO {
                match &done {
                    Err(trouble) if trouble.can_be_helped() => self.make_room(count)?,
                    _ => break,
                }
                done = self.write_once(&mut work);
            }
            done
        })
    }

    fn write_once<T>(
        &self,
        work: &mut impl FnMut(&mut Writing<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut writing = Writing::begin(self)?;
        let done = work(&mut writing)?;
        writing.commit()?;
        Ok(done)
    }

    /// Passes where one process writes at a time.
    pub(crate) fn pass_to_write(&self) -> Result<Passed<'_>, Trouble> {
        let passed = self.writers.pass(&self.locks);
        passed.map_err(heed::Error::Io)?.ok_or(Trouble::Busy)
    }

    fn pass_to_readers(&self) -> Result<Passed<'_>, Trouble> {
        let passed = self.readers.pass(&self.locks);
        passed.map_err(heed::Error::Io)?.ok_or(Trouble::Busy)
    }

    /// A look at this moment.
    pub(crate) fn reading(&self) -> Result<Reading<'_>, Trouble> {
        if threads::is_known(self.engine.number()) {
            return Ok(self.engine.reading()?);
        }
        let _passed = self.pass_to_readers()?;
        let reading = match self.engine.reading() {
            // Those who died left their places occupied.
            Err(heed::Error::Mdb(MdbError::ReadersFull)) if self.engine.forget_the_dead()? > 0 => {
                self.engine.reading()?
            }
            reading => reading?,
        };
        threads::know(self.engine.number());
        Ok(reading)
    }

    /// Frees the pages that processes still hold which died while they read; how many did.
    pub(crate) fn forget_the_dead(&self) -> Result<usize, Trouble> {
        let _passed = self.pass_to_readers()?;
        Ok(self.engine.forget_the_dead()?)
    }

    /// Lets so many entries go. That it cannot is no trouble of its own: what comes after will tell.
    fn make_room(&self, count: usize) -> Result<(), Trouble> {
        self.forget_the_dead()?;
        let mut writing = Writing::begin(self)?;
        let let_go = writing.let_some_go(count).and_then(|()| writing.commit());
        match let_go {
            Err(trouble) if !trouble.can_be_helped() => Err(trouble),
            _ => Ok(()),
        }
    }

    /// Whoever removes or replaces the folder wants what was in it forgotten: not to be read here
    /// for ever, while all others use another store.
    fn look_at_the_folder(&self) -> Result<(), Trouble> {
        let now = SystemClock.coarse();
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(*looked) < LOOK_EVERY {
            return Ok(());
        }
        *looked = now;
        drop(looked);
        if self.locks.are_of(&self.folder) && damage::data(&self.folder) == self.data {
            Ok(())
        } else {
            Err(Trouble::Gone)
        }
    }
}

/// Some number, none like another; never zero.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one("a process's store") | 1
}
