//! What programs run on.

use std::pin::Pin;
use std::time::Duration;

use arbitrary::Arbitrary;
use dogpile::Error;
use dogpile::backend::Invalidation;

use super::Creation;

/// The error of creators that fail.
pub type Fault = &'static str;
/// How a call ends.
pub type Ended = Result<u64, Error<Fault>>;

/// A value that left by itself.
pub(crate) struct Left {
    pub(crate) key: usize,
    pub(crate) value: u64,
    pub(crate) expired: bool,
}

/// Something that creates what is missing.
pub(crate) trait Subject {
    fn get(&self, key: usize) -> Option<u64>;
    fn read(&self, key: usize) -> Option<u64>;
    fn set(&self, key: usize, value: u64);
    fn delete(&self, key: usize);
    fn invalidate(&self, how: Invalidation);
    fn create(
        &self,
        key: usize,
        refresh: bool,
        creator: &mut dyn FnMut() -> Result<u64, Fault>,
    ) -> Ended;
    fn begin<'a>(
        &'a self,
        key: usize,
        creation: Creation<'a>,
    ) -> Pin<Box<dyn Future<Output = Ended> + 'a>>;
    fn is_being_created(&self, key: usize) -> bool;
    /// Whether an invalidation is an operation on the one value rather than a new epoch.
    fn is_single(&self) -> bool;
    fn sweep(&self, late: bool);
    /// What left since this was asked last.
    fn left(&self) -> Vec<Left>;
    /// How many values there may be, and how many there are, where that can be asked.
    fn room(&self) -> Option<(usize, usize)>;
}

/// How long values may be used, in units of two milliseconds; 255 is for ever.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Spans {
    pub(super) fresh: u8,
    pub(super) stale: u8,
}

const FOREVER: u8 = u8::MAX;

impl Spans {
    pub(crate) const FOREVER: Self = Self {
        fresh: FOREVER,
        stale: FOREVER,
    };

    #[cfg(test)]
    pub(crate) const fn of(fresh: u8, stale: u8) -> Self {
        Self { fresh, stale }
    }

    pub(super) fn millis(units: u8) -> Option<u64> {
        (units != FOREVER).then_some(u64::from(units) * 2)
    }

    fn duration(units: u8) -> Duration {
        Self::millis(units).map_or(Duration::MAX, Duration::from_millis)
    }

    pub(crate) fn fresh_for(self) -> Duration {
        Self::duration(self.fresh)
    }

    pub(crate) fn stale_for(self) -> Duration {
        Self::duration(self.stale)
    }
}
