//! What a user can say of a Redis: where it is, how long to wait for it, how its keys are called.

use std::fmt;
use std::time::Duration;

use dogpile_backend::{Compatibility, Span, record::Unreadable};

use crate::Redis;
use crate::address::{BadSettings, public};
use crate::keys::Keys;
use crate::server::Server;

/// As good as for ever.
const DAY: Duration = Duration::from_secs(86_400);

/// Called with the key and the reason whenever an entry is found that is no record.
pub(crate) type Report = Box<dyn Fn(&[u8], &Unreadable) + Send + Sync>;

/// Where servers are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    One(String),
    Sentinel {
        sentinels: Vec<String>,
        service: String,
    },
    Cluster(Vec<String>),
}

/// How to reach a Redis or Valkey server, and how to use it. Everything but the place has a default.
///
/// ```
/// use dogpile_redis::RedisSettings;
/// use std::time::Duration;
/// let store = RedisSettings::url("redis://127.0.0.1:6379/0")
///     .prefix("shop")
///     .timeout(Duration::from_millis(250))
///     .open()?; // connects when a region is configured with it
/// # Ok::<(), dogpile_redis::BadSettings>(())
/// ```
#[must_use]
pub struct RedisSettings {
    pub(crate) place: Place,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: Option<i64>,
    root_certificate: Option<Vec<u8>>,
    pub(crate) compatibility: Compatibility,
    prefix: Option<String>,
    lease_prefix: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) connections: usize,
    pub(crate) time_to_live: Option<Span>,
    pub(crate) report: Option<Report>,
}

impl RedisSettings {
    /// One server: `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS,
    /// `unix:///path` for a socket.
    pub fn url(url: impl Into<String>) -> Self {
        Self::at(Place::One(url.into()))
    }

    /// The master that these Sentinels name, asked anew after each failure.
    pub fn sentinel(
        sentinels: impl IntoIterator<Item = impl Into<String>>,
        service: impl Into<String>,
    ) -> Self {
        let sentinels = sentinels.into_iter().map(Into::into).collect();
        let service = service.into();
        Self::at(Place::Sentinel { sentinels, service })
    }

