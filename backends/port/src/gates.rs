//! One gate per key, and the claim that is out on it: how a process makes several steps on one key
//! of somebody else's store atomic.
//!
//! Whoever is inside a key's gate is alone with it. Entering is a future, so that sync callers park
//! and async callers wait without holding an executor's thread; one that is dropped while it waits
//! passes its wake-up on. The gate is not handed over: whoever comes first when it opens goes in,
//! so that a task that nobody polls cannot shut the others out. A key that nobody is at, waits
//! for, claims or watches takes no memory.

use std::collections::VecDeque;
use std::collections::hash_map::{HashMap, RandomState};
use std::future::Future;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::{News, Stamp};

const STRIPES: usize = 64;

/// What is called when something happened to a key.
pub(crate) type Bell = Arc<dyn Fn(News) + Send + Sync>;

/// The gates of one store.
pub(crate) struct Gates {
    stripes: Box<[Mutex<Stripe>]>,
    hash: RandomState,
}

/// The keys of one range of hashes.
#[derive(Default)]
struct Stripe {
    keys: HashMap<Box<[u8]>, Key>,
    /// The last number given to a claim, a waiter or a bell. None is given twice.
    last: u64,
}

#[derive(Default)]
struct Key {
    occupied: bool,
    /// The store is being written to: this uses the claim up, and nobody else can.
    writing: bool,
    claim: Option<Stamp>,
    waiting: VecDeque<(u64, Waker)>,
    bells: Vec<(u64, Bell)>,
}

impl Gates {
    pub(crate) fn new() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            hash: RandomState::new(),
        }
    }

    /// Goes in if the gate is open.
    pub(crate) fn try_enter<'a>(&'a self, key: &'a [u8]) -> Option<Inside<'a>> {
        let mut stripe = self.stripe(key);
        let state = stripe.at(key);
        if state.occupied {
            return None;
        }
        state.occupied = true;
        Some(self.inside(key))
    }

    /// Goes in as soon as the gate is open.
    pub(crate) const fn enter<'a>(&'a self, key: &'a [u8]) -> Entering<'a> {
        Entering {
            gates: self,
            key,
            ticket: None,
        }
    }

    const fn inside<'a>(&'a self, key: &'a [u8]) -> Inside<'a> {
        Inside {
            gates: self,
            key,
            writing: false,
        }
    }

    /// Whether `stamp` is the claim that is out on `key`, and no write is using it up.
    pub(crate) fn is_claimed(&self, key: &[u8], stamp: Stamp) -> bool {
        let stripe = self.stripe(key);
        let state = stripe.keys.get(key);
        state.is_some_and(|state| state.claim == Some(stamp) && !state.writing)
    }

    /// The claim that is out on `key`.
    fn claim(&self, key: &[u8]) -> Option<Stamp> {
        self.stripe(key).keys.get(key)?.claim
    }

    /// Ends the claim if it is `stamp`, and no write is using it up; says whether it was.
    pub(crate) fn end_claim(&self, key: &[u8], stamp: Stamp) -> bool {
        let mut stripe = self.stripe(key);
        let Some(state) = stripe.keys.get_mut(key) else {
            return false;
        };
        if state.writing || state.claim != Some(stamp) {
            return false;
        }
        state.claim = None;
        let bells = state.bells();
        stripe.forget_if_idle(key);
        drop(stripe);
        ring(&bells);
        true
    }

    /// Hangs `bell` at `key` until [`Gates::unhang`].
    pub(crate) fn hang(&self, key: &[u8], bell: Bell) -> u64 {
        let mut stripe = self.stripe(key);
        let number = stripe.next_number();
        stripe.at(key).bells.push((number, bell));
        number
    }

    pub(crate) fn unhang(&self, key: &[u8], number: u64) {
        let mut stripe = self.stripe(key);
        let taken = stripe.keys.get_mut(key).and_then(|state| {
            let at = state.bells.iter().position(|(of, _)| *of == number)?;
            Some(state.bells.swap_remove(at))
        });
        stripe.forget_if_idle(key);
        drop(stripe);
        // Dropping a bell runs its owner's code: not under the lock.
        drop(taken);
    }

    fn leave(&self, key: &[u8], void: bool) {
        let mut stripe = self.stripe(key);
        let state = stripe.at(key);
        (state.occupied, state.writing) = (false, false);
        let mut bells = Vec::new();
        if void {
            state.claim = None;
            bells = state.bells();
        }
        let next = state.waiting.pop_front();
        stripe.forget_if_idle(key);
        drop(stripe);
        if let Some((_, waker)) = next {
            waker.wake();
        }
        ring(&bells);
    }

    fn stripe(&self, key: &[u8]) -> MutexGuard<'_, Stripe> {
        lock(&self.stripes[self.index(key)])
    }

    #[allow(clippy::cast_possible_truncation)] // any bits of the hash will do
    fn index(&self, key: &[u8]) -> usize {
        self.hash.hash_one(key) as usize % STRIPES
    }
}

