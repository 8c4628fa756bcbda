//! Whatever is done to a [`Dogpile`], it answers like a map of one entry.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use dogpile::Dogpile;
use dogpile::backend::{Invalidation, ManualClock};

use crate::operations::{self, Creation, Ended, Fault, Left, Spans, Step, Subject};

/// How long the value may be used, and a program.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    spans: Spans,
    program: Vec<Step>,
}

/// Runs the program.
///
/// # Panics
/// If the value does what a map's entry does not.
pub fn check(input: &Input) {
    let clock = Arc::new(ManualClock::new());
    let dogpile = Dogpile::new()
        .fresh_for(input.spans.fresh_for())
        .stale_for(input.spans.stale_for())
        .deadline(Duration::MAX)
        .creation_limit(Duration::MAX)
        .clock(clock.clone());
    operations::run(&dogpile, &clock, input.spans, &input.program);
}

impl Subject for Dogpile<u64> {
    fn get(&self, _key: usize) -> Option<u64> {
        Dogpile::get(self)
    }

    fn read(&self, _key: usize) -> Option<u64> {
        Dogpile::read(self, |value| *value)
    }

    fn set(&self, _key: usize, value: u64) {
        Dogpile::set(self, value);
    }

    fn delete(&self, _key: usize) {
        Dogpile::delete(self);
    }

    fn invalidate(&self, how: Invalidation) {
        Dogpile::invalidate(self, how);
    }

    fn create(
        &self,
        _key: usize,
        refresh: bool,
        creator: &mut dyn FnMut() -> Result<u64, Fault>,
    ) -> Ended {
        if refresh {
            return self.refresh(creator);
        }
        self.get_or_try_create(creator)
    }

    fn begin<'a>(
        &'a self,
        _key: usize,
        creation: Creation<'a>,
    ) -> Pin<Box<dyn Future<Output = Ended> + 'a>> {
        Box::pin(self.get_or_try_create_async(|| creation.run()))
    }

    fn is_being_created(&self, _key: usize) -> bool {
        Dogpile::is_being_created(self)
    }

    fn is_single(&self) -> bool {
        true
    }

    fn sweep(&self, _late: bool) {}

    fn left(&self) -> Vec<Left> {
        Vec::new()
    }

    fn room(&self) -> Option<(usize, usize)> {
        None
    }
}
