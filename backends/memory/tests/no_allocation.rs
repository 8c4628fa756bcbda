//! A hit allocates nothing, and neither does a miss.
#![allow(missing_docs)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::put;
use dogpile_memory::Memory;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting for each thread.
struct Counting;

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every call goes to the system's allocator with the arguments it came with. Counting
// touches a thread-local cell that is initialized at compile time and needs no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn neither_hit_nor_miss_allocates() {
    for memory in [Memory::unbounded(), Memory::bounded(10_000)] {
        for key in 0..1_000_u32 {
            put(&memory, &key.to_be_bytes(), format!("value {key}"));
        }
        // A thread's first look registers it with the map's collector.
        memory.lend(b"none", |_| ());
        let counted = allocations(|| {
            for key in 0..2_000_u32 {
                let found = memory.lend(&key.to_be_bytes(), |cached| cached.value.len());
                assert_eq!(found.is_some(), key < 1_000);
            }
        });
        assert_eq!(counted, 0);
    }
    let counted = allocations(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(counted, 1, "the counter counts");
}
