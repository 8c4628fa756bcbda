//! A hit allocates nothing: sync, async, borrowed, with a key mangler, through a third party's backend.

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use dogpile::backend::{Blocking, Prefix};
use dogpile::{Config, Memory, Region};
use dogpile_peers::bench::counting::{Counting, allocations_in};
use dogpile_peers::contenders::plain_map::PlainMap;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KEY: &str = "user:000000000000042";

type Value = Arc<[u8; 64]>;

/// A region that holds [`KEY`], and has been asked for it once: what a thread sets up at its first look is no hit's.
fn holding(config: Config<Value>) -> Region<Value> {
    let region = Region::new("no allocation");
    region
        .configure(config.fresh_for(Duration::from_hours(1)))
        .expect("a good configuration");
    region.set(KEY, Arc::new([7; 64])).expect("memory takes it");
    assert!(region.get(KEY).expect("memory answers").is_some());
    region
}

fn memory() -> Config<Value> {
    Config::new(Memory::unbounded())
}

fn bounded() -> Config<Value> {
    Config::new(Memory::bounded(100))
}

fn mangled() -> Config<Value> {
    memory().key_mangler(Prefix::new("a prefix of some length:"))
}

/// Allocations of a thousand calls of `hit`.
fn allocations(mut hit: impl FnMut()) -> u64 {
    let (allocations, ()) = allocations_in(|| (0..1_000).for_each(|_| hit()));
    allocations
}

/// A hit of the async calls is there at the first poll.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit does not wait"),
    }
}

fn never() -> Value {
    panic!("a hit creates nothing")
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(black_box(Box::new(7)))), 1_000);
    assert_eq!(allocations(|| drop(black_box(vec![0_u8; 7]))), 1_000);
}

#[test]
fn a_sync_hit_allocates_nothing() {
    for config in [memory(), bounded(), mangled()] {
        let region = holding(config);
        let counted = allocations(|| {
            black_box(region.get_or_create(KEY, never).expect("a hit"));
            black_box(
                region
                    .get_or_try_create(KEY, || Err::<Value, _>("a hit creates nothing"))
                    .expect("a hit"),
            );
            black_box(region.get(KEY).expect("memory answers").expect("a hit"));
        });
        assert_eq!(counted, 0);
    }
}

#[test]
fn a_borrowing_hit_allocates_nothing() {
    for config in [memory(), bounded(), mangled()] {
        let region = holding(config);
        let counted = allocations(|| {
            assert_eq!(
                region.read(KEY, |value| value[0]).expect("memory answers"),
                Some(7)
            );
        });
        assert_eq!(counted, 0);
    }
}

#[test]
fn an_async_hit_allocates_nothing() {
    for config in [memory(), bounded(), mangled()] {
        let region = holding(config);
        let counted = allocations(|| {
            black_box(at_once(region.get_or_create_async(KEY, async || never())).expect("a hit"));
            black_box(
                at_once(region.get_async(KEY))
                    .expect("memory answers")
                    .expect("a hit"),
            );
            let fallible = region.get_or_try_create_async(KEY, async || Err::<Value, _>("none"));
            black_box(at_once(fallible).expect("a hit"));
        });
        assert_eq!(counted, 0);
    }
}

#[test]
fn a_hit_through_a_third_partys_backend_allocates_nothing() {
    let region = holding(Config::new(Blocking::new(PlainMap::default())));
    let counted = allocations(|| {
        black_box(region.get_or_create(KEY, never).expect("a hit"));
        black_box(at_once(region.get_or_create_async(KEY, async || never())).expect("a hit"));
    });
    assert_eq!(counted, 0);
}
