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
static OCCUPIED: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static OWN: Cell<u64> = const { Cell::new(0) };
    static OWN_ON: Cell<bool> = const { Cell::new(false) };
}

/// Starts to count the bytes that stay allocated, of all threads, and sets the count to zero.
pub fn count_live_bytes() {
    LIVE.store(0, Ordering::SeqCst);
    OCCUPIED.store(0, Ordering::SeqCst);
    LIVE_ON.store(true, Ordering::SeqCst);
}

/// Bytes allocated and not freed since [`count_live_bytes`], as they were asked for: an allocator's own rounding is not in them.
pub fn live_bytes() -> i64 {
    LIVE.load(Ordering::SeqCst)
}

/// The same with the allocator's own rounding and book-keeping, where it tells them: what the heap really gives up for them.
pub fn occupied_bytes() -> i64 {
    OCCUPIED.load(Ordering::SeqCst)
}

/// How often the calling thread allocated while `work` ran.
pub fn allocations_in<R>(work: impl FnOnce() -> R) -> (u64, R) {
    let before = OWN.get();
    OWN_ON.set(true);
    let result = work();
    OWN_ON.set(false);
    (OWN.get() - before, result)
}

/// Counts a block that is there now.
fn gained(pointer: *mut u8, bytes: usize) {
    if pointer.is_null() {
        return;
    }
    live(pointer, bytes, 1);
    // A thread that is being taken down has no counter any more, and nobody who reads it.
    if OWN_ON.try_with(Cell::get).unwrap_or(false) {
        let _ = OWN.try_with(|own| own.set(own.get() + 1));
    }
}

/// Counts a block that is about to go.
fn losing(pointer: *mut u8, bytes: usize) {
    live(pointer, bytes, -1);
}

fn live(pointer: *mut u8, bytes: usize, sign: i64) {
    if LIVE_ON.load(Ordering::Relaxed) {
        // No allocation reaches 2^63 bytes, so no cast wraps.
        LIVE.fetch_add(sign * bytes.cast_signed() as i64, Ordering::Relaxed);
        OCCUPIED.fetch_add(
            sign * occupied(pointer, bytes).cast_signed() as i64,
            Ordering::Relaxed,
        );
    }
}

/// What glibc's heap spends on a block: what may be used of it, and the word before it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn occupied(pointer: *mut u8, _bytes: usize) -> usize {
    // SAFETY: `pointer` is a block of the system's allocator, which is malloc, and has not been freed.
    unsafe { libc::malloc_usable_size(pointer.cast()) + size_of::<usize>() }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn occupied(_pointer: *mut u8, bytes: usize) -> usize {
    bytes
}

// SAFETY: every call is handed on unchanged to the system's allocator, which keeps the contract; the counters allocate nothing
// (atomics, and thread locals that are const-initialised and have no destructor).
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is the one asked for here.
        let pointer = unsafe { System.alloc(layout) };
        gained(pointer, layout.size());
        pointer
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let pointer = unsafe { System.alloc_zeroed(layout) };
        gained(pointer, layout.size());
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        losing(pointer, layout.size());
        // SAFETY: `pointer` came from `System` by this type's `alloc`, with this layout, as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        losing(pointer, layout.size());
        // SAFETY: as in `dealloc`; the caller promises that `size` is a valid one.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        gained(moved, size);
        moved
    }
}
