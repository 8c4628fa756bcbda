//! What a user can say of a memcached: where it is, how long to wait for it, how its keys are called.

use std::time::Duration;

use dogpile_backend::{Compatibility, Span, record::Unreadable};

use crate::Memcached;
use crate::address::{Address, BadSettings, Setting, address};
use crate::connection::Reach;
use crate::keys::{self, Keys, LONGEST_PREFIX};
use crate::lookup::Lookup;
use crate::pool::Pool;
use crate::python::{BINARY, PLAIN};
use crate::servers::Servers;

const DAY: Duration = Duration::from_secs(86_400);

/// Called with the key and the reason whenever an entry is found that is no record.
pub(crate) type Report = Box<dyn Fn(&[u8], &Unreadable) + Send + Sync>;

/// Who we are, to a server that keeps a file of names and passwords.
#[derive(Clone)]
pub(crate) struct Login {
    name: String,
    password: String,
}

impl Login {
    /// As the server's file has it, but for its colon.
    pub(crate) fn text(&self) -> Vec<u8> {
        format!("{} {}", self.name, self.password).into_bytes()
    }
}

/// The password is nobody's business.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How to reach one or several memcached servers, and how to use it. Everything but the place has a default.
///
/// ```
/// use dogpile_memcached::MemcachedSettings;
/// use std::time::Duration;
/// let store = MemcachedSettings::server("memcached://127.0.0.1:11211")
///     .prefix("shop")
///     .timeout(Duration::from_millis(250))
///     .open()?; // connects when a region is configured with it
/// # Ok::<(), dogpile_memcached::BadSettings>(())
/// ```
#[must_use]
pub struct MemcachedSettings {
    servers: Vec<String>,
    login: Option<(String, String)>,
    #[cfg(feature = "tls")]
    root_certificate: Option<Vec<u8>>,
    prefix: Option<String>,
    timeout: Duration,
    retry_after: Duration,
    connections: usize,
    pub(crate) compatibility: Compatibility,
    /// The client flags of values.
    pub(crate) client_flags: u32,
    pub(crate) time_to_live: Option<Span>,
    pub(crate) report: Option<Report>,
}

impl MemcachedSettings {
    /// One server: `memcached://host[:port]`, or `host[:port]`, `memcacheds://` for TLS; the port is 11211
    /// unless it is said.
    pub fn server(address: impl Into<String>) -> Self {
        Self::servers([address])
    }

