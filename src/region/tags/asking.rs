//! What a process asks of the store about tags, and tells it.
//!
//! | name in the store | its epochs |
//! |---|---|
//! | the region's name | the region's own |
//! | that and a separator | the region's *order*: a number that rises with every invalidation of a tag |
//! | that, the separator and a slot | that tag's |
//!
//! Who invalidates a tag raises its epochs above all numbers that were known, and then the order to no
//! less. Who has seen the order sees the tag's epochs.

use std::sync::Arc;

use dogpile_backend::{
    Epoch, EpochStore, Epochs, Fault, Invalidation, Operation, StoreError, Tag, Tags,
};

use super::question::{About, Asker, Work};
use super::{SEPARATOR, hearing};
use crate::flight::{TagTable, only};
use crate::region::active::Active;
use crate::region::many::all;

pub(super) fn order_of(region: &str) -> String {
    format!("{region}{SEPARATOR}")
}

fn name_of(region: &str, slot: u16) -> String {
    format!("{region}{SEPARATOR}{slot:04x}")
}

/// The last number of a region's order that was drawn.
pub(in crate::region) async fn read_order(
    epochs: &dyn EpochStore,
    region: &str,
) -> Result<Epoch, StoreError> {
    Ok(epochs.read(&order_of(region)).await?.current())
}

/// Learns the last number of the region's order.
pub(in crate::region) async fn learn_order<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    epochs: &dyn EpochStore,
) -> Result<(), StoreError> {
    let order = read_order(epochs, &active.name).await?;
    active.epochs.learn_order(order);
    Ok(())
}

/// Learns what the store knows of `tags`, all at once, as far as it is not known here, and asks nothing that others
/// are asking. A store that does not answer leaves them in doubt. Whoever `may_block` asks where threads do.
pub(in crate::region) async fn ask_about<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    tags: Tags,
    may_block: bool,
) {
    hearing::begin(active);
    let table = active.epochs.begin_tags();
    let blocks = may_block && active.opened.store.blocks();
    match table.order() {
        Some(_) => {}
        // Another's answer may be from before an invalidation that this call has to see.
        None if active.settings.strict => put(active, About::Order, blocks).await,
        None => ask(active, About::Order, blocks).await,
    }
    // Before the tags are asked for: all that ended up to it is in what they answer.
    let Some(as_of) = table.order() else { return };
    let slots: Vec<u16> = tags.iter().map(Tag::slot).collect();
    let slots: Vec<u16> = slots
        .into_iter()
        .filter(|slot| !table.is_known(*slot))
        .collect();
    let about = |slot| About::Tag { slot, as_of };
    let ask = |number: usize| ask(active, about(slots[number]), blocks);
    all(slots.len(), |number| Box::pin(ask(number))).await;
}

/// Waits for the answer to a question, which is put unless somebody has put it.
fn ask<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    about: About,
    blocks: bool,
) -> Asker<'_> {
    let questions = &active.hearing.questions;
    questions.ask((about, blocks), || put(active, about, blocks))
}

/// Puts a question. Whoever asks sees by what is known then whether there was an answer.
fn put<V: Clone + Send + Sync + 'static>(active: &Active<V>, about: About, blocks: bool) -> Work {
    let (opened, known) = (Arc::clone(&active.opened), Arc::clone(&active.epochs));
    let (region, strict) = (Arc::clone(&active.name), active.settings.strict);
    Box::pin(async move {
        let store = match blocks {
            true => &*opened.store,
            false => opened.for_tasks(),
        };
        let Some(epochs) = store.epochs() else { return };
        let table = known.begin_tags();
        match about {
            // Another's answer came since this was asked.
            About::Order if !strict && table.order().is_some() => {}
            About::Tag { slot, .. } if table.is_known(slot) => {}
            About::Order => {
                if let Ok(order) = read_order(epochs, &region).await {
                    known.learn_order(order);
                }
            }
            About::Tag { slot, as_of } => {
                let _ = learn_tag(&region, table, epochs, slot, as_of).await;
            }
        }
    })
}

