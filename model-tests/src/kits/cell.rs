//! The value cell under a checker, with a reclamation that frees as early as its contract permits:
//! at the moment when the last guard that was there at the retirement goes.
//!
//! Freeing is modelled as a write to the value, reading as a read that lasts until the guard goes;
//! the memory itself stays until the model ends, so that a defect is reported and not suffered.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use core::sync::atomic::Ordering;

use dogpile_core::kit::{Lock, Order, Word};
use dogpile_core::published::Cell;

use super::{Checker, Scratch};
use crate::mutant::rule;

/// A cell that holds the number of a value, and the values.
pub struct ModelCell<C: Checker> {
    number: C::Word,
    values: Mutex<Vec<Arc<Life<C>>>>,
    reclaim: Arc<Reclaim<C>>,
}

/// One value's memory.
struct Life<C: Checker> {
    memory: C::Scratch,
    value: u64,
    freed: Mutex<bool>,
}

struct Reclaim<C: Checker>(C::Lock<State<C>>);

struct State<C: Checker> {
    pins: u64,
    pinned: BTreeSet<u64>,
    /// Retired values, and the guards that may still read them.
    retired: Vec<(Arc<Life<C>>, BTreeSet<u64>)>,
    /// Whether a value was retired while somebody could still read it.
    waited: bool,
}

thread_local! {
    /// The reclamation of the execution that runs on this thread.
    static CURRENT: RefCell<Option<Weak<dyn Any + Send + Sync>>> = const { RefCell::new(None) };
}

const LOST: Order = Order {
    site: "model.lost",
    ordering: Ordering::Relaxed,
};

impl<C: Checker> ModelCell<C> {
    /// An empty cell, whose guards are those of this execution from now on.
    pub fn new() -> Self {
        let reclaim = Arc::new(Reclaim(Lock::new(State {
            pins: 0,
            pinned: BTreeSet::new(),
            retired: Vec::new(),
            waited: false,
        })));
        let current: Weak<dyn Any + Send + Sync> = Arc::<Reclaim<C>>::downgrade(&reclaim);
        CURRENT.set(Some(current));
        Self {
            number: C::word(0),
            values: Mutex::default(),
            reclaim,
        }
    }

    /// The values that were there and have been freed.
    pub fn freed(&self) -> Vec<u64> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let freed = values.iter().filter(|life| life.is_freed());
        freed.map(|life| life.value).collect()
    }

    /// All values that were ever placed, in that order.
    pub fn placed(&self) -> Vec<u64> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.iter().map(|life| life.value).collect()
    }

    /// Whether a value had to wait for a guard before it was freed.
    pub fn had_to_wait(&self) -> bool {
        self.reclaim.0.with(|state| state.waited)
    }

    fn life(&self, number: u64) -> Option<Arc<Life<C>>> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        values.get(index).cloned()
    }
}

impl<C: Checker> Default for ModelCell<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Checker> Life<C> {
    fn is_freed(&self) -> bool {
        *self.freed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) {
        self.memory.read();
        assert!(
            !self.is_freed(),
            "value {} is read after it is freed",
            self.value
        );
    }

    fn free(&self) {
        self.memory.write();
        let mut freed = self.freed.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!*freed, "value {} is freed twice", self.value);
        *freed = true;
    }
}

/// Keeps what was read under it.
pub struct ModelGuard<C: Checker> {
    reclaim: Arc<Reclaim<C>>,
    pin: u64,
    read: RefCell<Vec<Arc<Life<C>>>>,
}

/// A value that was taken out.
pub struct ModelRetired<C: Checker> {
    reclaim: Arc<Reclaim<C>>,
    life: Option<Arc<Life<C>>>,
}

impl<C: Checker> Cell<u64> for ModelCell<C> {
    type Guard = ModelGuard<C>;
    type Retired = ModelRetired<C>;

    fn pin() -> ModelGuard<C> {
        let current = CURRENT.with_borrow(|current| current.as_ref()?.upgrade());
        let Some(Ok(reclaim)) = current.map(Arc::downcast::<Reclaim<C>>) else {
            panic!("a cell is made before it is read");
        };
        let pin = reclaim.0.with(|state| {
            state.pins += 1;
            state.pinned.insert(state.pins);
            state.pins
        });
        ModelGuard {
            reclaim,
            pin,
            read: RefCell::default(),
        }
    }

    fn load<'g>(&'g self, guard: &'g ModelGuard<C>, order: Order) -> Option<&'g u64> {
        let life = self.life(self.number.load(order))?;
        life.read();
        // SAFETY: `values` keeps every value until the cell itself goes, and `self` is borrowed for
        // as long as the answer.
        let value = unsafe { &*std::ptr::from_ref(&life.value) };
        guard.read.borrow_mut().push(life);
        Some(value)
    }

    fn replace(&self, new: Option<Box<u64>>, order: Order) -> ModelRetired<C> {
        let number = match new {
            None => 0,
            Some(value) => {
                let life: Arc<Life<C>> = Arc::new(Life {
                    memory: C::Scratch::new(),
                    value: *value,
                    freed: Mutex::default(),
                });
                life.memory.write();
                let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
                values.push(life);
                values.len() as u64
            }
        };
        let mut old = self.number.load(LOST);
        while let Err(other) = self.number.compare_exchange(old, number, order, LOST) {
            old = other;
        }
        ModelRetired {
            reclaim: Arc::clone(&self.reclaim),
            life: self.life(old),
        }
    }
}

impl<C: Checker> Drop for ModelRetired<C> {
    fn drop(&mut self) {
        let Some(life) = self.life.take() else { return };
        self.reclaim.0.with(|state| {
            if state.pinned.is_empty() || !rule("a retired value waits for the guards") {
                life.free();
            } else {
                let guards = state.pinned.clone();
                state.waited = true;
                state.retired.push((life, guards));
            }
        });
    }
}

impl<C: Checker> Drop for ModelGuard<C> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.read.borrow().iter().for_each(|life| life.read());
        self.reclaim.0.with(|state| {
            state.pinned.remove(&self.pin);
            state.retired.retain_mut(|(life, guards)| {
                guards.remove(&self.pin);
                if guards.is_empty() {
                    life.free();
                }
                !guards.is_empty()
            });
        });
    }
}
