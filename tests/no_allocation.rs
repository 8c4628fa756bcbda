//! A hit allocates nothing: by threads and by tasks, with a key mangler, in memory and in a
//! third-party store that lends.
#![allow(clippy::unwrap_used)] // what a test cannot go on without, fails it

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use dogpile::backend::proxy::KeyPrefix;
use dogpile::backend::{
    Backend, Blocking, CachedValue, LengthConditional, Local, Prefix, Span, StoreError,
};
use dogpile::memoize::Name;
use dogpile::{Config, ManualClock, Memory, Region};

/// Counts what this thread asks for; other threads, such as the keeper, do not disturb.
struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

fn counted() {
    // A thread that is ending has no counter any more, and nobody asks for it.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local that
// needs neither initialisation nor a destructor, so it does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        counted();
        // SAFETY: the caller keeps `alloc`'s contract, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        counted();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        counted();
        // SAFETY: as above; `block` came from the system through this allocator.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often `work` allocates, after a first time that may set things up.
fn allocations(mut work: impl FnMut()) -> usize {
    work();
    let before = ALLOCATIONS.get();
    for _ in 0..1_000 {
        work();
    }
    ALLOCATIONS.get() - before
}

/// Polls a future that must be ready at once.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit is ready at once"),
    }
}

fn configured(config: Config<u64>) -> Region<u64> {
    let region = Region::new("hits");
    region.configure(config).unwrap();
    region.set("key", 42).unwrap();
    region
}

/// A third-party store in this process's memory.
#[derive(Default)]
struct Lending(std::sync::Mutex<HashMap<Vec<u8>, CachedValue<u64>>>);

impl Backend<u64> for Lending {
    fn get(&self, key: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).copied())
    }

    fn set(&self, key: &[u8], entry: CachedValue<u64>, _: Span) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(key.into(), entry);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&u64>)) -> Local {
        let found = self.0.lock().unwrap().get(key).copied();
        match found {
            Some(CachedValue { value, metadata }) => {
                let value = &value;
                lend(CachedValue { value, metadata });
                Local::Lent
            }
            None => Local::Absent,
        }
    }
}

fn each() -> Vec<(&'static str, Region<u64>)> {
    let memory = || Config::new(Memory::unbounded());
    let prefix = || Prefix::new("a prefix of some length:");
    let closure = |key: &[u8], mangled: &mut dogpile::backend::KeyBuffer| {
        mangled.push(key);
        mangled.push(b"/suffix");
    };
    // Read precisely, from a clock that stands still, so that the value stays fresh.
    let precise = memory().fresh_for(Duration::from_millis(1));
    let precise = precise.clock(Arc::new(ManualClock::new()));
    let lending = || Config::new(Blocking::new(Lending::default()));
    vec![
        ("unbounded", configured(memory())),
        ("bounded", configured(Config::new(Memory::bounded(10)))),
        ("precise", configured(precise)),
        (
            "aging",
            configured(memory().fresh_for(Duration::from_hours(1))),
        ),
        ("kept", configured(memory().keep_last(10))),
        ("prefix", configured(memory().key_mangler(prefix()))),
        (
            "prefixed",
            configured(memory().wrap(KeyPrefix::new("a prefix of some length:"))),
        ),
        ("closure", configured(memory().key_mangler(closure))),
        (
            "long",
            configured(memory().key_mangler(LengthConditional::new(2, prefix()))),
        ),
        ("lending", configured(lending())),
        (
            "lending, prefix",
            configured(lending().key_mangler(prefix())),
        ),
    ]
}