    /// A Redis Cluster, of which at least one of these nodes answers.
    pub fn cluster(nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::at(Place::Cluster(nodes.into_iter().map(Into::into).collect()))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            username: None,
            password: None,
            database: None,
            root_certificate: None,
            compatibility: Compatibility::default(),
            prefix: None,
            lease_prefix: None,
            timeout: Duration::from_millis(500),
            keepalive: Some(Duration::from_secs(30)),
            connections: 16,
            time_to_live: None,
            report: None,
        }
    }

    /// The user of the server's access control list. Default: what the address says.
    ///
    /// It needs the keys and the channels that begin with the prefix, and these commands:
    /// `ACL SETUSER dogpile on >secret ~dogpile:* &dogpile:* -@all +get +set +del +pttl +pexpire
    /// +hget +hmget +hset +time +ping +select +eval +evalsha +publish +subscribe +unsubscribe`, on a
    /// Sentinel's master `+role`, on a cluster `+cluster`, beside Python `+exists +client`. Without
    /// the channels values are stored and read, and those who wait look by themselves; who may hear
    /// but not publish makes others wait for the end of its leases.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password. Default: what the address says.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The number of the database. Default: what the address says, else 0.
    pub fn database(mut self, database: i64) -> Self {
        self.database = Some(database);
        self
    }

    /// With the feature `tls`: the certificate, in PEM, that signs the servers' own. Default: those that Mozilla trusts.
    #[cfg(feature = "tls")]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Who else uses the same keys. Default: processes that use this crate.
    ///
    /// `Python` means dogpile.cache 1.5's `redis`, `redis_sentinel` and `redis_cluster` backends. A value
    /// is under the user's own key and a lease under `_lock` and that key: what [`prefix`](Self::prefix)
    /// and [`lease_prefix`](Self::lease_prefix) say goes in front as it is. So a key that begins with
    /// `_lock` may be another key's lease, and one that begins with `dogpile:e:` a region's epochs: give
    /// users no such keys. Python writes without asking the lease, so what a commit replaces must besides
    /// be the very value that was there when the lease was given. What nobody can see then:
    ///
    /// - that Python deleted a key while a process of ours created its first value: it is stored.
    /// - that we set or deleted a key while a creator of Python's was at work: it stores what it
    ///   created. Its lock is left alone, for it raises an error where that is taken.
    /// - a creator of Python's that is slower than its `lock_timeout`: it stores whenever it is done.
    /// - a region's invalidation, by either side: dogpile.cache's own is known to one process, and
    ///   Python reads no epochs.
    ///
    /// A Python lock without a `lock_timeout` has no end: if its holder dies, calls that have no value
    /// wait for their whole deadline, until somebody deletes the lock. On a Cluster a key, or the prefix,
    /// needs a hash tag that holds both in one slot: `{42}:profile`. Any other key is refused.
    pub fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = compatibility;
        self
    }

    /// What all keys begin with. Default: `dogpile`; beside Python nothing, and what is given here is
    /// what a key mangler of Python's puts in front of each key.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// What stands between the prefix and the key of a lease. Default: `l`. Beside Python it stands in
    /// front of all, by default `_lock`: what Python calls the `lock_prefix`.
    pub fn lease_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.lease_prefix = Some(prefix.into());
        self
    }

    /// How long a call waits for a connection, for its set-up, and for an answer: each at most so
    /// long, and for an answer once more where a signal came in between. While this process stands still, no
    /// more than a quarter of it passes. Default: half a second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// After how long of silence a connection is asked whether it lives; `None`: never. Default: 30
    /// seconds. Systems count in whole seconds, from one to some nine hours: the nearest of those is taken.
    pub fn keepalive(mut self, after: Option<Duration>) -> Self {
        self.keepalive = after;
        self
    }

    /// How many connections threads share at most; tasks share one. Default: 16.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// After how long the server forgets a value, whatever the region says. Default: when the region
    /// can no longer use it.
    pub fn time_to_live(mut self, span: Duration) -> Self {
        self.time_to_live = Some(span.into());
        self
    }

    /// Calls `report` with the key and the reason whenever an entry is found that is no record. It
    /// is a miss, and overwritten.
    pub fn report(mut self, report: impl Fn(&[u8], &Unreadable) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// The store. It connects when it is used, which configuring a region with it does.
    ///
    /// # Errors
    /// Settings that cannot be meant so.
    pub fn open(mut self) -> Result<Redis, BadSettings> {
        let keys = self.keys()?;
        // Who says more means for ever, and clocks end.
        self.timeout = self.timeout.min(DAY);
        if self.timeout.is_zero() {
            return Err(BadSettings::Zero {
                what: "the timeout",
            });
        }
        if self.connections == 0 {
            return Err(BadSettings::Zero {
                what: "the number of connections",
            });
        }
        self.fits_together()?;
        let server = Server::new(&self)?;
        Ok(Redis::new(self, keys, server)?)
    }

    /// What a server would not complain of, and would not do either.
    fn fits_together(&self) -> Result<(), BadSettings> {
        let wrong = |what, why| Err(BadSettings::Together { what, why });
        if matches!(self.place, Place::Cluster(_))
            && self.database.is_some_and(|number| number != 0)
        {
            return wrong(
                "a database of a cluster",
                "a cluster has database 0 and no other",
            );
        }
        if self.root().is_some_and(|pem| !is_certificate(pem)) {
            return wrong(
                "the root certificate",
                "it is no certificate in PEM, which begins with `-----BEGIN CERTIFICATE-----`",
            );
        }
        Ok(())
    }

    pub(crate) fn root(&self) -> Option<&[u8]> {
        self.root_certificate.as_deref()
    }

    fn keys(&self) -> Result<Keys, BadSettings> {
        match self.compatibility {
            Compatibility::Native => self.native_keys(),
            Compatibility::Python => self.python_keys(),
        }
    }

    fn native_keys(&self) -> Result<Keys, BadSettings> {
        let prefix = self.prefix.as_deref().unwrap_or("dogpile");
        let lease = self.lease_prefix.as_deref().unwrap_or("l");
        check_prefix(KEYS, prefix)?;
        check_prefix(LEASES, lease)?;
        if ["v", "w", "e", "i"].contains(&lease) {
            let why = "other keys or channels are called so";
            return Err(wrong_prefix(LEASES, lease, why));
        }
        Ok(Keys::native(prefix, lease))
    }

    fn python_keys(&self) -> Result<Keys, BadSettings> {
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let lease = self.lease_prefix.as_deref().unwrap_or("_lock");
        let fits = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
        if !(2..=10).contains(&lease.chars().count()) || !lease.chars().all(fits) {
            let why = "dogpile.cache takes 2 to 10 letters, digits and any of `_-.:`";
            return Err(wrong_prefix(LEASES, lease, why));
        }
        let slots = matches!(self.place, Place::Cluster(_));
        Ok(Keys::python(prefix, lease, slots))
    }
}

