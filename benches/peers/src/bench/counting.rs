//! An allocator that counts what it hands out: for the `memory` course, and for tests that allow no allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// The system's allocator, counted while somebody asks for it.
///
/// Install it with `#[global_allocator]`. While nothing is counted it costs one load of a flag that nobody writes.
pub struct Counting;

static LIVE_ON: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static OWN: Cell<u64> = const { Cell::new(0) };
    static OWN_ON: Cell<bool> = const { Cell::new(false) };
}

/// Starts to count the bytes that stay allocated, of all threads, and sets the count to zero.
pub fn count_live_bytes() {
    LIVE.store(0, Ordering::SeqCst);
    LIVE_ON.store(true, Ordering::SeqCst);
}

/// Bytes allocated and not freed since [`count_live_bytes`], as they were asked for: an allocator's own rounding is not in them.
pub fn live_bytes() -> i64 {
    LIVE.load(Ordering::SeqCst)
}

/// How often the calling thread allocated while `work` ran.
pub fn allocations_in<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let before = OWN.get();
    OWN_ON.set(true);
    let result = work();
    OWN_ON.set(false);
    (OWN.get() - before, result)
}

fn note(bytes: usize, freed: usize) {
    if LIVE_ON.load(Ordering::Relaxed) {
        // No allocation reaches 2^63 bytes, so neither cast wraps.
        LIVE.fetch_add(
            bytes.cast_signed() as i64 - freed.cast_signed() as i64,
            Ordering::Relaxed,
        );
    }
    // A thread that is being taken down has no counter any more, and nobody who reads it.
    if bytes > 0 && OWN_ON.try_with(Cell::get).unwrap_or(false) {
        let _ = OWN.try_with(|own| own.set(own.get() + 1));
    }
}

// SAFETY: every call is handed on unchanged to the system's allocator, which keeps the contract; the counters allocate nothing
// (two atomics, and thread locals that are const-initialised and have no destructor).
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        // SAFETY: the caller's promise about `layout` is the one asked for here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, layout.size());
        // SAFETY: `pointer` came from `System` by this type's `alloc`, with this layout, as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size, layout.size());
        // SAFETY: as in `dealloc`; the caller promises that `size` is a valid one.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
