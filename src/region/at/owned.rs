//! Calls whose creator is owned: with a stale value at hand, or one that is due, it runs elsewhere; in a
//! detached call with none too.

use std::time::Duration;

use dogpile_core::flow::{Action, Wish};

use super::{At, NEW};
use crate::error::Error;
use crate::region::active::Active;
use crate::region::answer::Answer;
use crate::region::call::Rest;
use crate::region::drive::{drive, drive_async, nobody_else};
use crate::region::due::Ahead;
use crate::region::owned::{CREATORS, Gift, Job};

pub(in crate::region) const OWNED: Wish = Wish { owned: true, ..NEW };
pub(in crate::region) const DETACHED: Wish = Wish {
    detached: true,
    ..OWNED
};

impl<V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'_, V, K> {
    /// How long this call waits for the next value when a stale one is at hand; see
    /// [`Config::soft_timeout`](crate::Config::soft_timeout). Zero: not at all.
    pub fn soft_timeout(mut self, span: Duration) -> Self {
        self.own.soft_timeout = Some(span);
        self
    }

    /// The value under the key, created by the region's [`runner`](crate::Config::runner) if need be
    /// while this call waits; see
    /// [`Region::get_or_create_detached`](crate::Region::get_or_create_detached). With a
    /// [`deadline`](Self::deadline) of zero it does not wait at all.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Origin, Region};
    /// use std::time::Duration;
    /// # static REPORTS: Region<u32> = Region::new("reports at hand");
    /// # REPORTS.configure(Config::new(Memory::unbounded()))?;
    /// let may = REPORTS.at("may").deadline(Duration::from_secs(5));
    /// let answer = may.try_create_detached(|| "31".parse())?;
    /// assert_eq!((answer.value, answer.origin), (31, Origin::Shared)); // by the runner, for this call too
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Region::get_or_create_detached`](crate::Region::get_or_create_detached), and
    /// [`Error::Creator`] when the creator fails.
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub fn try_create_detached<E: Send + Sync + 'static>(
        self,
        creator: impl FnOnce() -> Result<V, E> + Send + 'static,
    ) -> Result<Answer<V>, Error<E>> {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => self.elsewhere(DETACHED, creator, Ahead::NONE),
        }
    }

    /// [`try_create_detached`](Self::try_create_detached) for tasks. Dropping the future gives up a
    /// seat; the creation goes on.
    ///
    /// # Errors
    /// As [`try_create_detached`](Self::try_create_detached).
    ///
    /// # Panics
    /// When the creator does and no runner had taken it.
    pub async fn try_create_detached_async<E, F>(
        self,
        creator: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        match self.hit() {
            Some(answer) => Ok(answer),
            None => Box::pin(self.elsewhere_async(DETACHED, creator, Ahead::NONE)).await,
        }
    }

    #[cold]
    pub(in crate::region) fn elsewhere<E: Send + Sync + 'static>(
        self,
        wish: Wish,
        creator: impl FnOnce() -> Result<V, E> + Send + 'static,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<E>> {
        let (mut call, action) = self.start_ahead(wish, ahead)?;
        let (region, key) = (call.subject.active_beside(), self.key.as_ref());
        drive(&mut call, action, creator, |rest, creator| {
            let keeps = must_keep(&rest);
            let gift = Gift::new((rest, creator));
            let taken = gift.clone();
            let job = Job::call(&region.name, key, move || {
                if let Some(((mut rest, action), creator)) = if_wanted(&taken) {
                    // Nobody is there to be told; those who wait have been.
                    let _ = drive(&mut rest, action, creator, nobody_else);
                }
            });
            give_to_runner(&region, job, keeps, &gift)
        })
    }

    pub(in crate::region) async fn elsewhere_async<E, F>(
        self,
        wish: Wish,
        creator: impl FnOnce() -> F + Send + 'static,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (mut call, action) = self.start_ahead(wish, ahead)?;
        let (region, key) = (call.subject.active_beside(), self.key.as_ref());
        let to_runner = |rest: Rest<V, E>, creator| {
            let keeps = must_keep(&rest);
            let gift = Gift::new((rest, creator));
            let taken = gift.clone();
            let job = Job::future(&region.name, key, async move {
                if let Some(((mut rest, action), creator)) = if_wanted(&taken) {
                    let _ = drive_async(&mut rest, action, creator, nobody_else).await;
                }
            });
            give_to_runner(&region, job, keeps, &gift)
        };
        drive_async(&mut call, action, creator, to_runner).await
    }
}

/// Whether the caller is one of our own worker's creators and would wait for this to its end: two of
/// them would keep each other's from ever beginning.
fn must_keep<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static>(
    (rest, action): &Rest<V, E>,
) -> bool {
    *action == Action::Create && !rest.has_value_at_hand() && CREATORS.is_here()
}

/// What a job is to do: nothing where somebody has taken its place and nobody waits for it.
fn if_wanted<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static, C>(
    gift: &Gift<(Rest<V, E>, C)>,
) -> Option<(Rest<V, E>, C)> {
    let ((mut rest, action), creator) = gift.take()?;
    let wanted = rest.hold.is_wanted();
    wanted.then(|| {
        let action = rest.come_to(action);
        ((rest, action), creator)
    })
}

/// What no runner takes comes back.
fn give_to_runner<V: Send + Sync + 'static, T>(
    region: &Active<V>,
    job: Job,
    keeps: bool,
    gift: &Gift<T>,
) -> Option<T> {
    let given = match region.settings.runner.as_ref() {
        Some(run) => run(job),
        None if keeps => Err(job),
        None => CREATORS.run(job),
    };
    // A runner that handed back another job has taken ours.
    given.err().and_then(|_| gift.take())
}
