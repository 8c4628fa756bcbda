//! A region's figures for the crate `metrics`. What a hit counts is published from time to time, as the
//! difference since the last time, so that a hit costs what it cost; what takes long is told at once.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use metrics::{Label, Unit};

use super::Region;
use super::active::Active;
use super::answer::Origin;
use super::config::Config;
use super::owned::background;
use super::statistics::Statistics;
use super::upkeep::again_and_again;
use crate::error::Error;
use crate::sync::Mutex;

/// What has been published of a region so far.
#[derive(Default)]
pub(super) struct Published(Mutex<Option<Statistics>>);

impl Published {
    /// Whether anything has been: else nobody asks for it.
    fn has_begun(&self) -> bool {
        let published = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        published.is_some()
    }
}

/// The counters, and what they count.
const COUNTERS: [(&str, &str); 7] = [
    ("dogpile_answers_total", "Calls answered with a value"),
    (
        "dogpile_misses_total",
        "Calls that only looked and found nothing fresh",
    ),
    ("dogpile_errors_total", "Calls that ended with an error"),
    (
        "dogpile_unreadable_total",
        "Entries of the region's store that could not be read",
    ),
    (
        "dogpile_invalidations_total",
        "Invalidations of the region by this process",
    ),
    (
        "dogpile_tag_invalidations_total",
        "Invalidations of the region's values by tag, by this process",
    ),
    (
        "dogpile_back_offs_total",
        "Times that a failed creator was left alone",
    ),
];

/// The gauges, and what they show.
const GAUGES: [(&str, &str); 3] = [
    (
        "dogpile_creating",
        "Keys of the region's store that this process creates",
    ),
    (
        "dogpile_waiting",
        "Calls of this process that wait for those",
    ),
    (
        "dogpile_leases",
        "Leases of the store that this process holds",
    ),
];

const ORIGINS: [(Origin, &str); 9] = [
    (Origin::Hit, "hit"),
    (Origin::Stale, "stale"),
    (Origin::StaleOnError, "stale_on_error"),
    (Origin::Kept, "kept"),
    (Origin::Shared, "shared"),
    (Origin::Created, "created"),
    (Origin::Declined, "declined"),
    (Origin::Superseded, "superseded"),
    (Origin::NotStored, "not_stored"),
];

impl<V: Send + Sync + 'static> Config<V> {
    /// Publishes the region's figures so often, as [`Region::publish_metrics`] does, on a thread of the
    /// house. Zero counts as a second. Default: only when that is called. Feature `metrics`.
    pub fn publish_metrics_every(mut self, span: Duration) -> Self {
        let second = Duration::from_secs(1);
        self.calls.publish_every = Some(if span.is_zero() { second } else { span });
        self
    }
}

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// Tells the recorder of the crate `metrics` what was counted since the last time, and what is under
    /// way now: see [the names](https://github.com/dogpile-rs/dogpile/blob/main/docs/metrics.md). Feature
    /// `metrics`. Calls are counted where [`Config::statistics`] says so.
    ///
    /// To be called from time to time, before a scrape for example; or let
    /// [`Config::publish_metrics_every`] do it. How long creators took, invalidations and back-offs are told
    /// at once and need neither.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// let ports: Region<u16> = Region::new("ports");
    /// ports.configure(Config::new(Memory::unbounded()).statistics(true))?;
    /// ports.get_or_create("http", || 80)?;
    /// ports.publish_metrics()?; // dogpile_answers_total{region="ports", backend="memory", origin="created"} 1
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotConfigured`].
    pub fn publish_metrics(&self) -> Result<(), Error> {
        let active = self.active().ok_or_else(|| self.not_configured())?;
        active.publish();
        Ok(())
    }

    /// What is counted so far must not be lost with the configuration that gives way.
    pub(super) fn publish_the_last(&self) {
        if let Some(active) = self.active().filter(|active| active.published.has_begun()) {
            active.publish();
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Active<V> {
    /// Two at once publish one after the other, so that nothing is told twice.
    fn publish(&self) {
        let mut published = self
            .published
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.statistics();
        let before = published.get_or_insert_with(|| {
            describe();
            Statistics::default()
        });
        let labels = labels(&self.name, self.opened.store.name());
        for (origin, word) in ORIGINS {
            let more = now.answers(origin) - before.answers(origin);
            let mut labels = labels.clone();
            labels.push(Label::from_static_parts("origin", word));
            metrics::counter!("dogpile_answers_total", labels).increment(more);
        }
        let misses = metrics::counter!("dogpile_misses_total", labels.clone());
        misses.increment(now.misses - before.misses);
        let unreadable = metrics::counter!("dogpile_unreadable_total", labels.clone());
        unreadable.increment(now.unreadable.saturating_sub(before.unreadable));
        let errors = metrics::counter!("dogpile_errors_total", labels.clone());
        errors.increment(now.errors - before.errors);
        for ((name, _), value) in GAUGES
            .into_iter()
            .zip([now.creating, now.waiting, now.leases])
        {
            let value = u32::try_from(value).unwrap_or(u32::MAX);
            metrics::gauge!(name, labels.clone()).set(f64::from(value));
        }
        *before = now;
    }
}

/// Begins to publish by itself, where the configuration says so.
pub(super) fn begin<V: Clone + Send + Sync + 'static>(region: &Arc<Active<V>>) {
    let Some(every) = region.settings.publish_every else {
        return;
    };
    let region = Arc::downgrade(region);
    again_and_again(every, move || {
        let region = region.upgrade()?;
        // A recorder may take its time: the keeper has others to think of.
        background(move || region.publish());
        Some(every)
    });
}

fn describe() {
    for (name, what) in COUNTERS {
        metrics::describe_counter!(name, Unit::Count, what);
    }
    for (name, what) in GAUGES {
        metrics::describe_gauge!(name, Unit::Count, what);
    }
    let what = "How long creators took in this process";
    metrics::describe_histogram!("dogpile_creation_seconds", Unit::Seconds, what);
}

fn labels(region: &str, backend: &str) -> Vec<Label> {
    vec![
        Label::new("region", region.to_owned()),
        Label::new("backend", backend.to_owned()),
    ]
}

/// A creator has ended.
pub(super) fn created(region: &str, backend: &str, took: Duration, failed: bool) {
    let mut labels = labels(region, backend);
    let outcome = if failed { "failed" } else { "value" };
    labels.push(Label::from_static_parts("outcome", outcome));
    metrics::histogram!("dogpile_creation_seconds", labels).record(took.as_secs_f64());
}

/// The region was invalidated, `hard` or soft.
pub(super) fn invalidated(region: &str, backend: &str, hard: bool) {
    let labels = labels_of(region, backend, hard);
    metrics::counter!("dogpile_invalidations_total", labels).increment(1);
}

/// Those values of the region were that carry a tag.
pub(super) fn tag_invalidated(region: &str, backend: &str, hard: bool) {
    let labels = labels_of(region, backend, hard);
    metrics::counter!("dogpile_tag_invalidations_total", labels).increment(1);
}

fn labels_of(region: &str, backend: &str, hard: bool) -> Vec<Label> {
    let mut labels = labels(region, backend);
    let how = if hard { "hard" } else { "soft" };
    labels.push(Label::from_static_parts("how", how));
    labels
}

/// A creator was left alone because it had failed.
pub(super) fn left_alone(region: &str, backend: &str) {
    metrics::counter!("dogpile_back_offs_total", labels(region, backend)).increment(1);
}
