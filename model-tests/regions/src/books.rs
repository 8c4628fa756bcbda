//! What the source, the creators and the writers did, and what a call may get by that.
//!
//! The source is a counter for each key, and a creator's value is what it read when it began. Whoever
//! writes raises the source first and then deletes, sets or invalidates, one writer at a time, as the
//! documentation asks. So whoever calls after a write has returned never gets less than it left.

use std::collections::{BTreeSet, HashSet};

/// How a creation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is at work.
    NotYet,
    /// With a value.
    Value,
    /// With an error.
    Error,
    /// With a panic.
    Panic,
    /// Its call was dropped.
    Dropped,
}

/// A run of a creator, or a value from outside.
#[derive(Debug)]
pub struct Maker {
    /// Whose value.
    pub key: usize,
    /// How it ended.
    pub end: End,
    /// When its call had returned, and its error was nobody's any more.
    pub returned: Option<usize>,
    /// When its call began.
    asked: usize,
}

/// What is written for one key.
#[derive(Default)]
struct Key {
    source: u64,
    /// What the source was at the last write that leaves no older value, and had returned.
    hard: u64,
    /// The same for one that may leave it as a stale one.
    soft: u64,
    at_work: Vec<usize>,
    /// When something that supersedes began, and when it had returned.
    superseding: Vec<(usize, Option<usize>)>,
}

/// What a call goes by.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Which key it asks for.
    pub key: usize,
    /// When it was asked.
    pub since: usize,
    /// The oldest version that it may get.
    pub hard: u64,
    /// The oldest version that is not stale.
    pub soft: u64,
}

/// Everything that one execution wrote down.
#[derive(Default)]
pub struct Books {
    now: usize,
    keys: Vec<Key>,
    /// Whether a creator's time may be over, and another take its place.
    pub limited: bool,
    /// Whether the store may fail, and values that were kept stand in for it.
    pub shaky: bool,
    makers: Vec<Maker>,
    /// Values that were made and not yet dropped.
    pub handles: Handles,
    /// Creators that were handed over and may still be called.
    pub handed_over: usize,
    /// What happened.
    pub signs: BTreeSet<&'static str>,
}

impl Books {
    fn key(&mut self, key: usize) -> &mut Key {
        if self.keys.len() <= key {
            self.keys.resize_with(key + 1, Key::default);
        }
        &mut self.keys[key]
    }

    fn tick(&mut self) -> usize {
        self.now += 1;
        self.now
    }

    /// Says what happens, where one schedule is followed again.
    pub fn say(&self, what: &dyn std::fmt::Display) {
        if crate::explore::is_replay() {
            let task = shuttle::current::me();
            println!("{:>4} {task:?} {what}", self.now);
        }
    }

    /// A call begins.
    pub fn ask(&mut self, key: usize) -> Asked {
        let since = self.tick();
        let &mut Key { hard, soft, .. } = self.key(key);
        self.say(&format_args!("asks for {key}"));
        Asked {
            key,
            since,
            hard,
            soft,
        }
    }

    /// A creator begins for a call: who it is, and what it reads.
    ///
    /// Each one that is at work beside it must have been superseded, or it itself was: by a write of
    /// its own that returned after the first of their calls began.
    ///
    /// # Panics
    /// When there are more at work for the key than that (law 1).
    pub fn begin(&mut self, asked: Asked) -> (usize, u64) {
        self.tick();
        let key = &self.keys[asked.key];
        let others = key.at_work.iter().map(|other| self.makers[*other].asked);
        let since = others.fold(asked.since, usize::min);
        let superseding = key.superseding.iter();
        let superseding = superseding.filter(|(_, ended)| ended.is_none_or(|ended| ended > since));
        let (beside, superseding) = (key.at_work.len(), superseding.count());
        assert!(
            beside <= superseding || self.limited,
            "law 1: {beside} other creators at work for {}, and {superseding} writes",
            asked.key
        );
        self.signs.extend(match beside {
            0 => None,
            _ => Some("superseded creator at work"),
        });
        let maker = self.make(asked.key, asked.since);
        self.key(asked.key).at_work.push(maker);
        self.say(&format_args!("creates for {}, as {maker}", asked.key));
        (maker, self.keys[asked.key].source)
    }

