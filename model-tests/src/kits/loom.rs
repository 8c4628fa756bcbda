//! Two kits for loom, because loom alone is not exhaustive.
//!
//! Loom keeps one last access for each atomic, so a thread's own plain load hides another thread's
//! earlier one: of "load, then compare and exchange", which is how every caller enters a slot, it
//! misses most interleavings (tokio-rs/loom issues 166 and 392). Hence:
//!
//! - [`LoomSwap`] reads by a read-modify-write. All interleavings, no stale reads.
//! - [`LoomShadow`] reads plainly, after a relaxed read-modify-write of a shadow beside the word.
//!   Stale reads too, at a higher cost.
//! - [`LoomPlain`] is loom as it comes, for the test that shows what it misses.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};

use dogpile_core::kit::{self, Fault, Kit, Lock, Order, Park, Word};
use dogpile_core::state::{Request, Snapshot, Step};
use dogpile_core::time::Span;
use loom::cell::UnsafeCell;
use loom::sync::Notify;
use loom::sync::atomic::{AtomicU64, Ordering};

use super::{Checker, Scratch};
use crate::mutant::{built_in, effective, step};

/// Loom with a word of this kind.
#[derive(Debug)]
pub struct Loom<W>(PhantomData<W>);

/// Loom with loads that read, modify and write.
pub type LoomSwap = Loom<SwapWord>;

/// Loom with plain loads behind a shadow.
pub type LoomShadow = Loom<ShadowWord>;

/// Loom as it comes: not exhaustive.
pub type LoomPlain = Loom<PlainWord>;

/// A word that loom checks.
pub trait LoomWord: Word + 'static {
    /// The name in reports.
    const NAME: &'static str;

    /// A word that starts at `bits`.
    fn new(bits: u64) -> Self;
}

/// The word of [`LoomPlain`].
#[derive(Debug)]
pub struct PlainWord(AtomicU64);

/// The word of [`LoomSwap`].
#[derive(Debug)]
pub struct SwapWord(PlainWord);

/// The word of [`LoomShadow`].
#[derive(Debug)]
pub struct ShadowWord {
    word: PlainWord,
    shadow: AtomicU64,
}

impl Word for PlainWord {
    fn load(&self, order: Order) -> u64 {
        self.0.load(effective(order))
    }

    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64> {
        self.0
            .compare_exchange(current, new, effective(success), effective(failure))
    }

    fn raise(&self, value: u64, order: Order) {
        self.0.fetch_max(value, effective(order));
    }
}

impl Word for SwapWord {
    fn load(&self, order: Order) -> u64 {
        self.0.0.fetch_add(0, effective(order))
    }

    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64> {
        self.0.compare_exchange(current, new, success, failure)
    }

    fn raise(&self, value: u64, order: Order) {
        self.0.raise(value, order);
    }
}

impl ShadowWord {
    /// A point in the word's history that loom does not let another access hide.
    fn cast_shadow(&self) {
        self.shadow.fetch_add(1, Ordering::Relaxed);
    }
}

impl Word for ShadowWord {
    fn load(&self, order: Order) -> u64 {
        self.cast_shadow();
        self.word.load(order)
    }

    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64> {
        self.cast_shadow();
        self.word.compare_exchange(current, new, success, failure)
    }

    fn raise(&self, value: u64, order: Order) {
        self.cast_shadow();
        self.word.raise(value, order);
    }
}

impl LoomWord for PlainWord {
    const NAME: &'static str = "as it comes";

    fn new(bits: u64) -> Self {
        Self(AtomicU64::new(bits))
    }
}

impl LoomWord for SwapWord {
    const NAME: &'static str = "loads that write";

    fn new(bits: u64) -> Self {
        Self(PlainWord::new(bits))
    }
}

impl LoomWord for ShadowWord {
    const NAME: &'static str = "stale reads";

    fn new(bits: u64) -> Self {
        Self {
            word: PlainWord::new(bits),
            shadow: AtomicU64::new(0),
        }
    }
}

/// Loom's mutex.
#[derive(Debug)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Lock<T> for Mutex<T> {
    fn new(inside: T) -> Self {
        Self(loom::sync::Mutex::new(inside))
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // Loom's mutexes are never poisoned: a panic ends the exploration.
        let mut guard = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut guard)
    }
}

/// A cell that is written once. What it holds is the machine's; that whoever finds it written comes
/// after its writer is loom's to judge.
#[derive(Debug)]
pub struct Once<T, W> {
    written: W,
    memory: Tracked,
    value: OnceLock<T>,
}

/// Partner `ONCE_SET`; who finds a cell written finds what it holds.
const ONCE_GET: Order = Order {
    site: "once.get",
    ordering: Ordering::Acquire,
};

/// Partner `ONCE_GET`; what the cell holds, and all that its writer did before.
const ONCE_SET: Order = Order {
    site: "once.set",
    ordering: Ordering::Release,
};

/// No partner; there is one writer.
const ONCE_LOST: Order = Order {
    site: "once.lost",
    ordering: Ordering::Relaxed,
};

impl<T, W: LoomWord> kit::Once<T> for Once<T, W> {
    fn new() -> Self {
        Self {
            written: W::new(0),
            memory: Scratch::new(),
            value: OnceLock::new(),
        }
    }

    fn get(&self) -> Option<&T> {
        if self.written.load(ONCE_GET) == 0 {
            return None;
        }
        self.memory.read();
        self.value.get()
    }

    fn set(&self, value: T) {
        self.memory.write();
        assert!(self.value.set(value).is_ok(), "it is written once");
        let written = self.written.compare_exchange(0, 1, ONCE_SET, ONCE_LOST);
        assert!(written.is_ok(), "nobody else writes it");
    }
}

/// A parking place that may wake for no reason, as a real one may.
///
/// Not `loom::thread::park`: its `unpark` is no point where another thread may come first, and it
/// orders memory even where nobody slept.
#[derive(Debug)]
pub struct NotifyPark(Arc<Bell>);

#[derive(Debug)]
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify();
    }
}

impl Park for NotifyPark {
    fn here() -> Self {
        Self(Arc::new(Bell(Notify::new())))
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    fn park(&self, _at_most: Option<Span>) {
        self.0.0.wait();
    }
}

/// Memory whose accesses loom orders; nothing is ever stored in it.
#[derive(Debug)]
pub struct Tracked(UnsafeCell<()>);

// SAFETY: the cell holds nothing, and loom runs the threads of a model one at a time; that several
// of them reach the cell is what loom is to judge.
unsafe impl Sync for Tracked {}

impl Scratch for Tracked {
    fn new() -> Self {
        Self(UnsafeCell::new(()))
    }

    fn write(&self) {
        self.0.with_mut(|_| ());
    }

    fn read(&self) {
        self.0.with(|_| ());
    }
}

impl<W: LoomWord> Kit for Loom<W> {
    type Word = W;
    type Lock<T: Send> = Mutex<T>;
    type Once<T: Send + Sync> = Once<T, W>;
    type Park = NotifyPark;

    fn has(fault: Fault) -> bool {
        built_in(fault)
    }

    fn step(now: Snapshot, request: Request) -> Step {
        step(now, request)
    }
}

impl<W: LoomWord> Checker for Loom<W> {
    const NAME: &'static str = W::NAME;
    type Scratch = Tracked;

    fn word(bits: u64) -> W {
        W::new(bits)
    }

    fn spawn<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Box<dyn FnOnce() -> T> {
        let thread = loom::thread::spawn(work);
        Box::new(move || match thread.join() {
            Ok(answer) => answer,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}
