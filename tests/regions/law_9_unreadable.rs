//! Law 9: what cannot be read is a miss that is counted, reported and overwritten.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile::backend::{
    CachedValue, Codec, CodecError, Encoded, Epoch, Metadata, Operation, Payload, Stamp, Terms,
    Time, show_key,
};
use dogpile::{Answer, Clock, Config, Error, Origin, Region};

use crate::stores::{Form, Hand, HandClock, Op, Server, SharedMap};

/// Numbers as digits; there is none for 13.
struct Digits {
    schema: u32,
}

impl Codec<u64> for Digits {
    fn encode(&self, value: &u64) -> Result<Vec<u8>, CodecError> {
        match value {
            13 => Err(CodecError::Encode("nobody writes 13".into())),
            value => Ok(value.to_string().into_bytes()),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<u64, CodecError> {
        let wrong = |error: &dyn std::error::Error| CodecError::Decode(error.to_string().into());
        let text = std::str::from_utf8(bytes).map_err(|error| wrong(&error))?;
        text.parse::<u64>().map_err(|error| wrong(&error))
    }

    fn schema(&self) -> u32 {
        self.schema
    }
}

type Values = Arc<Encoded<SharedMap<Payload>, Digits>>;

struct World {
    server: Arc<Server<Payload>>,
    clock: Arc<HandClock>,
    values: Values,
    reported: Arc<Mutex<Vec<String>>>,
    region: Region<u64>,
}

fn world(form: Form) -> World {
    let (server, clock) = Server::by_hand();
    let reported = Arc::new(Mutex::new(Vec::new()));
    let reports = Arc::clone(&reported);
    let values = Encoded::new(server.open("bytes").form(form), Digits { schema: 0 });
    let values = Arc::new(values.report(move |key, why| {
        let line = format!("{}: {why}", show_key(key));
        reports.lock().unwrap().push(line);
    }));
    let region = on(Arc::clone(&values), &clock);
    World {
        server,
        clock,
        values,
        reported,
        region,
    }
}

fn on(values: Values, clock: &Arc<HandClock>) -> Region<u64> {
    let region = Region::new("numbers");
    let config = Config::new(values).clock(clock.clone());
    region
        .configure(config.fresh_for(Duration::from_secs(10)))
        .unwrap();
    region
}

impl World {
    /// Somebody's bytes, as fresh as can be, or older.
    fn plant(&self, bytes: &[u8], created: Time) {
        let metadata = Metadata {
            stamp: Stamp::new(u128::MAX),
            epoch: Epoch::FIRST,
            created,
            terms: Terms::NONE,
        };
        let (schema, bytes) = (0, bytes.to_vec());
        let value = Payload { schema, bytes };
        self.server.plant("key", CachedValue { value, metadata });
    }

    fn stored(&self) -> Option<Vec<u8>> {
        self.server.entry("key").map(|entry| entry.value.bytes)
    }

    fn create(&self, value: u64, asking_async: bool) -> Result<Answer<u64>, Error> {
        if asking_async {
            let call = self.region.at("key").create_async(async move || value);
            return Hand::new(call).finish();
        }
        self.region.at("key").create(|| value)
    }
}

const JUNK: [&[u8]; 4] = [b"", b"\xff\x00", b"12x", b"99999999999999999999999"];

#[test]
fn law_9_unreadable_entries_are_misses_and_are_overwritten() {
    for form in Form::ALL {
        for junk in JUNK {
            for (asking_async, age) in [(false, 0), (true, 0), (false, 12), (true, 12)] {
                let world = world(form);
                world.plant(junk, world.clock.earlier(Duration::from_secs(age)));
                let region = &world.region;
                assert_eq!(region.get("key").unwrap(), None, "{form:?} {junk:?}");
                assert_eq!(region.read("key", |value| *value).unwrap(), None);
                let later = Hand::new(region.get_async("key")).finish();
                assert_eq!(later.unwrap(), None);
                assert!(region.metadata("key").unwrap().is_none());
                let answer = world.create(7, asking_async).unwrap();
                assert_eq!((answer.value, answer.origin), (7, Origin::Created));
                assert_eq!(world.stored().as_deref(), Some(&b"7"[..]));
                assert!(!world.server.is_leased("key"));
                assert_eq!(world.create(8, asking_async).unwrap().value, 7);
            }
        }
    }
}

#[test]
fn law_9_unreadable_entries_are_counted_and_reported() {
    let world = world(Form::Ready);
    world.plant(b"12x", world.clock.wall());
    assert_eq!(world.values.unreadable(), 0);
    for count in 1..=3 {
        world.region.get("key").unwrap();
        assert_eq!(world.values.unreadable(), count);
        let figures = world.region.statistics().unwrap();
        assert_eq!(figures.unreadable, count, "its user sees it too");
    }
    let reported = world.reported.lock().unwrap();
    assert_eq!(reported.len(), 3);
    assert!(reported[0].starts_with("\"key\": "), "{reported:?}");
    drop(reported);
    world.region.set("key", 1).unwrap();
    assert_eq!(world.region.get("key").unwrap(), Some(1));
    assert_eq!(world.values.unreadable(), 3);
}

#[test]
fn law_9_an_unreadable_entry_never_answers_for_a_failing_creator() {
    for form in Form::ALL {
        let world = world(form);
        world.plant(b"12x", world.clock.earlier(Duration::from_secs(12)));
        let answer = world.region.get_or_try_create("key", || Err("down"));
        assert!(matches!(answer, Err(Error::Creator(_))), "{answer:?}");
        assert!(!world.server.is_leased("key"));
    }
}

#[test]
fn law_9_another_schema_is_a_miss_for_both() {
    let world = world(Form::Ready);
    let newer = Encoded::new(world.server.open("newer"), Digits { schema: 1 });
    let newer = on(Arc::new(newer), &world.clock);
    world.region.set("key", 1).unwrap();
    assert_eq!(newer.get("key").unwrap(), None);
    assert_eq!(newer.get_or_create("key", || 2).unwrap(), 2);
    assert_eq!(world.region.get("key").unwrap(), None);
    assert_eq!(world.region.get_or_create("key", || 3).unwrap(), 3);
    assert!(world.values.unreadable() >= 2, "each look is counted");
}

#[test]
fn law_9_what_cannot_be_written_is_given_and_not_stored() {
    for form in Form::ALL {
        for asking_async in [false, true] {
            let world = world(form);
            let answer = world.create(13, asking_async).unwrap();
            assert_eq!((answer.value, answer.origin), (13, Origin::NotStored));
            assert_eq!(world.stored(), None);
            assert!(!world.server.is_leased("key"), "{form:?}");
            match world.region.set("key", 13) {
                Err(Error::Store(error)) => assert_eq!(error.operation, Operation::Encode),
                other => panic!("{other:?}"),
            }
            assert_eq!(
                world.create(7, asking_async).unwrap().origin,
                Origin::Created
            );
        }
    }
}

#[test]
fn law_9_waiters_of_another_process_read_what_it_wrote() {
    let world = world(Form::Ready);
    world.plant(b"12x", world.clock.wall());
    let other = Encoded::new(world.server.open("other"), Digits { schema: 0 });
    let other = on(Arc::new(other), &world.clock);
    let (send, receive) = tokio::sync::oneshot::channel();
    let create = async move || receive.await.unwrap();
    let mut creator = Hand::new(world.region.at("key").create_async(create));
    assert!(creator.settle().is_pending());
    let never = async || unreachable!("the other creates");
    let mut waiter = Hand::new(other.at("key").create_async(never));
    assert!(waiter.settle().is_pending(), "the junk is not fresh");
    assert!(world.server.count("other", Op::Lease) > 0);
    send.send(5).unwrap();
    assert_eq!(creator.finish().unwrap().origin, Origin::Created);
    assert_eq!(waiter.finish().unwrap().value, 5);
}
