//! The standard library's `OnceLock`, one per key.

use std::sync::{Arc, OnceLock};

use super::keyed::Keyed;
use crate::contender::{Contender, ThreadDoor, Value};

pub(super) struct StdOnceLock;

impl Contender for StdOnceLock {
    fn name(&self) -> &'static str {
        "OnceLock"
    }

    fn package(&self) -> &'static str {
        "std"
    }

    fn thread_door(&self) -> Option<ThreadDoor> {
        let cells: Keyed<OnceLock<Value>> = Keyed::default();
        Some(Arc::new(move |key, create| {
            Arc::clone(cells.of(key).get_or_init(create))
        }))
    }
}
