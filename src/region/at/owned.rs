//! Calls whose creator is owned: with a stale value at hand, or one that is due, it runs elsewhere.

use dogpile_backend::Span;
use dogpile_core::flow::Wish;

use super::{At, NEW, nobody_else};
use crate::error::Error;
use crate::region::active::Active;
use crate::region::answer::Answer;
use crate::region::call::Rest;
use crate::region::drive::{drive, drive_async};
use crate::region::owned::{CREATORS, Job};

const OWNED: Wish = Wish { owned: true, ..NEW };

impl<V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'_, V, K> {
    #[cold]
    pub(in crate::region) fn refresh_long_way<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce() -> Result<V, E> + Send + 'static,
        ahead: Span,
    ) -> Result<Answer<V>, Error<E>> {
        let (mut call, action) = self.start_ahead(OWNED, ahead)?;
        let (region, key) = (call.subject.active_beside(), self.key.as_ref());
        drive(&mut call, action, creator, |(mut rest, action), creator| {
            let job = Job::call(&region.name, key, move || {
                // Nobody is there to be told; those who wait have been.
                let _ = drive(&mut rest, action, creator, nobody_else);
            });
            give_to_runner(&region, job)
        })
    }

    pub(in crate::region) async fn refresh_long_way_async<E, F>(
        self,
        creator: impl FnOnce() -> F + Send + 'static,
        ahead: Span,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (mut call, action) = self.start_ahead(OWNED, ahead)?;
        let (region, key) = (call.subject.active_beside(), self.key.as_ref());
        let to_runner = |(mut rest, action): Rest<V, E>, creator| {
            let job = Job::future(&region.name, key, async move {
                let _ = drive_async(&mut rest, action, creator, nobody_else).await;
            });
            give_to_runner(&region, job)
        };
        drive_async(&mut call, action, creator, to_runner).await
    }
}

fn give_to_runner<V: Send + Sync + 'static>(region: &Active<V>, job: Job) -> bool {
    let runner = region.settings.runner.as_ref();
    // A job that is handed back is dropped, and frees its key.
    match runner {
        Some(run) => run(job).is_ok(),
        None => CREATORS.run(job).is_ok(),
    }
}
