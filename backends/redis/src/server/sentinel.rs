//! Who is master, as Sentinels tell it.
//!
//! The client library can ask them too, but waits for one that stands still for as long as it does,
//! and takes no certificate of the user's along.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::{Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult, cmd};

use super::{client, info, tcp};
use crate::address::{BadSettings, address};
use crate::settings::RedisSettings;

/// Sentinels, and what they do not say of the master.
pub(super) struct Sentinels {
    all: Vec<Client>,
    service: String,
    /// What the first Sentinel's address says of user, password, database and TLS goes for the master.
    like: ConnectionInfo,
    root_certificate: Option<Vec<u8>>,
    timeout: Duration,
    /// The one that named the master last is asked first.
    first: Mutex<usize>,
}

impl Sentinels {
    pub(super) fn new(
        urls: &[String],
        service: &str,
        settings: &RedisSettings,
    ) -> Result<Self, BadSettings> {
        let Some(first) = urls.first() else {
            return Err(BadSettings::NoServer { what: "Sentinel" });
        };
        let root_certificate = settings.root();
        // Their own user is what their addresses say.
        let sentinels = urls.iter().map(|url| {
            let info = address(url)?;
            let redis = info.redis_settings().clone().set_skip_set_lib_name();
            let info = info.set_redis_settings(redis.set_db(0));
            let info = info.set_tcp_settings(tcp(settings));
            Ok(client(&info, root_certificate)?)
        });
        Ok(Self {
            all: sentinels.collect::<Result<_, BadSettings>>()?,
            service: service.into(),
            like: info(first, settings)?,
            root_certificate: root_certificate.map(<[u8]>::to_vec),
            timeout: settings.timeout,
            first: Mutex::new(0),
        })
    }

    /// The master, by the first Sentinel that names one. Each has an equal share of what those
    /// before it left of the time-out.
    pub(super) fn master(&self) -> RedisResult<Client> {
        let until = Instant::now() + self.timeout;
        let count = self.all.len();
        let first = *self.first();
        let mut failure = None;
        for turn in 0..count {
            let number = (first + turn) % count;
            let left = until.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(count - turn).unwrap_or(u32::MAX);
            match self.named_by(&self.all[number], share) {
                Ok((host, port)) => {
                    *self.first() = number;
                    return self.client(host, port);
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| self.unknown()))
    }

    fn first(&self) -> MutexGuard<'_, usize> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom this one names, if it does so in time.
    fn named_by(&self, sentinel: &Client, time: Duration) -> RedisResult<(String, u16)> {
        if time.is_zero() {
            return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        }
        let mut connection = sentinel.get_connection_with_timeout(time)?;
        connection.set_read_timeout(Some(time))?;
        connection.set_write_timeout(Some(time))?;
        let mut ask = cmd("SENTINEL");
        ask.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.service);
        let named: Option<(String, u16)> = ask.query(&mut connection)?;
        named.ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> RedisError {
        let (kind, why) = (
            ErrorKind::MasterNameNotFoundBySentinel,
            "no Sentinel knows a master of this name",
        );
        RedisError::from((kind, why, self.service.clone()))
    }

    fn client(&self, host: String, port: u16) -> RedisResult<Client> {
        let addr = match self.like.addr() {
            ConnectionAddr::TcpTls { insecure, .. } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: *insecure,
                tls_params: None,
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        let info = self.like.clone().set_addr(addr);
        client(&info, self.root_certificate.as_deref())
    }
}
