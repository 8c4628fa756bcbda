//! Calls that wait for a creation and are not needed for it: whoever loses patience goes, and the
//! creation goes on.

// `|value| value.clone()` is a type of its own for each caller, so that the lookup is compiled into it.
#![allow(clippy::redundant_closure_for_method_calls)]

use std::convert::Infallible;
use std::time::Duration;

use crate::error::Error;
use crate::region::at::DETACHED;
use crate::region::due::Ahead;
use crate::region::{Config, Region};

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// A fresh value, or a stale one as [`get_or_refresh`](Self::get_or_refresh) serves it, or, with no
    /// usable value, what `creator` makes on the region's [`runner`](crate::Config::runner) while this
    /// call waits: until its deadline, and no longer. The creation does not end with the call. What it
    /// makes is stored, and shared with all who wait for it.
    ///
    /// The creator begins when it is its turn, after this process has the claim and the store's lease. A
    /// runner that hands its job back has it run in this call. Within a creator on our own worker it
    /// runs in the call too, so that no such creators wait for each other's place; for those that wait for
    /// a job in its queue all the same, it [starts more threads](crate::Config::runner). A runner of your
    /// own with few threads has to see to that itself.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// use std::time::Duration;
    /// static REPORTS: Region<String> = Region::new("reports");
    /// REPORTS.configure(Config::new(Memory::unbounded()).deadline(Duration::from_secs(2)))?;
    /// let report = REPORTS.get_or_create_detached("may", || "a report that took long".to_owned())?;
    /// assert_eq!(report, "a report that took long");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_or_create`](Self::get_or_create); [`Error::CreatorPanicked`] for a panic, which goes on
    /// on the runner; [`Error::Dropped`] when the runner drops its job.
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub fn get_or_create_detached(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> V + Send + 'static,
    ) -> Result<V, Error> {
        match self.hit(key.as_ref(), |value| value.clone()) {
            Ok(value) => Ok(value),
            Err(_) => {
                let creator = || Ok::<V, Infallible>(creator());
                let answer = self
                    .at(key)
                    .elsewhere(DETACHED, None, creator, Ahead::NONE)?;
                Ok(answer.value)
            }
        }
    }

    /// [`get_or_create_detached`](Self::get_or_create_detached) for tasks. Dropping the future gives up
    /// a seat, and nothing else. Without a [`runner`](crate::Config::runner) the creator's future runs on
    /// our own worker, outside of any runtime.
    ///
    /// # Errors
    /// As [`get_or_create_detached`](Self::get_or_create_detached).
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub async fn get_or_create_detached_async<F>(
        &self,
        key: impl AsRef<[u8]>,
        creator: impl FnOnce() -> F + Send + 'static,
    ) -> Result<V, Error>
    where
        F: Future<Output = V> + Send + 'static,
    {
        match self.hit(key.as_ref(), |value| value.clone()) {
            Ok(value) => Ok(value),
            Err(_) => {
                let creator = || {
                    let creation = creator();
                    async { Ok::<V, Infallible>(creation.await) }
                };
                let call = self
                    .at(key)
                    .elsewhere_async(DETACHED, None, creator, Ahead::NONE);
                Ok(Box::pin(call).await?.value)
            }
        }
    }
}

impl<V: Send + Sync + 'static> Config<V> {
    /// How long a call with a creator of its own ([`get_or_refresh`](crate::Region::get_or_refresh),
    /// [`load`](crate::Region::load), [`get_or_create_detached`](crate::Region::get_or_create_detached) and
    /// their async forms) waits for the next value when a stale one is at hand. After that, counted from
    /// its beginning, it is served the stale one, and the creation goes on in the background. Zero, the
    /// default: it does not wait at all. Longer than [`deadline`](Self::deadline) it is as long as that.
    ///
    /// A value that has grown too old meanwhile, was invalidated, or was deleted in this process is not served:
    /// then the call waits on, to its deadline. What another process deletes meanwhile is not known here.
    ///
    /// A value that is replaced ahead of its time is as good as fresh: nobody waits for the next.
    ///
    /// ```
    /// use dogpile::{Config, Memory};
    /// use std::time::Duration;
    /// let config = Config::<String>::new(Memory::unbounded())
    ///     .fresh_for(Duration::from_secs(60))
    ///     .soft_timeout(Duration::from_millis(50));
    /// # let _ = config;
    /// ```
    pub fn soft_timeout(mut self, span: Duration) -> Self {
        self.calls.soft_timeout = span.into();
        self
    }
}
