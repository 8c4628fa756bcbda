//! What nobody comes back for: claims of the dead on keys that nobody asks for again, and notes of processes
//! that are gone or no longer wait.
//!
//! They are no entries, so no bound lets them go. Each change looks at a few, where the last one stopped.

use std::sync::{Mutex, PoisonError};

use crate::claim::Claim;
use crate::layout;
use crate::trouble::Trouble;
use crate::writing::Writing;

/// How many are looked at by each change: more than it leaves.
const EACH: usize = 2;
/// And how many while the store is over its bound.
const OVER: usize = 64;

/// How far each of the three kinds was looked through.
#[derive(Default)]
pub(crate) struct Sweep(Mutex<[Vec<u8>; 3]>);

const KINDS: [&[u8]; 3] = [layout::CLAIMS[0], layout::CLAIMS[1], layout::WATCHERS];

impl Writing<'_> {
    /// Looks at a few, or where the store is over its bound at more; how many of them went.
    pub(crate) fn sweep(&mut self, is_over: bool) -> Result<usize, Trouble> {
        let count = if is_over { OVER } else { EACH };
        let (opened, mut gone) = (self.opened, 0);
        let mut at = opened
            .sweep
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (letters, at) in KINDS.into_iter().zip(at.iter_mut()) {
            for _ in 0..count {
                let from = if at.is_empty() { letters } else { &at[..] };
                let Some((place, bytes)) = self.changes.first_from(from, letters)? else {
                    // From the beginning, next time.
                    at.clear();
                    break;
                };
                let is_left = match Claim::decode(bytes) {
                    _ if letters == layout::WATCHERS => !opened.bells.has_an_ear(place),
                    Some(claim) => self.still_lasts(&claim).is_none(),
                    None => true,
                };
                let place = place.to_vec();
                at.clone_from(&place);
                // The next one after it.
                at.push(0);
                if is_left {
                    self.remove(&place)?;
                    gone += 1;
                }
            }
        }
        Ok(gone)
    }
}
