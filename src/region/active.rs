//! A configured region: what a hit needs first, what the long way needs behind it.

mod epochs;
mod writes;

use std::sync::Arc;

use dogpile_backend::{
    CachedValue, Epoch, KeyBuffer, Mangle, Metadata, Policy, Span, Store, Terms, Time, TimeLine,
    Verdict,
};
#[cfg(feature = "memory")]
use dogpile_backend::{Clock, SystemClock};
#[cfg(feature = "memory")]
use dogpile_memory::Memory;

use super::answer::{Answer, Origin};
use super::call::{Conditions, Found};
use super::config::{Config, Settings};
use super::due::{Ahead, Due, Said, View};
use super::kept::{Kept, Mark};
#[cfg(feature = "metrics")]
use super::metrics::Published;
use super::rule::Rule;
use super::statistics::{Counted, Tally, Times};
use super::tags::Hearing;
use crate::clockwork::Clockwork;
use crate::flight::{Invalidations, Opened};
use crate::sync::OnceLock;

/// Below this, freshness is measured with the precise clock.
const FINE: Span = Span::from_millis(250);

/// How far the coarse clock may lag behind the stamps of its own process: a tick of the slowest kernels.
const TICK: Span = Span::from_millis(10);

pub(crate) struct Active<V: Send + Sync + 'static> {
    /// The region's name.
    pub(super) name: Arc<str>,
    /// The configuration that came in this one's place.
    pub(super) successor: OnceLock<Arc<Active<V>>>,
    #[cfg(feature = "memory")]
    /// The shortest way: memory, keys as they are, ages by the machine's coarse clock.
    straight: Option<Memory<V>>,
    pub(super) policy: Policy,
    /// The policy by which a value is surely fresh, however early it ends.
    sure: Policy,
    due: Due,
    rule: Rule,
    pub(super) tally: Option<Tally>,
    pub(super) times: Times,
    #[cfg(feature = "metrics")]
    pub(super) published: Published,
    pub(super) clock: Clockwork,
    /// How many entries the store could not read before this configuration.
    pub(super) unreadable_before: u64,
    line: TimeLine,
    fine: bool,
    pub(super) epochs: Arc<Invalidations>,
    pub(super) hearing: Hearing<V>,
    pub(super) mangler: Option<Arc<dyn Mangle>>,
    pub(super) opened: Arc<Opened<V>>,
    pub(super) settings: Settings<V>,
    pub(super) kept: Kept<V>,
}

