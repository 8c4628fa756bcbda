//! What lies in a job that is given away: whoever takes it out first has it, the runner or, from a job that
//! came back, its giver.

use std::sync::{Arc, PoisonError};

use crate::sync::Mutex;

pub(in crate::region) struct Gift<T>(Arc<Mutex<Option<T>>>);

impl<T> Gift<T> {
    pub(in crate::region) fn new(inside: T) -> Self {
        Self(Arc::new(Mutex::new(Some(inside))))
    }

    /// What is in it, once.
    pub(in crate::region) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Gift<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
