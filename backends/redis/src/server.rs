//! Standalone, Sentinel or Cluster: how to get a connection, for a thread or for tasks.

mod reach;
mod sentinel;
#[cfg(feature = "tls")]
mod tls;

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Client, Cmd, Connection, ConnectionInfo, ErrorKind, ProtocolVersion,
    PushInfo, RedisError, RedisResult, Role, Value,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::address::{BadSettings, address};
use crate::settings::{Place, RedisSettings};
pub(crate) use reach::Reach;
use sentinel::Sentinels;

/// A connection that one thread uses at a time. Of a cluster there is none: the library's would wait
/// for a node that stands still several times over, where the one for tasks can be given up.
pub(crate) type Alone = Connection;

/// A connection that many tasks use at once.
#[derive(Clone)]
pub(crate) enum Shared {
    One(MultiplexedConnection),
    Cluster(redis::cluster_async::ClusterConnection),
}

impl Shared {
    pub(crate) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        use redis::aio::ConnectionLike as _;
        let answer = match self {
            // The library's trait would box this one's future.
            Self::One(connection) => connection.send_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        };
        answer.and_then(Value::extract_error)
    }
}

/// Where to connect to.
pub(crate) struct Server {
    kind: Kind,
    timeout: Duration,
    pub(crate) reach: Reach,
}

enum Kind {
    One(Client),
    Sentinel(Sentinels),
    Cluster {
        cluster: Box<ClusterClient>,
        /// Any node passes on what is published.
        nodes: Vec<Client>,
    },
}

impl Server {
    pub(crate) fn new(settings: &RedisSettings) -> Result<Self, BadSettings> {
        #[cfg(feature = "tls")]
        tls::choose_a_provider();
        let kind = match &settings.place {
            Place::One(url) => Kind::One(client(&info(url, settings)?, settings.root())?),
            Place::Sentinel { sentinels, service } => {
                Kind::Sentinel(Sentinels::new(sentinels, service, settings)?)
            }
            Place::Cluster(nodes) => cluster(nodes, settings)?,
        };
        Ok(Self {
            kind,
            timeout: settings.timeout,
            reach: Reach::new(settings.place.to_string()),
        })
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether keys are spread over several servers.
    pub(crate) fn has_slots(&self) -> bool {
        matches!(self.kind, Kind::Cluster { .. })
    }

    /// Where one server is to be connected to. Sentinels are asked who it is, on this thread.
    fn client(&self) -> RedisResult<Client> {
        match &self.kind {
            Kind::One(client) => Ok(client.clone()),
            Kind::Sentinel(sentinels) => sentinels.master(),
            Kind::Cluster { nodes, .. } => Ok(nodes[0].clone()),
        }
    }

    /// A new connection for one thread.
    pub(crate) fn connect(&self) -> RedisResult<Alone> {
        self.reach.note(self.connected())
    }

    fn connected(&self) -> RedisResult<Alone> {
        let mut connection = self.client()?.get_connection_with_timeout(self.timeout)?;
        connection.set_read_timeout(Some(self.timeout))?;
        connection.set_write_timeout(Some(self.timeout))?;
        if let Kind::Sentinel(_) = &self.kind {
            master_only(&redis::cmd("ROLE").query(&mut connection)?)?;
        }
        Ok(connection)
    }

    /// A new connection for tasks, who mind themselves how long an answer takes.
    pub(crate) async fn connect_shared(&self) -> RedisResult<Shared> {
        self.reach.note(self.connected_shared().await)
    }

    async fn connected_shared(&self) -> RedisResult<Shared> {
        if let Kind::Cluster { cluster, .. } = &self.kind {
            let config = ClusterConfig::new()
                .set_connection_timeout(self.timeout)
                .set_response_timeout(self.timeout);
            let connection = cluster.get_async_connection_with_config(config).await?;
            return Ok(Shared::Cluster(connection));
        }
        let client = self.client_for_tasks()?;
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&self.config().set_response_timeout(None))
            .await?;
        if let Kind::Sentinel(_) = &self.kind {
            let ask = redis::cmd("ROLE");
            let asked = ask.query_async(&mut connection);
            let role = tokio::time::timeout(self.timeout, asked).await;
            master_only(&role.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??)?;
        }
        Ok(Shared::One(connection))
    }

