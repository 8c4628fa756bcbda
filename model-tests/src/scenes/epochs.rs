//! Epochs of a region and of its tags: they only rise, and an invalidation that has returned is seen.

use std::sync::Arc;

use dogpile_core::cached_value::{Epoch, Epochs};
use dogpile_core::epochs::EpochCell;
use dogpile_core::tag_epochs::TagEpochs;
use dogpile_core::time::Time;

use crate::hold;
use crate::kits::Checker;

/// Two invalidate at once, each for a creation that it made before.
pub fn two_invalidations_at_once<C: Checker>() -> String {
    let cell: Arc<EpochCell<C>> =
        Arc::new(EpochCell::from_parts(C::word(0), C::word(0), C::word(0)));
    let invalidate = {
        let cell = cell.clone();
        move || {
            let created = cell.floor();
            cell.raise_hard(Time::ZERO);
            let hard = cell.read().hard;
            hold!(
                "law 11: what was there before an invalidation is a miss",
                created < hard
            );
            hard
        }
    };
    let other = C::spawn(invalidate.clone());
    let mine = invalidate();
    let seen = cell.read().hard;
    hold!("law 11: an epoch never goes back", mine <= seen);
    let other = other();
    let end = cell.read().hard;
    hold!(
        "law 11: no epoch is above the last",
        seen <= end && other <= end
    );
    hold!(
        "law 11: an invalidation raises what a hit looks at",
        cell.floor() == end
    );
    format!("{mine:?} {other:?} {end:?}")
}

/// A store brings its epochs while this process invalidates softly: neither is lost.
pub fn a_merge_loses_nothing<C: Checker>() -> String {
    let cell: Arc<EpochCell<C>> =
        Arc::new(EpochCell::from_parts(C::word(0), C::word(0), C::word(0)));
    let mut stored = cell.read();
    stored.hard = Epoch::new(3);
    let merger = {
        let cell = cell.clone();
        C::spawn(move || cell.merge(stored))
    };
    cell.raise_soft(Time::ZERO);
    let soft = cell.read().soft;
    merger();
    let end = cell.read();
    hold!(
        "law 11: a merge loses nothing",
        end.hard == Epoch::new(3) && end.soft == soft
    );
    hold!(
        "law 11: a merge and a soft invalidation raise what a hit looks at",
        cell.floor() == end.current()
    );
    format!("{end:?}")
}

/// A tag is invalidated twice, and two others ask for its epochs, each as of the number that it knows,
/// while somebody looks: what is said to be known of the tag is known.
pub fn a_tag_that_is_known_is_known_whole<C: Checker>() -> String {
    let tag: Arc<TagEpochs<C>> =
        Arc::new(TagEpochs::from_parts(C::word(0), C::word(0), C::word(0)));
    let told = |number| Epochs {
        hard: Epoch::new(number),
        ..Epochs::default()
    };
    let asker = {
        let tag = tag.clone();
        C::spawn(move || tag.learn(told(1), Epoch::new(1)))
    };
    let other = {
        let tag = tag.clone();
        C::spawn(move || tag.learn(told(2), Epoch::new(2)))
    };
    let looked = [2, 1].map(|number| (number, tag.as_of(Epoch::new(number))));
    for (number, known) in looked {
        if let Some(epochs) = known {
            hold!(
                "law 11: a tag known as of a number has the epochs up to it",
                epochs.hard >= Epoch::new(number)
            );
        }
    }
    asker();
    other();
    let end = tag.as_of(Epoch::new(2));
    hold!(
        "law 11: what was told of a tag is known",
        end == Some(told(2))
    );
    let known = looked.map(|(_, known)| known.map(|epochs| epochs.hard.number()));
    format!("{known:?}")
}
