//! One keyspace of an opened folder, and the one atomic step on an entry.

use std::sync::{Arc, Mutex};

use dogpile_backend::{Operation, StoreError};
use sled::{IVec, Tree};

use crate::bells::Bells;
use crate::engine::Engine;
use crate::trouble::{self, told};

pub(crate) struct Keyspace {
    /// By key, and nothing but entries.
    pub(crate) entries: Tree,
    /// By region's name.
    pub(crate) epochs: Tree,
    pub(crate) about_keys: Arc<Bells>,
    pub(crate) about_regions: Arc<Bells>,
    /// The key with which the next sweep begins.
    pub(crate) swept_to: Mutex<Vec<u8>>,
    /// Dropped last: its end is the end of the trees.
    pub(crate) engine: Arc<Engine>,
}

/// What a step makes of what it found.
pub(crate) enum Step<T> {
    /// Nothing.
    Leave(T),
    /// This, or nothing in its place.
    Put(Option<Vec<u8>>, T),
}

impl Keyspace {
    pub(crate) fn new(entries: Tree, epochs: Tree, engine: Arc<Engine>) -> Self {
        Self {
            entries,
            epochs,
            about_keys: Arc::default(),
            about_regions: Arc::default(),
            swept_to: Mutex::default(),
            engine,
        }
    }
}

/// Changes what is under `key` in one atomic step: `decide` says into what. It is asked again when
/// another came between the look and the change, and may not rely on being asked once.
pub(crate) fn step<T>(
    tree: &Tree,
    operation: Operation,
    key: &[u8],
    mut decide: impl FnMut(Option<&[u8]>) -> Step<T>,
) -> Result<T, StoreError> {
    let failed = |trouble| told(operation, key, trouble);
    let mut found: Option<IVec> = trouble::ask(|| tree.get(key)).map_err(failed)?;
    loop {
        match decide(found.as_deref()) {
            Step::Leave(answer) => return Ok(answer),
            // sled writes that nothing is where nothing was.
            Step::Put(None, answer) if found.is_none() => return Ok(answer),
            Step::Put(next, answer) => {
                let swapped = trouble::ask(|| tree.compare_and_swap(key, found.as_ref(), next));
                match swapped.map_err(failed)? {
                    Ok(()) => return Ok(answer),
                    Err(other) => found = other.current,
                }
            }
        }
    }
}