#[test]
fn a_hit_of_a_thread_allocates_nothing() {
    for (name, region) in each() {
        let create = || -> u64 { unreachable!("a hit creates nothing") };
        let try_create = move || -> Result<u64, String> { Ok(create()) };
        let get = allocations(|| assert_eq!(region.get("key").unwrap(), Some(42)));
        assert_eq!(get, 0, "{name}: get");
        let create = allocations(|| assert_eq!(region.get_or_create("key", create).unwrap(), 42));
        assert_eq!(create, 0, "{name}: get_or_create");
        let refresh = allocations(|| drop(region.get_or_refresh("key", try_create)));
        assert_eq!(refresh, 0, "{name}: get_or_refresh");
        let create = allocations(|| drop(region.get_or_try_create("key", try_create)));
        assert_eq!(create, 0, "{name}: get_or_try_create");
        let read =
            allocations(|| assert_eq!(region.read("key", |value| *value).unwrap(), Some(42)));
        assert_eq!(read, 0, "{name}: read");
        let load = allocations(|| assert_eq!(region.load("key").unwrap(), 42));
        assert_eq!(load, 0, "{name}: load");
        let hour = Duration::from_secs(3_600);
        let at = allocations(|| drop(region.at("key").fresh_for(hour).try_create(try_create)));
        assert_eq!(at, 0, "{name}: at");
        let call = || region.at("key").get_or_refresh_with(move |_| try_create());
        let refresh = allocations(|| assert_eq!(call().unwrap().value, 42));
        assert_eq!(refresh, 0, "{name}: at, get_or_refresh_with");
        let load = allocations(|| assert_eq!(region.at("key").load().unwrap().value, 42));
        assert_eq!(load, 0, "{name}: at, load");
    }
}

#[test]
fn a_hit_of_a_task_allocates_nothing() {
    for (name, region) in each() {
        let get = allocations(|| assert_eq!(at_once(region.get_async("key")).unwrap(), Some(42)));
        assert_eq!(get, 0, "{name}: get_async");
        let call = || region.get_or_create_async("key", async || unreachable!("a hit"));
        let create = allocations(|| assert_eq!(at_once(call()).unwrap(), 42));
        assert_eq!(create, 0, "{name}: get_or_create_async");
        let never = async || -> Result<u64, String> { unreachable!("a hit") };
        let call = || region.get_or_try_create_async("key", never);
        let create = allocations(|| assert_eq!(at_once(call()).unwrap(), 42));
        assert_eq!(create, 0, "{name}: get_or_try_create_async");
        let call = || region.get_or_refresh_async("key", never);
        let refresh = allocations(|| assert_eq!(at_once(call()).unwrap(), 42));
        assert_eq!(refresh, 0, "{name}: get_or_refresh_async");
        let load = allocations(|| assert_eq!(at_once(region.load_async("key")).unwrap(), 42));
        assert_eq!(load, 0, "{name}: load_async");
        let call = || region.at("key").try_create_async(never);
        let at = allocations(|| assert_eq!(at_once(call()).unwrap().value, 42));
        assert_eq!(at, 0, "{name}: at, async");
    }
}

#[test]
fn the_counter_counts() {
    let (_, region) = each().remove(0);
    let allocated = allocations(|| assert_eq!(region.get("none").unwrap(), None));
    assert!(allocated >= 1_000, "a miss copies its key: {allocated}");
    assert_eq!(allocations(|| drop(vec![1])), 1_000);
}

#[test]
fn a_hit_of_a_memoized_function_allocates_nothing() {
    let region = configured(Config::new(Memory::unbounded()));
    let name = Name::new("a module's path", "a_function");
    let memo = || region.memo(name, &(7_u64, "a text", Some([1_u8; 16])));
    let judge = |value: &u64| *value > 0;
    let week = Duration::from_secs(604_800);
    let ways: [(&str, &dyn Fn() -> u64); 5] = [
        ("called", &|| memo().get_or_create(|| 42).unwrap()),
        ("its own freshness", &|| {
            memo().fresh_for(week).get_or_original(|| 42)
        }),
        ("its own judge", &|| {
            memo().should_cache(&judge).get_or_create(|| 42).unwrap()
        }),
        ("seeing its creation", &|| {
            memo().get_or_original_with(|_| 42)
        }),
        ("by tasks", &|| {
            at_once(memo().get_or_create_async(async || 42)).unwrap()
        }),
    ];
    for (name, call) in ways {
        assert_eq!(call(), 42, "{name}");
        let count = allocations(|| {
            call();
        });
        assert_eq!(count, 0, "{name}");
    }
}
