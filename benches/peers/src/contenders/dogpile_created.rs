//! Ours, filled by creations instead of by `set`: the claims and flights that come and go leave their marks on the heap.

use dogpile::{Config, Memory};

use super::dogpile::{region, served};
use crate::contender::{Contender, Hoard};

pub(super) struct DogpileCreated;

impl Contender for DogpileCreated {
    fn name(&self) -> &'static str {
        "dogpile, created"
    }

    fn package(&self) -> &'static str {
        "dogpile"
    }

    fn hoard(&self, _entries: usize) -> Option<Hoard> {
        let region = region("created entries", Config::new(Memory::unbounded()));
        Some(Box::new(move |key, value| {
            served(region.get_or_create(key, || value));
        }))
    }
}
