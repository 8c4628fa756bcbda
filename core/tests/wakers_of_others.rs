//! Wakers are somebody else's code, their clone and drop too: they may use the slot.

#![cfg(feature = "std")]

use std::mem::ManuallyDrop;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use dogpile_core::kit::Std;
use dogpile_core::slot::{Claimed, Slot};
use dogpile_core::waiters::{Room, Told};

type Asked = Slot<Std, u8>;

/// A waker of which every clone asks the slot something as it goes.
const ASKS: RawWakerVTable = RawWakerVTable::new(clone, asks, |_| {}, asks);

fn clone(slot: *const ()) -> RawWaker {
    // SAFETY: the pointer is that of a counted slot, which `waker` and its clones hold.
    unsafe { Arc::increment_strong_count(slot.cast::<Asked>()) };
    RawWaker::new(slot, &ASKS)
}

fn asks(slot: *const ()) {
    // SAFETY: as above; this one's count goes.
    let slot = unsafe { Arc::from_raw(slot.cast::<Asked>()) };
    slot.waiting();
}

fn waker(slot: &Arc<Asked>) -> Waker {
    let slot = ManuallyDrop::new(Arc::clone(slot));
    // SAFETY: the table keeps the counts, and slots are shared between threads.
    unsafe { Waker::from_raw(RawWaker::new(Arc::as_ptr(&slot).cast(), &ASKS)) }
}

#[test]
fn law_7_a_waker_that_asks_the_slot_as_it_goes_meets_no_lock() {
    let (done, over) = mpsc::channel();
    thread::spawn(move || {
        let room = Mutex::new(Room::new());
        let slot = Asked::from_parts(AtomicU64::default(), AtomicU64::default(), room);
        let slot = Arc::new(slot);
        let Claimed::Won(claim) = slot.claim(slot.look()) else {
            panic!("nobody else is there");
        };
        let heir = slot.join(false).expect("somebody creates");
        for _ in 0..2 {
            assert!(slot.hear(&heir, &waker(&slot)).is_pending());
        }
        let _ = slot.abandon(claim);
        let told = slot.hear(&heir, &waker(&slot));
        assert!(matches!(told, Poll::Ready(Told::Heir(_))));
        let told = slot.hear(&heir, &waker(&slot));
        assert!(matches!(told, Poll::Ready(Told::Superseded)));
        done.send(()).expect("somebody listens");
    });
    over.recv_timeout(Duration::from_secs(10))
        .expect("it hangs, or failed");
}
