//! Regions on stores with proxies before them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dogpile::backend::proxy::{Beneath, CircuitBreaker, IsReadOnly, Proxy, ReadOnly, RetryDelete};
use dogpile::backend::{CachedValue, Fault, Local, Reply, Span, block_on};
use dogpile::{Config, Error, Invalidation, Memory, Origin, Region};

use crate::stores::{Form, Hand, Op, Server};

type Heard = Arc<Mutex<Vec<&'static str>>>;

/// Says its name whenever a value is stored or removed.
struct Says {
    name: &'static str,
    heard: Heard,
}

impl Says {
    fn say(&self) {
        self.heard.lock().unwrap().push(self.name);
    }
}

impl<V: 'static> Proxy<V> for Says {
    fn look_local(
        &self,
        beneath: Beneath<'_, V>,
        key: &[u8],
        lend: &mut dyn FnMut(CachedValue<&V>),
    ) -> Local {
        beneath.look_local(key, lend)
    }

    fn set<'a>(
        &'a self,
        beneath: Beneath<'a, V>,
        key: &'a [u8],
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, ()> {
        self.say();
        beneath.set(key, entry, ttl)
    }

    fn delete<'a>(&'a self, beneath: Beneath<'a, V>, key: &'a [u8]) -> Reply<'a, ()> {
        self.say();
        beneath.delete(key)
    }
}

fn region(config: Config<u64>) -> Region<u64> {
    let region = Region::new("proxied");
    region.configure(config).unwrap();
    region
}

#[test]
fn proxies_are_asked_in_order_the_last_put_on_first() {
    let heard = Heard::default();
    let says = |name| Says {
        name,
        heard: Arc::clone(&heard),
    };
    let config = Config::new(Memory::unbounded());
    let region = region(config.wrap(says("inner")).wrap(says("outer")));
    region.set("key", 1).unwrap();
    assert_eq!(*heard.lock().unwrap(), ["outer", "inner"]);
    assert_eq!(region.get("key").unwrap(), Some(1));
    assert_eq!(region.get_or_create("other", || 2).unwrap(), 2);
    region.delete("key").unwrap();
    assert_eq!(
        heard.lock().unwrap().len(),
        4,
        "what is not overridden goes on"
    );
    assert_eq!(region.backend_name(), Some("memory"), "the innermost's");
}

#[test]
fn proxies_of_two_regions_know_nothing_of_each_other() {
    let memory = Memory::unbounded();
    let [one, other] = [Heard::default(), Heard::default()].map(|heard| {
        let (name, own) = ("says", Arc::clone(&heard));
        let says = Says { name, heard: own };
        (region(Config::new(memory.clone()).wrap(says)), heard)
    });
    one.0.set("key", 1).unwrap();
    assert_eq!(one.1.lock().unwrap().len(), 1);
    assert_eq!(other.1.lock().unwrap().len(), 0);
    assert_eq!(other.0.get("key").unwrap(), Some(1), "the store is one");
}

#[test]
fn law_1_law_3_a_region_behind_proxies_keeps_the_laws() {
    for form in Form::ALL {
        let (server, _) = Server::by_hand();
        let open = |name| {
            let config = Config::new(server.open(name).form(form));
            region(
                config
                    .wrap(RetryDelete::new(2))
                    .wrap(CircuitBreaker::new(3, Duration::MAX)),
            )
        };
        let (a, b) = (open("a"), open("b"));
        let answer = a.at("key").create(|| {
            let mut waiter = Hand::new(b.get_or_create_async("key", async || 2));
            assert!(waiter.poll().is_pending(), "one creates in all processes");
            b.delete("key").unwrap();
            1
        });
        assert_eq!(answer.unwrap().origin, Origin::Superseded);
        assert_eq!(
            a.get("key").unwrap(),
            None,
            "a deleted value never comes back"
        );
    }
}

#[test]
fn a_region_that_only_reads_creates_for_its_callers_and_stores_nothing() {
    let memory = Memory::unbounded();
    let writes = region(Config::new(memory.clone()));
    let reads = region(Config::new(memory).wrap(ReadOnly));
    writes.set("there", 1).unwrap();
    assert_eq!(reads.get_or_create("there", || 2).unwrap(), 1);
    let made = reads.at("missing").create(|| 3).unwrap();
    assert_eq!((made.value, made.origin), (3, Origin::NotStored));
    let call = reads.get_or_create_async("missing", async || 4);
    assert_eq!(Hand::new(call).finish().unwrap(), 4);
    assert_eq!(writes.get("missing").unwrap(), None);
    for refused in [reads.set("there", 5), reads.delete("there")] {
        let Err(Error::Store(error)) = refused else {
            panic!("{refused:?}");
        };
        assert!(error.to_string().contains("only read"), "{error}");
    }
    assert_eq!(writes.get("there").unwrap(), Some(1));
}

#[test]
fn a_region_that_only_reads_refuses_invalidations_also_where_its_store_has_no_epochs() {
    let memory = Memory::unbounded();
    let writes = region(Config::new(memory.clone()));
    writes.set("there", 1).unwrap();
    let reads = || region(Config::new(memory.clone()).wrap(ReadOnly));
    let (at_once, by_task, by_tag, tag_by_task) = (reads(), reads(), reads(), reads());
    let refused = [
        at_once.invalidate(Invalidation::Hard),
        block_on(by_task.invalidate_async(Invalidation::Soft)),
        by_tag.invalidate_tag("tag", Invalidation::Hard),
        block_on(tag_by_task.invalidate_tag_async("tag", Invalidation::Soft)),
    ];
    for refused in refused {
        let Err(Error::Store(error)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(error.fault, Fault::Refused);
        assert!(error.source.is::<IsReadOnly>(), "{error}");
    }
    assert_eq!(at_once.get("there").unwrap(), None, "it keeps to it itself");
    assert_eq!(writes.get("there").unwrap(), Some(1));
}

#[test]
fn law_12_a_region_goes_on_at_once_without_a_store_that_is_left_alone() {
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let breaker = CircuitBreaker::new(2, Duration::from_secs(10)).clock(clock.clone());
        let store = server.open("a").form(form);
        let faults = store.faults();
        let config = Config::new(store).clock(clock.clone());
        let region = region(config.wrap(breaker.clone()).keep_last(10));
        region.set("key", 1).unwrap();
        region.get("key").unwrap();
        faults.fail(&[Op::Get]);
        while !breaker.is_open() {
            assert_eq!(region.get("key").unwrap(), Some(1), "kept");
        }
        faults.heal();
        let answer = region.at("key").create(|| 2).unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::Kept));
        clock.advance(Duration::from_secs(10));
        let answer = region.at("key").create(|| 2).unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::Hit));
        assert!(!breaker.is_open());
    }
}
