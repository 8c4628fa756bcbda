//! A store with leases and epochs of its own, right or wrong in one way.

use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, EpochStore, Fault, Lease, LeaseStore, Leased, Local, News,
    Operation, Reply, Span, Stamp, Store, StoreError, Terms, Time, Watch,
};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use super::shut::{SHUT, taken};
use super::state::State;
use super::wrong::Wrong;

pub struct Leasing<V> {
    wrong: Wrong,
    state: Mutex<State<V>>,
    called: Condvar,
    /// The first value of each key, for those that go on giving it.
    first: Mutex<HashMap<Vec<u8>, CachedValue<V>>>,
}

impl<V: Clone + Send + Sync + 'static> Leasing<V> {
    pub fn new(wrong: Wrong) -> Self {
        Self {
            wrong,
            state: Mutex::new(State::new()),
            called: Condvar::new(),
            first: Mutex::default(),
        }
    }

    pub(super) fn is(&self, wrong: Wrong) -> bool {
        self.wrong == wrong
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<V>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls += 1;
        self.called.notify_all();
        state
    }

    /// Waits until another call came between, for as long as one may be on its way.
    pub(super) fn let_others_in(&self) {
        self.let_in(|state| state.calls);
    }

    /// The same for another that reads: of two that write, each would let the other in and no reader.
    fn let_readers_in(&self) {
        self.let_in(|state| state.reads);
    }

    fn let_in(&self, count: impl Fn(&State<V>) -> u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = count(&state);
        let while_alone = |state: &mut State<V>| count(state) == before;
        let _ = self
            .called
            .wait_timeout_while(state, Duration::from_millis(5), while_alone);
    }

    fn first_of(&self, key: &[u8]) -> Option<CachedValue<V>> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get(&self.key(key)).cloned()
    }

    pub(super) fn key(&self, key: &[u8]) -> Vec<u8> {
        match self.wrong {
            Wrong::CutsKeysShort => key.iter().copied().take(250).collect(),
            Wrong::FoldsCase => key.to_ascii_lowercase(),
            _ => key.to_vec(),
        }
    }

    fn put(&self, state: &mut State<V>, key: &[u8], mut entry: CachedValue<V>, ttl: Span) {
        let metadata = &mut entry.metadata;
        match self.wrong {
            Wrong::LosesMetadata => metadata.epoch = dogpile_backend::Epoch::FIRST,
            Wrong::LosesStamps => metadata.stamp = Stamp::NONE,
            Wrong::LosesTerms => metadata.terms = Terms::NONE,
            Wrong::StampsAllAlike => metadata.stamp = Stamp::new(7),
            Wrong::RoundsCreationTimes => {
                let micros = metadata.created.as_nanos() / 1_000;
                metadata.created = Time::from_nanos(micros * 1_000);
            }
            Wrong::KeepsTheFirstValue if state.entries.contains_key(key) => return,
            Wrong::LetsValuesOfLongLifeGo if ttl.is_forever() => {
                state.entries.remove(key);
                return;
            }
            _ => {}
        }
        state.entries.insert(key.to_vec(), entry);
    }

    pub(super) fn ring(&self, state: &State<V>, key: &[u8]) {
        if !self.is(Wrong::NeverRings) {
            state
                .bells
                .get(key)
                .into_iter()
                .flatten()
                .for_each(|bell| bell(News::Changed));
        }
    }

    fn grant(&self, state: &mut State<V>, key: &[u8]) -> Lease {
        state.last += u128::from(!self.is(Wrong::RepeatsStamps));
        let stamp = match state.leases.get(key) {
            Some(old) if self.is(Wrong::SupersedesWithoutNewStamp) => *old,
            _ => Stamp::new(state.last + 1),
        };
        state.leases.insert(key.to_vec(), stamp);
        Lease {
            stamp,
            foreign: None,
        }
    }

    fn ask(&self, key: &[u8], ask: &Ask<'_>) -> Leased<V> {
        let key = self.key(key);
        let mut state = self.state();
        if self.is(Wrong::LooksBeforeItLeases) && !state.entries.contains_key(&key) {
            drop(state);
            self.let_others_in();
            let mut state = self.state();
            if !state.leases.contains_key(&key) || ask.supersede {
                let lease = self.grant(&mut state, &key);
                return Leased::Won { lease, seen: None };
            }
            return taken(false, None);
        }
        let seen = state.entries.get(&key).cloned();
        match seen {
            Some(entry)
                if (ask.fresh)(&entry.metadata) || self.is(Wrong::TakesAnythingForFresh) =>
            {
                return Leased::Fresh(entry);
            }
            _ => {}
        }
        let held = ask.held.as_ref().map(|held| held.stamp);
        let is_heir = match self.wrong {
            Wrong::TurnsHeirsAway => false,
            Wrong::BelievesHeirs => held.is_some(),
            _ => held.is_some() && state.leases.get(&key).copied() == held,
        };
        let supersede = ask.supersede && !self.is(Wrong::CannotSupersede);
        let free = match self.wrong {
            Wrong::GivesNoLease => false,
            Wrong::GivesTheLeaseToAll => true,
            Wrong::LeasesAllKeysAtOnce => state.leases.is_empty(),
            _ => !state.leases.contains_key(&key),
        };
        if free || supersede || is_heir {
            let lease = self.grant(&mut state, &key);
            return Leased::Won { lease, seen };
        }
        taken(state.leases.get(&key) == Some(&SHUT), seen)
    }

    async fn set_busily(
        &self,
        key: Vec<u8>,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Result<(), StoreError> {
        if std::mem::replace(&mut self.state().busy, true) {
            return Err(error(Operation::Set, &key, "busy"));
        }
        pending_once().await;
        let mut state = self.state();
        self.put(&mut state, &key, entry, ttl);
        self.end(&mut state, &key, Wrong::SetKeepsTheLease);
        state.busy = false;
        Ok(())
    }

    fn end(&self, state: &mut State<V>, key: &[u8], keep: Wrong) {
        if !self.is(keep) && !self.is(Wrong::GivesNoLeaseTwice) {
            state.leases.remove(key);
        }
        self.ring(state, key);
    }
}

