//! What a region tells the crate `metrics`.
#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it
#![allow(clippy::float_cmp)] // counts, and times of a clock that is moved by hand

mod stores;

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile::{Config, Error, Invalidation, Memory, Region};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use stores::HandClock;

/// Keeps what it is told, by name and labels.
#[derive(Clone, Default)]
struct Ledger {
    entries: Arc<Mutex<BTreeMap<String, Vec<f64>>>>,
    described: Arc<Mutex<Vec<String>>>,
}

/// A line of the ledger.
struct Line(Ledger, String);

impl Line {
    fn change(&self, change: impl FnOnce(&mut Vec<f64>)) {
        let mut entries = self.0.entries.lock().unwrap();
        change(entries.entry(self.1.clone()).or_default());
    }
}

impl CounterFn for Line {
    fn increment(&self, by: u64) {
        let by = f64::from(u32::try_from(by).unwrap());
        self.change(|line| match line.as_mut_slice() {
            [count] => *count += by,
            _ => line.push(by),
        });
    }

    fn absolute(&self, _: u64) {
        panic!("two regions of one name would hide each other's");
    }
}

impl GaugeFn for Line {
    fn increment(&self, _: f64) {
        panic!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        panic!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.change(|line| *line = vec![value]);
    }
}

impl HistogramFn for Line {
    fn record(&self, value: f64) {
        self.change(|line| line.push(value));
    }
}

impl Ledger {
    fn line(&self, key: &Key) -> Arc<Line> {
        let labels = key.labels().filter(|label| label.key() != "region");
        let labels: Vec<_> = labels
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        assert!(key.labels().any(|label| label.key() == "region"), "{name}");
        Arc::new(Line(self.clone(), name))
    }

    fn all(&self, name: &str) -> Vec<f64> {
        self.entries
            .lock()
            .unwrap()
            .get(name)
            .cloned()
            .unwrap_or_default()
    }

    fn one(&self, name: &str) -> f64 {
        let all = self.all(name);
        assert_eq!(
            all.len(),
            1,
            "{name} among {:?}",
            self.entries.lock().unwrap()
        );
        all[0]
    }

    /// The answers that are not zero, by origin.
    fn answers(&self) -> Vec<(String, f64)> {
        let entries = self.entries.lock().unwrap();
        let answers = entries.iter().filter_map(|(name, line)| {
            let origin = name.strip_prefix("dogpile_answers_total backend=memory origin=")?;
            (line[0] > 0.0).then(|| (origin.to_owned(), line[0]))
        });
        answers.collect()
    }
}

impl Recorder for Ledger {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().unwrap().push(key.as_str().to_owned());
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().unwrap().push(key.as_str().to_owned());
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        assert_eq!(unit, Some(Unit::Seconds));
        self.described.lock().unwrap().push(key.as_str().to_owned());
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.line(key))
    }
}

fn memory() -> Config<u64> {
    Config::new(Memory::unbounded()).statistics(true)
}

fn region(config: Config<u64>) -> Region<u64> {
    let region = Region::new("measured");
    region.configure(config).unwrap();
    region
}

