//! A folder, and what this process has open there: once, whoever asks for it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use dogpile_backend::{Bell, Stamp, Watch, show_key};

use crate::engine::Reading;
use crate::layout::Spot;
use crate::opened::Opened;
use crate::opening::{self, OpenError};
use crate::settings::Terms;
use crate::trouble::{NAME, Trouble};
use crate::writing::Writing;

/// How long an opening waits for calls that still use what was open before.
const CLOSING: Duration = Duration::from_millis(500);

type Places = HashMap<PathBuf, Weak<Place>>;

/// All places of this process, locked while one is opened: the engine bears each path once.
fn places() -> MutexGuard<'static, Places> {
    static PLACES: LazyLock<Mutex<Places>> = LazyLock::new(Mutex::default);
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Place {
    path: PathBuf,
    terms: Terms,
    /// Nothing between a trouble that ended the engine and the next opening.
    current: ArcSwapOption<Opened>,
    dropped: Mutex<u64>,
    /// This is a forked process, and it can never be opened here.
    is_lost: OnceLock<()>,
}

impl Place {
    pub(crate) fn at(path: &Path, terms: Terms) -> Result<Arc<Self>, OpenError> {
        terms.check()?;
        let mut places = places();
        let path = opening::folder(path)?;
        if let Some(place) = places.get(&path).and_then(Weak::upgrade) {
            return Ok(place);
        }
        // What was open here may be on its way out in another thread.
        wait_until_closed(&path);
        let opened = opening::open(&path, terms)?;
        let place = Arc::new(Self {
            path: path.clone(),
            terms,
            current: ArcSwapOption::from(Some(opened)),
            dropped: Mutex::new(0),
            is_lost: OnceLock::new(),
        });
        places.retain(|_, place| place.strong_count() > 0);
        places.insert(path, Arc::downgrade(&place));
        Ok(place)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is open here: opened anew where the folder was replaced, the engine has failed, or this
    /// process is a forked one.
    fn opened(&self) -> Result<Guard<Option<Arc<Opened>>>, Trouble> {
        let current = self.current.load();
        if current.as_ref().is_some_and(|opened| opened.is_usable()) {
            return Ok(current);
        }
        drop(current);
        self.open_anew()?;
        Ok(self.current.load())
    }

    #[cold]
    fn open_anew(&self) -> Result<(), Trouble> {
        if self.is_lost.get().is_some() {
            return Err(Trouble::Forked);
        }
        let _alone = places();
        let current = self.current.load_full();
        if current.as_ref().is_some_and(|opened| opened.is_usable()) {
            return Ok(());
        }
        let was_forked = current.is_some_and(|opened| !opened.engine.is_of_this_process());
        self.current.store(None);
        let path = opening::folder(&self.path)?;
        if !wait_until_closed(&path) {
            if !was_forked {
                return Err(Trouble::Gone);
            }
            // Those who used it are not in this process, and will never be done.
            let _ = self.is_lost.set(());
            return Err(Trouble::Forked);
        }
        log::warn!("{NAME}: {} is opened anew", path.display());
        self.current.store(Some(opening::open(&path, self.terms)?));
        Ok(())
    }

    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&Reading<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let opened = self.opened()?;
        let opened = opened.as_ref().ok_or(Trouble::Gone)?;
        opened.noting(|| look(&opened.reading()?))
    }

    pub(crate) fn write<T>(
        &self,
        mut work: impl FnMut(&mut Writing<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        match self.write_once(&mut work) {
            // Nothing was done there; it is done in what is there now.
            Err(Trouble::Gone) => self.write_once(&mut work),
            done => done,
        }
    }

    fn write_once<T>(
        &self,
        work: &mut impl FnMut(&mut Writing<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let opened = self.opened()?;
        let opened = opened.as_ref().ok_or(Trouble::Gone)?;
        opened.write(work)
    }

    /// Frees the lock of a lease that is used up.
    pub(crate) fn let_go(&self, stamp: Stamp) {
        if let Some(opened) = &*self.current.load() {
            opened.locks.let_go(stamp);
        }
    }

    pub(crate) fn watch(&self, spot: Spot, key: Option<&[u8]>, bell: Bell) -> Option<Watch> {
        let opened = self.opened().ok()?;
        let opened = opened.as_ref()?;
        opened.bells.watch(opened, spot, key, bell)
    }

    pub(crate) fn count_dropped(&self, key: &[u8], trouble: &Trouble) {
        log::warn!(
            "{NAME}: the value of {} was not stored: {trouble}",
            show_key(key)
        );
        *self.dropped.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    pub(crate) fn dropped(&self) -> u64 {
        *self.dropped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the engine at `path` to be closed, if one is open; false if somebody still uses it.
fn wait_until_closed(path: &Path) -> bool {
    let closing = heed::env_closing_event(path);
    closing.is_none_or(|closing| closing.wait_timeout(CLOSING))
}
