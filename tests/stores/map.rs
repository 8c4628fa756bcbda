//! The map that processes share, and one process's handle on it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex};
use std::task::Poll;

use dogpile::backend::{
    CachedValue, EpochStore, Epochs, LeaseStore, News, Reply, Span, Stamp, Store, Time,
};
use dogpile::{Clock, Config};

use super::faults::Gate;
use super::{Faults, HandClock, Op, lock, wait_until};

pub(super) type Hung = Arc<dyn Fn(News) + Send + Sync>;

/// What processes share.
pub(crate) struct Server<V> {
    pub(super) state: Mutex<State<V>>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
}

pub(super) struct State<V> {
    entries: HashMap<Box<[u8]>, (CachedValue<V>, Time)>,
    pub(super) leases: HashMap<Box<[u8]>, (Stamp, Time)>,
    pub(super) bells: HashMap<u64, (Box<[u8]>, Hung)>,
    /// What the step that is being done will tell.
    pub(super) news: News,
    pub(super) epochs: HashMap<String, Epochs>,
    /// How often each name's epochs were asked for, by whichever process.
    pub(super) reads: HashMap<String, usize>,
    counts: HashMap<(&'static str, Op), usize>,
    last: u64,
}

/// How a handle answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// At once.
    Ready,
    /// At once, but says that this may take long.
    Blocking,
    /// Later: every reply is a future that is pending once.
    Later,
}

impl Form {
    pub(crate) const ALL: [Self; 3] = [Self::Ready, Self::Blocking, Self::Later];
}

/// One process's handle.
pub(crate) struct SharedMap<V> {
    pub(super) server: Arc<Server<V>>,
    name: &'static str,
    pub(super) faults: Arc<Faults>,
    form: Form,
    pub(super) rings: bool,
}

impl<V: Clone + Send + Sync + 'static> Server<V> {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = State {
            entries: HashMap::new(),
            leases: HashMap::new(),
            bells: HashMap::new(),
            news: News::Changed,
            epochs: HashMap::new(),
            reads: HashMap::new(),
            counts: HashMap::new(),
            last: 0,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            clock,
        })
    }

    /// A server and the clock that moves it and its processes.
    pub(crate) fn by_hand() -> (Arc<Self>, Arc<HandClock>) {
        let clock = HandClock::new();
        (Self::new(clock.clone()), clock)
    }

    /// Opens the server as the process `name` does.
    pub(crate) fn open(self: &Arc<Self>, name: &'static str) -> SharedMap<V> {
        SharedMap {
            server: Arc::clone(self),
            name,
            faults: Arc::default(),
            form: Form::Ready,
            rings: true,
        }
    }

    /// How often the process `name` has asked for `op`.
    pub(crate) fn count(&self, name: &'static str, op: Op) -> usize {
        lock(&self.state).count(name, op)
    }

    /// How often the epochs under `name` were asked for.
    pub(crate) fn reads(&self, name: &str) -> usize {
        lock(&self.state).reads.get(name).copied().unwrap_or(0)
    }

    /// Waits until the process `name` has asked for `op` so often.
    pub(crate) fn wait_for(&self, name: &'static str, op: Op, count: usize) {
        drop(wait_until(
            &self.state,
            &self.changed,
            "an operation",
            |state| state.count(name, op) >= count,
        ));
    }

    /// What lies under `key`, as the store knows keys.
    pub(crate) fn entry(&self, key: impl AsRef<[u8]>) -> Option<CachedValue<V>> {
        lock(&self.state).entry(key.as_ref(), self.now())
    }

    /// Puts something there behind everybody's back.
    pub(crate) fn plant(&self, key: impl AsRef<[u8]>, entry: CachedValue<V>) {
        let key = key.as_ref().into();
        lock(&self.state).entries.insert(key, (entry, Time::END));
    }

    /// Loses an entry, as servers do that are short of memory.
    pub(crate) fn lose(&self, key: impl AsRef<[u8]>) {
        lock(&self.state).entries.remove(key.as_ref());
    }

    /// Loses all epochs, and keeps the entries.
    pub(crate) fn lose_epochs(&self) {
        self.lose_epochs_of(|_| true);
    }

    /// Loses the epochs of some names.
    pub(crate) fn lose_epochs_of(&self, is_lost: impl Fn(&str) -> bool) {
        lock(&self.state).epochs.retain(|name, _| !is_lost(name));
    }

    pub(crate) fn keys(&self) -> Vec<Box<[u8]>> {
        let mut keys: Vec<_> = lock(&self.state).entries.keys().cloned().collect();
        keys.sort();
        keys
    }

    pub(crate) fn is_leased(&self, key: impl AsRef<[u8]>) -> bool {
        lock(&self.state).lease(key.as_ref(), self.now()).is_some()
    }

    pub(super) fn now(&self) -> Time {
        self.clock.monotonic()
    }

    pub(super) fn wall(&self) -> Time {
        self.clock.wall()
    }
}

