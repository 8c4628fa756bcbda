//! What a region says to `tracing`.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

mod stores;

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile::{Config, Invalidation, KeyPart, Memory, Region};
use stores::HandClock;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down each event: its level, its message and its fields.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "dogpile"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut Line(&mut line));
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Listener {
    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[test]
fn misses_creations_and_invalidations_are_told_with_their_keys_cut() {
    let (listener, clock) = (Listener::default(), HandClock::new());
    let region: Region<u64> = Region::new("told");
    region
        .configure(Config::new(Memory::unbounded()).clock(clock.clone()))
        .unwrap();
    tracing::subscriber::with_default(listener.clone(), || {
        let create = || {
            clock.advance(Duration::from_millis(1_500));
            7
        };
        region.get_or_create("key", create).unwrap();
        let heard = listener.heard();
        assert_eq!(heard.len(), 2, "{heard:?}");
        let key = r#"region="told" key="\"key\"""#;
        assert_eq!(heard[0], format!("DEBUG message=miss {key}"));
        let ended = format!("DEBUG message=creator ended {key} seconds=1.5 failed=false");
        assert_eq!(heard[1], ended);
        region.get_or_create("key", create).unwrap();
        assert_eq!(listener.heard(), [""; 0], "a hit says nothing");
        let _ = region.get_or_try_create("x".repeat(1_000), || Err::<u64, _>("no"));
        let heard = listener.heard();
        assert!(heard[1].contains("(1000 bytes)"), "{heard:?}");
        assert!(heard[1].ends_with("failed=true"), "{heard:?}");
        region.invalidate(Invalidation::Hard).unwrap();
        assert_eq!(
            listener.heard(),
            [r#"INFO message=invalidated region="told" how=Hard"#]
        );
    });
}

#[test]
fn a_function_that_runs_without_its_cache_is_told_and_of_what_is_not_configured_once() {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), || {
        let nowhere: Region<u64> = Region::new("nowhere");
        let memo = |region: &Region<u64>| region.memo_raw("key").get_or_original(|| 7);
        assert_eq!([memo(&nowhere), memo(&nowhere)], [7, 7]);
        let warned = |listener: &Listener| -> Vec<String> {
            let heard = listener.heard().into_iter();
            heard.filter(|line| line.starts_with("WARN")).collect()
        };
        let heard = warned(&listener);
        assert_eq!(heard.len(), 1, "{heard:?}");
        let told = "message=a memoized function runs uncached region=\"nowhere\"";
        assert!(heard[0].contains(told), "{heard:?}");
        assert!(heard[0].contains("is not configured"), "{heard:?}");
        nowhere.configure(Config::new(Memory::unbounded())).unwrap();
        assert_eq!(memo(&nowhere), 7);
        assert_eq!(warned(&listener), [""; 0], "now there is a cache");
        // A creator of too few runs each time, and each time that is said.
        for _ in 0..2 {
            let many = nowhere.memo_many(&[1_u64, 2], KeyPart::write_key);
            assert_eq!(many.get_or_original(|_| vec![1]), [1]);
            let heard = warned(&listener);
            assert_eq!(heard.len(), 1, "{heard:?}");
            assert!(heard[0].contains("made 1 values for 2 keys"), "{heard:?}");
        }
        assert_eq!(memo(&nowhere), 7, "another key is as good as before");
    });
}

#[cfg(feature = "config")]
#[test]
fn a_store_is_logged_where_the_words_say_so() {
    let heard_with = |word| {
        let listener = Listener::default();
        let words = [("backend", "memory"), ("proxies.logging", word)];
        let region: Region<u64> = Region::new("logged");
        region
            .configure(Config::from_map(words, "").unwrap())
            .unwrap();
        tracing::subscriber::with_default(listener.clone(), || region.set("key", 7).unwrap());
        listener.heard()
    };
    let [line] = &heard_with("true")[..] else {
        panic!("one operation, one line");
    };
    let told =
        r#"DEBUG message=store answered backend="memory" call=set key="\"key\"" outcome=done"#;
    assert!(line.starts_with(told), "{line}");
    assert_eq!(heard_with("false"), [""; 0]);
}
