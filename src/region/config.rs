//! A region's configuration: which store, how long values may be used, and what happens when
//! something fails.

use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::proxy::{Proxied, Proxy};
use dogpile_backend::{Clock, Guarded, Mangle, Policy, Span, Store};

use super::creation::Creation;
use super::due::Due;
use super::owned::{BoxError, Job, Loader, Runner};
use super::rule::Rule;
use super::tags::{SEPARATOR, TagsOf};
use crate::clockwork::Clockwork;
use crate::error::ConfigError;

/// What a region does when its store does not answer and no value is at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnStoreFailure {
    /// Create the value, give it to all who wait, and store nothing.
    #[default]
    CreateWithoutStoring,
    /// End the call with [`Error::Store`](crate::Error::Store).
    Fail,
}

/// How a region is configured. Everything but the store has a default.
///
/// ```
/// use dogpile::{Config, Memory};
/// use std::time::Duration;
/// let config = Config::<String>::new(Memory::bounded(10_000))
///     .fresh_for(Duration::from_secs(3_600))
///     .stale_for(Duration::from_secs(600));
/// ```
#[must_use]
pub struct Config<V> {
    pub(super) store: Arc<dyn Store<V>>,
    pub(super) fresh_for: Span,
    pub(super) stale_for: Option<Span>,
    pub(super) skew: Span,
    pub(super) clock: Clockwork,
    pub(super) mangler: Option<Arc<dyn Mangle>>,
    pub(super) due: Due,
    pub(super) rule: Rule,
    pub(super) statistics: bool,
    pub(super) calls: Settings<V>,
}

/// What every call of the region goes by, unless it says otherwise.
pub(crate) struct Settings<V> {
    pub(super) deadline: Span,
    pub(super) soft_timeout: Span,
    pub(super) creation_limit: Span,
    pub(super) lease_time: Span,
    pub(super) stale_if_error: bool,
    pub(super) back_off: Span,
    pub(super) strict: bool,
    pub(super) on_store_failure: OnStoreFailure,
    pub(super) should_cache: Option<ShouldCache<V>>,
    pub(super) tags_of: Option<TagsOf<V>>,
    pub(super) keep_last: usize,
    pub(super) loader: Option<Loader<V>>,
    pub(super) runner: Option<Runner>,
    #[cfg(feature = "metrics")]
    pub(super) publish_every: Option<Duration>,
}

type ShouldCache<V> = Arc<dyn Fn(&V) -> bool + Send + Sync>;

