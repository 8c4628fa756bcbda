//! Programs of operations on something that creates what is missing, step by step against a plain
//! map. What is there must be what the map holds; what is not must have left by itself, and said so.
//!
//! Calls of tasks are polled by hand, so that others come between their steps and some are
//! cancelled; a blocking call's creator does a few operations of its own.

mod book;
mod subject;
mod task;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use dogpile::Error;
use dogpile::backend::{Invalidation, ManualClock};

use book::{Book, KEYS, Terms, Ticket, Use};
pub use subject::{Ended, Fault, Spans};
pub(crate) use subject::{Left, Subject};
pub(crate) use task::Creation;
use task::Task;

/// One step of a program. Keys are taken modulo their number.
#[derive(Arbitrary, Clone, Debug)]
pub enum Step {
    /// An operation that ends at once, or whose creator does others meanwhile.
    Do(Operation, Vec<Operation>),
    /// A task asks for a key; its creator needs so many polls and makes a value, or fails.
    Begin(u8, u8, bool),
    /// One of the tasks is polled.
    Poll(u8),
    /// One of the tasks goes away.
    Cancel(u8),
}

/// What a thread may do.
#[derive(Arbitrary, Clone, Copy, Debug)]
#[allow(missing_docs)] // they are what they are called
pub enum Operation {
    Get(u8),
    Read(u8),
    Set(u8),
    Delete(u8),
    Invalidate(bool),
    /// So many milliseconds pass.
    Advance(u8),
    /// `get_or_try_create`, whose creator makes a value or fails.
    Create(u8, bool),
    /// `refresh`, likewise.
    Refresh(u8, bool),
    /// Maintenance, now or so late that all time is over.
    Sweep(bool),
}

/// Runs `program` on `subject`.
///
/// # Panics
/// If the subject does what the plain map does not.
pub(crate) fn run<S: Subject>(
    subject: &S,
    clock: &Arc<ManualClock>,
    spans: Spans,
    program: &[Step],
) {
    let terms = Terms {
        fresh: Spans::millis(spans.fresh),
        stale: Spans::millis(spans.stale),
    };
    let mut world = World {
        subject,
        clock,
        book: Rc::new(RefCell::new(Book::new(terms))),
        own: RefCell::default(),
    };
    let mut tasks = Vec::new();
    for step in program {
        match step {
            Step::Do(operation, meanwhile) => world.perform(*operation, meanwhile),
            Step::Begin(key, polls, made) => {
                tasks.push(world.begin(key_of(*key), *polls % 8, *made));
            }
            Step::Poll(_) | Step::Cancel(_) if tasks.is_empty() => {}
            Step::Poll(which) => {
                let which = usize::from(*which) % tasks.len();
                if world.poll(&mut tasks[which]) {
                    drop(tasks.swap_remove(which));
                }
            }
            Step::Cancel(which) => {
                drop(tasks.swap_remove(usize::from(*which) % tasks.len()));
            }
        }
        world.compare();
    }
    world.end(tasks);
}

fn key_of(byte: u8) -> usize {
    usize::from(byte) % KEYS
}

struct World<'a, S> {
    subject: &'a S,
    clock: &'a Arc<ManualClock>,
    book: Rc<RefCell<Book>>,
    /// What the blocking calls under way, each in the creator of the one before, will bring.
    own: RefCell<Vec<u64>>,
}

