//! Two kits for loom, because loom alone is not exhaustive.
//!
//! Loom keeps one last access for each atomic, so a thread's own plain load hides another thread's
//! earlier one: of "load, then compare and exchange", which is how every caller enters a slot, it
//! misses most interleavings (tokio-rs/loom issues 166 and 392). Hence:
//!
//! - [`LoomSwap`] reads by a read-modify-write. All interleavings, no stale reads.
//! - [`LoomShadow`] reads plainly, after a relaxed read-modify-write of a shadow beside the word.
//!   Stale reads too, at a higher cost.

use std::sync::Arc;
use std::task::{Wake, Waker};

use dogpile_core::kit::{Kit, Lock, Order, Park, Word};
use dogpile_core::time::Span;
use loom::cell::UnsafeCell;
use loom::sync::Notify;
use loom::sync::atomic::{AtomicU64, Ordering};

use super::orderings::effective;
use super::{Checker, Scratch};

/// Loom with loads that read, modify and write.
#[derive(Debug)]
pub enum LoomSwap {}

/// Loom with plain loads behind a shadow.
#[derive(Debug)]
pub enum LoomShadow {}

/// The word of [`LoomSwap`].
#[derive(Debug)]
pub struct SwapWord(AtomicU64);

/// The word of [`LoomShadow`].
#[derive(Debug)]
pub struct ShadowWord {
    word: AtomicU64,
    shadow: AtomicU64,
}

impl Word for SwapWord {
    fn load(&self, order: Order) -> u64 {
        self.0.fetch_add(0, effective(order))
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

impl ShadowWord {
    fn cast_shadow(&self) {
        self.shadow.fetch_add(1, Ordering::Relaxed);
    }
}

impl Word for ShadowWord {
    fn load(&self, order: Order) -> u64 {
        self.cast_shadow();
        self.word.load(effective(order))
    }

    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Order,
        failure: Order,
    ) -> Result<u64, u64> {
        self.cast_shadow();
        self.word
            .compare_exchange(current, new, effective(success), effective(failure))
    }

    fn raise(&self, value: u64, order: Order) {
        self.cast_shadow();
        self.word.fetch_max(value, effective(order));
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

impl Kit for LoomSwap {
    type Word = SwapWord;
    type Lock<T: Send> = Mutex<T>;
    type Park = NotifyPark;
}

impl Kit for LoomShadow {
    type Word = ShadowWord;
    type Lock<T: Send> = Mutex<T>;
    type Park = NotifyPark;
}

impl Checker for LoomSwap {
    const NAME: &'static str = "loom, loads that write";
    type Scratch = Tracked;

    fn word(bits: u64) -> SwapWord {
        SwapWord(AtomicU64::new(bits))
    }

    fn spawn<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Box<dyn FnOnce() -> T> {
        spawn(work)
    }
}

impl Checker for LoomShadow {
    const NAME: &'static str = "loom, plain loads behind a shadow";
    type Scratch = Tracked;

    fn word(bits: u64) -> ShadowWord {
        ShadowWord {
            word: AtomicU64::new(bits),
            shadow: AtomicU64::new(0),
        }
    }

    fn spawn<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Box<dyn FnOnce() -> T> {
        spawn(work)
    }
}

fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Box<dyn FnOnce() -> T> {
    let thread = loom::thread::spawn(work);
    Box::new(move || match thread.join() {
        Ok(answer) => answer,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
