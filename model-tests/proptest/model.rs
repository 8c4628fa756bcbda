//! What one thread must be answered by a region, to the letter: a plain map, two epochs, a clock,
//! and the values that are kept for when the store is away.

use std::collections::HashMap;
use std::time::Duration;

use dogpile::{Origin, Verdict};

pub(crate) type Key = u8;

/// What the region is configured with; one call may say otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) fresh_for: Duration,
    pub(crate) stale_for: Duration,
    pub(crate) stale_if_error: bool,
    /// Without its store a call fails, rather than creating without storing.
    pub(crate) needs_store: bool,
}

/// The value that a creator puts in the place of its own: another, and never a declined one.
pub(crate) const fn other(value: u64) -> u64 {
    value - value % 2 + 2
}

/// How a creator ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Value,
    Declined,
    Error,
    Panic,
}

/// What the creator itself does to the region, before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    Nothing,
    Delete,
    Set,
    Refresh,
    Hard,
    Soft,
}

/// A creator: what happens meanwhile, how long it takes, how it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Creator {
    pub(crate) meanwhile: Meanwhile,
    pub(crate) takes: Duration,
    pub(crate) end: End,
}

/// What a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Nothing,
    Value(u64, Origin, Duration),
    Known(Verdict, Duration),
    CreatorFailed,
    Panicked,
    StoreFailed,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: u64,
    epoch: u64,
    created: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: Duration,
    pub(crate) is_off: bool,
    /// Whether every value that is seen is kept; where the store is this process's memory, there is
    /// nothing to keep it for.
    pub(crate) keeps: bool,
    hard: u64,
    soft: u64,
    stored: HashMap<Key, Entry>,
    kept: HashMap<Key, Entry>,
    /// How often each key was written from outside: who sees another number was superseded.
    writes: HashMap<Key, u64>,
}

impl Model {
    pub(crate) fn new(keeps: bool) -> Self {
        Self {
            keeps,
            ..Self::default()
        }
    }

    fn epoch(&self) -> u64 {
        self.hard.max(self.soft)
    }

    fn judge(&self, policy: Policy, entry: Entry) -> Verdict {
        let age = self.now.saturating_sub(entry.created);
        if entry.epoch < self.hard || age >= policy.fresh_for.saturating_add(policy.stale_for) {
            Verdict::Miss
        } else if age < policy.fresh_for && entry.epoch >= self.soft {
            Verdict::Fresh
        } else if policy.stale_for.is_zero() {
            Verdict::Miss
        } else {
            Verdict::Stale
        }
    }

    fn answer(&self, entry: Entry, origin: Origin) -> Answer {
        let age = self.now.saturating_sub(entry.created);
        Answer::Value(entry.value, origin, age)
    }

    fn keep(&mut self, key: Key, entry: Entry) {
        if self.keeps {
            self.kept.insert(key, entry);
        }
    }

    fn made_now(&self, value: u64, epoch: u64) -> Entry {
        Entry {
            value,
            epoch,
            created: self.now,
        }
    }

    /// What is kept and may be used, fresh or stale.
    fn usable_kept(&self, policy: Policy, key: Key) -> Option<Entry> {
        let kept = self.kept.get(&key).copied();
        kept.filter(|entry| self.judge(policy, *entry) != Verdict::Miss)
    }

    pub(crate) fn advance(&mut self, span: Duration) {
        self.now += span;
    }

    pub(crate) fn invalidate(&mut self, hard: bool) {
        let raised = self.epoch() + 1;
        *(if hard { &mut self.hard } else { &mut self.soft }) = raised;
    }

    pub(crate) fn set(&mut self, key: Key, value: u64) -> Answer {
        self.write(key, Some(value))
    }

    pub(crate) fn delete(&mut self, key: Key) -> Answer {
        self.write(key, None)
    }

    fn write(&mut self, key: Key, value: Option<u64>) -> Answer {
        self.kept.remove(&key);
        *self.writes.entry(key).or_default() += 1;
        if self.is_off {
            return Answer::StoreFailed;
        }
        self.stored.remove(&key);
        if let Some(value) = value {
            let entry = self.made_now(value, self.epoch());
            self.stored.insert(key, entry);
            self.keep(key, entry);
        }
        Answer::Done
    }

