//! The one thread on which this process's connections for tasks live, whatever executor the tasks
//! have.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Sleep;

/// Ends with the process.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// A way to that thread.
#[derive(Clone, Debug)]
pub(crate) struct Background(Handle);

impl Background {
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start() -> std::io::Result<Self> {
        let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*runtime {
            return Ok(Self(running.handle().clone()));
        }
        let started = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("dogpile-redis")
            .enable_all()
            .build()?;
        let handle = started.handle().clone();
        *runtime = Some(started);
        Ok(Self(handle))
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }

    /// Runs `future` there to its end, and awaits it here on any executor.
    pub(crate) async fn there<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        // Only a panic in the future, or the end of the process, leaves no answer.
        self.0.spawn(future).await.ok()
    }

    /// An alarm that goes off after so long, by that thread's timers; polled on any executor.
    pub(crate) fn alarm(&self, after: Duration) -> Sleep {
        let _timers = self.0.enter();
        tokio::time::sleep(after)
    }
}
