//! What the stress tests share.

pub(crate) mod crew;
pub(crate) mod sanitizer;

use std::thread;
use std::time::{Duration, Instant};

use dogpile_proof::{Property, Size, Tool, shown, size};
use dogpile_stress::counted::Ledger;

/// Numbers that look random and are the same each time (`SplitMix64`).
pub(crate) struct Random(u64);

impl Random {
    /// For one thread of one round.
    pub(crate) fn new(round: u64, thread: u64) -> Self {
        Self(round << 8 | thread)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// How often the interesting states were reached.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    /// A reader held a value that was taken out meanwhile.
    pub(crate) outlived: usize,
    /// A task that waited for another's creation was dropped.
    pub(crate) waiters_gone: usize,
    /// Values that were read and checked.
    pub(crate) reads: usize,
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.outlived += other.outlived;
        self.waiters_gone += other.waiters_gone;
        self.reads += other.reads;
    }
}

pub(crate) fn rounds() -> u64 {
    match size() {
        Size::Short => 40,
        Size::Full => 200,
        Size::Nightly => 800,
    }
}

/// Runs `round` so often, and after each waits until its values are gone.
pub(crate) fn rounds_of(scope: &str, ledger: &Ledger, round: impl Fn(u64) -> Seen) {
    let (mut seen, mut values) = (Seen::default(), 0);
    for number in 0..rounds() {
        println!("{scope}, round {number}");
        seen += round(number);
        until_all_are_gone(ledger);
        values += ledger.close();
    }
    println!("{scope}: {values} values, {} reads", seen.reads);
    let tools = [Some(Tool::Stress), sanitizer::tool()];
    for tool in tools.into_iter().flatten() {
        shown(
            Property::ValuesDroppedOnce,
            tool,
            scope,
            values,
            seen.outlived,
        );
        shown(
            Property::WholeValues,
            tool,
            scope,
            seen.reads,
            seen.outlived,
        );
        if tool == Tool::Sanitizer {
            let rounds = usize::try_from(rounds()).unwrap_or(usize::MAX);
            shown(
                Property::NoFreedWaiterTouched,
                tool,
                scope,
                rounds,
                seen.waiters_gone,
            );
        }
    }
}

/// What readers may still have held is freed after them: by whoever next has business with the
/// reclamation that is shared by the process, which is us.
fn until_all_are_gone(ledger: &Ledger) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        crossbeam_epoch::pin().flush();
        let (born, alive) = ledger.census();
        if alive == 0 {
            return;
        }
        assert!(
            Instant::now() < end,
            "{alive} of {born} values are never dropped"
        );
        thread::yield_now();
    }
}

/// Runs each piece of work in a thread of its own, and waits until the threads are really gone:
/// what a thread keeps for reclamation it gives away at its end.
pub(crate) fn threads(work: &[&(dyn Fn(u64) -> Seen + Sync)]) -> Seen {
    thread::scope(|scope| {
        let threads: Vec<_> = (0_u64..)
            .zip(work)
            .map(|(number, work)| scope.spawn(move || work(number)))
            .collect();
        let mut seen = Seen::default();
        for thread in threads {
            match thread.join() {
                Ok(more) => seen += more,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        seen
    })
}