    /// A new connection on which `pushes` hears what the server says unasked. Of a cluster's nodes
    /// the `turn`-th, counted round.
    pub(crate) async fn connect_to_listen(
        &self,
        turn: usize,
        pushes: UnboundedSender<PushInfo>,
    ) -> RedisResult<MultiplexedConnection> {
        let client = match &self.kind {
            Kind::Cluster { nodes, .. } => nodes[turn % nodes.len()].clone(),
            Kind::One(_) | Kind::Sentinel(_) => self.client_for_tasks()?,
        };
        let info = client.get_connection_info().clone();
        let redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        // The certificates stay with the address.
        let client = Client::open(info.set_redis_settings(redis))?;
        let config = self.config().set_push_sender(pushes);
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    fn config(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout))
    }

    /// The thread of the connections waits for Sentinels; its other tasks move to another meanwhile.
    fn client_for_tasks(&self) -> RedisResult<Client> {
        match &self.kind {
            Kind::Sentinel(sentinels) => tokio::task::block_in_place(|| sentinels.master()),
            Kind::One(_) | Kind::Cluster { .. } => self.client(),
        }
    }
}

/// A Sentinel that was cut off may name one that has become a replica since: what is read there may
/// be old.
fn master_only(role: &Role) -> RedisResult<()> {
    match role {
        Role::Primary { .. } => Ok(()),
        _ => Err(RedisError::from((
            ErrorKind::Io,
            "the Sentinels name a server that is no master",
        ))),
    }
}

fn info(url: &str, settings: &RedisSettings) -> Result<ConnectionInfo, BadSettings> {
    let info = address(url)?;
    // The library would tell the server its name and version, in two requests. It waits for each answer
    // by itself, so that a server that stands still took the time-out once more for each.
    let mut redis = info.redis_settings().clone().set_skip_set_lib_name();
    if let Some(username) = &settings.username {
        redis = redis.set_username(username);
    }
    if let Some(password) = &settings.password {
        redis = redis.set_password(password);
    }
    if let Some(database) = settings.database {
        redis = redis.set_db(database);
    }
    if redis.username().is_some() && redis.password().is_none() {
        return Err(BadSettings::Together {
            what: "a user name without a password",
            why: "the client would connect as the default user; give the password, or any for a user \
                  that needs none",
        });
    }
    if redis.db() < 0 {
        let number = redis.db();
        return Err(BadSettings::Database { number });
    }
    Ok(info
        .set_redis_settings(redis)
        .set_tcp_settings(tcp(settings)))
}

fn tcp(settings: &RedisSettings) -> TcpSettings {
    let tcp = TcpSettings::default().set_nodelay(true);
    match settings.keepalive {
        Some(after) => tcp.set_keepalive(TcpKeepalive::new().with_time(taken(after))),
        None => tcp,
    }
}

/// The nearest to `silence` that systems take: whole seconds, at least one and fewer than 2^15. By any other
/// no connection would come about.
fn taken(silence: Duration) -> Duration {
    Duration::from_secs(silence.as_secs().clamp(1, 32_767))
}

/// `root_certificate`: who vouches for the server, if not those whom everybody trusts.
fn client(info: &ConnectionInfo, root_certificate: Option<&[u8]>) -> RedisResult<Client> {
    #[cfg(feature = "tls")]
    if let Some(certificates) = tls::certificates(root_certificate) {
        return Client::build_with_tls(info.clone(), certificates);
    }
    let _ = root_certificate;
    Client::open(info.clone())
}

fn cluster(nodes: &[String], settings: &RedisSettings) -> Result<Kind, BadSettings> {
    if nodes.is_empty() {
        return Err(BadSettings::NoServer {
            what: "node of the cluster",
        });
    }
    let infos = nodes
        .iter()
        .map(|url| info(url, settings))
        .collect::<Result<Vec<_>, _>>()?;
    let clients = infos
        .iter()
        .map(|info| client(info, settings.root()))
        .collect::<Result<Vec<_>, _>>()?;
    let builder = ClusterClient::builder(infos)
        .retries(3)
        .tcp_settings(tcp(settings));
    #[cfg(feature = "tls")]
    let builder = match tls::certificates(settings.root()) {
        Some(certificates) => builder.certs(certificates),
        None => builder,
    };
    Ok(Kind::Cluster {
        cluster: Box::new(builder.build()?),
        nodes: clients,
    })
}