/// A panic under the lock cannot leave half a change: nothing of the user's runs there but the
/// cloning of a waker, and that before anything is changed.
fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ring(bells: &[Bell]) {
    for bell in bells {
        bell(News::Changed);
    }
}

impl Stripe {
    fn at(&mut self, key: &[u8]) -> &mut Key {
        self.keys.entry(key.into()).or_default()
    }

    fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn forget_if_idle(&mut self, key: &[u8]) {
        if self.keys.get(key).is_some_and(Key::is_idle) {
            self.keys.remove(key);
        }
    }
}

impl Key {
    fn is_idle(&self) -> bool {
        !self.occupied && self.claim.is_none() && self.waiting.is_empty() && self.bells.is_empty()
    }

    fn bells(&self) -> Vec<Bell> {
        self.bells
            .iter()
            .map(|(_, bell)| Arc::clone(bell))
            .collect()
    }
}

/// Being alone with a key. Dropping it goes out again.
pub(crate) struct Inside<'a> {
    gates: &'a Gates,
    key: &'a [u8],
    writing: bool,
}

impl Inside<'_> {
    pub(crate) fn claim(&self) -> Option<Stamp> {
        self.gates.claim(self.key)
    }

    /// Puts a new claim in the place of any other.
    pub(crate) fn make_claim(&self) -> Stamp {
        let index = self.gates.index(self.key);
        let mut stripe = lock(&self.gates.stripes[index]);
        // Unlike those of any other key of this store, so that a lease that is shown for the wrong
        // key is refused.
        let number = u128::from(stripe.next_number()) * STRIPES as u128 + index as u128;
        let stamp = Stamp::new(number);
        let state = stripe.at(self.key);
        let bells = match state.claim.replace(stamp) {
            Some(_) => state.bells(),
            None => Vec::new(),
        };
        drop(stripe);
        ring(&bells);
        stamp
    }

    /// Says that the store is written to from now on, unless `lease` is named and is not the claim
    /// that is out: then it answers `false`. If the key is left before [`Self::stop_writing`],
    /// however that comes about, the claim is void: a write that was cut short may have been
    /// carried out.
    pub(crate) fn begin_writing(&mut self, lease: Option<Stamp>) -> bool {
        let mut stripe = self.gates.stripe(self.key);
        let state = stripe.at(self.key);
        state.writing = lease.is_none() || state.claim == lease;
        self.writing = state.writing;
        state.writing
    }

    /// Nothing was written after all.
    pub(crate) fn stop_writing(&mut self) {
        self.gates.stripe(self.key).at(self.key).writing = false;
        self.writing = false;
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.gates.leave(self.key, self.writing);
    }
}

/// The same on behalf of another thread's work, which may outlive the caller.
pub(crate) struct InsideFor {
    gates: Arc<Gates>,
    key: Box<[u8]>,
}

impl InsideFor {
    /// Stays inside in place of `inside`, which was entered through `gates`.
    pub(crate) fn new(gates: &Arc<Gates>, inside: Inside<'_>) -> Self {
        let stays = Self {
            gates: Arc::clone(gates),
            key: inside.key.into(),
        };
        // It owns nothing but the duty to leave, which is handed on.
        std::mem::forget(inside);
        stays
    }
}

impl Drop for InsideFor {
    fn drop(&mut self) {
        self.gates.leave(&self.key, false);
    }
}

/// The way in: see [`Gates::enter`].
pub(crate) struct Entering<'a> {
    gates: &'a Gates,
    key: &'a [u8],
    /// The number under which this waits, or was waiting until it was woken.
    ticket: Option<u64>,
}

impl<'a> Future for Entering<'a> {
    type Output = Inside<'a>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Inside<'a>> {
        let waker = context.waker().clone();
        let mut stripe = self.gates.stripe(self.key);
        let waited = self.ticket;
        let ticket = waited.unwrap_or_else(|| stripe.next_number());
        let state = stripe.at(self.key);
        let before = state.stop_waiting(ticket);
        if state.occupied {
            // Who has waited before keeps its place before those who come now.
            match waited {
                Some(_) => state.waiting.push_front((ticket, waker)),
                None => state.waiting.push_back((ticket, waker)),
            }
            self.ticket = Some(ticket);
            drop(stripe);
            drop(before);
            return Poll::Pending;
        }
        state.occupied = true;
        self.ticket = None;
        drop(stripe);
        drop(before);
        Poll::Ready(self.gates.inside(self.key))
    }
}

impl Key {
    fn stop_waiting(&mut self, ticket: u64) -> Option<(u64, Waker)> {
        let at = self.waiting.iter().position(|(of, _)| *of == ticket)?;
        self.waiting.remove(at)
    }
}

impl Drop for Entering<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut stripe = self.gates.stripe(self.key);
        let state = stripe.at(self.key);
        let own = state.stop_waiting(ticket);
        // Not waiting any more means woken: that wake-up was meant for whoever goes in.
        let next = if own.is_none() && !state.occupied {
            state.waiting.pop_front()
        } else {
            None
        };
        stripe.forget_if_idle(self.key);
        drop(stripe);
        drop(own);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests;
