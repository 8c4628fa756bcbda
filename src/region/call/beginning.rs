//! What a call takes note of before it does anything.

use dogpile_backend::{Epoch, Epochs, Metadata, Policy, Span, Time};

use crate::flight::Known;
use crate::region::active::Active;
use crate::region::kept::Mark;
use crate::region::subject::Subject;

#[derive(Clone, Copy)]
pub(in crate::region) struct Beginning {
    pub(super) started: Time,
    pub(super) epochs: Epochs,
    /// The highest number of an invalidation, the region's or a tag's, that it knows of.
    pub(super) floor: Epoch,
    /// What was written before this call read or created anything.
    pub(in crate::region) mark: Mark,
}

impl Beginning {
    pub(in crate::region) fn of<V: Clone + Send + Sync + 'static>(
        subject: &Subject<'_, V>,
    ) -> Self {
        let active = subject.active();
        Self {
            started: active.clock.monotonic(),
            epochs: active.epochs.read(),
            floor: active.epochs.floor(),
            mark: active.kept.mark(subject.key()),
        }
    }

    /// Whether a value is a miss to a call with this policy that began so: created before the last hard
    /// invalidation that it knows of, or the last soft one where no stale value may be served; of the region,
    /// or of one of its tags.
    pub(super) fn is_too_old<V: Clone + Send + Sync + 'static>(
        &self,
        active: &Active<V>,
        policy: impl FnOnce() -> Policy,
        value: &Metadata,
    ) -> bool {
        if value.epoch >= self.epochs.current().max(self.floor) {
            return false;
        }
        let none_stale = value.terms.policy(&policy()).stale_for == Span::ZERO;
        let oldest = |epochs: Epochs| match none_stale {
            true => epochs.current(),
            false => epochs.hard,
        };
        if value.epoch < oldest(self.epochs) {
            return true;
        }
        // Of what began since this call did, nothing is asked: so it ends, however often a tag is
        // invalidated meanwhile.
        value.epoch < self.floor
            && match active.epochs.of(value) {
                Known::All(epochs) => value.epoch < oldest(epochs),
                Known::Doubtful(_) => true,
            }
    }
}
