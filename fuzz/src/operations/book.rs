//! What must be there: a plain map, and beside it who creates.

/// How many keys a program has.
pub(super) const KEYS: usize = 8;

/// For how many milliseconds values are fresh and stale; `None` for ever.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) fresh: Option<u64>,
    pub(super) stale: Option<u64>,
}

/// What a reader may do with what is under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Miss,
    Stale,
    Fresh,
}

#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) value: u64,
    created: u64,
    /// After how many invalidations its creation began.
    since: u32,
}

/// A creation at work.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    pub(super) key: usize,
    pub(super) value: u64,
    since: u32,
    /// It may be another's turn to create: whether the value is stored, the map cannot tell.
    doubtful: bool,
}

/// The plain map.
pub(super) struct Book {
    pub(super) terms: Terms,
    pub(super) now: u64,
    entries: [Option<Entry>; KEYS],
    /// The value that the current creation of a key will bring.
    current: [Option<u64>; KEYS],
    /// Below this, a value of the key is from before its last write.
    floors: [u64; KEYS],
    /// How often creations of a key were superseded.
    superseded: [u32; KEYS],
    /// Keys of which it is not known what is stored.
    unknown: [bool; KEYS],
    numbers: u64,
    invalidations: u32,
    hard: u32,
    soft: u32,
}

impl Book {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            now: 0,
            entries: [None; KEYS],
            current: [None; KEYS],
            floors: [0; KEYS],
            superseded: [0; KEYS],
            unknown: [false; KEYS],
            numbers: 0,
            invalidations: 0,
            hard: 0,
            soft: 0,
        }
    }

    /// A value of its own for `key`, larger than all before.
    pub(super) fn number(&mut self, key: usize) -> u64 {
        self.numbers += 1;
        self.numbers * KEYS as u64 + key as u64
    }

    /// What may be done with what is under `key`, and that.
    pub(super) fn look(&self, key: usize) -> (Use, u64) {
        let Some(entry) = self.entries[key] else {
            return (Use::Miss, 0);
        };
        let age = self.now - entry.created;
        let Terms { fresh, stale } = self.terms;
        let over = fresh
            .zip(stale)
            .is_some_and(|(fresh, stale)| age >= fresh + stale);
        let young = fresh.is_none_or(|fresh| age < fresh);
        let softened = entry.since < self.soft;
        let verdict = if entry.since < self.hard || over || (softened && stale == Some(0)) {
            Use::Miss
        } else if young && !softened {
            Use::Fresh
        } else {
            Use::Stale
        };
        (verdict, entry.value)
    }

    pub(super) fn floor(&self, key: usize) -> u64 {
        self.floors[key]
    }

    pub(super) fn creating(&self, key: usize) -> Option<u64> {
        self.current[key]
    }

    /// What is stored under `key`, usable or not.
    pub(super) fn stored(&self, key: usize) -> Option<u64> {
        self.entries[key].map(|entry| entry.value)
    }

    /// How many values are stored, usable or not.
    pub(super) fn count(&self) -> usize {
        self.entries.iter().flatten().count()
    }

    pub(super) fn set(&mut self, key: usize, value: u64) {
        self.supersede(key);
        self.floors[key] = value;
        self.store(key, value, self.invalidations);
    }

    pub(super) fn delete(&mut self, key: usize) {
        self.supersede(key);
        self.unknown[key] = false;
        self.entries[key] = None;
        self.floors[key] = self.number(key);
    }

    /// It left by itself.
    pub(super) fn left(&mut self, key: usize) {
        self.entries[key] = None;
    }

    /// A creation under way goes on, and what it brings counts as from before.
    pub(super) fn invalidate(&mut self, hard: bool) {
        self.invalidations += 1;
        self.soft = self.invalidations;
        if hard {
            self.hard = self.invalidations;
            for key in 0..KEYS {
                self.floors[key] = self.number(key);
            }
        }
    }

    /// No creation of `key` under way will be stored.
    pub(super) fn supersede(&mut self, key: usize) {
        self.current[key] = None;
        self.superseded[key] += 1;
    }

    pub(super) fn superseded(&self, key: usize) -> u32 {
        self.superseded[key]
    }

    /// A creator begins; `busy` is what is said of the key at that moment.
    ///
    /// A call that was superseded `since` it began looks again, once; then it creates for itself.
    ///
    /// # Panics
    /// If another creates, and it is not for itself.
    pub(super) fn begin(&mut self, key: usize, busy: bool, since: u32) -> Ticket {
        let for_itself = self.superseded[key] - since >= 2;
        if !for_itself {
            assert!(busy, "law 1: a creator without a claim");
            assert_eq!(self.current[key], None, "law 1: one live creator per key");
        }
        let value = self.number(key);
        if !for_itself {
            self.current[key] = Some(value);
        }
        let doubtful = for_itself && busy && self.current[key].is_none();
        let since = self.invalidations;
        Ticket {
            key,
            value,
            since,
            doubtful,
        }
    }

    /// A key of which it is not known what is stored, if there is one.
    pub(super) fn unknown(&self) -> Option<usize> {
        self.unknown.iter().position(|unknown| *unknown)
    }

    /// A creation ends, with a value or without.
    pub(super) fn end(&mut self, ticket: Ticket, made: bool) {
        let Ticket {
            key,
            value,
            since,
            doubtful,
        } = ticket;
        self.unknown[key] |= doubtful && made;
        if self.current[key] != Some(value) {
            return;
        }
        self.current[key] = None;
        if made {
            self.store(key, value, since);
        }
    }

    fn store(&mut self, key: usize, value: u64, since: u32) {
        self.entries[key] = Some(Entry {
            value,
            created: self.now,
            since,
        });
    }
}