impl<V: Clone> State<V> {
    fn count(&self, name: &'static str, op: Op) -> usize {
        self.counts.get(&(name, op)).copied().unwrap_or(0)
    }

    pub(super) fn entry(&self, key: &[u8], now: Time) -> Option<CachedValue<V>> {
        let (entry, until) = self.entries.get(key)?;
        (now < *until).then(|| entry.clone())
    }

    pub(super) fn lease(&self, key: &[u8], now: Time) -> Option<(Stamp, Time)> {
        let lease = self.leases.get(key).copied();
        lease.filter(|(_, until)| now < *until)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn put(&mut self, key: &[u8], entry: CachedValue<V>, until: Time) {
        self.entries.insert(key.into(), (entry, until));
        self.leases.remove(key);
    }
}

impl<V: Clone + Send + Sync + 'static> SharedMap<V> {
    pub(crate) fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Without bells the other processes have to poll.
    pub(crate) fn silent(mut self) -> Self {
        self.rings = false;
        self
    }

    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    /// A configuration on this handle, moved by `clock`.
    pub(crate) fn config(self, clock: &Arc<HandClock>) -> Config<V> {
        Config::new(self).clock(clock.clone())
    }

    /// Carries out one operation as this handle answers.
    pub(super) fn answer<'a, T: Send + 'a>(
        &'a self,
        op: Op,
        key: &'a [u8],
        work: impl FnOnce(&mut State<V>) -> T + Send + 'a,
    ) -> Reply<'a, T> {
        let act = move || {
            if self.faults.strikes(op) {
                self.count(op);
                return Err(op.error(self.name, key));
            }
            let (answer, news, bells) = self.step(op, key, work);
            for bell in bells {
                bell(news);
            }
            self.count(op);
            if self.faults.swallows(op) {
                return Err(op.error(self.name, key));
            }
            Ok(answer)
        };
        if self.form != Form::Later {
            self.faults.pass(op);
            return Reply::ready(act());
        }
        Reply::later(async move {
            let mut asked = false;
            poll_fn(|context| {
                if std::mem::replace(&mut asked, true) {
                    return self.faults.poll_pass(op, Gate::Asking, context);
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            let answer = act();
            poll_fn(|context| self.faults.poll_pass(op, Gate::Answering, context)).await;
            answer
        })
    }

    fn step<T>(
        &self,
        op: Op,
        key: &[u8],
        work: impl FnOnce(&mut State<V>) -> T,
    ) -> (T, News, Vec<Hung>) {
        let mut state = lock(&self.server.state);
        let answer = work(&mut state);
        let news = std::mem::replace(&mut state.news, News::Changed);
        let changes = matches!(op, Op::Set | Op::Delete | Op::Commit | Op::Release);
        let there = state
            .bells
            .values()
            .filter(|(at, _)| changes && **at == *key);
        let bells = there.map(|(_, bell)| Arc::clone(bell)).collect();
        (answer, news, bells)
    }

    fn count(&self, op: Op) {
        *lock(&self.server.state)
            .counts
            .entry((self.name, op))
            .or_default() += 1;
        self.server.changed.notify_all();
    }
}

impl<V: Clone + Send + Sync + 'static> Store<V> for SharedMap<V> {
    fn name(&self) -> &str {
        self.name
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        self.answer(Op::Get, key, |state| state.entry(key, self.server.now()))
    }

    fn set<'a>(&'a self, key: &'a [u8], mut entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        self.answer(Op::Set, key, move |state| {
            entry.metadata.stamp = Stamp::new(state.number().into());
            state.put(key, entry, self.server.now().after(ttl));
        })
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.answer(Op::Delete, key, |state| {
            state.entries.remove(key);
            state.leases.remove(key);
        })
    }

    fn blocks(&self) -> bool {
        self.form == Form::Blocking
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}