fn is_certificate(pem: &[u8]) -> bool {
    let begins = b"-----BEGIN CERTIFICATE-----";
    pem.windows(begins.len()).any(|part| part == begins)
}

const KEYS: &str = "prefix of keys";
const LEASES: &str = "prefix of leases";

fn wrong_prefix(what: &'static str, prefix: &str, why: &'static str) -> BadSettings {
    let prefix = prefix.into();
    BadSettings::Prefix { prefix, what, why }
}

fn check_prefix(what: &'static str, prefix: &str) -> Result<(), BadSettings> {
    let wrong = |why| wrong_prefix(what, prefix, why);
    if prefix.is_empty() {
        return Err(wrong("it is empty"));
    }
    if prefix.contains(['{', '}']) {
        return Err(wrong("a cluster would hash what stands between its braces"));
    }
    Ok(())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |urls: &[String]| {
            let public: Vec<_> = urls.iter().map(|url| public(url)).collect();
            public.join(", ")
        };
        match self {
            Self::One(url) => f.write_str(public(url)),
            Self::Sentinel { sentinels, service } => {
                write!(f, "`{service}` of the Sentinels {}", list(sentinels))
            }
            Self::Cluster(nodes) => write!(f, "the cluster {}", list(nodes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: RedisSettings) -> String {
        match settings.open() {
            Ok(_) => panic!("these settings must be refused"),
            Err(error) => error.to_string(),
        }
    }

    fn here() -> RedisSettings {
        RedisSettings::url("redis://127.0.0.1:1/0")
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_do() {
        assert!(refused(RedisSettings::url("http://x")).contains("write redis://host"));
        let secret = refused(RedisSettings::url("redus://me:secret@host"));
        assert!(!secret.contains("secret"), "{secret}");
        let secret = refused(RedisSettings::url("redus://:sec?ret@host"));
        assert!(!secret.contains("sec"), "{secret}");
        let secret = refused(RedisSettings::url("unix:///x.sock?db=x&pass=secret@1"));
        assert!(!secret.contains("secret"), "{secret}");
        let place = Place::One("unix:///x.sock?user=me&pass=secret".into());
        assert_eq!(place.to_string(), "unix:///x.sock");
        let nobody: [&str; 0] = [];
        assert!(refused(RedisSettings::cluster(nobody)).contains("at least one address"));
        assert!(refused(RedisSettings::sentinel(nobody, "mymaster")).contains("Sentinel"));
        assert!(refused(here().prefix("a{b")).contains("braces"));
        assert!(refused(here().lease_prefix("v")).contains("called so"));
        assert!(refused(here().timeout(Duration::ZERO)).contains("timeout"));
        assert!(refused(here().connections(0)).contains("connections"));
        let alone = refused(here().username("me"));
        assert!(alone.contains("as the default user"), "{alone}");
        let cluster = RedisSettings::cluster(["redis://127.0.0.1:1"]).database(3);
        assert!(refused(cluster).contains("database 0 and no other"));
        #[cfg(feature = "tls")]
        {
            assert!(refused(here().root_certificate("junk")).contains("PEM"));
            let insecure = refused(RedisSettings::url("rediss://127.0.0.1:1/#insecure"));
            assert!(insecure.contains("root_certificate"), "{insecure}");
        }
        assert!(refused(here().database(-3)).contains("database -3"));
        assert!(refused(RedisSettings::url("redis://127.0.0.1/-3")).contains("database -3"));
        assert!(here().open().is_ok());
    }

    #[test]
    fn a_timeout_of_for_ever_is_no_overflow() {
        let nobody = RedisSettings::sentinel(["redis://127.0.0.1:1"], "mymaster");
        let store = nobody.timeout(Duration::MAX).open().ok().unwrap();
        let told = dogpile_backend::Store::get(&store, b"key").wait();
        assert_eq!(told.unwrap_err().fault, dogpile_backend::Fault::Unavailable);
    }

    #[test]
    fn a_lock_prefix_that_python_would_not_take_is_refused() {
        let beside = |prefix| {
            let settings = here().compatibility(Compatibility::Python);
            settings.lease_prefix(prefix)
        };
        for wrong in ["v", "longer than ten", "{a}", "", "a b"] {
            assert!(
                refused(beside(wrong)).contains("dogpile.cache takes"),
                "{wrong}"
            );
        }
        for good in ["lk:", "_lock", "a-b.c:d_e"] {
            assert!(beside(good).open().is_ok(), "{good}");
        }
    }
}
