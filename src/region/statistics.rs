//! What became of a region's calls: counts by origin, how long creations took, what is under way.

mod cells;
mod times;

use std::time::Duration;

use super::Region;
use super::active::Active;
use super::answer::{Answer, Origin};
use super::config::Config;
use crate::error::Error;
pub(super) use cells::Tally;
pub(super) use times::Times;
pub use times::{Creations, Histogram};

/// A region's figures at one moment; see [`Region::statistics`]. Counts only rise, and begin at zero with
/// the region's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Calls of this process answered with a value, by its origin; see [`answers`](Self::answers).
    answers: [u64; ORIGINS],
    /// Calls that only looked and found nothing fresh.
    pub misses: u64,
    /// Calls that ended with an error, and dropped ones do not count.
    pub errors: u64,
    /// The runs of creators in this process.
    pub creations: Creations,
    /// Keys of the region's store that this process creates now, for any region.
    pub creating: usize,
    /// Calls of this process that wait for those.
    pub waiting: usize,
    /// Leases of the store that this process holds for those.
    pub leases: usize,
    /// Entries of the region's store that this process could not read, each time it found one, for any region.
    /// Such a one is a miss, and is overwritten by the value that is created for it.
    pub unreadable: u64,
}

/// How many origins there are.
const ORIGINS: usize = 9;

/// What is counted on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Answer(Origin),
    Miss,
    Error,
}

impl Counted {
    const KINDS: usize = ORIGINS + 2;

    #[inline]
    const fn number(self) -> usize {
        match self {
            Self::Answer(origin) => number_of(origin),
            Self::Miss => ORIGINS,
            Self::Error => ORIGINS + 1,
        }
    }
}

#[inline]
const fn number_of(origin: Origin) -> usize {
    match origin {
        Origin::Hit => 0,
        Origin::Stale => 1,
        Origin::StaleOnError => 2,
        Origin::Kept => 3,
        Origin::Shared => 4,
        Origin::Created => 5,
        Origin::Declined => 6,
        Origin::Superseded => 7,
        Origin::NotStored => 8,
        _ => unreachable!(),
    }
}

impl Statistics {
    /// How many calls were answered with a value from there.
    pub fn answers(&self, origin: Origin) -> u64 {
        self.answers[number_of(origin)]
    }

    /// The part of the answers that nobody had to create for the call: hits, and stale values. Zero while
    /// there are no calls.
    #[allow(clippy::cast_precision_loss)] // a ratio is no finer
    pub fn hit_ratio(&self) -> f64 {
        let all: u64 = self.answers.iter().sum::<u64>() + self.misses + self.errors;
        let free = [Origin::Hit, Origin::Stale].map(|origin| self.answers(origin));
        match all {
            0 => 0.0,
            all => free.iter().sum::<u64>() as f64 / all as f64,
        }
    }
}

impl<V: Send + Sync + 'static> Config<V> {
    /// Whether the region counts its calls, for [`Region::statistics`]. Default: no. It costs a hit
    /// about a nanosecond: each thread counts for itself.
    pub fn statistics(mut self, yes: bool) -> Self {
        self.statistics = yes;
        self
    }
}

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// The region's figures now. Answers, misses and errors are counted where
    /// [`Config::statistics`] says so, and are zero otherwise; the others are always there.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Origin, Region};
    /// let ports: Region<u16> = Region::new("ports");
    /// ports.configure(Config::new(Memory::unbounded()).statistics(true))?;
    /// ports.get_or_create("http", || 80)?;
    /// ports.get_or_create("http", || 80)?;
    /// let figures = ports.statistics()?;
    /// assert_eq!(figures.answers(Origin::Created), 1);
    /// assert_eq!(figures.answers(Origin::Hit), 1);
    /// assert_eq!(figures.creations.ended, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotConfigured`].
    pub fn statistics(&self) -> Result<Statistics, Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        Ok(active.statistics())
    }
}

impl<V: Clone + Send + Sync + 'static> Active<V> {
    pub(super) fn statistics(&self) -> Statistics {
        let counts = self.tally.as_ref().map(Tally::sum).unwrap_or_default();
        let mut answers = [0; ORIGINS];
        answers.copy_from_slice(&counts[..ORIGINS]);
        let census = self.opened.flights.census();
        Statistics {
            answers,
            misses: counts[Counted::Miss.number()],
            errors: counts[Counted::Error.number()],
            creations: self.times.so_far(),
            creating: census.creating,
            waiting: census.waiting,
            leases: census.leases,
            unreadable: self.unreadable(),
        }
    }

    /// Any store counts this, and one may begin anew.
    fn unreadable(&self) -> u64 {
        let all = self.opened.store.unreadable();
        all.saturating_sub(self.unreadable_before)
    }

    #[inline]
    pub(super) fn count(&self, counted: Counted) {
        if let Some(tally) = &self.tally {
            tally.count(counted);
        }
    }

    /// Counts what a call came to that only looked.
    pub(super) fn counted(
        &self,
        found: Result<Option<Answer<V>>, Error>,
    ) -> Result<Option<Answer<V>>, Error> {
        self.count(match &found {
            Ok(Some(answer)) => Counted::Answer(answer.origin),
            Ok(None) => Counted::Miss,
            Err(_) => Counted::Error,
        });
        found
    }

    /// How long creating takes here, as far as is known.
    pub(super) fn usual_cost(&self) -> Duration {
        self.times.usual()
    }
}