impl<V: Send + Sync + 'static> Config<V> {
    /// A region on `store`: values stay fresh for ever, waits end after 60 seconds, a creator is
    /// taken over after 30.
    ///
    /// A store without leases is given process-wide ones.
    pub fn new(store: impl Store<V>) -> Self {
        let store: Arc<dyn Store<V>> = if store.leases().is_some() {
            Arc::new(store)
        } else {
            Arc::new(Guarded::new(store))
        };
        Self {
            store,
            fresh_for: Span::FOREVER,
            stale_for: None,
            skew: Span::from_secs(1),
            clock: Clockwork::System,
            mangler: None,
            due: Due::default(),
            rule: Rule::default(),
            statistics: false,
            calls: Settings {
                deadline: Span::from_secs(60),
                soft_timeout: Span::ZERO,
                creation_limit: Span::from_secs(30),
                lease_time: Span::from_secs(5),
                stale_if_error: true,
                back_off: Span::ZERO,
                strict: false,
                on_store_failure: OnStoreFailure::default(),
                should_cache: None,
                tags_of: None,
                keep_last: 0,
                loader: None,
                runner: None,
                #[cfg(feature = "metrics")]
                publish_every: None,
            },
        }
    }

    /// Puts `proxy` before the store: what it overrides comes to it first, also before the proxies that
    /// were put on earlier. See [`proxy`](crate::backend::proxy) for ready ones, and for what a proxied
    /// store shares with others.
    ///
    /// ```
    /// use dogpile::backend::proxy::{CircuitBreaker, RetryDelete};
    /// use dogpile::{Config, Memory};
    /// use std::time::Duration;
    /// let config = Config::<String>::new(Memory::unbounded())
    ///     .wrap(CircuitBreaker::new(5, Duration::from_secs(10)))
    ///     .wrap(RetryDelete::new(3));
    /// # let _ = config;
    /// ```
    pub fn wrap(mut self, proxy: impl Proxy<V>) -> Self {
        self.store = Arc::new(Proxied::new(proxy, self.store));
        self
    }

    /// How long a value is fresh after its creation. Zero: every call creates, or shares what
    /// another creates meanwhile. Default: for ever.
    ///
    /// Up to 250 ms, ages are measured precisely; above, with the coarse clock, a hit may be up to
    /// some milliseconds late to notice.
    pub fn fresh_for(mut self, span: Duration) -> Self {
        self.fresh_for = span.into();
        self
    }

    /// For how long after that a value may be served while one caller creates the next. Zero:
    /// never; `Duration::MAX`: for ever, as dogpile.cache does. Default: as long as it was fresh.
    pub fn stale_for(mut self, span: Duration) -> Self {
        self.stale_for = Some(span.into());
        self
    }

    /// How far the clocks of processes that share the store may disagree. A value from further
    /// ahead is stale. Default: one second.
    pub fn skew(mut self, span: Duration) -> Self {
        self.skew = span.into();
        self
    }

    /// How long a call waits for another's creation. Default: 60 seconds. Its own creator, called
    /// in its own thread, is never interrupted.
    pub fn deadline(mut self, span: Duration) -> Self {
        self.calls.deadline = span.into();
        self
    }

    /// After how long another takes over from a creator that is still at work; its value then comes
    /// too late to be stored. Default: 30 seconds.
    pub fn creation_limit(mut self, span: Duration) -> Self {
        self.calls.creation_limit = span.into();
        self
    }

    /// How long a store that other processes share keeps a lease whose holder has died. Living
    /// holders renew it, up to the creation limit. Default: five seconds.
    pub fn lease_time(mut self, span: Duration) -> Self {
        self.calls.lease_time = span.into();
        self
    }

    /// Whether a caller whose creator fails gets the stale value, if there is one, rather than the
    /// error. Default: yes; [`Answer::origin`](crate::Answer::origin) tells.
    ///
    /// The value is judged anew when it would be served: one that has grown too old meanwhile, or that this
    /// process knows to be invalidated, is not, nor one whose key this process has deleted or set since. What
    /// another process deletes meanwhile is not known here, and one who waited for another's creation does
    /// not hear of a delete that came before its failure.
    pub fn stale_if_error(mut self, yes: bool) -> Self {
        self.calls.stale_if_error = yes;
        self
    }

    /// For how long a creator that failed or panicked is left alone: nobody calls it for its key, in no
    /// process that shares the store, where the store can see to that (Redis, memcached and files do, not
    /// beside Python; else in this process). Who asks meanwhile gets the stale value, if there is one, else
    /// [`Error::BackingOff`](crate::Error::BackingOff). A `set`, a `delete` and a `refresh` end it; an
    /// invalidation does not. A region that shares the store is held to it whether or not it has one
    /// of its own, where the store sees to it. Default: not at all.
    ///
    /// While the store does not answer this process sees to it. Where it does, it remembers 16,384 keys at
    /// once at most; the creators of more are called.
    pub fn back_off(mut self, span: Duration) -> Self {
        self.calls.back_off = span.into();
        self
    }

    /// Whether each look into a shared store asks for the region's invalidations first, and each `set` and
    /// `refresh`, so that nobody takes what they write for older than one. Without it
    /// another process's invalidation is seen when the store rings or, where that is not heard, when
    /// the epochs are read again: every two seconds, and every half second where the store rings for nobody, as
    /// memcached. With it before the call goes on, at the price
    /// of one more round trip for each of them, also where the look finds a near copy in front of the shared
    /// store. Default: no.
    pub fn strict_invalidation(mut self, yes: bool) -> Self {
        self.calls.strict = yes;
        self
    }

    /// What happens when the store does not answer.
    pub fn on_store_failure(mut self, policy: OnStoreFailure) -> Self {
        self.calls.on_store_failure = policy;
        self
    }

    /// Values for which this is false go to those who asked and are not stored.
    /// A panic of it counts as one of the creator.
    pub fn should_cache(mut self, judge: impl Fn(&V) -> bool + Send + Sync + 'static) -> Self {
        self.calls.should_cache = Some(Arc::new(judge));
        self
    }

    /// Turns the user's key into the store's. See [`Mangle`].
    pub fn key_mangler(mut self, mangler: impl Mangle) -> Self {
        self.mangler = Some(Arc::new(mangler));
        self
    }

    /// Keeps the last `values` that were seen or created in this process, to be served while the
    /// store does not answer. Default: none.
    pub fn keep_last(mut self, values: usize) -> Self {
        self.calls.keep_last = values;
        self
    }

    /// The creator for [`Region::load`](crate::Region::load), and for refreshing in the background.
    pub fn loader<E: Into<BoxError>>(
        mut self,
        load: impl Fn(&[u8]) -> Result<V, E> + Send + Sync + 'static,
    ) -> Self {
        let load = move |key: &[u8]| load(key).map_err(Into::into);
        self.calls.loader = Some(Loader::Plain(Arc::new(load)));
        self
    }

    /// The same with a creator that sees what it replaces, and may say of its value how long it is fresh,
    /// under which tags it stands, and that it is not to be stored; see [`Creation`](crate::Creation).
    ///
    /// ```
    /// use dogpile::{Config, Creation, Memory, Region};
    /// use std::time::Duration;
    /// let tokens: Region<String> = Region::new("tokens");
    /// tokens.configure(Config::new(Memory::unbounded()).loader_with(|key, creation: &Creation<String>| {
    ///     creation.fresh_for(Duration::from_secs(300)); // as long as the token lasts
    ///     Ok::<_, std::io::Error>(format!("token of {} bytes", key.len()))
    /// }))?;
    /// assert_eq!(tokens.load("ann")?, "token of 3 bytes");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loader_with<E: Into<BoxError>>(
        mut self,
        load: impl Fn(&[u8], &Creation<V>) -> Result<V, E> + Send + Sync + 'static,
    ) -> Self {
        let load =
            move |key: &[u8], creation: &Creation<V>| load(key, creation).map_err(Into::into);
        self.calls.loader = Some(Loader::Seeing(Arc::new(load)));
        self
    }

    /// Runs owned creators in the background, in place of our own bounded worker: a thread pool, a
    /// runtime's `spawn`. A job that is handed back, or dropped, frees its key; the next caller
    /// that finds the value stale tries again.
    ///
    /// Our own worker serves all regions of the process with two threads. While a job waits for them
    /// longer than 10 ms, because creators hang or wait for others, it starts one more, and another 10 ms
    /// later the next, up to 64; those end when they had nothing to do for 10 s. Up to 1,024 jobs wait.
    pub fn runner(mut self, run: impl Fn(Job) -> Result<(), Job> + Send + Sync + 'static) -> Self {
        self.calls.runner = Some(Arc::new(run));
        self
    }

    /// Reads the time from `clock`: a [`ManualClock`](crate::ManualClock) in a test.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Clockwork::Custom(clock);
        self
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            fresh_for: self.fresh_for,
            stale_for: self.stale_for.unwrap_or(self.fresh_for),
            skew: self.skew,
        }
    }

    /// Puts so many copies in this process's memory in front of the store.
    #[cfg(all(feature = "memory", feature = "config"))]
    pub(crate) fn with_near(mut self, copies: usize, near_for: Option<Duration>) -> Self
    where
        V: Clone,
    {
        let tiered = crate::Tiered::new(copies, self.store);
        self.store = Arc::new(match near_for {
            Some(span) => tiered.near_for(span),
            None => tiered,
        });
        self
    }

    /// Refuses what would make every wait or every creation fail at once, and names that would meet others.
    pub(super) fn check(&self, region: &str) -> Result<(), ConfigError> {
        let zero = |what, hint| ConfigError::Zero {
            region: region.to_owned(),
            what,
            hint,
        };
        if region.contains(SEPARATOR) {
            return Err(ConfigError::Name {
                region: region.to_owned(),
            });
        }
        self.due.check(region)?;
        if self.calls.deadline == Span::ZERO {
            return Err(zero("deadline", "use `get` for a call that must not wait"));
        }
        if self.calls.creation_limit == Span::ZERO {
            return Err(zero(
                "creation_limit",
                "every creator would be taken over at once",
            ));
        }
        if self.calls.lease_time == Span::ZERO {
            return Err(zero("lease_time", "every lease would run out at once"));
        }
        Ok(())
    }
}
