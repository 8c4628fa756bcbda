//! Keys whose creators failed a short time ago and are left alone, for stores that cannot see to it.

use std::collections::HashMap;
use std::sync::PoisonError;

use dogpile_backend::{Span, Time};

use crate::sync::{Mutex, MutexGuard};

/// So many keys at once are remembered: whoever asks for any key there is shall not fill the memory. The
/// creators of more are called as if nothing had been said.
const MOST: usize = 1 << 14;

/// Until when each key's creator is left alone, by the region's monotonic clock.
#[derive(Default)]
pub(crate) struct BackOffs(Mutex<Keys>);

#[derive(Default)]
struct Keys {
    until: HashMap<Box<[u8]>, Time>,
    /// From so many on it pays to look for those whose time is over,
    many: usize,
    /// if one's is: none is over before this.
    soonest: Time,
}

impl BackOffs {
    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self, key: &[u8], now: Time, span: Span) {
        let mut keys = self.keys();
        if keys.until.len() >= keys.many && keys.soonest <= now {
            keys.until.retain(|_, until| *until > now);
            keys.soonest = keys.until.values().min().copied().unwrap_or(Time::END);
            keys.many = (keys.until.len() * 2).clamp(64, MOST);
        }
        if keys.until.len() < MOST {
            keys.until.insert(key.into(), now.after(span));
            keys.soonest = keys.soonest.min(now.after(span));
        }
    }

    /// For how long the creator is still left alone.
    pub(crate) fn remaining(&self, key: &[u8], now: Time) -> Option<Span> {
        let remaining = self.keys().until.get(key)?.since(now);
        (remaining > Span::ZERO).then_some(remaining)
    }

    pub(crate) fn end(&self, key: &[u8]) {
        self.keys().until.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_not_kept() {
        let (back_offs, second) = (BackOffs::default(), Span::from_secs(1));
        let at = |secs| Time::ZERO.after(Span::from_secs(secs));
        for key in 0..1_000_u32 {
            back_offs.begin(&key.to_le_bytes(), at(key.into()), second);
        }
        assert!(back_offs.keys().until.len() <= 64);
        let last = 999_u32.to_le_bytes();
        assert_eq!(back_offs.remaining(&last, at(999)), Some(second));
        assert_eq!(back_offs.remaining(&last, at(1_000)), None);
        back_offs.end(&last);
        assert_eq!(back_offs.remaining(&last, at(999)), None);
    }

    #[test]
    fn keys_beyond_a_bound_are_not_remembered() {
        let (back_offs, hour) = (BackOffs::default(), Span::from_secs(3_600));
        for key in 0..2 * MOST as u64 {
            back_offs.begin(&key.to_le_bytes(), Time::ZERO, hour);
        }
        assert_eq!(back_offs.keys().until.len(), MOST);
        let of = |key: u64| back_offs.remaining(&key.to_le_bytes(), Time::ZERO);
        assert_eq!((of(7), of(MOST as u64 + 7)), (Some(hour), None));
        let later = Time::ZERO.after(hour);
        back_offs.begin(b"new", later, hour);
        assert_eq!(back_offs.remaining(b"new", later), Some(hour), "room again");
    }
}