fn pairs(all: &[(&str, f64)]) -> Vec<(String, f64)> {
    all.iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

#[test]
fn what_was_counted_is_published_once() {
    let ledger = Ledger::default();
    metrics::with_local_recorder(&ledger, || {
        let region = region(memory());
        region.publish_metrics().unwrap();
        assert_eq!(ledger.answers(), []);
        assert_eq!(
            ledger.one("dogpile_answers_total backend=memory origin=hit"),
            0.0,
            "there from the start"
        );
        assert_eq!(region.get("key").unwrap(), None);
        for _ in 0..3 {
            region.get_or_create("key", || 1).unwrap();
        }
        let _ = region.get_or_try_create("other", || Err::<u64, _>("no"));
        assert_eq!(ledger.answers(), [], "not before it is asked for");
        region.publish_metrics().unwrap();
        region.publish_metrics().unwrap();
        assert_eq!(ledger.answers(), pairs(&[("created", 1.0), ("hit", 2.0)]));
        assert_eq!(ledger.one("dogpile_misses_total backend=memory"), 1.0);
        assert_eq!(ledger.one("dogpile_errors_total backend=memory"), 1.0);
        region.get("key").unwrap();
        region.publish_metrics().unwrap();
        assert_eq!(ledger.answers(), pairs(&[("created", 1.0), ("hit", 3.0)]));
    });
    let mut described = ledger.described.lock().unwrap().clone();
    described.sort();
    let names = described.len();
    described.dedup();
    assert_eq!((described.len(), names), (11, 11), "each once");
    for line in ledger.entries.lock().unwrap().keys() {
        let name = line.split(' ').next().unwrap().to_owned();
        assert!(described.contains(&name), "{name}");
    }
    for name in described {
        let document = include_str!("../docs/metrics.md");
        assert!(document.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn two_regions_of_one_name_and_a_replaced_one_add_up() {
    let ledger = Ledger::default();
    metrics::with_local_recorder(&ledger, || {
        let (one, other) = (region(memory()), region(memory()));
        for region in [&one, &other, &one] {
            region.publish_metrics().unwrap();
            region.get_or_create("key", || 1).unwrap();
        }
        one.replace(memory()).unwrap();
        one.get_or_create("key", || 1).unwrap();
        one.publish_metrics().unwrap();
        other.publish_metrics().unwrap();
        assert_eq!(ledger.answers(), pairs(&[("created", 3.0), ("hit", 1.0)]));
    });
}

#[test]
fn what_is_under_way_is_shown_as_it_is() {
    let ledger = Ledger::default();
    metrics::with_local_recorder(&ledger, || {
        let region = region(memory());
        let publish = || {
            region.publish_metrics().unwrap();
            1
        };
        region.get_or_create("key", publish).unwrap();
        assert_eq!(ledger.one("dogpile_creating backend=memory"), 1.0);
        assert_eq!(ledger.one("dogpile_waiting backend=memory"), 0.0);
        region.publish_metrics().unwrap();
        assert_eq!(ledger.one("dogpile_creating backend=memory"), 0.0);
        assert_eq!(ledger.one("dogpile_leases backend=memory"), 0.0);
    });
}

#[test]
fn creations_invalidations_and_back_offs_are_told_at_once() {
    let (ledger, clock) = (Ledger::default(), HandClock::new());
    metrics::with_local_recorder(&ledger, || {
        let config = memory()
            .clock(clock.clone())
            .back_off(Duration::from_secs(60));
        let region = region(config);
        let take = |seconds| clock.advance(Duration::from_secs(seconds));
        region
            .get_or_create("a", || {
                take(2);
                1
            })
            .unwrap();
        region
            .get_or_create("b", || {
                take(3);
                1
            })
            .unwrap();
        let failing = || {
            take(4);
            Err::<u64, _>("no")
        };
        region.get_or_try_create("c", failing).unwrap_err();
        let seconds = |outcome| {
            ledger.all(&format!(
                "dogpile_creation_seconds backend=memory outcome={outcome}"
            ))
        };
        assert_eq!(seconds("value"), [2.0, 3.0]);
        assert_eq!(seconds("failed"), [4.0]);
        let left_alone = region.get_or_create("c", || 1);
        assert!(
            matches!(left_alone, Err(Error::BackingOff { .. })),
            "{left_alone:?}"
        );
        assert_eq!(ledger.one("dogpile_back_offs_total backend=memory"), 1.0);
        region.invalidate(Invalidation::Soft).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        region.invalidate(Invalidation::Hard).unwrap();
        let invalidations = |how| {
            ledger.one(&format!(
                "dogpile_invalidations_total backend=memory how={how}"
            ))
        };
        assert_eq!((invalidations("soft"), invalidations("hard")), (1.0, 2.0));
        region.invalidate_tag("tag", Invalidation::Hard).unwrap();
        let by_task = region.invalidate_tag_async("other", Invalidation::Hard);
        dogpile::backend::block_on(by_task).unwrap();
        let by_tag = ledger.one("dogpile_tag_invalidations_total backend=memory how=hard");
        assert_eq!((by_tag, invalidations("hard")), (2.0, 2.0));
    });
}

#[test]
fn a_region_that_was_never_configured_says_so() {
    let region: Region<u64> = Region::new("never");
    let told = region.publish_metrics();
    assert!(matches!(told, Err(Error::NotConfigured { .. })), "{told:?}");
}

#[test]
fn a_region_that_never_publishes_by_itself_does_so_when_asked() {
    let ledger = Ledger::default();
    metrics::with_local_recorder(&ledger, || {
        let region = region(memory().publish_metrics_every(Duration::MAX));
        region.set("key", 1).unwrap();
        region.get("key").unwrap();
        region.publish_metrics().unwrap();
        assert_eq!(ledger.answers(), pairs(&[("hit", 1.0)]));
    });
}

/// Sends each count of hits that it is told.
struct Hits(Sender<u64>);

impl CounterFn for Hits {
    fn increment(&self, by: u64) {
        let _ = self.0.send(by);
    }

    fn absolute(&self, _: u64) {}
}

struct Everywhere(Sender<u64>);

impl Recorder for Everywhere {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let is_hits = key.labels().any(|label| label.value() == "hit");
        let is_ours = key.labels().any(|label| label.value() == "by itself");
        if is_hits && is_ours {
            return Counter::from_arc(Arc::new(Hits(self.0.clone())));
        }
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn a_region_publishes_by_itself_where_it_is_asked_to() {
    let (told, heard) = channel();
    metrics::set_global_recorder(Everywhere(told)).ok().unwrap();
    let every = Duration::from_millis(1);
    let configured = memory().publish_metrics_every(every);
    #[cfg(feature = "config")]
    let named = {
        let words = [
            ("backend", "memory"),
            ("statistics", "true"),
            ("publish_metrics_every", "1ms"),
        ];
        Config::from_map(words, "").unwrap()
    };
    #[cfg(not(feature = "config"))]
    let named = memory().publish_metrics_every(every);
    for config in [configured, named] {
        let region: Region<u64> = Region::new("by itself");
        region.configure(config).unwrap();
        region.set("key", 1).unwrap();
        for _ in 0..3 {
            region.get("key").unwrap();
            while heard.recv_timeout(Duration::from_secs(30)).unwrap() == 0 {}
        }
    }
}
