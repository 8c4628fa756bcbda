//! Values that know when they are dropped, and by whom they were made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::books::Books;

/// The books of one execution. Their lock is no point of the schedule.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Books>>);

impl Shared {
    /// Opens the books. Nobody may be scheduled while they are open.
    pub fn open(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a creation, or a writer, made of a key's source.
pub struct Value {
    /// Which key's.
    pub key: usize,
    /// What the source was.
    pub version: u64,
    /// Who made it.
    pub maker: usize,
    handle: u64,
    books: Shared,
}

impl Value {
    /// A value by `maker`.
    pub fn new(books: &Shared, key: usize, version: u64, maker: usize) -> Self {
        let handle = books.open().handles.make();
        Self {
            key,
            version,
            maker,
            handle,
            books: books.clone(),
        }
    }

    /// Uses the value.
    ///
    /// # Panics
    /// When it was dropped before.
    pub fn touch(&self) {
        self.books.open().handles.touch(self.handle);
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.touch();
        Self::new(&self.books, self.key, self.version, self.maker)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.books.open().handles.lose(self.handle);
    }
}
