//! Real threads over one `Dogpile`: readers that borrow while others set, delete and refresh, and
//! tasks that are cancelled. No value is freed while it is read, and all are dropped once.

mod common;

use std::sync::LazyLock;
use std::time::Duration;

use common::crew::{self, pause};
use common::{Random, Seen, rounds_of, sanitizer, threads};
use dogpile::{Dogpile, Invalidation};
use dogpile_stress::counted::{Counted, Ledger};

static LEDGER: LazyLock<Ledger> = LazyLock::new(|| Ledger::new(1 << 20));

const KEY: u64 = 7;
const STEPS: usize = 2_000;
const SHORT: Duration = Duration::from_micros(50);

fn value() -> Counted {
    Counted::new(&LEDGER, KEY)
}

/// Reads in place, and has the value taken out meanwhile.
fn borrow(dogpile: &Dogpile<Counted>, random: &mut Random, seen: &mut Seen) {
    let how = random.below(3);
    let read = dogpile.read(|lent| {
        lent.check(KEY);
        match how {
            0 => dogpile.delete(),
            1 => dogpile.set(value()),
            _ => std::thread::yield_now(),
        }
        // Others' garbage is freed, and would be ours, were it not for this reading.
        crossbeam_epoch::pin().flush();
        std::thread::yield_now();
        lent.check(KEY);
        how < 2
    });
    if let Some(outlived) = read {
        seen.reads += 1;
        seen.outlived += usize::from(outlived);
    }
}

fn block(dogpile: &Dogpile<Counted>, round: u64, thread: u64) -> Seen {
    let mut random = Random::new(round, thread);
    let mut seen = Seen::default();
    for _ in 0..STEPS {
        match random.below(24) {
            0..10 => borrow(dogpile, &mut random, &mut seen),
            10..13 => dogpile.set(value()),
            13 => dogpile.delete(),
            14 => dogpile.invalidate(Invalidation::Soft),
            15..17 => {
                let made = dogpile.refresh(|| Ok::<_, ()>(value()));
                made.expect("its creator makes one").check(KEY);
            }
            17 => {
                let failed = || dogpile.get_or_try_create(|| Err("the source is away"));
                drop(failed().map(|value| value.check(KEY)));
            }
            18 => {
                let panics = || std::panic::resume_unwind(Box::new("a creator panics"));
                let call = std::panic::AssertUnwindSafe(|| dogpile.get_or_create(panics));
                drop(std::panic::catch_unwind(call));
            }
            _ => {
                if let Ok(value) = dogpile.get_or_create(value) {
                    value.check(KEY);
                    seen.reads += 1;
                }
            }
        }
    }
    seen
}

fn tasks(dogpile: &Dogpile<Counted>, round: u64, thread: u64) -> Seen {
    let mut random = Random::new(round, thread);
    crew::work(STEPS, &mut random, |random, begun| {
        let polls = random.below(4);
        Box::pin(async move {
            let create = async move || {
                begun.set(true);
                let made = value();
                for _ in 0..polls {
                    pause().await;
                }
                made
            };
            if let Ok(value) = dogpile.get_or_create_async(create).await {
                value.check(KEY);
            }
        })
    })
}

#[test]
fn the_one_value_lives_as_long_as_it_is_read() {
    rounds_of("a single value, 4 threads", &LEDGER, |round| {
        let dogpile = if round.is_multiple_of(2) {
            Dogpile::new()
        } else {
            Dogpile::new().fresh_for(SHORT).stale_for(SHORT)
        };
        let block = |thread| block(&dogpile, round, thread);
        let tasks = |thread| tasks(&dogpile, round, thread);
        threads(&[&block, &block, &block, &tasks])
    });
}

#[test]
fn the_sanitizer_bites() {
    sanitizer::bites();
}
