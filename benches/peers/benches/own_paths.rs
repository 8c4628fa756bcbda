//! Our own paths, one by one: `cargo bench -p dogpile-peers`. Against other caches: `cargo peers`.

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use dogpile::backend::{Blocking, Prefix};
use dogpile::{Config, Memory, Region};
use dogpile_peers::contenders::plain_map::PlainMap;

const KEY: &str = "user:000000000000042";

type Value = Arc<[u8; 64]>;

fn value() -> Value {
    Arc::new([7; 64])
}

fn configured(config: Config<Value>) -> Region<Value> {
    let region = Region::new("own paths");
    region
        .configure(config.fresh_for(Duration::from_hours(1)))
        .expect("a good configuration");
    region
}

fn holding(config: Config<Value>) -> Region<Value> {
    let region = configured(config);
    region.set(KEY, value()).expect("memory takes it");
    region
}

fn memory() -> Config<Value> {
    Config::new(Memory::unbounded())
}

fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nobody else is there to wait for"),
    }
}

fn hits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hit");
    let region = holding(memory());
    group.bench_function("get", |bencher| bencher.iter(|| region.get(black_box(KEY))));
    group.bench_function("get_or_create", |bencher| {
        bencher.iter(|| region.get_or_create(black_box(KEY), value));
    });
    group.bench_function("get_or_create_async", |bencher| {
        bencher.iter(|| now(region.get_or_create_async(black_box(KEY), async || value())));
    });
    group.bench_function("read", |bencher| {
        bencher.iter(|| region.read(black_box(KEY), |value| value[0]));
    });
    group.bench_function("at, with options", |bencher| {
        bencher.iter(|| {
            region
                .at(black_box(KEY))
                .fresh_for(Duration::from_mins(1))
                .create(value)
        });
    });
    let others = [
        ("get_or_create, bounded", Config::new(Memory::bounded(100))),
        (
            "get_or_create, with a mangler",
            memory().key_mangler(Prefix::new("users:")),
        ),
        (
            "get_or_create, third party",
            Config::new(Blocking::new(PlainMap::default())),
        ),
    ];
    for (name, config) in others {
        let region = holding(config);
        group.bench_function(name, |bencher| {
            bencher.iter(|| region.get_or_create(black_box(KEY), value));
        });
    }
    group.finish();
}

fn misses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("miss");
    let stores = [
        ("unbounded", memory()),
        ("bounded", Config::new(Memory::bounded(1_000))),
        (
            "third party",
            Config::new(Blocking::new(PlainMap::default())),
        ),
    ];
    for (name, config) in stores {
        let region = configured(config);
        group.bench_function(format!("create, {name}"), |bencher| {
            bencher.iter(|| {
                let created = region.get_or_create(black_box(KEY), value);
                region.delete(KEY).expect("memory answers");
                created
            });
        });
    }
    let region = configured(memory());
    group.bench_function("create, async", |bencher| {
        bencher.iter(|| {
            let created = now(region.get_or_create_async(black_box(KEY), async || value()));
            region.delete(KEY).expect("memory answers");
            created
        });
    });
    group.finish();
}

fn writes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    let region = holding(memory());
    group.bench_function("set", |bencher| {
        bencher.iter(|| region.set(black_box(KEY), value()));
    });
    group.bench_function("refresh", |bencher| {
        bencher.iter(|| {
            region.refresh(
                black_box(KEY),
                || Ok::<_, std::convert::Infallible>(value()),
            )
        });
    });
    group.bench_function("delete, nothing there", |bencher| {
        bencher.iter(|| region.delete(black_box("nothing there")));
    });
    group.finish();
}

criterion_group!(own_paths, hits, misses, writes);
criterion_main!(own_paths);