    /// Several servers, each of which has its share of the keys: by ketama, as libmemcached has it with
    /// `ketama_weighted`. Every process must name the same ones, each in the same words; of Python's clients
    /// only pylibmc can be told to spread keys so.
    ///
    /// The keys of a server that is away are not moved to another: calls for them fail, and what a region
    /// does then its configuration says.
    pub fn servers(addresses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            servers: addresses.into_iter().map(Into::into).collect(),
            login: None,
            #[cfg(feature = "tls")]
            root_certificate: None,
            prefix: None,
            timeout: Duration::from_millis(500),
            retry_after: Duration::from_secs(1),
            connections: 16,
            compatibility: Compatibility::default(),
            client_flags: PLAIN,
            time_to_live: None,
            report: None,
        }
    }

    /// The name and the password that the server's file (`memcached -Y`) has. Default: none.
    ///
    /// Without TLS they go over the wire as they are. A server that asks for none is not told them, and is
    /// used without.
    pub fn login(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some((name.into(), password.into()));
        self
    }

    /// With the feature `tls`: the certificates, in PEM, that sign the servers' own. Default: those that
    /// Mozilla trusts.
    #[cfg(feature = "tls")]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Who else uses the same keys. Default: processes that use this crate.
    ///
    /// `Python` means dogpile.cache 1.5's `pymemcache`, `pylibmc` and `memcached` backends; for its
    /// `bmemcached` say [`bmemcached`](Self::bmemcached). A value is under the user's own key and a lock
    /// under `_lock` and that key, so a key that begins with `_lock` may be another key's lock, and one
    /// that begins with `dogpile:` a region's epochs: give users no such keys. A key that Python's clients
    /// do not take is refused: one with spaces or control characters, or of more than 245 bytes.
    ///
    /// Python's lock has no owner. What it cannot promise:
    ///
    /// - **One creator.** Python deletes the lock when its creator has ended, whoever has it by then: a
    ///   creator that was slower than its `lock_timeout` frees another's. Ours is then put back when it
    ///   is renewed, unless another has taken it meanwhile.
    /// - **That a late value of Python's is refused.** Python stores without asking anybody: also over
    ///   what we set, deleted or created meanwhile.
    /// - **An end.** A lock without a `lock_timeout` stands until somebody deletes it.
    ///
    /// Each call is several round trips, and those of a batch go eight at a time: let leases last as long as
    /// the largest batch takes over the way to the server, or others may create the same beside it.
    ///
    /// What we create is stored only if what was there when the lock was won is still there, by the
    /// server's own number of the item, so nothing that either side set or deleted meanwhile is lost or
    /// comes back. Where nothing was there, a pickled `None` stands for it, which Python reads as a miss.
    pub fn compatibility(mut self, compatibility: Compatibility) -> Self {
        self.compatibility = compatibility;
        self
    }

    /// Shares keys with Python processes that use dogpile.cache's `bmemcached` backend: as
    /// [`Compatibility::Python`], with values that this client reads as bytes (client flags 16), which the
    /// others do not. It compresses what is longer than 128 bytes; such a value is a miss here.
    pub fn bmemcached(mut self) -> Self {
        self.compatibility = Compatibility::Python;
        self.client_flags = BINARY;
        self
    }

    /// What all keys begin with: one printable word of at most 100 bytes. Default: `dogpile`; beside
    /// Python nothing, and what is given here is what a key mangler of Python's puts in front of each key.
    /// `shop:v` is refused, for its keys could be those of `shop`: behind no colon may stand `v`, `e` or `h`
    /// alone.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// How long a call waits for its turn where others have all [`connections`](Self::connections), for a new
    /// connection, to find where the server's name leads included, and for an answer: for each at most so long,
    /// and for an answer that comes in pieces at most half as long again. While this process stands still, no more
    /// than a quarter of it passes. Default: half a second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a server is left alone at most that did not answer twice in a row in time: 50 ms at first,
    /// then one call asks whether it is back, and twice as long if it is not. All others fail at once
    /// meanwhile. Default: a second.
    pub fn retry_after(mut self, span: Duration) -> Self {
        self.retry_after = span;
        self
    }

    /// How many connections to each server the callers of this process share at most. Default: 16.
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
    /// is a miss, and overwritten. `report` runs in the thread or the task that found it, and may ask the
    /// store for other keys.
    pub fn report(mut self, report: impl Fn(&[u8], &Unreadable) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// The store. It connects when it is used, which configuring a region with it does.
    ///
    /// # Errors
    /// Settings that cannot be meant so.
    pub fn open(self) -> Result<Memcached, BadSettings> {
        let keys = self.keys()?;
        if self.timeout.is_zero() {
            let setting = Setting::Timeout;
            return Err(BadSettings::Zero { setting });
        }
        if self.connections == 0 {
            let setting = Setting::Connections;
            return Err(BadSettings::Zero { setting });
        }
        let login = self.checked_login()?;
        let addresses = self.addresses()?;
        #[cfg(feature = "tls")]
        let tls = crate::tls::Tls::new(self.root_certificate.as_deref())?;
        let connect = |address: &Address| {
            let reach = Reach {
                #[cfg(feature = "tls")]
                tls: address.tls.then(|| tls.clone()),
                server: address.server.clone(),
                lookup: Lookup::default(),
                // Who says more means for ever, and clocks end.
                timeout: self.timeout.min(DAY),
                login: login.clone(),
            };
            Pool::new(reach, self.connections, self.retry_after.min(DAY))
        };
        let servers = Servers::new(&addresses, connect);
        Ok(Memcached::new(self, keys, servers))
    }

    /// The servers as they are connected to, and as the ring knows them.
    fn addresses(&self) -> Result<Vec<Address>, BadSettings> {
        let all = self.servers.iter().map(|text| address(text));
        let all: Vec<Address> = all.collect::<Result<_, _>>()?;
        if all.is_empty() {
            return Err(BadSettings::NoServer);
        }
        let is_twice = |(at, one): &(usize, &Address)| {
            let mut before = all[..*at].iter();
            before.any(|other| other.server == one.server)
        };
        match all.iter().enumerate().find(is_twice) {
            Some((_, twice)) => {
                let address = twice.server.clone();
                let why = "it is named twice, and the second would take no keys";
                Err(BadSettings::Address { address, why })
            }
            None => Ok(all),
        }
    }

    fn keys(&self) -> Result<Keys, BadSettings> {
        let beside_python = self.compatibility == Compatibility::Python;
        let usual = if beside_python { "" } else { "dogpile" };
        let prefix = self.prefix.as_deref().unwrap_or(usual);
        let wrong = |why| {
            let prefix = prefix.to_owned();
            Err(BadSettings::Prefix { prefix, why })
        };
        if prefix.is_empty() && !beside_python {
            return wrong("it is empty");
        }
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("it is not one word of printable ASCII");
        }
        if prefix.len() > LONGEST_PREFIX {
            return wrong("it is longer than 100 bytes, and the server takes keys of 250");
        }
        if !beside_python && keys::meets_another(prefix) {
            return wrong(
                "between its colons stands `v`, `e` or `h`, as behind a prefix: keys could be those of the prefix \
                 before it; write another word there",
            );
        }
        Ok(match beside_python {
            true => Keys::python(prefix),
            false => Keys::native(prefix),
        })
    }

    fn checked_login(&self) -> Result<Option<Login>, BadSettings> {
        let Some((name, password)) = &self.login else {
            return Ok(None);
        };
        let wrong = |setting, why| Err(BadSettings::Login { setting, why });
        if name.contains(char::is_whitespace) || name.contains(':') || name.is_empty() {
            return wrong(Setting::Name, "the name is one word without a colon");
        }
        if password.contains(char::is_whitespace) || password.is_empty() {
            return wrong(Setting::Password, "the password is one word, and not empty");
        }
        Ok(Some(Login {
            name: name.clone(),
            password: password.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: MemcachedSettings) -> String {
        match settings.open() {
            Ok(_) => panic!("these settings must be refused"),
            Err(error) => error.to_string(),
        }
    }

    fn here() -> MemcachedSettings {
        MemcachedSettings::server("127.0.0.1:1")
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_do() {
        let text = refused(MemcachedSettings::server("redis://x"));
        assert!(text.contains("write memcached://host:port"), "{text}");
        assert!(refused(MemcachedSettings::servers([""; 0])).contains("at least one"));
        let twice = MemcachedSettings::servers(["a", "b", "memcached://a:11211"]);
        assert!(refused(twice).contains("twice"));
        #[cfg(feature = "tls")]
        {
            assert!(refused(here().root_certificate("")).contains("no certificate"));
            let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
            assert!(refused(here().root_certificate(junk)).contains("cannot be used"));
        }
        assert!(refused(here().prefix("")).contains("empty"));
        assert!(refused(here().prefix("a b")).contains("printable"));
        assert!(refused(here().prefix("shop:v")).contains("another word"));
        assert!(refused(here().prefix("x".repeat(101))).contains("100 bytes"));
        assert!(refused(here().timeout(Duration::ZERO)).contains("the timeout"));
        assert!(refused(here().connections(0)).contains("connections"));
        assert!(refused(here().login("a b", "x")).contains("one word"));
        assert!(refused(here().login("me", "x\r\nflush_all")).contains("one word, and"));
        assert!(here().login("me", "secret").open().is_ok());
    }

    #[test]
    fn times_of_for_ever_are_no_overflow() {
        let settings = here().timeout(Duration::MAX).retry_after(Duration::MAX);
        let store = settings.open().ok().unwrap();
        let told = dogpile_backend::Backend::get(&store, b"key");
        assert_eq!(told.unwrap_err().fault, dogpile_backend::Fault::Unavailable);
    }

    #[test]
    fn a_password_is_not_shown() {
        let login = Login {
            name: "me".into(),
            password: "secret".into(),
        };
        assert!(!format!("{login:?}").contains("secret"));
        assert_eq!(login.text(), b"me secret");
    }
}