    fn make(&mut self, key: usize, asked: usize) -> usize {
        self.makers.push(Maker {
            key,
            end: End::NotYet,
            returned: None,
            asked,
        });
        self.makers.len() - 1
    }

    /// A creator ends.
    pub fn end(&mut self, maker: usize, end: End) {
        let key = self.makers[maker].key;
        self.key(key).at_work.retain(|at_work| *at_work != maker);
        self.makers[maker].end = end;
        self.say(&format_args!("ends as {maker}: {end:?}"));
    }

    /// The call of a creator has returned.
    pub fn returns(&mut self, maker: usize) {
        self.makers[maker].returned = Some(self.tick());
        self.say(&format_args!("returns as {maker}"));
    }

    /// How a maker ended.
    pub fn maker(&self, maker: usize) -> &Maker {
        &self.makers[maker]
    }

    /// Whether no creator has come to an end of its own.
    pub fn is_nothing_made(&self) -> bool {
        let mut makers = self.makers.iter();
        makers.all(|maker| matches!(maker.end, End::NotYet | End::Dropped))
    }

    /// How many creators are at work.
    pub fn at_work(&self) -> usize {
        self.keys.iter().map(|key| key.at_work.len()).sum()
    }

    /// The source of `key` changes.
    pub fn raise(&mut self, key: usize) -> u64 {
        let key = self.key(key);
        key.source += 1;
        key.source
    }

    /// What the source is.
    pub fn source(&mut self, key: usize) -> u64 {
        self.key(key).source
    }

    /// A value from outside: who made it.
    pub fn outside(&mut self, key: usize) -> usize {
        let now = self.tick();
        let maker = self.make(key, now);
        self.makers[maker].end = End::Value;
        maker
    }

    /// Something that supersedes a creation begins.
    pub fn supersedes(&mut self, key: usize) -> usize {
        let now = self.tick();
        let superseding = &mut self.key(key).superseding;
        superseding.push((now, None));
        let index = superseding.len() - 1;
        self.say(&format_args!("supersedes for {key}"));
        index
    }

    /// It has returned.
    pub fn superseded(&mut self, key: usize, index: usize) {
        let now = self.tick();
        self.key(key).superseding[index].1 = Some(now);
        self.say(&format_args!("has superseded for {key}"));
    }

    /// A write of `version` has returned well: no older value is to be had from now on.
    pub fn leaves(&mut self, key: usize, version: u64) {
        let key = self.key(key);
        key.hard = key.hard.max(version);
        key.soft = key.soft.max(version);
    }

    /// A soft invalidation has returned well: older values are stale from now on.
    pub fn leaves_stale(&mut self, key: usize, version: u64) {
        let key = self.key(key);
        key.soft = key.soft.max(version);
    }
}

/// Values that were made and not yet dropped.
#[derive(Default)]
pub struct Handles {
    made: u64,
    there: HashSet<u64>,
}

impl Handles {
    /// One is made.
    pub fn make(&mut self) -> u64 {
        self.made += 1;
        self.there.insert(self.made);
        self.made
    }

    /// One is used.
    ///
    /// # Panics
    /// When it is not there.
    pub fn touch(&self, handle: u64) {
        assert!(self.there.contains(&handle), "used after it was dropped");
    }

    /// One is dropped.
    ///
    /// # Panics
    /// When it is not there.
    pub fn lose(&mut self, handle: u64) {
        assert!(self.there.remove(&handle), "dropped twice");
    }

    /// How many are there.
    pub fn len(&self) -> usize {
        self.there.len()
    }

    /// Whether all are dropped.
    pub fn is_empty(&self) -> bool {
        self.there.is_empty()
    }
}
