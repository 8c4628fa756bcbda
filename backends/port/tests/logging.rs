//! What a store that is logged says to `tracing`.

mod stores;

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use dogpile_backend::proxy::{Logging, Observed, ReadOnly, Wrap};
use dogpile_backend::{
    Blocking, CachedValue, Epoch, Guarded, ManualClock, Metadata, Span, Stamp, Store, Terms, Time,
};
use stores::map::Map;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};

/// Writes down each event of ours: its level, its message and its fields.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
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
fn operations_are_logged_with_their_keys_cut_and_without_values() {
    let clock = Arc::new(ManualClock::new());
    let store = Guarded::new(Blocking::new(Map::<String>::default())).wrap(ReadOnly);
    let store = store.wrap(Observed::by(Logging).clock(clock));
    let metadata = Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::FIRST,
        created: Time::from_nanos(1),
        terms: Terms::NONE,
    };
    let value = "a secret".to_owned();
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), || {
        store.get(b"key\n").wait().unwrap();
        store.get(&[b'x'; 1_000]).wait().unwrap();
        let refused = store.set(b"key", CachedValue { value, metadata }, Span::FOREVER);
        refused.wait().unwrap_err();
    });
    let heard = listener.heard();
    assert_eq!(heard.len(), 3, "{heard:?}");
    let start = "DEBUG message=store answered backend=";
    assert!(heard[0].starts_with(start), "{}", heard[0]);
    let end = r#"call=get key="\"key\\n\"" outcome=absent seconds=0.0"#;
    assert!(heard[0].ends_with(end), "{}", heard[0]);
    assert!(heard[1].contains("(1000 bytes)") && heard[1].len() < 250);
    assert!(
        heard[2].starts_with("WARN message=store failed"),
        "{}",
        heard[2]
    );
    assert!(heard[2].contains("only read"), "{}", heard[2]);
    assert!(!heard.concat().contains("secret"));
}
