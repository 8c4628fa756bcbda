//! Configuration by name: from a map of words, as an application's own configuration has
//! them, from the environment, or from TOML.
//!
//! | key | is | default |
//! |---|---|---|
//! | `backend` | `memory`, `serializing-memory`, `null`, `file`, `sled`, `redis`, `valkey`, `memcached`, or one that was [registered](register_backend) | must be given |
//! | `fresh_for`, `stale_for` | durations | see [`Config`] |
//! | `deadline`, `creation_limit`, `lease_time`, `skew` | durations | |
//! | `soft_timeout` | a duration | not at all |
//! | `back_off` | a duration | not at all |
//! | `stale_if_error`, `strict_invalidation` | `true` or `false` | |
//! | `on_store_failure` | `create` or `fail` | `create` |
//! | `jitter`, `eager_refresh` | shares between 0 and 1 | 0 and 1 |
//! | `early_refresh` | a number, 1 for the rule as published | 0 |
//! | `statistics` | `true` or `false` | `false` |
//! | `publish_metrics_every` | a duration (feature `metrics`) | only on demand |
//! | `keep_last` | how many values | 0 |
//! | `schema` | the number of the value's form, in stores of bytes | 0 |
//! | `compress_from` | a size: from how many bytes on values in stores of bytes are compressed (feature `lz4`) | not at all |
//! | `key_prefix` | what stands before every key of this region: tells regions apart that share a store | nothing |
//! | `near`, `near_for` | how many copies this process has in its memory in front of the store, and how long each is used at most; see [`Tiered`](crate::Tiered) | none; 1 s |
//! | `proxies.*` | what stands before the store, see below | nothing |
//! | `arguments.*` | the backend's own | |
//!
//! | backend | its arguments |
//! |---|---|
//! | `memory` | `capacity`: how many entries; without it unbounded |
//! | `serializing-memory` | as `memory`; it keeps bytes, so that every caller has a value of its own ([`SerializingMemory`](crate::SerializingMemory)) |
//! | `null` | any: it keeps nothing ([`Null`](crate::Null)), so that this word alone switches a cache off |
//! | `file` | `path`; `max_size`, `durability` (`process-crash`, `power-loss`), `on_damage` (`fail`, `set-aside`), `timeout` |
//! | `sled` | `path`; `durability` (`background`, `every-write`), `cache_capacity`, `keyspace` |
//! | `redis`, `valkey` | the same: `url`, or `nodes`, or `sentinels` and `service`; `prefix`, `lease_prefix`, `database`, `username`, `password`, `timeout`, `connections`, `time_to_live`, `compatibility` (`native`, `python`) |
//! | `memcached` | `url` (`memcached://`, `memcacheds://`), or `servers`; `prefix`, `username` and `password`, `root_certificate` (the path of a file in PEM; for TLS), `timeout`, `retry_after`, `connections`, `time_to_live`, `compatibility` (`native`, `python`, `python-bmemcached`) |
//!
//! | proxy | its words |
//! |---|---|
//! | [`KeyPrefix`](crate::backend::proxy::KeyPrefix) | `proxies.key_prefix`: what stands before every key that goes to the store, `key_prefix` included: sets an environment apart, such as `staging:` |
//! | [`ReadOnly`](crate::backend::proxy::ReadOnly) | `proxies.read_only`: `true` or `false` |
//! | [`RetryDelete`](crate::backend::proxy::RetryDelete) | `proxies.retry_delete`: how many tries |
//! | [`CircuitBreaker`](crate::backend::proxy::CircuitBreaker) | `proxies.circuit_breaker.failures` and `proxies.circuit_breaker.rest`, a duration |
//! | [`Observed`](crate::backend::proxy::Observed) | `proxies.logging`: `true` or `false` (feature `tracing`) |
//!
//! Those that are named are asked in the order of this table, whatever the words' order. Copies near
//! stand before all of them.
//!
//! **Prefixes** tell one region's words from another's and from everything else. Every word whose key begins with
//! the prefix is the region's own, and an error if its key is not known. So of two prefixes neither may begin with the
//! other: `PAGES_` would take `PAGES_NEW_BACKEND` for its own, and so would `pages.` take `pages.new.backend`.
//! `PAGES__` and `PAGES_NEW__` are apart, as are `pages.` and `new_pages.`.
//!
//! Blanks around a word are no part of it, wherever it stands. A duration is a number of seconds, or `10m`, `1h 30m`, or `forever`; a size is a number of bytes, or `64 MiB`,
//! `1 GB`; a list has commas. Values in stores of bytes are JSON.

mod codec;
mod error;
mod nearest;
mod plugin;
mod proxies;
mod store;
mod words;

use dogpile_backend::{Codec, JsonCodec, Prefix};

pub use error::SettingsError;
pub use plugin::{Arguments, register_backend};
use words::Words;

use crate::region::{Config, OnStoreFailure};

