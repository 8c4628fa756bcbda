//! The races between who keeps a copy and who rings, in every order; and watches that end.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use dogpile_backend::{
    Bell, CachedValue, Epoch, Metadata, News, Span, Stamp, Store, SystemClock, Terms, Time, Watch,
};
use dogpile_memory::Memory;

use super::Tiered;
use super::board::{Board, Reading};

fn entry(value: u64) -> CachedValue<u64> {
    let metadata = Metadata {
        stamp: Stamp::NONE,
        epoch: Epoch::FIRST,
        created: Time::ZERO,
        terms: Terms::NONE,
    };
    CachedValue { value, metadata }
}

fn board(entries: usize) -> Arc<Board<u64>> {
    let near_for = Span::from_secs(1_000);
    Arc::new(Board::new(entries, near_for, Arc::new(SystemClock)))
}

/// Two readers of three steps each; one writer of two, the write and its ring; and the moment from
/// which the far store rings for a watch that did not stand at first.
const STEPS: [usize; 4] = [3, 3, 2, 1];

/// The far store, as one key sees it.
#[derive(Default)]
struct Far {
    value: Cell<u64>,
    bell: RefCell<Option<Bell>>,
    stands: Cell<bool>,
    owes_a_ring: Cell<bool>,
}

impl Far {
    fn hang(&self, bell: Bell) -> Watch {
        *self.bell.borrow_mut() = Some(bell);
        if self.stands.get() {
            Watch::new(|| ())
        } else {
            Watch::coming(|| ())
        }
    }

    fn ring(&self) {
        if let Some(bell) = &*self.bell.borrow() {
            bell(News::Changed);
        }
    }

    fn write(&self, step: usize) {
        match step {
            0 => {
                self.value.set(2);
                let is_heard = self.stands.get() && self.bell.borrow().is_some();
                self.owes_a_ring.set(is_heard);
            }
            _ if self.owes_a_ring.get() => self.ring(),
            _ => {}
        }
    }

    fn comes_to_stand(&self) {
        if self.bell.borrow().is_some() && !self.stands.replace(true) {
            self.ring();
        }
    }
}

/// Runs one order of the actors' steps, and answers the near copy at its end.
fn run(order: &[usize], stands_at_once: bool) -> Option<u64> {
    let (board, far) = (board(10), Far::default());
    far.value.set(1);
    far.stands.set(stands_at_once);
    let mut readings: [Option<Reading<'_, u64>>; 2] = [None, None];
    let (mut read, mut done) = ([0; 2], [0; 4]);
    for &actor in order {
        let step = done[actor];
        done[actor] += 1;
        match (actor, step) {
            (0 | 1, 0) => readings[actor] = Some(board.begin(b"key", |bell| Some(far.hang(bell)))),
            (0 | 1, 1) => read[actor] = far.value.get(),
            (0 | 1, _) => {
                let reading = readings[actor].take().expect("it began");
                reading.keep(Some(&entry(read[actor])));
            }
            (2, step) => far.write(step),
            _ => far.comes_to_stand(),
        }
    }
    board.lend(b"key", |near| *near.value)
}

fn each_order(done: &mut Vec<usize>, left: [usize; 4], check: &mut impl FnMut(&[usize])) {
    if left == [0; 4] {
        return check(done);
    }
    for actor in 0..4 {
        let mut then = left;
        if then[actor] > 0 {
            then[actor] -= 1;
            done.push(actor);
            each_order(done, then, check);
            done.pop();
        }
    }
}

#[test]
fn in_no_order_does_an_old_copy_outlive_the_ring() {
    for stands_at_once in [true, false] {
        let (mut orders, mut copies) = (0, 0);
        each_order(&mut Vec::new(), STEPS, &mut |order| {
            let near = run(order, stands_at_once);
            assert!(
                near.is_none_or(|near| near == 2),
                "{order:?} leaves {near:?}"
            );
            orders += 1;
            copies += u32::from(near.is_some());
        });
        assert_eq!(orders, 5_040);
        assert!(copies > 100, "copies are kept where they may: {copies}");
    }
}

#[test]
fn a_write_of_our_own_in_the_middle_of_a_read_leaves_no_copy() {
    let board = board(10);
    let reading = board.begin(b"key", |_| None);
    board.forget(b"key");
    reading.keep(Some(&entry(1)));
    drop(reading);
    assert!(board.lend(b"key", |_| ()).is_none());
    board.begin(b"key", |_| None).keep(Some(&entry(2)));
    assert_eq!(board.lend(b"key", |near| *near.value), Some(2));
}

#[test]
fn watches_leave_with_the_places_beside_them() {
    let ended = Arc::new(std::sync::Mutex::new(0));
    let board = board(4);
    for number in 0..100_u64 {
        let key = number.to_be_bytes();
        let count = Arc::clone(&ended);
        let watch = move || *count.lock().expect("not poisoned") += 1;
        let found = entry(number);
        // Half of the keys have no value: they are watched all the same.
        let found = (number % 2 == 0).then_some(&found);
        board.begin(&key, |_| Some(Watch::new(watch))).keep(found);
        assert!(board.watched() <= 4, "{} watches", board.watched());
    }
    assert_eq!(board.watched(), board.near_len());
    assert_eq!(*ended.lock().expect("not poisoned") + board.watched(), 100);
}

#[test]
fn a_read_that_is_given_up_leaves_no_watch() {
    let board = board(4);
    drop(board.begin(b"key", |_| Some(Watch::new(|| ()))));
    assert_eq!((board.watched(), board.near_len()), (0, 0));
}

#[test]
fn a_late_ring_of_an_ended_watch_makes_no_other_stand() {
    let (board, first) = (board(4), Far::default());
    drop(board.begin(b"key", |bell| Some(first.hang(bell))));
    let second = Far::default();
    board
        .begin(b"key", |bell| Some(second.hang(bell)))
        .keep(Some(&entry(1)));
    first.ring();
    board.begin(b"key", |_| None).keep(Some(&entry(1)));
    assert!(board.lend(b"key", |_| ()).is_none(), "nothing stands");
    second.ring();
    board.begin(b"key", |_| None).keep(Some(&entry(1)));
    assert!(board.lend(b"key", |_| ()).is_some());
}

#[test]
fn a_store_that_keeps_nothing_near_asks_the_far_one() {
    // Of a kind that lends nothing itself.
    let far = dogpile_backend::Offloaded::new(Arc::new(Memory::unbounded()));
    let store = Tiered::new(0, far);
    store
        .set(b"key", entry(1), Span::FOREVER)
        .wait()
        .expect("set");
    for _ in 0..3 {
        let got = store.get(b"key").wait().expect("an answer");
        assert_eq!(got.map(|entry| entry.value), Some(1));
    }
    assert_eq!((store.near_len(), store.board.watched()), (0, 0));
}