    pub(crate) fn get(&mut self, policy: Policy, key: Key) -> Answer {
        if self.is_off {
            let kept = self.usable_kept(policy, key);
            return kept.map_or(Answer::StoreFailed, |entry| {
                self.answer(entry, Origin::Kept)
            });
        }
        match self.stored.get(&key).copied() {
            Some(entry) if self.judge(policy, entry) == Verdict::Fresh => {
                self.keep(key, entry);
                self.answer(entry, Origin::Hit)
            }
            _ => Answer::Nothing,
        }
    }

    /// `None`: the value's time is over, and the store may have let it go already.
    pub(crate) fn metadata(&self, policy: Policy, key: Key) -> Option<Answer> {
        if self.is_off {
            return Some(Answer::StoreFailed);
        }
        let Some(entry) = self.stored.get(&key) else {
            return Some(Answer::Nothing);
        };
        let age = self.now.saturating_sub(entry.created);
        let is_over = age >= policy.fresh_for.saturating_add(policy.stale_for);
        (!is_over).then(|| Answer::Known(self.judge(policy, *entry), age))
    }

    pub(crate) fn create(
        &mut self,
        policy: Policy,
        key: Key,
        value: u64,
        creator: Creator,
    ) -> Answer {
        if self.is_off {
            return match self.usable_kept(policy, key) {
                Some(entry) => self.answer(entry, Origin::Kept),
                None => self.create_without_store(policy, value, creator),
            };
        }
        let found = self.stored.get(&key).copied();
        let verdict = found.map_or(Verdict::Miss, |entry| self.judge(policy, entry));
        if let (Some(entry), true) = (found, verdict != Verdict::Miss) {
            self.keep(key, entry);
        }
        match (found, verdict) {
            (Some(entry), Verdict::Fresh) => self.answer(entry, Origin::Hit),
            (Some(entry), Verdict::Stale) => self.make(policy, key, value, creator, Some(entry)),
            _ => self.make(policy, key, value, creator, None),
        }
    }

    pub(crate) fn refresh(
        &mut self,
        policy: Policy,
        key: Key,
        value: u64,
        creator: Creator,
    ) -> Answer {
        *self.writes.entry(key).or_default() += 1;
        if self.is_off {
            return self.create_without_store(policy, value, creator);
        }
        self.make(policy, key, value, creator, None)
    }

    fn create_without_store(&mut self, policy: Policy, value: u64, creator: Creator) -> Answer {
        if policy.needs_store {
            return Answer::StoreFailed;
        }
        self.advance(creator.takes);
        let origin = match creator.end {
            End::Value => Origin::NotStored,
            End::Declined => Origin::Declined,
            End::Error => return Answer::CreatorFailed,
            End::Panic => return Answer::Panicked,
        };
        self.answer(self.made_now(value, 0), origin)
    }

    /// Law 3 and law 11: the value is stored unless something came between, and what was there before is
    /// served for a failure only if it still may be.
    fn make(
        &mut self,
        policy: Policy,
        key: Key,
        value: u64,
        creator: Creator,
        stale: Option<Entry>,
    ) -> Answer {
        let (epoch, writes) = (self.epoch(), self.writes.get(&key).copied());
        match creator.meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Delete => {
                self.delete(key);
            }
            Meanwhile::Set => {
                self.set(key, other(value));
            }
            Meanwhile::Refresh => {
                let plain = Creator {
                    meanwhile: Meanwhile::Nothing,
                    takes: Duration::ZERO,
                    end: End::Value,
                };
                self.refresh(policy, key, other(value), plain);
            }
            Meanwhile::Hard => self.invalidate(true),
            Meanwhile::Soft => self.invalidate(false),
        }
        self.advance(creator.takes);
        let entry = self.made_now(value, epoch);
        let is_held = self.writes.get(&key).copied() == writes;
        match (creator.end, stale) {
            (End::Error, Some(stale))
                if policy.stale_if_error
                    && is_held
                    && self.judge(policy, stale) != Verdict::Miss =>
            {
                return self.answer(stale, Origin::StaleOnError);
            }
            (End::Error, _) => return Answer::CreatorFailed,
            (End::Panic, _) => return Answer::Panicked,
            (End::Value, _) if is_held => {
                self.stored.insert(key, entry);
            }
            (End::Value | End::Declined, _) => {}
        }
        if !is_held || epoch < self.hard {
            return self.answer(entry, Origin::Superseded);
        }
        // A declined value is also one that was created, and kept for when the store is away.
        self.keep(key, entry);
        let declined = creator.end == End::Declined;
        let origin = if declined {
            Origin::Declined
        } else {
            Origin::Created
        };
        self.answer(entry, origin)
    }
}