impl<V: Clone + Send + Sync + 'static> Config<V>
where
    JsonCodec: Codec<V>,
{
    /// The configuration that the words of `map` say whose keys begin with `prefix`; the other words are
    /// somebody else's. The [keys](crate::named) are listed there.
    ///
    /// ```
    /// use dogpile::{Config, Region};
    /// let words = [
    ///     ("pages.backend", "memory"),
    ///     ("pages.fresh_for", "10m"),
    ///     ("pages.arguments.capacity", "10000"),
    ///     ("database.url", "postgres://localhost"),
    /// ];
    /// let pages: Region<String> = Region::new("pages");
    /// pages.configure(Config::from_map(words, "pages.")?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A key that is not known (the nearest known one is named), a word that cannot be meant so, a backend
    /// that is not built in, a store that does not open.
    pub fn from_map<K, W>(
        map: impl IntoIterator<Item = (K, W)>,
        prefix: &str,
    ) -> Result<Self, SettingsError>
    where
        K: AsRef<str>,
        W: AsRef<str>,
    {
        let mut words = Words::of_map(map, prefix);
        let config = Self::of(&mut words)?;
        words.must_be_used_up()?;
        Ok(config)
    }

    /// The configuration that a TOML table says; `[arguments]` is a table in it.
    ///
    /// ```
    /// # #[cfg(feature = "toml")] {
    /// use dogpile::Config;
    /// let text = "
    ///     backend = 'memory'
    ///     fresh_for = '10m'
    ///     [arguments]
    ///     capacity = 10_000
    /// ";
    /// let config: Config<String> = Config::from_toml(text)?;
    /// # }
    /// # Ok::<(), dogpile::named::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_map`](Self::from_map), and where the text is no TOML.
    #[cfg(feature = "toml")]
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        let mut words = Words::of_toml(text)?;
        let config = Self::of(&mut words)?;
        words.must_be_used_up()?;
        Ok(config)
    }

    /// The configuration that this process's environment says, in variables whose names begin with
    /// `prefix`. After it stands the key in upper case, with `__` for a dot: with the prefix `PAGES_`,
    /// `PAGES_BACKEND`, `PAGES_FRESH_FOR`, `PAGES_ARGUMENTS__CAPACITY`. No other region's prefix may begin with this
    /// one: where there are `PAGES` and `PAGES_NEW`, say `PAGES__` and `PAGES_NEW__`.
    ///
    /// ```no_run
    /// use dogpile::{Config, Region};
    /// static PAGES: Region<String> = Region::new("pages");
    /// PAGES.configure(Config::from_env("PAGES_")?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_map`](Self::from_map), and where a value is no text.
    pub fn from_env(prefix: &str) -> Result<Self, SettingsError> {
        let mut words = Words::of_env(std::env::vars_os(), prefix)?;
        let config = Self::of(&mut words)?;
        words.must_be_used_up()?;
        Ok(config)
    }

    fn of(words: &mut Words) -> Result<Self, SettingsError> {
        let config = proxies::put_on(store::open(words)?, words)?;
        let mut config = store::with_near(config, words)?;
        if let Some(span) = words.duration("fresh_for")? {
            config = config.fresh_for(span);
        }
        if let Some(span) = words.duration("stale_for")? {
            config = config.stale_for(span);
        }
        if let Some(span) = words.time("deadline")? {
            config = config.deadline(span);
        }
        if let Some(span) = words.time("creation_limit")? {
            config = config.creation_limit(span);
        }
        if let Some(span) = words.time("lease_time")? {
            config = config.lease_time(span);
        }
        if let Some(span) = words.duration("skew")? {
            config = config.skew(span);
        }
        Self::with_policies(config, words)
    }

    fn with_policies(mut config: Self, words: &mut Words) -> Result<Self, SettingsError> {
        if let Some(yes) = words.flag("stale_if_error")? {
            config = config.stale_if_error(yes);
        }
        if let Some(yes) = words.flag("strict_invalidation")? {
            config = config.strict_invalidation(yes);
        }
        if let Some(span) = words.duration("soft_timeout")? {
            config = config.soft_timeout(span);
        }
        if let Some(span) = words.duration("back_off")? {
            config = config.back_off(span);
        }
        let policies = [
            ("create", OnStoreFailure::CreateWithoutStoring),
            ("fail", OnStoreFailure::Fail),
        ];
        if let Some(policy) = words.choice("on_store_failure", &policies)? {
            config = config.on_store_failure(policy);
        }
        if let Some(share) = words.share("jitter")? {
            config = config.jitter(share);
        }
        if let Some(share) = words.share("eager_refresh")? {
            config = config.eager_refresh(share);
        }
        if let Some(beta) = words.factor("early_refresh")? {
            config = config.early_refresh(beta);
        }
        if let Some(yes) = words.flag("statistics")? {
            config = config.statistics(yes);
        }
        #[cfg(feature = "metrics")]
        if let Some(span) = words.duration("publish_metrics_every")? {
            config = config.publish_metrics_every(span);
        }
        if let Some(values) = words.number("keep_last")? {
            config = config.keep_last(values);
        }
        if let Some(prefix) = words.text("key_prefix") {
            config = config.key_mangler(Prefix::new(prefix));
        }
        Ok(config)
    }
}
