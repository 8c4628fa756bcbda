//! How a call whose creator is owned goes its way: with a stale value at hand, or one that is due, the creator
//! runs elsewhere; in a detached call with none too.

use std::sync::Arc;

use dogpile_core::flow::{Action, Wish};

use super::{At, NEW};
use crate::error::Error;
use crate::region::active::Active;
use crate::region::answer::Answer;
use crate::region::call::Rest;
use crate::region::creation::Desk;
use crate::region::drive::{drive, drive_async, nobody_else};
use crate::region::due::Ahead;
use crate::region::owned::{CREATORS, Gift, Job};

pub(in crate::region) const OWNED: Wish = Wish { owned: true, ..NEW };
pub(in crate::region) const DETACHED: Wish = Wish {
    detached: true,
    ..OWNED
};

impl<V: Clone + Send + Sync + 'static, K: AsRef<[u8]>> At<'_, V, K> {
    #[cold]
    pub(in crate::region) fn elsewhere<E: Send + Sync + 'static>(
        self,
        wish: Wish,
        desk: Option<Arc<Desk<V>>>,
        creator: impl FnOnce() -> Result<V, E> + Send + 'static,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<E>> {
        let (mut call, action) = self.start_ahead(wish, ahead)?;
        call.desk = desk;
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
        desk: Option<Arc<Desk<V>>>,
        creator: impl FnOnce() -> F + Send + 'static,
        ahead: Ahead,
    ) -> Result<Answer<V>, Error<E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (mut call, action) = self.start_ahead(wish, ahead)?;
        call.desk = desk;
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