fn error(operation: Operation, key: &[u8], what: &str) -> StoreError {
    StoreError::new("leasing", operation, key, Fault::Other, what)
}

async fn pending_once() {
    let mut pending = true;
    std::future::poll_fn(|context| {
        if std::mem::take(&mut pending) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

fn stored_if(current: bool) -> Commit {
    if current {
        Commit::Stored
    } else {
        Commit::Refused
    }
}

impl<V: Clone + Send + Sync + 'static> Store<V> for Leasing<V> {
    fn name(&self) -> &'static str {
        "leasing"
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        assert!(!self.is(Wrong::Panics), "on purpose");
        while self.is(Wrong::Hangs) {
            thread::park();
        }
        let mut state = self.state();
        state.reads += 1;
        Reply::ok(state.entries.get(&self.key(key)).cloned())
    }

    fn get_blocking(&self, key: &[u8]) -> Result<Option<CachedValue<V>>, StoreError> {
        match self.is(Wrong::GivesThreadsOldValues) {
            true => Ok(self.first_of(key)),
            false => self.get(key).wait(),
        }
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        let key = self.key(key);
        let mut state = self.state();
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.entry(key.clone()).or_insert_with(|| entry.clone());
        drop(first);
        match self.wrong {
            Wrong::RefusesTheEmptyKey if key.is_empty() => {
                return Reply::ready(Err(error(Operation::Set, &key, "an empty key")));
            }
            Wrong::StaysBusyForDroppedWrites => {
                drop(state);
                return Reply::later(self.set_busily(key, entry, ttl));
            }
            Wrong::WritesTheWholeMapBack => {
                let copy = state.entries.clone();
                drop(state);
                self.let_others_in();
                state = self.state();
                state.entries = copy;
            }
            Wrong::RemovesBeforeItSets => {
                state.entries.remove(&key);
                drop(state);
                self.let_readers_in();
                state = self.state();
            }
            _ => {}
        }
        self.put(&mut state, &key, entry, ttl);
        self.end(&mut state, &key, Wrong::SetKeepsTheLease);
        Reply::ok(())
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        let key = self.key(key);
        let mut state = self.state();
        let was_there = state.entries.contains_key(&key);
        if !was_there && self.is(Wrong::DeleteFailsOnNothing) {
            return Reply::ready(Err(error(Operation::Delete, &key, "not found")));
        }
        if !self.is(Wrong::DeletesNothing) {
            state.entries.remove(&key);
        }
        if was_there || !self.is(Wrong::DeleteOfNothingKeepsTheLease) {
            self.end(&mut state, &key, Wrong::DeleteKeepsTheLease);
        }
        Reply::ok(())
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        let entry = match self.is(Wrong::LendsOldValues) {
            true => self.first_of(key),
            false => self.state().entries.get(&self.key(key)).cloned(),
        };
        let Some(CachedValue { value, metadata }) = entry else {
            return Local::Absent;
        };
        lend(CachedValue {
            value: &value,
            metadata,
        });
        Local::Lent
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}

impl<V: Clone + Send + Sync + 'static> LeaseStore<V> for Leasing<V> {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        if self.is(Wrong::KeepsTheLeaseOfDroppedAsks) {
            return Reply::later(async move {
                let leased = self.ask(key, &ask);
                pending_once().await;
                Ok(leased)
            });
        }
        Reply::ok(self.ask(key, &ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let key = self.key(key);
        let mut state = self.state();
        let current = state.leases.get(&key) == Some(&lease.stamp);
        if self.is(Wrong::RefusedCommitEndsTheLease) && !current {
            state.leases.remove(&key);
        }
        if self.is(Wrong::CommitComparesTooEarly) {
            drop(state);
            self.let_others_in();
            state = self.state();
        }
        if !current && !self.is(Wrong::CommitIgnoresTheLease) {
            return Reply::ok(Commit::Refused);
        }
        self.put(&mut state, &key, entry, ttl);
        self.end(&mut state, &key, Wrong::CommitKeepsTheLease);
        Reply::ok(Commit::Stored)
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _failed: bool) -> Reply<'a, Commit> {
        let key = self.key(key);
        let mut state = self.state();
        let held = state.leases.get(&key).copied();
        let current =
            held == Some(lease.stamp) || (held.is_some() && self.is(Wrong::ReleaseAsksForNoStamp));
        if current {
            self.end(&mut state, &key, Wrong::ReleaseKeepsTheLease);
        }
        Reply::ok(stored_if(current))
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _time: Span) -> Reply<'a, Commit> {
        Reply::ok(self.shut_key(key, lease))
    }

    fn shuts(&self) -> bool {
        true
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _time: Span) -> Reply<'a, Commit> {
        let state = self.state();
        let current = state.leases.get(&self.key(key)) == Some(&lease.stamp);
        Reply::ok(stored_if(current || self.is(Wrong::RenewAsksForNoStamp)))
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        let key = self.key(key);
        self.state()
            .bells
            .entry(key)
            .or_default()
            .push(Arc::from(bell));
        Some(Watch::new(|| {}))
    }

    fn expires(&self) -> bool {
        false
    }
}
