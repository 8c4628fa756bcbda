//! Law 11 for processes that write values under tags and look at none: what they write after another process has
//! invalidated a tag is kept, whether they were there before or came later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dogpile::{Creation, Invalidation, Region, Terms, TooManyTags};

use crate::stores::{Form, Hand, HandClock, Op, Server};

use Invalidation::{Hard, Soft};

const PATIENCE: Duration = Duration::from_secs(20);

type Write = fn(&Region<u64>, u64);

/// Every way to write a value under a tag in a region that has no rule for tags.
const WRITES: [(&str, Write); 6] = [
    ("set", |region, value| {
        region.set_with("key", value, under_t()).unwrap();
    }),
    ("set_async", |region, value| {
        let call = region.set_with_async("key", value, under_t());
        Hand::new(call).finish().unwrap();
    }),
    ("create", |region, value| {
        region.delete("key").unwrap();
        let call = region.at("key");
        call.try_create_with(|creation| tagged(creation, value))
            .unwrap();
    }),
    ("create_async", |region, value| {
        region.delete("key").unwrap();
        let create = async |creation: Creation<u64>| tagged(&creation, value);
        let call = region.at("key").try_create_with_async(create);
        Hand::new(call).finish().unwrap();
    }),
    ("refresh", |region, value| {
        let call = region.at("key");
        call.refresh_with(|creation| tagged(creation, value))
            .unwrap();
    }),
    ("refresh_async", |region, value| {
        let create = async |creation: Creation<u64>| tagged(&creation, value);
        let call = region.at("key").refresh_with_async(create);
        Hand::new(call).finish().unwrap();
    }),
];

fn under_t() -> Terms {
    Terms::NONE.with_tag("t").unwrap()
}

fn tagged(creation: &Creation<u64>, value: u64) -> Result<u64, TooManyTags> {
    creation.tag("t")?;
    Ok(value)
}

struct Stage {
    server: Arc<Server<u64>>,
    clock: Arc<HandClock>,
    form: Form,
}

impl Stage {
    fn open(&self, name: &'static str) -> Region<u64> {
        let region = Region::new("users");
        let map = self.server.open(name).form(self.form);
        region.configure(map.config(&self.clock)).unwrap();
        region
    }
}

fn each() -> impl Iterator<Item = (Stage, &'static str, Write, Invalidation)> {
    let forms = Form::ALL.into_iter();
    forms.flat_map(|form| {
        WRITES.into_iter().flat_map(move |(name, write)| {
            [Hard, Soft].into_iter().map(move |how| {
                let (server, clock) = Server::by_hand();
                let stage = Stage {
                    server,
                    clock,
                    form,
                };
                (stage, name, write, how)
            })
        })
    })
}

#[test]
fn law_11_the_first_thing_that_a_process_writes_under_a_tag_knows_of_its_invalidations() {
    for (stage, name, write, how) in each() {
        let [writer, other] = ["writer", "other"].map(|name| stage.open(name));
        other.invalidate_tag("t", how).unwrap();
        write(&writer, 1);
        let found = other.get("key").unwrap();
        assert_eq!(found, Some(1), "{name} in {:?}", stage.form);
        let third = stage.open("third");
        assert_eq!(third.get("key").unwrap(), Some(1), "{name}");
    }
}

#[test]
fn law_11_a_process_that_only_writes_hears_of_later_invalidations() {
    let invalidated = each().map(|(stage, name, write, how)| {
        let [writer, other] = ["writer", "other"].map(|name| stage.open(name));
        write(&writer, 1);
        assert_eq!(other.get("key").unwrap(), Some(1));
        let reads = stage.server.count("writer", Op::ReadEpochs);
        other.invalidate_tag("t", how).unwrap();
        assert_eq!(other.get("key").unwrap(), None);
        (stage.server, name, write, writer, other, reads)
    });
    let invalidated: Vec<_> = invalidated.collect();
    for (server, name, write, writer, other, mut reads) in invalidated {
        let (mut value, begun) = (1, Instant::now());
        while other.get("key").unwrap() != Some(value) {
            assert!(begun.elapsed() < PATIENCE, "{name} never hears");
            (reads, value) = (reads + 1, value + 1);
            server.wait_for("writer", Op::ReadEpochs, reads);
            write(&writer, value);
        }
    }
}
