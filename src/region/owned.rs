//! Owned creators: they run in the background while the caller has the stale value already.

mod calls;
mod detached;
mod gift;
mod worker;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use super::Creation;
pub(super) use gift::Gift;
pub(super) use worker::{CREATORS, UPKEEP};

/// Has a store maintained soon; a full queue drops it.
pub(super) fn background(task: impl FnOnce() + Send + 'static) {
    let _ = UPKEEP.run(Job::call("", b"", task));
}

/// Any error, owned.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A registered creator: from the user's key to the value.
pub(super) enum Loader<V> {
    Plain(Arc<Load<V>>),
    /// One that sees what it replaces.
    Seeing(Arc<LoadSeeing<V>>),
}

type Load<V> = dyn Fn(&[u8]) -> Result<V, BoxError> + Send + Sync;
type LoadSeeing<V> = dyn Fn(&[u8], &Creation<V>) -> Result<V, BoxError> + Send + Sync;

impl<V> Clone for Loader<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(load) => Self::Plain(Arc::clone(load)),
            Self::Seeing(load) => Self::Seeing(Arc::clone(load)),
        }
    }
}

/// What runs jobs; a job that it cannot take comes back.
pub(super) type Runner = Arc<dyn Fn(Job) -> Result<(), Job> + Send + Sync>;

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One creation to be carried out in the background. Dropping it frees its key.
///
/// ```
/// use dogpile::{Config, Memory, Region};
/// let region: Region<u32> = Region::new("background");
/// region.configure(Config::new(Memory::unbounded()).runner(|job| {
///     std::thread::spawn(move || job.run());
///     Ok(())
/// }))?;
/// # Ok::<(), dogpile::ConfigError>(())
/// ```
#[must_use = "a job that is dropped creates nothing"]
pub struct Job {
    region: Arc<str>,
    key: Box<[u8]>,
    work: Work,
}

enum Work {
    Call(Box<dyn FnOnce() + Send>),
    Future(BoxFuture),
}

impl Job {
    pub(super) fn call(region: &str, key: &[u8], work: impl FnOnce() + Send + 'static) -> Self {
        Self::new(region, key, Work::Call(Box::new(work)))
    }

    pub(super) fn future(
        region: &str,
        key: &[u8],
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self::new(region, key, Work::Future(Box::pin(work)))
    }

    fn new(region: &str, key: &[u8], work: Work) -> Self {
        Self {
            region: region.into(),
            key: key.into(),
            work,
        }
    }

    /// The region's name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The key as the user gave it.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Creates the value in this thread. A panic of the creator goes on from here.
    ///
    /// An async creator that needs a runtime's timers or sockets wants that runtime: spawn the job
    /// there instead, as the future that [`IntoFuture`] makes of it.
    pub fn run(self) {
        match self.work {
            Work::Call(call) => call(),
            Work::Future(future) => dogpile_backend::block_on(future),
        }
    }
}

/// A job as a future, for a runtime to spawn. A blocking creator blocks the thread that polls it.
impl IntoFuture for Job {
    type Output = ();
    type IntoFuture = BoxFuture;

    fn into_future(self) -> BoxFuture {
        match self.work {
            Work::Call(call) => Box::pin(async move { call() }),
            Work::Future(future) => future,
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("region", &self.region)
            .field("key", &dogpile_backend::show_key(&self.key))
            .finish_non_exhaustive()
    }
}
