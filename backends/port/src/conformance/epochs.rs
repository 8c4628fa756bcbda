//! Where a store keeps a region's epochs, they only rise and none is lost.

use std::collections::HashSet;

use super::Sample;
use super::subject::{Outcome, Subject, ensure, together};
use crate::{Epoch, EpochStore, Invalidation};

use Invalidation::{Hard, Soft};

fn with_epochs<V: Sample>(
    subject: &Subject<V>,
    check: impl FnOnce(&dyn EpochStore) -> Outcome,
) -> Outcome {
    // A region keeps its own where the store has none.
    subject.store().epochs().map_or(Ok(()), check)
}

pub(super) fn epochs_only_rise<V: Sample>(subject: &Subject<V>) -> Outcome {
    with_epochs(subject, |epochs| {
        let region = subject.name("region");
        // Of a store that may lose them, a region begins at the store's time: nobody knows that it is new.
        let first = subject.take(epochs.read(&region))?;
        let again = subject.take(epochs.read(&region))?;
        ensure!(
            first == again,
            "a region's epochs, {first:?}, rose by themselves to {again:?}"
        );
        let mut before = first;
        for how in [Hard, Hard, Soft, Soft, Hard] {
            let after = subject.take(epochs.raise(&region, how))?;
            ensure!(
                after.current() > before.current(),
                "{before:?} was raised to {after:?}"
            );
            ensure!(
                after.current() < Epoch::UNKNOWN,
                "{before:?} was raised to no epoch"
            );
            let read = subject.take(epochs.read(&region))?;
            ensure!(read == after, "raised to {after:?}, but {read:?} is read");
            before = after;
        }
        Ok(())
    })
}

pub(super) fn hard_and_soft_epochs_are_two<V: Sample>(subject: &Subject<V>) -> Outcome {
    with_epochs(subject, |epochs| {
        let region = subject.name("region");
        let before = subject.take(epochs.read(&region))?;
        let soft = subject.take(epochs.raise(&region, Soft))?;
        ensure!(
            soft.hard == before.hard,
            "a soft invalidation raised the hard epoch: {soft:?}"
        );
        let hard = subject.take(epochs.raise(&region, Hard))?;
        ensure!(
            hard.soft == soft.soft,
            "a hard invalidation changed the soft epoch: {hard:?}"
        );
        ensure!(
            hard.hard > soft.soft,
            "a value from after the soft one outlives the hard one"
        );
        Ok(())
    })
}

pub(super) fn regions_have_epochs_of_their_own<V: Sample>(subject: &Subject<V>) -> Outcome {
    with_epochs(subject, |epochs| {
        let (region, other) = (subject.name("region"), subject.name("region2"));
        let before = subject.take(epochs.read(&other))?;
        subject.take(epochs.raise(&region, Hard))?;
        let untouched = subject.take(epochs.read(&other))?;
        ensure!(
            untouched == before,
            "another region's epochs rose: {untouched:?}"
        );
        for tag in ["\0", "\x00002a"] {
            let name = format!("{region}{tag}");
            let own = subject.take(epochs.read(&name))?;
            ensure!(
                own.current() == Epoch::FIRST,
                "the epochs of {name:?} rose with the region's: {own:?}"
            );
            let raised = subject.take(epochs.raise(&name, Soft))?;
            let read = subject.take(epochs.read(&name))?;
            ensure!(
                read == raised,
                "{name:?} was raised to {raised:?}, but {read:?} is read"
            );
        }
        Ok(())
    })
}

pub(super) fn no_invalidation_is_lost_among_many<V: Sample>(subject: &Subject<V>) -> Outcome {
    with_epochs(subject, |epochs| {
        let region = subject.name("region");
        let raised = together(4, |_| {
            (0..25)
                .map(|_| Ok(subject.take(epochs.raise(&region, Hard))?.hard))
                .collect::<Outcome<Vec<_>>>()
        })?;
        let all: HashSet<_> = raised.iter().flatten().collect();
        ensure!(
            all.len() == 100,
            "100 invalidations made {} epochs",
            all.len()
        );
        let last = subject.take(epochs.read(&region))?.hard;
        ensure!(
            all.iter().all(|one| **one <= last),
            "{last:?} is not the highest that was raised"
        );
        Ok(())
    })
}