impl<V: Clone + Send + Sync + 'static> Active<V> {
    pub(super) fn open(region: &str, config: Config<V>) -> Self {
        let mut policy = config.policy();
        #[cfg(feature = "memory")]
        let memory = memory(&config.store);
        let opened = Opened::open(config.store);
        if config.calls.back_off > Span::ZERO {
            opened.begin_back_offs();
        }
        let line = opened.store.time_line();
        let fine = policy.fresh_for < FINE || policy.stale_for < FINE;
        if !fine && matches!(config.clock, Clockwork::System) {
            // Else a value that was made a moment ago would seem to come from further ahead.
            policy.skew = policy.skew.max(TICK);
        }
        #[cfg(feature = "memory")]
        let coarse = matches!(config.clock, Clockwork::System) && !fine;
        Self {
            name: region.into(),
            successor: OnceLock::new(),
            #[cfg(feature = "memory")]
            straight: memory
                .filter(|_| coarse && config.mangler.is_none() && !config.rule.is_set()),
            policy,
            sure: config.due.surely(policy),
            due: config.due,
            rule: config.rule,
            tally: config.statistics.then(Tally::new),
            times: Times::default(),
            #[cfg(feature = "metrics")]
            published: Published::default(),
            clock: config.clock,
            unreadable_before: opened.store.unreadable(),
            line,
            fine,
            epochs: opened.invalidations(region),
            hearing: Hearing::new(),
            mangler: config.mangler,
            kept: Kept::new(config.calls.keep_last),
            opened,
            settings: config.calls,
        }
    }

    /// Uses a fresh value under the user's `key` where it lies. Without one `using` comes back: take
    /// the long way.
    #[inline(always)]
    pub(super) fn hit<R, U: FnOnce(&V) -> R>(&self, key: &[u8], using: U) -> Result<R, U> {
        #[cfg(feature = "memory")]
        if let Some(memory) = &self.straight {
            let lent = memory.lend_with(key, using, |entry, using| {
                if self.is_fresh(&entry.metadata, SystemClock.coarse()) {
                    return Ok(using(entry.value));
                }
                Err(using)
            });
            return match lent {
                Ok(Ok(used)) => {
                    self.count(Counted::Answer(Origin::Hit));
                    Ok(used)
                }
                Ok(Err(using)) | Err(using) => Err(using),
            };
        }
        self.hit_elsewhere(key, using)
    }

    #[cold]
    #[inline(never)]
    fn hit_elsewhere<R, U: FnOnce(&V) -> R>(&self, key: &[u8], using: U) -> Result<R, U> {
        let mut buffer;
        let key = match &self.mangler {
            None => key,
            Some(mangler) => {
                buffer = KeyBuffer::new();
                mangler.mangle(key, &mut buffer)
            }
        };
        let (mut using, mut used) = (Some(using), None);
        self.look_here(key, &mut |entry| {
            let hears = self.epochs.hears_of(entry.metadata.terms.tags);
            let surely = hears && !self.rule.is_set() && self.is_fresh(&entry.metadata, self.now());
            if surely || self.is_fresh_here(key, &entry.metadata) {
                used = using.take().map(|using| using(entry.value));
            }
        });
        match (used, using) {
            (Some(used), _) => {
                self.count(Counted::Answer(Origin::Hit));
                Ok(used)
            }
            (None, Some(using)) => Err(using),
            (None, None) => unreachable!("it is taken when it is used"),
        }
    }

    /// Looks where nothing has to be asked for: not in a strict region whose epochs others may have raised.
    fn look_here(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) {
        let store = &self.opened.store;
        if !self.settings.strict || store.epochs().is_none() {
            store.look_local(key, lend);
        }
    }

    /// A value that is fresh by a call's own policy, with its age, where it lies.
    pub(super) fn hit_at(&self, key: &[u8], conditions: &Conditions) -> Option<Answer<V>> {
        let mut buffer = KeyBuffer::new();
        let key = self.as_stored(key, &mut buffer);
        let mut answer = None;
        self.look_here(key, &mut |entry| {
            let now = self.now();
            if self.is_fresh_by(conditions, key, &entry.metadata, now) {
                answer = Some(Answer {
                    value: entry.value.clone(),
                    origin: Origin::Hit,
                    age: now.since(entry.metadata.created).to_duration(),
                });
            }
        });
        if answer.is_some() {
            self.count(Counted::Answer(Origin::Hit));
        }
        answer
    }

    /// How far ahead a call looks whose creator runs in the background.
    #[inline]
    pub(super) fn look_ahead(&self) -> Ahead {
        if self.due.looks_ahead() {
            return self.due.ahead(|| self.usual_cost());
        }
        Ahead::NONE
    }

    /// The answer to a call whose look found a fresh value; else what it found comes back.
    pub(super) fn hit_in(
        &self,
        looked: Found<V>,
        conditions: &Conditions,
        key: &[u8],
        mark: Mark,
    ) -> Result<Answer<V>, Found<V>> {
        let now = self.now();
        match looked {
            Ok(Some(entry)) if self.is_fresh_by(conditions, key, &entry.metadata, now) => {
                self.kept.keep(key, &entry, mark);
                self.count(Counted::Answer(Origin::Hit));
                Ok(Answer {
                    value: entry.value,
                    origin: Origin::Hit,
                    age: now.since(entry.metadata.created).to_duration(),
                })
            }
            other => Err(other),
        }
    }

    #[inline(always)]
    fn is_fresh(&self, metadata: &Metadata, now: Time) -> bool {
        let ends_early = metadata.terms.fresh_for.is_some() && self.due.jitters();
        let is_fresh = |floor| self.sure.is_fresh(metadata, floor, now);
        !ends_early && (is_fresh(self.epochs.floor()) || self.is_fresh_below(*metadata, now))
    }

    /// The same for what was created before a tag was invalidated, and may be under others or none. Takes a
    /// copy: a hit whose metadata is only looked at never writes it down.
    #[cold]
    #[inline(never)]
    fn is_fresh_below(&self, metadata: Metadata, now: Time) -> bool {
        if self.epochs.tags().is_none() {
            return false;
        }
        let epochs = self.epochs.of(&metadata).epochs();
        self.sure.is_fresh(&metadata, epochs.current(), now)
    }

    /// The same where a rule of the user's has a say.
    fn is_fresh_here(&self, key: &[u8], metadata: &Metadata) -> bool {
        let judged = || self.judge(&self.own_view(key), metadata);
        self.rule.is_set() && judged() == Verdict::Fresh
    }

    /// The same by a call's own policy.
    fn is_fresh_by(
        &self,
        conditions: &Conditions,
        key: &[u8],
        metadata: &Metadata,
        now: Time,
    ) -> bool {
        let (policy, ahead) = (&conditions.policy, conditions.ahead);
        let view = || self.view(conditions, key).ahead(ahead);
        let is_fresh = || self.judge(&view(), metadata) == Verdict::Fresh;
        if self.rule.is_set() || !metadata.terms.is_none() || ahead != Ahead::NONE {
            return is_fresh();
        }
        let surely = self.due.surely(*policy);
        // Whoever writes no epochs, as Python does, is judged by when it wrote.
        let foreign = metadata.epoch == Epoch::UNKNOWN;
        let unsure = foreign || surely != *policy || self.epochs.tags().is_some();
        surely.is_fresh(metadata, self.epochs.floor(), now) || (unsure && is_fresh())
    }

    /// How a call looks at values under a key (the store's).
    pub(super) fn view(&self, conditions: &Conditions, key: &[u8]) -> View {
        let (policy, said) = (conditions.policy, conditions.said);
        View::new(policy, said, self.due, &self.rule, key)
    }

    /// The same for whoever says nothing himself.
    pub(super) fn own_view(&self, key: &[u8]) -> View {
        View::new(self.policy, Said::NOTHING, self.due, &self.rule, key)
    }

    pub(super) fn judge(&self, view: &View, metadata: &Metadata) -> Verdict {
        view.judge(metadata, self.epochs.of(metadata).epochs(), self.now())
    }

    /// The time on the store's line, as precise as the policy asks.
    pub(super) fn now(&self) -> Time {
        if self.fine {
            return self.clock.now(self.line);
        }
        self.clock.coarse(self.line)
    }

    /// The precise time on the store's line, for a creation.
    pub(super) fn precisely_now(&self) -> Time {
        self.clock.now(self.line)
    }

    fn as_stored<'k>(&self, key: &'k [u8], buffer: &'k mut KeyBuffer) -> &'k [u8] {
        match &self.mangler {
            None => key,
            Some(mangler) => mangler.mangle(key, buffer),
        }
    }

    /// The user's key as the store knows it.
    pub(super) fn mangled(&self, key: &[u8]) -> Box<[u8]> {
        match &self.mangler {
            None => key.into(),
            Some(mangler) => mangler.mangle(key, &mut KeyBuffer::new()).into(),
        }
    }

    /// How long a store has to keep what is written now on these terms: for a call's own `policy`, and for
    /// those who go by the region's.
    pub(super) fn time_to_live(&self, policy: &Policy, terms: &Terms) -> Span {
        let lifetime = |policy| terms.policy(policy).lifetime();
        let longer = lifetime(policy).max(lifetime(&self.policy));
        longer.plus(self.settings.creation_limit)
    }
}

/// The store itself, if it is this process's memory.
#[cfg(feature = "memory")]
fn memory<V: Clone + Send + Sync + 'static>(store: &Arc<dyn Store<V>>) -> Option<Memory<V>> {
    let any: &dyn std::any::Any = &**store;
    any.downcast_ref().cloned()
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use dogpile_backend::{Invalidation, Stamp};

    use super::*;
    use crate::region::at::Own;

    /// Python writes such.
    #[test]
    fn a_fresh_value_without_an_epoch_ends_the_first_look() {
        let active = Active::open("region", Config::new(Memory::unbounded()));
        let looked = || {
            let metadata = Metadata {
                stamp: Stamp::NONE,
                epoch: Epoch::UNKNOWN,
                created: active.now(),
                terms: Terms::NONE,
            };
            let (entry, mark) = (CachedValue { value: 7, metadata }, active.kept.mark(b"key"));
            let conditions = Own::NOTHING.conditions(&active);
            active.hit_in(Ok(Some(entry)), &conditions, b"key", mark)
        };
        assert!(matches!(looked(), Ok(Answer { value: 7, .. })));
        // A second from now it will be from after this.
        active.epochs.raise(Invalidation::Soft, active.now());
        assert!(looked().is_err());
    }
}