async fn learn_tag(
    region: &str,
    table: &TagTable,
    epochs: &dyn EpochStore,
    slot: u16,
    order: Epoch,
) -> Result<(), StoreError> {
    let told = epochs.read(&name_of(region, slot)).await?;
    let tag = table.tag(slot);
    let known = tag.at_least();
    tag.learn(told, order);
    if told.hard < known.hard || told.soft < known.soft {
        table.is_lost(slot);
    }
    Ok(())
}

/// Has all who share the store know that a tag is invalidated, this process among them.
pub(super) async fn tell<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    epochs: &dyn EpochStore,
    slot: u16,
    how: Invalidation,
) -> Result<(), StoreError> {
    let (region, name) = (&*active.name, name_of(&active.name, slot));
    // Whatever was created before this call began carries no higher number: here none above the floor.
    let order = read_order(epochs, region).await?.max(active.epochs.floor());
    let before = epochs.read(region).await?.current().max(order);
    let raised = raise_above(active, epochs, &name, how, before).await?;
    let least = below(raised.current());
    let order = raise_above(active, epochs, &order_of(region), Invalidation::Hard, least).await?;
    active.epochs.begin_tags().tag(slot).raise(raised);
    active.epochs.learn_order(order.current());
    Ok(())
}

/// Raises the region's own epochs above all numbers that were known, those of its order among them.
pub(in crate::region) async fn raise_region<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    epochs: &dyn EpochStore,
    how: Invalidation,
) -> Result<Epochs, StoreError> {
    let mut raised = epochs.raise(&active.name, how).await?;
    let order = read_order(epochs, &active.name).await?;
    if raised.current() <= order {
        raised = raise_above(active, epochs, &active.name, how, order).await?;
    }
    // Values carry what this process has raised already, by a clock that may be ahead.
    let here = active.epochs.floor();
    if raised.current() < here {
        epochs.restore(&active.name, only(how, here)).await?;
    }
    Ok(raised)
}

const fn below(number: Epoch) -> Epoch {
    Epoch::new(number.number().saturating_sub(1))
}

/// Raises epochs until their number is above `before`: once, unless a clock was set back.
async fn raise_above<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    epochs: &dyn EpochStore,
    name: &str,
    how: Invalidation,
    before: Epoch,
) -> Result<Epochs, StoreError> {
    let mut raised = epochs.raise(name, how).await?;
    if raised.current() <= before {
        epochs.restore(name, only(how, before)).await?;
        raised = epochs.raise(name, how).await?;
    }
    if raised.current() > before {
        return Ok(raised);
    }
    let why = "its clock was set back, and it cannot restore epochs; try again when the clock has caught up";
    let (store, about) = (active.opened.store.name(), name.as_bytes());
    Err(StoreError::new(
        store,
        Operation::Epoch,
        about,
        Fault::Unavailable,
        why,
    ))
}

/// Tells the store what it does not know, or no longer. What it refuses now it may take later: rights are given while
/// a process runs.
pub(super) async fn pay<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    epochs: &dyn EpochStore,
    table: &TagTable,
) -> Result<(), StoreError> {
    let debts = table.debts();
    for (slot, how) in debts.untold {
        tell(active, epochs, slot, how).await?;
        table.is_told(slot, how);
    }
    if !debts.lost.is_empty() {
        restore(active, epochs, table, &debts.lost).await?;
        table.are_restored(&debts.lost);
    }
    Ok(())
}

/// Has the store know of these tags again what is known here.
async fn restore<V: Clone + Send + Sync + 'static>(
    active: &Active<V>,
    epochs: &dyn EpochStore,
    table: &TagTable,
    lost: &[u16],
) -> Result<(), StoreError> {
    let mut least = table.order().unwrap_or_default();
    for slot in lost {
        let known = table.tag(*slot).at_least();
        least = least.max(below(known.current()));
        epochs.restore(&name_of(&active.name, *slot), known).await?;
    }
    // Who has asked meanwhile asks again.
    let order = order_of(&active.name);
    let raised = raise_above(active, epochs, &order, Invalidation::Hard, least).await?;
    active.epochs.learn_order(raised.current());
    Ok(())
}