impl<'a, S: Subject> World<'a, S> {
    fn perform(&self, operation: Operation, meanwhile: &[Operation]) {
        match operation {
            Operation::Get(key) => self.get(key_of(key), S::get),
            Operation::Read(key) => self.get(key_of(key), S::read),
            Operation::Set(key) => {
                let key = self.key(key);
                let value = self.book.borrow_mut().number(key);
                self.subject.set(key, value);
                self.book.borrow_mut().set(key, value);
                assert!(!self.subject.is_being_created(key), "law 3: superseded");
            }
            Operation::Delete(key) => {
                let key = self.key(key);
                self.subject.delete(key);
                self.book.borrow_mut().delete(key);
                assert!(!self.subject.is_being_created(key), "law 3: superseded");
            }
            Operation::Invalidate(hard) => self.invalidate(hard),
            Operation::Advance(millis) => {
                self.clock.advance(Duration::from_millis(millis.into()));
                self.book.borrow_mut().now += u64::from(millis);
            }
            Operation::Create(key, made) => self.create(self.key(key), false, made, meanwhile),
            Operation::Refresh(key, made) => self.create(self.key(key), true, made, meanwhile),
            Operation::Sweep(late) => self.sweep(late),
        }
        self.let_go(false);
    }

    fn key(&self, byte: u8) -> usize {
        if self.subject.is_single() {
            0
        } else {
            key_of(byte)
        }
    }

    fn get(&self, key: usize, get: fn(&S, usize) -> Option<u64>) {
        let key = if self.subject.is_single() { 0 } else { key };
        let (usable, value) = self.book.borrow().look(key);
        let expected = (usable == Use::Fresh).then_some(value);
        assert_eq!(
            get(self.subject, key),
            expected,
            "what is there under {key}"
        );
    }

    fn invalidate(&self, hard: bool) {
        let is_heir =
            || self.subject.is_being_created(0) && self.book.borrow().creating(0).is_none();
        if self.subject.is_single() && !hard && is_heir() {
            return; // the word takes an heir that has not begun for one that has: stale at once
        }
        self.subject.invalidate(if hard {
            Invalidation::Hard
        } else {
            Invalidation::Soft
        });
        let mut book = self.book.borrow_mut();
        if !self.subject.is_single() {
            book.invalidate(hard);
        } else if hard {
            book.delete(0);
        } else {
            // A first creation goes on, and its value is stale; a refresh will not be kept.
            if book.stored(0).is_some() {
                book.supersede(0);
            }
            book.invalidate(false);
        }
    }

