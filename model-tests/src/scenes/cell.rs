//! A value on its way from its maker to lock-free readers.

use std::sync::Arc;

use dogpile_core::kit::{Kit, Lock};
use dogpile_core::published::{Cell, Published};
use dogpile_core::slot::{Claimed, Slot};
use dogpile_core::state::{Claim, Phase, Snapshot};
use dogpile_core::waiters::Room;

use crate::hold;
use crate::kits::Checker;
use crate::kits::cell::ModelCell;

type Value<C> = Arc<Published<C, ModelCell<C>, u64>>;

fn empty<C: Checker>() -> Value<C> {
    let slot = Slot::from_parts(
        C::word(Snapshot::VACANT.bits()),
        C::word(0),
        <C as Kit>::Lock::new(Room::new()),
    );
    Arc::new(Published::from_parts(slot, ModelCell::new()))
}

fn claim<C: Checker>(value: &Value<C>) -> Claim {
    match value.slot().claim(value.slot().look()) {
        Claimed::Won(claim) => claim,
        other => panic!("nobody else is there, but {other:?}"),
    }
}

/// Reads once, and keeps the guard over another look.
fn read<C: Checker>(value: &Value<C>) -> (Snapshot, Option<u64>) {
    let guard = ModelCell::<C>::pin();
    let (word, found) = value.read(&guard);
    let found = found.copied();
    value.slot().look();
    (word, found)
}

/// One publishes the first value, another reads.
pub fn a_reader_meets_a_publication<C: Checker>() -> String {
    let value = empty::<C>();
    let creator = {
        let value = value.clone();
        C::spawn(move || {
            let published = value.publish(claim(&value), 1, &Arc::new(1));
            assert!(published.is_ok());
        })
    };
    let (word, found) = read(&value);
    hold!(
        "a first value is there with its word",
        found == word.has_value().then_some(1),
        "{word:?}"
    );
    creator();
    assert_eq!(read(&value).1, Some(1));
    assert!(value.cell().freed().is_empty());
    format!("{word:?} {found:?}")
}

/// One sets another value, `READERS` read.
pub fn readers_meet_a_set<C: Checker, const READERS: usize>() -> String {
    let value = empty::<C>();
    value.set(1, &Arc::new(1));
    let setter = {
        let value = value.clone();
        C::spawn(move || value.set(2, &Arc::new(2)))
    };
    let look = {
        let value = value.clone();
        move || {
            let (word, found) = read(&value);
            let Some(found) = found else {
                panic!("{word:?}, and no value");
            };
            hold!("no value is older than its word", word.claim() <= found);
            hold!("a reader never goes back", read(&value).1 >= Some(found));
            format!("{word:?} {found}")
        }
    };
    let others: Vec<_> = (1..READERS).map(|_| C::spawn(look.clone())).collect();
    let mut seen = vec![look()];
    seen.extend(others.into_iter().map(|other| other()));
    setter();
    assert_eq!(read(&value).1, Some(2));
    hold!("each value is freed once", value.cell().freed() == [1]);
    seen.join(", ")
}

/// One deletes the value, another reads.
pub fn a_reader_meets_a_deletion<C: Checker>() -> String {
    let value = empty::<C>();
    value.set(1, &Arc::new(1));
    let deleter = {
        let value = value.clone();
        C::spawn(move || value.delete())
    };
    let (word, found) = read(&value);
    assert!(word.has_value() || found.is_none());
    deleter();
    assert_eq!(read(&value).1, None);
    hold!("each value is freed once", value.cell().freed() == [1]);
    format!("{word:?} {found:?}")
}

/// A refresh publishes while a deletion comes and a reader reads: the superseded creator never gets
/// to the cell.
pub fn a_deletion_meets_a_publication<C: Checker>() -> String {
    let value = empty::<C>();
    value.set(1, &Arc::new(1));
    let refresh = claim(&value);
    let creator = {
        let value = value.clone();
        C::spawn(move || value.publish(refresh, 2, &Arc::new(2)).is_ok())
    };
    let deleter = {
        let value = value.clone();
        C::spawn(move || value.delete())
    };
    let (word, found) = read(&value);
    let published = creator();
    deleter();
    assert_eq!(value.slot().look().phase(), Phase::Vacant);
    assert_eq!(read(&value).1, None);
    let expected: &[u64] = if published { &[1, 2] } else { &[1] };
    assert_eq!(value.cell().freed(), expected, "each value once");
    format!("{word:?} {found:?}, published {published}")
}
