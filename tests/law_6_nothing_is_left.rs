//! Laws 6 and 7: of calls that were given up, nothing stays in memory. Alone in its process, for it
//! counts every byte.

#![allow(clippy::unwrap_used)] // a test ends at what it did not expect

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use dogpile::{Error, Region};
use support::{in_time, region, stores};

/// Bytes that are allocated and not freed.
static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A creation and some that wait for it, all given up; then one that fails.
async fn give_up(region: &Region<u64>, key: u64) {
    let key = key.to_be_bytes();
    {
        let mut begun = false;
        let mut creator = pin!(region.get_or_create_async(key, async || {
            begun = true;
            pending().await
        }));
        let [first, second] = [(); 2].map(|()| region.get_or_create_async(key, pending));
        let mut waiters = [pin!(first), pin!(second)];
        // A store that answers from another thread has them polled until the creator is at work.
        poll_fn(|context| {
            let at_work = creator.as_mut().poll(context).is_pending();
            assert!(at_work);
            for waiter in &mut waiters {
                assert!(waiter.as_mut().poll(context).is_pending());
            }
            if region.is_being_created(key) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
        assert!(poll(waiters[0].as_mut()).is_pending());
    }
    let failed = region.get_or_try_create_async(key, async || Err::<u64, _>("fails"));
    assert!(matches!(failed.await, Err(Error::Creator(_))));
    assert!(!region.is_being_created(key));
}

fn rounds(region: &Region<u64>, keys: std::ops::Range<u64>) {
    support::block_on(0, async {
        for key in keys {
            give_up(region, key).await;
        }
    });
}

#[test]
fn law_6_law_7_calls_that_were_given_up_leave_nothing() {
    // What an engine on a disk keeps of its pages goes up and down by more than is counted here.
    let in_memory = |(name, _): &(&str, _)| !["file", "sled"].contains(name);
    for (name, config) in stores().into_iter().filter(in_memory) {
        in_time(name, move || {
            let region = region(config);
            // Tables and queues get their size, and what is freed late is freed by and by.
            rounds(&region, 0..1_000);
            let before = LIVE.load(Ordering::Relaxed);
            rounds(&region, 1_000..11_000);
            let after = LIVE.load(Ordering::Relaxed);
            let grown = after.saturating_sub(before);
            eprintln!("{grown} bytes more after 10,000 keys");
            assert!(grown < 100_000, "{grown} bytes: at least ten for each key");
        });
    }
}