    fn create(&self, key: usize, refresh: bool, made: bool, meanwhile: &[Operation]) {
        let (usable, held) = self.book.borrow().look(key);
        let busy = self.subject.is_being_created(key);
        let creating = self.book.borrow().creating(key);
        let in_own = creating.is_some_and(|value| self.own.borrow().contains(&value));
        if busy && usable == Use::Miss && !refresh && !in_own {
            return; // it would wait for a task that this thread polls
        }
        let mut created = None;
        let ended = self.subject.create(key, refresh, &mut || {
            if refresh {
                self.book.borrow_mut().supersede(key); // the last one started wins
            }
            let busy = self.subject.is_being_created(key);
            let since = self.book.borrow().superseded(key);
            let ticket = self.book.borrow_mut().begin(key, busy, since);
            created = Some(ticket.value);
            self.at_work(ticket, made, meanwhile)
        });
        match (refresh, usable, busy) {
            (false, Use::Fresh, _) | (false, Use::Stale, true) => {
                assert_eq!(created, None, "a usable value is not created");
                assert_eq!(ended.ok(), Some(held), "the usable value is served");
            }
            (false, Use::Miss, true) => {
                assert!(
                    matches!(ended, Err(Error::Cycle { .. })),
                    "law 8: {ended:?}"
                );
            }
            _ => {
                let own = created.unwrap_or_else(|| panic!("nobody created {key}: {ended:?}"));
                let at_hand = (usable == Use::Stale).then_some(held);
                match ended {
                    Ok(value) if made => assert_eq!(value, own, "a creator gets its own value"),
                    Ok(value) => assert_eq!(Some(value), at_hand, "only a stale value stands in"),
                    Err(Error::Creator(_)) => assert!(!made, "law 12: a created value is lost"),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// A blocking creator: it does a few things, and creates in its turn.
    fn at_work(&self, ticket: Ticket, made: bool, meanwhile: &[Operation]) -> Result<u64, Fault> {
        self.own.borrow_mut().push(ticket.value);
        for operation in meanwhile {
            self.perform(*operation, &[]);
        }
        self.own.borrow_mut().pop();
        self.book.borrow_mut().end(ticket, made);
        if made {
            Ok(ticket.value)
        } else {
            Err("the source is away")
        }
    }

    fn sweep(&self, late: bool) {
        self.let_go(false);
        self.subject.sweep(late);
        self.let_go(true);
        let book = self.book.borrow();
        let ends = book.terms.fresh.is_some() && book.terms.stale.is_some();
        if late && ends && !self.subject.is_single() {
            assert_eq!(book.count(), 0, "all time was over");
        }
    }

    /// Takes what left by itself out of the map: only what was there, and only for a reason.
    fn let_go(&self, swept: bool) {
        let mut book = self.book.borrow_mut();
        for Left {
            key,
            value,
            expired,
        } in self.subject.left()
        {
            assert_eq!(book.stored(key), Some(value), "what leaves was there");
            if expired {
                assert!(swept, "nothing expires on its own");
            } else {
                let room = self.subject.room().map_or(usize::MAX, |(room, _)| room);
                assert!(book.count() > room, "nothing makes room that is not needed");
            }
            book.left(key);
        }
    }

    fn compare(&self) {
        self.let_go(false);
        let count = self.book.borrow().count();
        if let Some((room, found)) = self.subject.room() {
            assert_eq!(found, count, "as many values as in the map");
            assert!(found <= room, "no more values than there is room for");
        }
        let keys = if self.subject.is_single() { 1 } else { KEYS };
        for key in 0..keys {
            if self.book.borrow().creating(key).is_some() {
                assert!(
                    self.subject.is_being_created(key),
                    "law 6: {key} is at work"
                );
            }
        }
    }

    fn begin(&self, key: usize, polls: u8, made: bool) -> Task<'a> {
        let key = if self.subject.is_single() { 0 } else { key };
        let creation = Creation::new(self.subject, Rc::clone(&self.book), key, polls, made);
        let since = self.book.borrow().floor(key);
        Task::new(key, since, self.subject.begin(key, creation))
    }

    /// Deletes what the map cannot tell of: then it knows again.
    fn settle(&self) {
        let unknown = self.book.borrow().unknown();
        if let Some(key) = unknown {
            self.subject.delete(key);
            for left in self.subject.left() {
                self.book.borrow_mut().left(left.key);
            }
            self.book.borrow_mut().delete(key);
        }
        self.let_go(false);
    }

    /// Whether the task has ended, which must be well.
    fn poll(&self, task: &mut Task<'_>) -> bool {
        let Some(ended) = task.poll() else {
            return false;
        };
        self.settle();
        match ended {
            Ok(value) => {
                assert_eq!(key_of_value(value), task.key, "its own key's value");
                assert!(value >= task.since, "law 5: from before the last write");
            }
            Err(Error::Creator(_)) => {}
            Err(error) => panic!("{error}"),
        }
        true
    }

    /// Polls who is woken until all have ended. Nobody may be left waiting for nobody.
    fn end(&mut self, mut tasks: Vec<Task<'a>>) {
        tasks.retain_mut(|task| !self.poll(task));
        while !tasks.is_empty() {
            let Some(woken) = tasks.iter().position(Task::is_woken) else {
                panic!("law 7: {} tasks wait for nobody", tasks.len());
            };
            if self.poll(&mut tasks[woken]) {
                drop(tasks.swap_remove(woken));
            }
        }
        self.compare();
        for key in 0..KEYS {
            assert!(!self.subject.is_being_created(key), "law 6: {key} is busy");
            self.get(key, S::get);
        }
    }
}

pub(crate) fn key_of_value(value: u64) -> usize {
    usize::try_from(value % KEYS as u64).unwrap_or_default()
}
