//! One key in one region: set, get, delete, create, age, provenance; on every kind of store.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use dogpile::backend::{Backend, Blocking, CachedValue, Span, StoreError};
use dogpile::{Config, Error, Memory, Origin, Region, Verdict};

use crate::stores::{Form, Hand, HandClock, Server};

const FRESH: Duration = Duration::from_secs(100);
const SECOND: Duration = Duration::from_secs(1);

struct Kind {
    name: String,
    region: Region<String>,
    clock: Arc<HandClock>,
}

/// The least that a storage author writes.
#[derive(Default)]
struct Least(std::sync::Mutex<std::collections::HashMap<Vec<u8>, CachedValue<String>>>);

impl Backend<String> for Least {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<String>>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    fn set(&self, key: &[u8], entry: CachedValue<String>, _: Span) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(key.into(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

fn each() -> Vec<Kind> {
    let kind = |name: String, config: Config<String>, clock: Arc<HandClock>| {
        let region = Region::named(name.clone());
        region.configure(config.fresh_for(FRESH)).unwrap();
        Kind {
            name,
            region,
            clock,
        }
    };
    let in_process = |name: &str, config: Config<String>| {
        let clock = HandClock::new();
        kind(name.into(), config.clock(clock.clone()), clock)
    };
    let mut kinds = vec![
        in_process("unbounded", Config::new(Memory::unbounded())),
        in_process("bounded", Config::new(Memory::bounded(100))),
        in_process("least", Config::new(Blocking::new(Least::default()))),
    ];
    for form in Form::ALL {
        let (server, clock) = Server::by_hand();
        let config = server.open("shared").form(form).config(&clock);
        kinds.push(kind(format!("{form:?}"), config, clock));
    }
    kinds
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn what_is_set_is_got_and_what_is_deleted_is_not() {
    for Kind { name, region, .. } in each() {
        assert_eq!(region.get("key").unwrap(), None, "{name}");
        region.delete("key").unwrap();
        region.set("key", text("one")).unwrap();
        assert_eq!(region.get("key").unwrap(), Some(text("one")), "{name}");
        region.set("key", text("two")).unwrap();
        assert_eq!(region.get("key").unwrap(), Some(text("two")), "{name}");
        assert_eq!(region.get("other").unwrap(), None, "{name}");
        for _ in 0..2 {
            region.delete("key").unwrap();
            assert_eq!(region.get("key").unwrap(), None, "{name}");
        }
    }
}

#[test]
fn the_same_for_tasks() {
    for Kind { name, region, .. } in each() {
        let get = || Hand::new(region.get_async("key")).finish().unwrap();
        let set = |value| Hand::new(region.set_async("key", text(value))).finish();
        let delete = || Hand::new(region.delete_async("key")).finish().unwrap();
        assert_eq!(get(), None, "{name}");
        delete();
        set("one").unwrap();
        assert_eq!(get(), Some(text("one")), "{name}");
        set("two").unwrap();
        assert_eq!(get(), Some(text("two")), "{name}");
        for _ in 0..2 {
            delete();
            assert_eq!(get(), None, "{name}");
        }
    }
}

#[test]
fn a_created_value_is_returned_and_cached_even_an_empty_one() {
    for Kind { name, region, .. } in each() {
        let creations = AtomicUsize::new(0);
        let empty = || {
            creations.fetch_add(1, Ordering::Relaxed);
            String::new()
        };
        for _ in 0..3 {
            assert_eq!(region.get_or_create("key", empty).unwrap(), "", "{name}");
            let created = region.get_or_create_async("key", async || empty());
            assert_eq!(Hand::new(created).finish().unwrap(), "", "{name}");
        }
        assert_eq!(creations.into_inner(), 1, "{name}");
        assert_eq!(region.get("key").unwrap(), Some(String::new()));
    }
}

#[test]
fn zero_and_nothing_are_values_like_any_other() {
    let zeros: Region<u64> = Region::new("zeros");
    zeros.configure(Config::new(Memory::unbounded())).unwrap();
    zeros.get_or_create("key", || 0).unwrap();
    assert_eq!(zeros.get_or_create("key", || 1).unwrap(), 0);
    let maybe: Region<Option<u64>> = Region::new("maybe");
    maybe.configure(Config::new(Memory::unbounded())).unwrap();
    maybe.get_or_create("key", || None).unwrap();
    assert_eq!(maybe.get_or_create("key", || Some(1)).unwrap(), None);
    assert_eq!(maybe.get("key").unwrap(), Some(None));
    let units: Region<()> = Region::new("units");
    units.configure(Config::new(Memory::unbounded())).unwrap();
    units.set("key", ()).unwrap();
    assert_eq!(units.get("key").unwrap(), Some(()));
}

#[test]
fn a_value_ages() {
    for Kind {
        name,
        region,
        clock,
    } in each()
    {
        region.set("key", text("old")).unwrap();
        clock.advance(SECOND * 99);
        assert_eq!(region.get("key").unwrap(), Some(text("old")), "{name}");
        clock.advance(SECOND);
        assert_eq!(region.get("key").unwrap(), None, "{name}");
        let answer = region.at("key").create(|| text("new")).unwrap();
        assert_eq!(answer.origin, Origin::Created, "{name}");
        assert_eq!(region.get("key").unwrap(), Some(text("new")));
    }
}

#[test]
fn a_call_may_say_itself_how_old_is_too_old() {
    for Kind {
        name,
        region,
        clock,
    } in each()
    {
        region.set("key", text("old")).unwrap();
        clock.advance(SECOND * 10);
        let at = || region.at("key");
        let got = |fresh_for| {
            let answer = at().fresh_for(fresh_for).get().unwrap();
            let later = Hand::new(at().fresh_for(fresh_for).get_async()).finish();
            assert_eq!(later.unwrap(), answer);
            answer.map(|answer| answer.value)
        };
        assert_eq!(got(SECOND * 11), Some(text("old")), "{name}");
        assert_eq!(got(SECOND * 10), None, "{name}");
        clock.advance(FRESH);
        assert_eq!(region.get("key").unwrap(), None);
        assert_eq!(got(Duration::MAX), Some(text("old")), "{name}: ignored");
        let kept = at()
            .fresh_for(Duration::MAX)
            .create(|| unreachable!("it is there"));
        assert_eq!(kept.unwrap().value, "old");
        region.set("key", text("newer")).unwrap();
        clock.advance(SECOND);
        let strict = at().fresh_for(SECOND).stale_for(Duration::ZERO);
        let answer = strict.create(|| text("newest")).unwrap();
        assert_eq!(answer.origin, Origin::Created, "{name}");
        assert_eq!(region.get("key").unwrap(), Some(text("newest")));
    }
}

#[test]
fn a_call_may_say_itself_for_how_long_stale_values_serve() {
    for Kind {
        name,
        region,
        clock,
    } in each()
    {
        region.set("key", text("old")).unwrap();
        clock.advance(FRESH);
        let answer = region.at("key").create(|| {
            let stale = region.at("key").create(|| unreachable!("one creates"));
            assert_eq!(stale.unwrap().origin, Origin::Stale, "{name}");
            thread::scope(|scope| {
                let strict = || {
                    let call = region.at("key").stale_for(Duration::ZERO);
                    call.deadline(Duration::ZERO).create(|| text("none"))
                };
                let strict = scope.spawn(strict).join().unwrap();
                assert!(matches!(strict, Err(Error::Deadline { .. })), "{name}");
            });
            text("new")
        });
        assert_eq!(answer.unwrap().origin, Origin::Created);
    }
}

#[test]
fn metadata_is_there_while_the_value_is() {
    for Kind {
        name,
        region,
        clock,
    } in each()
    {
        let known = || {
            let known = region.metadata("key").unwrap();
            let later = Hand::new(region.metadata_async("key")).finish();
            assert_eq!(later.unwrap(), known, "{name}");
            known
        };
        assert_eq!(known(), None);
        region.set("key", text("value")).unwrap();
        clock.advance(SECOND * 3);
        let fresh = known().unwrap();
        assert_eq!((fresh.verdict, fresh.age), (Verdict::Fresh, SECOND * 3));
        clock.advance(FRESH);
        let stale = known().unwrap();
        assert_eq!(stale.verdict, Verdict::Stale, "{name}");
        assert_eq!(stale.metadata, fresh.metadata);
        clock.advance(FRESH);
        assert!(known().is_none_or(|known| known.verdict == Verdict::Miss));
        region.delete("key").unwrap();
        assert_eq!(known(), None);
    }
}

#[test]
fn an_answer_says_where_it_came_from_and_how_old_it_is() {
    for Kind {
        name,
        region,
        clock,
    } in each()
    {
        let at = || region.at("key");
        let created = at().create(|| text("one")).unwrap();
        assert_eq!(
            (created.origin, created.age),
            (Origin::Created, Duration::ZERO)
        );
        clock.advance(SECOND * 7);
        let hit = at().create(|| text("two")).unwrap();
        assert_eq!((hit.origin, hit.age), (Origin::Hit, SECOND * 7), "{name}");
        let got = at().get().unwrap().unwrap();
        assert_eq!((got.origin, got.age), (Origin::Hit, SECOND * 7));
        clock.advance(FRESH);
        let on_error = at().try_create(|| Err("down")).unwrap();
        assert_eq!(on_error.origin, Origin::StaleOnError, "{name}");
        assert_eq!(
            (&*on_error.value, on_error.age),
            ("one", FRESH + SECOND * 7)
        );
        let told = at().stale_if_error(false).try_create(|| Err("down"));
        assert!(matches!(told, Err(Error::Creator(error)) if *error == "down"));
        let slow = at().create(|| {
            clock.advance(SECOND);
            text("two")
        });
        let slow = slow.unwrap();
        assert_eq!((slow.origin, slow.age), (Origin::Created, Duration::ZERO));
    }
}

#[test]
fn get_never_waits_for_a_creation() {
    for Kind { name, region, .. } in each() {
        let (begun, has_begun) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let creator = scope.spawn(|| {
                region.get_or_create("key", move || {
                    begun.send(()).unwrap();
                    ended.recv().unwrap();
                    text("new")
                })
            });
            has_begun.recv().unwrap();
            assert!(region.is_being_created("key"), "{name}");
            assert!(!region.is_being_created("other"));
            assert_eq!(region.get("key").unwrap(), None);
            assert_eq!(Hand::new(region.get_async("key")).finish().unwrap(), None);
            assert_eq!(region.read("key", String::len).unwrap(), None);
            assert!(region.metadata("key").unwrap().is_none());
            end.send(()).unwrap();
            creator.join().unwrap().unwrap();
        });
        assert!(!region.is_being_created("key"), "idle again");
        assert_eq!(region.get("key").unwrap(), Some(text("new")));
    }
}

#[test]
fn read_borrows_once_and_clones_nothing_in_memory() {
    #[derive(Debug)]
    struct Precious(u64);
    impl Clone for Precious {
        fn clone(&self) -> Self {
            CLONES.with(|clones| clones.set(clones.get() + 1));
            Self(self.0)
        }
    }
    thread_local!(static CLONES: Cell<usize> = const { Cell::new(0) });
    let region: Region<Precious> = Region::new("precious");
    region.configure(Config::new(Memory::unbounded())).unwrap();
    region.set("key", Precious(7)).unwrap();
    let before = CLONES.get();
    assert_eq!(region.read("key", |value| value.0).unwrap(), Some(7));
    assert_eq!(CLONES.get(), before);
    for Kind { name, region, .. } in each() {
        region.set("key", text("four")).unwrap();
        let mut reads = 0;
        let read = region.read("key", |value| {
            reads += 1;
            value.len()
        });
        assert_eq!((read.unwrap(), reads), (Some(4), 1), "{name}");
        assert_eq!(region.read("none", String::len).unwrap(), None);
    }
}

#[test]
fn refresh_creates_whatever_is_there() {
    for Kind { name, region, .. } in each() {
        region.set("key", text("old")).unwrap();
        let new = region.refresh("key", || Ok::<_, String>(text("new")));
        assert_eq!(new.unwrap(), "new", "{name}");
        let newer = async || Ok::<_, String>(text("newer"));
        let newer = Hand::new(region.refresh_async("key", newer)).finish();
        assert_eq!(newer.unwrap(), "newer", "{name}");
        let failed = region.refresh("key", || Err("down"));
        assert!(matches!(failed, Err(Error::Creator(_))), "{name}");
        assert_eq!(region.get("key").unwrap(), Some(text("newer")), "{name}");
    }
}

#[test]
fn threads_at_once_create_once_on_every_store() {
    for Kind { name, region, .. } in each() {
        let creations = AtomicUsize::new(0);
        let start = std::sync::Barrier::new(10);
        thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    start.wait();
                    let value = region.get_or_create("key", || {
                        creations.fetch_add(1, Ordering::Relaxed);
                        text("one")
                    });
                    assert_eq!(value.unwrap(), "one", "{name}");
                });
            }
        });
        assert_eq!(creations.into_inner(), 1, "{name}");
    }
}

#[test]
#[should_panic(expected = "polled after it had ended")]
fn a_task_that_polls_a_call_after_its_end_is_told_so() {
    let region = Region::new("region");
    region.configure(Config::new(Memory::unbounded())).unwrap();
    let mut call = pin!(region.get_or_create_async("key", async || 1));
    let mut poll = || call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_ready());
    let _ = poll();
}
